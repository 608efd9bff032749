"""What a run leaves in its folder and in weights/. Only the main process writes.

runs/NAME/config.yaml  state.pt  state-before-decay.pt  loss.csv  curves.png  strip.png  film.mp4  previews/  ema-X/
weights/NAME/          the model of the first EMA, as the application reads it
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from ddpm.errors import BadRequest, DDPMError, Missing
from ddpm.loading.files import write_whole
from ddpm.training.config import TrainConfig
from ddpm.training.curves import Curves
from ddpm.training.preview import save_film, save_picture, sheet, strip
from ddpm.training.settings import to_yaml
from ddpm.training.state import State
from ddpm.training.task import Task


class Records:
    """Of one run: where things are and how they are written."""

    def __init__(self, config: TrainConfig, task: Task, state: State, pictures: int) -> None:
        self.config, self.task, self.state, self.pictures = config, task, state, pictures
        self.folder, self.previews = config.folder, config.folder / "previews"
        self.state_file, self.before_decay = state_files(config)
        self._given_card = _read_card(config.card)
        with self._writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / "config.yaml", to_yaml(config).encode())
            self.curves = Curves(self.folder, state.images, config.tensorboard)
        self._written = time.monotonic()

    def save(self) -> None:
        """The state for --resume, then the model."""
        self.state.save(self.state_file)
        self.write_model()

    def decay_begins(self) -> None:
        """A later session that has more time goes on from here."""
        self.state.save(self.before_decay)

    def snapshot(self) -> None:
        """The model, where snapshot_minutes have passed since it was written; with the first a state to go on from."""
        every = self.config.snapshot_minutes * 60
        if every and time.monotonic() - self._written >= every:
            if self.state_file.exists():
                self.write_model()
            else:
                self.save()

    def write_model(self) -> None:
        """The first EMA as a model of the application's menu; further ones, to be compared, in the run's folder."""
        config = self.config
        text = self._given_card or self._card_text()
        folders = [config.model_folder, *(self.folder / f"ema-{decay}" for decay in config.ema[1:])]
        with self._writing(config.model_folder):
            for folder, averaged in zip(folders, self.state.averages, strict=True):
                self.task.write(folder, averaged, text)
        with self._writing(self.folder):
            self.curves.save(self._grids())
        self._written = time.monotonic()

    def preview(self) -> None:
        """A grid of pictures and a strip of their making."""
        shown = self.task.show(self.state.averaged)
        grid = sheet(shown[-1])
        with self._writing(self.previews):
            save_picture(grid, self.previews / f"{self.state.images:09d}.png")
            save_picture(strip(shown), self.folder / "strip.png")
        self.curves.show("previews", grid, self.state.images)

    def finish(self) -> None:
        """The last grid, and the film of all of them."""
        format = self.config.previews.film
        what = "the last pictures" if format == "none" else f"the last pictures and film.{format}"
        print(f"Making {what} for {self.folder} ...", flush=True)
        shown = self.task.show(self.state.averaged)
        with self._writing(self.folder):
            save_picture(sheet(shown[-1]), self.previews / "final.png")
            save_picture(strip(shown), self.folder / "strip.png")
            if format == "none":
                return
            try:
                save_film(self._grids(), shown, self.folder / f"film.{format}", format)
            except Missing as error:
                print(error)

    @contextlib.contextmanager
    def _writing(self, where: Path) -> Iterator[None]:
        """A full disk as a sentence."""
        try:
            yield
        except OSError as error:
            again = f"--resume; it goes on from {self.state_file}" if self.state_file.exists() else "start again"
            raise DDPMError(f"{where} could not be written: {error}. Make room, then {again}.") from error

    def _grids(self) -> list[Path]:
        """The previews of this run in their order; after going back to before a decay, none of what came later."""
        return [grid for grid in sorted(self.previews.glob("[0-9]*.png")) if int(grid.stem) <= self.state.images]

    def _card_text(self) -> str:
        config, state = self.config, self.state
        return (
            f"# {config.title or config.name}\n\n{config.note}\n\n"
            f"Licence: {config.licence}. Trained on {self.pictures} pictures of {config.data.kind}, "
            f"{config.data.size} px; it has seen {state.images} in {state.seconds:.0f} s; "
            f"loss {state.mean_loss():.4f}.\n\n"
            f"```yaml\n{to_yaml(config)}```\n"
        )


def _read_card(file: Path | None) -> str:
    """The text that the configuration gives for the model's README.md; '' for one made of its settings."""
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"card: {file} cannot be read: {error}.", "card") from error


def state_files(config: TrainConfig) -> tuple[Path, Path]:
    """state.pt, and the one from before the decay of the rates."""
    return config.folder / "state.pt", config.folder / "state-before-decay.pt"


def refuse_to_overwrite(config: TrainConfig) -> None:
    """A new run takes nobody's place: not that of an earlier run, nor of a model, such as weights/faces."""
    state_file, model = state_files(config)[0], config.model_folder
    if state_file.exists():
        raise BadRequest(
            f"{state_file} exists: add --resume to go on, or remove {config.folder} and {model} to start anew.",
            "resume",
        )
    if model.exists():
        raise BadRequest(
            f"There is a model in {model} already, which this run would overwrite: give another name, another folder "
            "with weights, or remove that one.",
            "name",
        )
