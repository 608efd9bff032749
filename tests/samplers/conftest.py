"""What the samplers' tests share: a toy network, a Gaussian whose path is known exactly, and the loop as a list."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from ddpm.compat import ensure_torchvision
from ddpm.diffusion.prediction import Predict, Prediction, Target, eps_of
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


@dataclass(frozen=True)
class Gaussian:
    """Pictures whose pixels are N(mean, std**2): the perfect denoiser and the ODE's solution have closed forms."""

    mean: float = 0.3
    std: float = 0.5

    def spread(self, level: Level) -> float:
        return math.hypot(level.alpha * self.std, level.sigma)

    def predict(self, x: Tensor, level: Level) -> Prediction:
        gain = level.alpha * self.std**2 / self.spread(level) ** 2
        x0 = self.mean + gain * (x - level.alpha * self.mean)
        return Prediction(x0, eps_of(x, x0, level))

    def carried(self, x: Tensor, start: Level, end: Level) -> Tensor:
        """Where the probability-flow ODE takes x."""
        return end.alpha * self.mean + self.spread(end) / self.spread(start) * (x - start.alpha * self.mean)


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def gaussian() -> Gaussian:
    return Gaussian()


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
def measured_order(gaussian: Gaussian, trajectory: Trajectory) -> Callable[[Sampler], float]:
    """How fast the error against the exact ODE falls when steps double, away from the ends of the path."""

    def order(sampler: Sampler) -> float:
        x = torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
        errors = []
        for steps in (160, 320):
            angles = [1.3 - 1.0 * i / steps for i in range(steps + 1)]
            levels = [Level(angle, math.cos(angle), math.sin(angle)) for angle in angles]
            end = trajectory(sampler, gaussian.predict, x, levels)[-1]
            errors.append((end - gaussian.carried(x, levels[0], levels[-1])).abs().max().item())
        return math.log2(errors[0] / errors[1])

    return order
