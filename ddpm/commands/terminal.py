"""What the commands share: where models lie, the engine, following a job on the terminal and saving what it makes."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm.errors import BadRequest
from ddpm.events import Film, Framed, Notice, Preview, Result
from ddpm.loading.place import weights_folder

if TYPE_CHECKING:
    from ddpm.engine import Engine
    from ddpm.jobs import Job
    from ddpm.runtime import Choice


def weights_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--weights", type=Path, metavar="DIR", default=weights_folder(),
                         help="folder of the models (default weights, or DDPM_WEIGHTS)")  # fmt: skip


def engine_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", choices=("auto", "torch", "openvino", "compile"), default="auto",
                         help="what runs the networks (auto: what is measured fastest; compile: for GPUs)")  # fmt: skip


def device_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="auto",
                         help="auto, cpu, cuda, cuda:1, mps (default auto: a CUDA GPU where there is one)")  # fmt: skip


def common_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, default=Path("outputs"), metavar="FOLDER", help="default outputs")
    device_argument(command)
    weights_argument(command)


def settings_of(given: argparse.Namespace) -> dict[str, Path]:
    """--settings FILE counts as NAME.yaml of the model that --model names."""
    file, name = getattr(given, "settings", None), getattr(given, "model", None)
    if file is not None and not name:
        raise BadRequest("--settings is for one model; name it with --model.", "settings")
    if file is not None and not file.is_file():
        raise BadRequest(f"--settings: there is no file {file}.", "settings")
    return {name: file} if file is not None and name else {}


@contextlib.contextmanager
def opened_engine(given: argparse.Namespace) -> Iterator[Engine]:
    from ddpm.engine import Engine

    choice: Choice = given.engine if "engine" in given else "auto"
    device = "cpu" if choice == "openvino" and given.device == "auto" else given.device  # it is for processors
    engine = Engine(given.weights, device, choice=choice, settings=settings_of(given))
    try:
        yield engine
    finally:
        engine.close()


def follow(job: Job, save: Callable[[Result | Film], Path]) -> int:
    """Print the path of everything that is saved; Ctrl-C stops the job and keeps what is there."""
    saved = 0
    with _bar() as advance:
        try:
            for event in job.follow(look=False):
                saved += _tell(event, advance, save)
        except KeyboardInterrupt:
            job.stop()
            job.done.wait()
            for event in [event for event in job.events if isinstance(event, Result | Film)][saved:]:
                _tell(event, advance, save)
            raise
    return 0


def save(event: Result | Film, folder: Path, stem: str = "") -> Path:
    """Into the folder, under a name that is still free."""
    from ddpm.recipe import save_png

    if isinstance(event, Film):
        stem, ending, data = stem or "film", event.format, event.data
    else:
        model = str(event.recipe.get("model") or "picture").replace("/", "-")
        stem, ending, data = stem or f"{model}-{event.seed}", "png", save_png(event.image, event.recipe)
    folder.mkdir(parents=True, exist_ok=True)
    path = free_path(folder, stem, ending)
    path.write_bytes(data)
    return path


def free_path(folder: Path, stem: str, ending: str) -> Path:
    """STEM.ENDING, or STEM-2.ENDING and so on where that is taken."""
    names = (f"{stem}-{number}.{ending}" if number > 1 else f"{stem}.{ending}" for number in itertools.count(1))
    return next(path for name in names if not (path := folder / name).exists())


def check_folder(folder: Path, flag: str) -> None:
    """Before any work: that files can be put there."""
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise BadRequest(f"{flag} {folder}: {place} is a file, not a folder.", flag.removeprefix("--"))


def _tell(event: Any, advance: Callable[[Preview], None], save: Callable[[Result | Film], Path]) -> int:
    """One event on the terminal; 1 if something was saved."""
    match event:
        case Preview():
            advance(event)
        case Notice():
            print(event.text, file=sys.stderr)
        case Framed(found=False):
            print("No face was found; the middle of the picture is used.", file=sys.stderr)
        case Result() | Film():
            print(save(event), flush=True)
            return 1
    return 0


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[Preview], None]]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda preview: None
        return
    from tqdm import tqdm

    with tqdm(total=1, unit="step", leave=False) as bar:

        def advance(preview: Preview) -> None:
            bar.total, bar.n = preview.steps, preview.step
            bar.refresh()

        yield advance
