"""A plan carried out, step by step, as previews: the only place that times steps, thins out previews and reads Stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from PIL import Image
from torch import Tensor

from ddpm.diffusion.prediction import Prediction
from ddpm.diffusion.schedule import Level
from ddpm.events import Preview
from ddpm.images import to_image
from ddpm.models.model import Codec
from ddpm.runtime import threads_kept
from ddpm.samplers.loop import Plan, sample
from ddpm.samplers.sampler import Step

PREVIEW_EVERY = 1 / 8  # seconds; more are not seen, and each costs a decode


class TimeLeft:
    """How long the rest of a request takes, from the steps it has taken. The first is left out: it warms things up."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done = steps, 0
        self._first_at = 0.0

    def tick(self) -> float | None:
        """One more step is done; seconds left, once there is something to measure."""
        self.done += 1
        now = time.monotonic()
        if self.done == 1:
            self._first_at = now
            return None
        return (now - self._first_at) / (self.done - 1) * max(self.steps - self.done, 0)


class _Stopped(Exception):
    """Ends the loop from inside a step; never leaves this module."""


@dataclass
class Painting:
    """One plan being carried out. Iterate it for previews; then `x0` is what there is, `partial` if it was cut off."""

    plan: Plan
    codec: Codec
    index: int
    pace: TimeLeft
    stop: Callable[[], bool]
    watch: Callable[[], bool]
    frames: list[Image.Image] | None = None  # a film's: every step's x_t and x0 side by side
    x0: Tensor | None = None  # newest prediction, in the end the picture: (B, C, h, w)
    partial: bool = False
    _shown_at: float = field(default=-math.inf, repr=False)

    def __iter__(self) -> Iterator[Preview]:
        plan = self.plan
        listening = Plan(plan.x, plan.levels, self._predict, plan.sampler, plan.noise)
        try:
            with threads_kept():
                for step, level in zip(sample(listening), plan.levels[1:], strict=False):
                    yield self._preview(step, level)
            self.x0 = step.x
        except _Stopped:
            self.partial = True

    def beginning(self) -> Image.Image:
        """What the first picture starts from, in the same light as previews of x_t."""
        level = self.plan.levels[0]
        return self._shown(self.plan.x / math.hypot(level.alpha, level.sigma))

    def _predict(self, x_t: Tensor, level: Level) -> Prediction:
        """The plan's own, with Stop read before every model call and the newest x0 kept for a partial result."""
        if self.stop():
            raise _Stopped
        prediction = self.plan.predict(x_t, level)
        self.x0 = prediction.x0
        return prediction

    def _preview(self, step: Step, level: Level) -> Preview:
        x_t = x0 = None
        now = time.monotonic()
        if self.frames is not None or (now - self._shown_at >= PREVIEW_EVERY and self.watch()):
            self._shown_at = now
            x_t, x0 = self._shown(step.x / math.hypot(level.alpha, level.sigma)), self._shown(step.x0)
            if self.frames is not None:
                self.frames.append(side_by_side(x_t, x0))
        left = self.pace.tick()
        return Preview(self.index, self.pace.done, self.pace.steps, left, x_t, x0)

    @torch.no_grad()
    def _shown(self, latents: Tensor) -> Image.Image:
        return to_image(self.codec.preview(latents[:1]))


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures of one size as one."""
    both = Image.new("RGB", (left.width + right.width, left.height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both
