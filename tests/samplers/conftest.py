"""What the samplers' tests share beside the exact Gaussian: a toy network, the loop as a list, a measured order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from ddpm.compat import ensure_torchvision
from ddpm.diffusion.prediction import Predict, Prediction, Target
from ddpm.diffusion.schedule import Level
from ddpm.samplers.loop import Plan, sample
from ddpm.samplers.sampler import Noise, Sampler

ensure_torchvision()  # so that diffusers can be imported by the tests that compare with it

Trajectory = Callable[..., list[Tensor]]


@dataclass(frozen=True)
class Toy:
    """A fixed, smooth, nonlinear stand-in for a network: it mixes neighbouring pixels and depends on t."""

    def eps(self, x: Tensor, t: float) -> Tensor:
        return torch.tanh(1.3 * x + 0.4 * x.roll(1, -1) - 0.2 * x.roll(1, 1)) + 0.1 * math.sin(t / 150)

    def predict(self, x: Tensor, level: Level) -> Prediction:
        return Target.EPS.read(self.eps(x, level.t), x, level)

    def start(self) -> Tensor:
        return torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def trajectory() -> Trajectory:
    """Every x a sampler passes through, the start first."""

    def run(
        sampler: Sampler, predict: Predict, x: Tensor, levels: Sequence[Level], noise: Noise | None = None
    ) -> list[Tensor]:
        def none_expected() -> Tensor:
            raise AssertionError("this sampler should not ask for noise")

        plan = Plan(x, sampler.path(levels), predict, sampler, noise or none_expected)
        return [x, *(step.x for step in sample(plan))]

    return run


@pytest.fixture
def measured_order(gaussian: Any, trajectory: Trajectory) -> Callable[[Sampler], float]:
    """How fast the error against the exact ODE falls when steps double, away from the ends of the path."""

    def order(sampler: Sampler) -> float:
        x = torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
        errors = []
        for steps in (160, 320):
            angles = [1.3 - 1.0 * i / steps for i in range(steps + 1)]
            levels = [Level(angle, math.cos(angle), math.sin(angle)) for angle in angles]
            end = trajectory(sampler, gaussian, x, levels)[-1]
            errors.append((end - gaussian.follow(x, levels[0], levels[-1])).abs().max().item())
        return math.log2(errors[0] / errors[1])

    return order
