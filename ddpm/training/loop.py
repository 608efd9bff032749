"""The training loop. Everything is counted in pictures, so a run means the same at another batch size.

Each step draws from a generator seeded by (seed, pictures seen): an interrupted run, resumed, is the same run.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import torch
from torch import nn
from tqdm import tqdm

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule
from ddpm.errors import BadRequest, DDPMError
from ddpm.loading.embedded import save as save_model
from ddpm.models.hybrid import HybridConfig, time_features
from ddpm.models.model import TextEncoder
from ddpm.training.config import TrainConfig, to_yaml
from ddpm.training.data import open_data
from ddpm.training.data.batches import Batch, Batches
from ddpm.training.data.pictures import Pictures
from ddpm.training.loss import Loss, Noisy
from ddpm.training.preview import card_of, preview, save_grid, save_strip
from ddpm.training.state import State

SHOWN_SKIPPED = 10
STRIDE = 2**31  # keeps the generators of two seeds apart for the first 2 billion pictures


def train(config: TrainConfig, *, resume: bool = False) -> bool:
    """Run to config.images; True when finished, False when stopped by Ctrl-C (the state is saved, --resume goes on)."""
    return Run(config, resume).go()


class Run:
    """One run: its data, its state and where it writes."""

    def __init__(self, config: TrainConfig, resume: bool) -> None:
        self.config, self.folder = config, config.folder
        self.state_file = self.folder / "state.pt"
        if self.state_file.exists() and not resume:
            raise BadRequest(f"{self.state_file} exists: add --resume to go on, or remove it to start anew.", "resume")
        if config.threads:
            torch.set_num_threads(config.threads)
        self.device = _device(config.device)

        # Data first: a wrong path is said before anything else is made.
        pictures = open_data(config.data)
        _report(pictures)
        self.encoder = _encoder(pictures, self.device)
        self.prompts = list(config.previews.prompts) or _first_captions(pictures, config.previews.count)
        self.batches = Batches(
            pictures, self.encoder, seed=config.seed, flip=config.data.flip, drop=config.drop_captions
        )

        shape = HybridConfig(
            size=config.data.size, channels=config.data.channels, **config.network.model_dump(),
            text_width=self.encoder.width if self.encoder else 0,
        )  # fmt: skip
        self.state = State(config, shape, self.device)
        if resume:
            self.state.load(self.state_file)
        self.loss = Loss(Target(config.target), Schedule.named(config.schedule), config.loss, config.times)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.yaml").write_text(to_yaml(config), encoding="utf-8")

    def go(self) -> bool:
        config, state = self.config, self.state
        parameters = sum(p.numel() for p in state.network.parameters())
        print(f"{parameters / 1e6:.1f} M parameters, {len(self.batches.pictures)} pictures, on {self.device}")
        network = state.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.train()
        begun, before = time.monotonic(), state.seconds
        bar = tqdm(total=config.images, initial=state.images, unit=" pictures", mininterval=1, smoothing=0.1)
        with bar, _stop_asked() as stop:
            while state.images < config.images and not stop.is_set():
                seen = state.images
                state.set_rates(_rate(config, seen))
                loss = self._step(seen)
                state.images, state.steps = seen + config.batch, state.steps + 1
                state.seconds = before + time.monotonic() - begun
                state.average(config.ema)
                state.note(loss)
                bar.update(config.batch)
                bar.set_postfix(loss=f"{state.mean_loss():.4f}", refresh=False)
                if _passes(seen, state.images, config.save_every):
                    self._save()
                if _passes(seen, state.images, config.previews.every):
                    self._preview(f"{state.images:09d}.png")
        self._save()
        if state.images < config.images:
            print(f"Stopped at {state.images} pictures; the same command with --resume goes on.")
            return False
        self._preview("final.png")
        print(
            f"Finished: {state.images} pictures in {state.seconds:.0f} s. The model is {config.weights / config.name}."
        )
        return True

    def _step(self, seen: int) -> float:
        """One optimiser step over config.batch pictures. -> the loss."""
        config, state = self.config, self.state
        part, total = config.batch // config.accumulate, 0.0
        for i in range(config.accumulate):
            generator = torch.Generator().manual_seed(config.seed * STRIDE + seen + i * part)
            batch = self.batches(seen + i * part, part, generator)
            noisy = self.loss.noisy(batch.x0.to(self.device), generator)
            loss = self.loss.of(self._output(noisy, batch), noisy) / config.accumulate
            loss.backward()
            total += loss.item()
        norm = float(nn.utils.clip_grad_norm_(state.network.parameters(), config.clip))
        if not (math.isfinite(total) and math.isfinite(norm)):
            self._stop_at_nan(seen, total, norm)
        for optimiser in state.optimisers:
            optimiser.step()
        state.network.zero_grad(set_to_none=True)
        return total

    def _output(self, noisy: Noisy, batch: Batch) -> torch.Tensor:
        x_t = noisy.x_t.contiguous(memory_format=torch.channels_last)
        text = batch.text
        states, mask = (text.states.to(self.device), text.mask.to(self.device)) if text else (None, None)
        with torch.autocast(self.device.partition(":")[0], torch.bfloat16, enabled=self.config.precision == "bf16"):
            return self.state.network(x_t, time_features(noisy.time), states, mask)

    def _stop_at_nan(self, seen: int, loss: float, norm: float) -> None:
        """Say at which step and why; the step is not taken."""
        config, named = self.config, self.state.network.named_parameters()
        bad = [name for name, p in named if p.grad is not None and not p.grad.isfinite().all()]
        what = f"the loss is {loss}" if not math.isfinite(loss) else f"the loss is {loss:.4g}, but the gradient {norm}"
        cause = f" (not finite in {bad[0]} and {len(bad) - 1} more)" if bad else ""
        saved = f"then --resume goes on from {self.state_file}" if self.state_file.exists() else "then start again"
        raise DDPMError(
            f"Training stopped at step {self.state.steps + 1}, after {seen} pictures: {what}{cause}. Lower "
            f"learning_rate ({config.learning_rate}) or muon_rate ({config.muon_rate}) or set precision: fp32; {saved}."
        )

    def _save(self) -> None:
        """The state for --resume, then the EMA weights as a model of the application's menu."""
        config, state = self.config, self.state
        state.save(self.state_file)
        text = config.card.read_text(encoding="utf-8") if config.card else self._card_text()
        model, card = config.weights / config.name, card_of(config, self.encoder is not None)
        try:
            save_model(model, state.ema, card, dtype=torch.float16, card_text=text)
            with (self.folder / "loss.csv").open("a", encoding="utf-8") as log:
                if not log.tell():
                    log.write("pictures,seconds,loss\n")
                log.write(f"{state.images},{state.seconds:.0f},{state.mean_loss():.5f}\n")
        except OSError as error:
            raise DDPMError(
                f"{model} could not be written: {error}. Make room, then --resume; the state is saved."
            ) from error

    def _card_text(self) -> str:
        config, state = self.config, self.state
        return (
            f"# {config.title or config.name}\n\n{config.note}\n\n"
            f"Licence: {config.licence}. Trained on {len(self.batches.pictures)} pictures of {config.data.kind}, "
            f"{config.data.size} px; it has seen {state.images} in {state.seconds:.0f} s; "
            f"loss {state.mean_loss():.4f}.\n\n"
            f"```yaml\n{to_yaml(config)}```\n"
        )

    @torch.no_grad()
    def _preview(self, name: str) -> None:
        moments = preview(self.config, self.state.ema, self.encoder, self.prompts)
        save_grid(moments[-1], self.folder / "previews" / name)
        save_strip(moments, self.folder / "strip.png")


def _rate(config: TrainConfig, seen: int) -> float:
    """Share of the learning rates: rises over warm_up, stays, falls over the last `decay` pictures."""
    rise = min(1.0, (seen + config.batch) / config.warm_up) if config.warm_up else 1.0
    fall = min(1.0, max(0.02, (config.images - seen) / config.decay)) if config.decay else 1.0
    return rise * fall


def _passes(before: int, after: int, every: int) -> bool:
    return every > 0 and before // every != after // every


def _device(wish: str) -> str:
    device = ("cuda" if torch.cuda.is_available() else "cpu") if wish == "auto" else wish
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise BadRequest(f"device {device!r} cannot be used here: {error}. Use cpu or auto.", "device") from error
    return device


def _report(pictures: Pictures) -> None:
    for reason in pictures.skipped[:SHOWN_SKIPPED]:
        print(f"skipped {reason}")
    if len(pictures.skipped) > SHOWN_SKIPPED:
        print(f"skipped {len(pictures.skipped) - SHOWN_SKIPPED} more")


def _encoder(pictures: Pictures, device: str) -> TextEncoder | None:
    if pictures.captions is None:
        return None
    from ddpm.models.text import minilm

    return minilm(device)


def _first_captions(pictures: Pictures, count: int) -> list[str]:
    return [said[-1] for said in (pictures.captions or [])[:count]]


@contextlib.contextmanager
def _stop_asked() -> Iterator[threading.Event]:
    """Set by Ctrl-C or SIGTERM, so that a step is never cut in half; a second Ctrl-C interrupts at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
