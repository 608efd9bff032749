"""The training loop. Everything is counted in pictures, so a run means the same at another batch size.

accelerate spreads a run over processes, GPUs and machines (`accelerate launch -m ddpm train ...`): `batch` is what they
do together in a step, so a run is the same run on one process and on many. Every step's draws follow from the seed and
the pictures seen (dice.py): an interrupted run, resumed, is the same run.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from types import FrameType

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs
from torch import nn

from ddpm.errors import BadRequest, DDPMError
from ddpm.runtime.eager import fastest
from ddpm.training.attention import fast_backward
from ddpm.training.ceiling import counted, reached
from ddpm.training.config import TrainConfig
from ddpm.training.curves import Point
from ddpm.training.data import open_data
from ddpm.training.data.pictures import Pictures
from ddpm.training.dice import Dice
from ddpm.training.pace import Moment, Pace
from ddpm.training.progress import Progress
from ddpm.training.records import Records, refuse_to_overwrite, state_files
from ddpm.training.state import State
from ddpm.training.task import open_task

SHOWN = 10  # remarks on the data
POINT = 10  # steps between two points of the curves
PATIENCE = timedelta(hours=12)  # of processes whose first one makes a large set ready; NCCL's own is 10 minutes
TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def train(config: TrainConfig, *, resume: bool = False) -> bool:
    """Run to the end; False when stopped by Ctrl-C before it (the state is saved, --resume goes on)."""
    return Run(config, resume).go()


def prepare(config: TrainConfig) -> None:
    """Make the data ready in its cache, so that a run starts at once: pictures, states of captions, latents."""
    if config.data.cache is None:
        raise BadRequest("--prepare fills data.cache; set data.cache to a folder.", "data.cache")
    data = config.data.model_copy(update={"grow": False})
    pictures = open_data(data)
    open_task(config.model_copy(update={"data": data}), pictures, _accelerator(config).device.type)
    _report(pictures)


class Run:
    """One run: its data, its state and where it writes."""

    def __init__(self, config: TrainConfig, resume: bool) -> None:
        self.config = config
        state_file, before_decay = state_files(config)
        if not resume:
            refuse_to_overwrite(config)
        if config.threads:
            torch.set_num_threads(config.threads)
        self.accelerator = _accelerator(config)
        self.device = self.accelerator.device.type
        if config.precision == "auto":
            self.config = config = config.model_copy(update={"precision": NAMES[fastest(self.device)]})
        self.main = self.accelerator.is_main_process
        if config.batch % (self.accelerator.num_processes * config.accumulate):
            shares = f"{self.accelerator.num_processes} processes times accumulate ({config.accumulate})"
            raise BadRequest(f"batch ({config.batch}) must be a multiple of {shares}.", "batch")

        # Data first: a wrong path is said before anything else is made. One process fills the cache, others read it.
        with self.accelerator.main_process_first():
            pictures = open_data(config.data)
            self.task = open_task(config, pictures, self.device)
        if self.main:
            _report(pictures)
        module = self.task.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.state = State(config, self.task, self.device)
        if resume:
            self.state.load(state_file)
        self.pace = Pace(config, say=self._say)
        if self.state.falling and before_decay.exists() and not self.pace.now(self.state.images).falling:
            self.state.load(before_decay)  # there is more time now than when the decay began
            self._say(f"Going on at the constant rate from {self.state.images} pictures, before the decay.")
        self.network: nn.Module = self.accelerator.prepare_model(_compiled(module) if config.compile else module)
        self.waited = 0.0  # seconds of the last step before its batches were there
        self.records = Records(config, self.task, self.state, len(pictures)) if self.main else None

    def go(self) -> bool:
        config, state = self.config, self.state
        parameters = sum(p.numel() for p in state.module.parameters())
        how = f"{self.device} in {config.precision}, {self.accelerator.num_processes} process(es)"
        self._say(f"{parameters:,} parameters on {how}\n{self.task.chosen}")
        progress = Progress(config.images, state.images, self.pace, self.main, self.accelerator.num_processes)
        began, before = time.monotonic(), state.seconds
        self.network.train()
        with _stop_asked() as asked:
            while True:
                now, stopped = self._agreed(self.pace.now(state.images), asked.is_set())
                if now.over or stopped:
                    break
                if now.falling and not state.falling and self.records:
                    self.records.decay_begins()
                state.falling = now.falling  # False again where the end was put off
                seen = state.images
                state.set_rates(now.factor)
                state.note(self._first_step(seen, progress) if progress.work is None else self.step(seen))
                state.images, state.steps = seen + config.batch, state.steps + 1
                state.seconds = before + time.monotonic() - began
                state.average()
                progress(state.images, state.mean_loss(), self.waited)
                if self.records:
                    self._record(self.records, seen, now, progress)
        progress.close()
        if self.records:
            self._end(self.records, stopped)
        self.accelerator.wait_for_everyone()
        return not stopped

    def _first_step(self, seen: int, progress: Progress) -> float:
        """A step; on a GPU it also finds out what share of the GPU's arithmetic a picture is."""
        progress.work = 0.0
        if self.device != "cuda" or self.config.compile:  # what was compiled cannot be counted
            return self.step(seen)
        loss, flops = counted(lambda: self.step(seen))
        share = self.config.batch // self.accelerator.num_processes
        progress.work = flops / share / reached(self.device, TYPES[self.config.precision])
        return loss

    def step(self, seen: int) -> float:
        """One optimiser step over config.batch pictures. -> the loss."""
        config, state = self.config, self.state
        total, parts, self.waited = 0.0, self._rows(), 0.0
        for i, rows in enumerate(parts):
            dice = Dice(config.seed, seen, config.batch, rows)
            began = time.monotonic()
            batch = self.task.batches(dice)
            self.waited += time.monotonic() - began
            waits = self.accelerator.no_sync(self.network) if i + 1 < len(parts) else contextlib.nullcontext()
            with waits, fast_backward(self.device, config.precision):
                with torch.autocast(self.device, TYPES[config.precision], enabled=config.precision != "fp32"):
                    loss = self.task.loss(self.network, batch, dice) / len(parts)
                self.accelerator.backward(state.scaler.scale(loss))
            total += loss.item()
        for optimiser in state.optimisers:
            state.scaler.unscale_(optimiser)
        norm = float(nn.utils.clip_grad_norm_(state.module.parameters(), config.clip))
        total = self._mean(total)
        if not (math.isfinite(total) and (math.isfinite(norm) or state.scaler.is_enabled())):
            self._stop_at_nan(seen, total, norm)
        if math.isfinite(norm):  # else float16 overflowed: what one optimiser has to leave out, both do
            for optimiser in state.optimisers:
                state.scaler.step(optimiser)
        state.scaler.update()
        state.module.zero_grad(set_to_none=True)
        self.task.after_step()
        return total

    def _rows(self) -> list[range]:
        """This process's pictures of the batch, in config.accumulate parts."""
        count = self.config.batch // self.accelerator.num_processes
        first, part = self.accelerator.process_index * count, count // self.config.accumulate
        return [range(start, start + part) for start in range(first, first + count, part)]

    def _agreed(self, moment: Moment, stop: bool) -> tuple[Moment, bool]:
        """The main process's clock and anybody's Ctrl-C, so that all processes take the same step or none."""
        if self.accelerator.num_processes == 1:
            return moment, stop
        mine = [*map(float, moment)] if self.main else [0.0, 0.0, 0.0]
        told = torch.tensor([*mine, float(stop)], dtype=torch.float64, device=self.accelerator.device)
        factor, falling, over, stops = self.accelerator.reduce(told, "sum").tolist()
        return Moment(factor, falling > 0, over > 0), stops > 0

    def _mean(self, value: float) -> float:
        if self.accelerator.num_processes == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64, device=self.accelerator.device)
        return float(self.accelerator.reduce(told, "mean"))

    def _stop_at_nan(self, seen: int, loss: float, norm: float) -> None:
        """Say at which step and why; the step is not taken."""
        config, file = self.config, state_files(self.config)[0]
        bad = [
            name
            for name, p in self.state.module.named_parameters()
            if p.grad is not None and not p.grad.isfinite().all()
        ]
        what = f"the loss is {loss}" if not math.isfinite(loss) else f"the loss is {loss:.4g}, but the gradient {norm}"
        cause = f" (not finite in {bad[0]} and {len(bad) - 1} more)" if bad else ""
        saved = f"then --resume goes on from {file}" if file.exists() else "then start again"
        raise DDPMError(
            f"Training stopped at step {self.state.steps + 1}, after {seen} pictures: {what}{cause}. Lower "
            f"learning_rate ({config.learning_rate}) or muon_rate ({config.muon_rate}) or set precision: fp32; {saved}."
        )

    def _record(self, records: Records, seen: int, now: Moment, progress: Progress) -> None:
        config, state = self.config, self.state
        if state.steps % POINT == 0:
            loss = state.mean_loss(POINT)
            point = Point(state.images, state.seconds, loss, progress.per_second, now.factor, progress.waiting)
            records.curves.add(point)
        if _passes(seen, state.images, config.save_every):
            records.save()
        records.snapshot()
        if _passes(seen, state.images, config.previews.every):
            records.preview()

    def _end(self, records: Records, stopped: bool) -> None:
        state = self.state
        records.save()
        if stopped:
            print(f"Stopped at {state.images} pictures; the same command with --resume goes on.")
            return
        records.finish()
        print(f"Finished: {state.images} pictures in {state.seconds:.0f} s.")
        print(f"The model is {self.config.model_folder}; what it learnt is seen in {records.folder}.")

    def _say(self, text: str) -> None:
        if self.main:
            print(text, flush=True)


def _accelerator(config: TrainConfig) -> Accelerator:
    """Precision is the YAML's, not the launcher's, so accelerate is told of none."""
    if config.device == "cuda" and not torch.cuda.is_available():
        raise BadRequest("device: cuda cannot be used here, torch sees no CUDA device. Use cpu or auto.", "device")
    waiting = InitProcessGroupKwargs(timeout=PATIENCE)
    processes = Accelerator(cpu=config.device == "cpu", mixed_precision="no", kwargs_handlers=[waiting])
    if config.data.grow and processes.num_processes > 1:
        raise BadRequest("data.grow is for one process; paint first (data.cache keeps what is painted).", "data.grow")
    return processes


def _compiled(module: nn.Module) -> nn.Module:
    """Where the compiler fails, torch says so and goes on without it: an hour of a GPU is not lost to that."""
    import torch._dynamo

    torch._dynamo.config.suppress_errors = True
    return torch.compile(module)  # type: ignore[return-value]


def _passes(before: int, after: int, every: int) -> bool:
    return every > 0 and before // every != after // every


def _report(pictures: Pictures) -> None:
    count = f"{len(pictures)} pictures" if pictures.so_far is None else f"{pictures.ready} of {len(pictures)} pictures"
    print(f"{count}, {'with' if pictures.captions else 'without'} captions", flush=True)
    if pictures.captions and (bare := sum(not any(said) for said in pictures.captions)):
        print(f"{bare} of them have no caption", flush=True)
    for reason in pictures.remarks[:SHOWN]:
        print(f"skipped {reason}")
    if len(pictures.remarks) > SHOWN:
        print(f"skipped {len(pictures.remarks) - SHOWN} more")


@contextlib.contextmanager
def _stop_asked() -> Iterator[threading.Event]:
    """Set by Ctrl-C or SIGTERM, so that a step is never cut in half; a second Ctrl-C interrupts at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
