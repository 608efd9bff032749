"""THE sampling loop. Every mode, preview and film is this one; what differs is in the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.sampler import Noise, Sampler, Step


@dataclass(frozen=True, slots=True)
class Plan:
    """Where x starts, what predicts, which noise levels, who steps. x: (B, C, H, W) at levels[0], model scale."""

    x: Tensor
    levels: Sequence[Level]  # as the sampler visits them; the last one is where sampling ends
    predict: Predict
    sampler: Sampler
    noise: Noise


@torch.no_grad()  # the decorator, not a with-block: a with-block around a yield leaks between threads
def sample(plan: Plan) -> Iterator[Step]:
    """Yield every step of the plan; the last one holds the pictures. Stopping is to stop asking."""
    x, memory = plan.x, None
    for now, then in pairwise(plan.levels):
        step = plan.sampler.step(plan.predict, x, now, then, memory, plan.noise)
        x, memory = step.x, step.memory
        yield step
