"""DEIS: diffusers' numbers, the order, and both ends of a path."""

from __future__ import annotations

import math

import pytest
import torch

from ddpm.diffusion.schedule import CLEAN, Level
from ddpm.samplers.deis import DEIS, slope_integral

# diffusers hands torch tensors to numpy in ways numpy 2 warns about; nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")

NO_NOISE = 1e-30  # diffusers takes log(sigma), so its table cannot end at 0


def level(t: float, ratio: float) -> Level:
    return Level(t, 1 / math.hypot(1, ratio), ratio / math.hypot(1, ratio))


@pytest.mark.parametrize("spacing", ["linspace", "trailing", "leading"])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 14, 15, 20, 50])
def test_equals_diffusers_in_float64(steps, spacing, toy, trajectory):
    """The scheduler's own `step`. From 15 steps on the path ends where diffusers ends it, at the table's first level.

    With fewer, diffusers makes the last step one of order 1 for good stability; ours is of order 1 where noise ends, so
    there both go to the end of noise.
    """
    from diffusers import DEISMultistepScheduler

    scheduler = DEISMultistepScheduler(timestep_spacing=spacing, steps_offset=1)  # leading without: the last step is 0
    scheduler.set_timesteps(steps)
    scheduler.sigmas = scheduler.sigmas.double()
    end = level(0, scheduler.sigmas[-1].item())
    if steps < 15:
        scheduler.sigmas[-1], end = NO_NOISE, CLEAN
    times, ratios = scheduler.timesteps.tolist(), scheduler.sigmas.tolist()[:-1]
    levels = [*(level(t, ratio) for t, ratio in zip(times, ratios, strict=True)), end]
    x = toy.start()
    ours = trajectory(DEIS(), toy.predict, x, levels)
    for t, arrived in zip(scheduler.timesteps, ours[1:], strict=True):
        x = scheduler.step(toy.eps(x, t.item()), t, x).prev_sample
        torch.testing.assert_close(arrived, x, rtol=0, atol=1e-10)


def test_slope_integral_is_the_integral():
    before, now, then = level(3, 5.0), level(2, 2.0), level(1, 0.7)
    ratios = torch.linspace(2.0, 0.7, 100_001, dtype=torch.float64)
    line = (ratios / 2.0).log() / math.log(5.0 / 2.0)
    assert slope_integral(before, now, then) == pytest.approx(torch.trapezoid(line, ratios).item(), abs=1e-9)


@pytest.mark.parametrize("steps", [1, 2, 3, 10])
def test_from_no_signal_to_no_noise(steps, gaussian, trajectory):
    levels = [Level(1 - i / steps, i / steps, 1 - i / steps) for i in range(steps)] + [CLEAN]
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    end = trajectory(DEIS(), gaussian, x, levels)[-1]
    assert end.isfinite().all() and end.dtype == torch.float32
    if steps == 1:
        torch.testing.assert_close(end, torch.full_like(x, gaussian.mu))
