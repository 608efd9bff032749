"""UniPC: diffusers' numbers, the order, and both ends of a path."""

from __future__ import annotations

import math

import pytest
import torch

from ddpm.diffusion.schedule import CLEAN, Level
from ddpm.samplers.dpmpp import DPMpp2M
from ddpm.samplers.unipc import UniPC, corrector_weights

# diffusers hands torch tensors to numpy in ways numpy 2 warns about; nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")


@pytest.mark.parametrize("config", [{}, {"timestep_spacing": "trailing"}, {"use_karras_sigmas": True}], ids=str)
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 14, 20, 50])
def test_equals_diffusers_in_float64(steps, config, toy, trajectory):
    """The scheduler's own `step`; its table of noise ratios is rounded to float32, so ours is read from there."""
    from diffusers import UniPCMultistepScheduler

    scheduler = UniPCMultistepScheduler(**config)
    scheduler.set_timesteps(steps)
    scheduler.sigmas = scheduler.sigmas.double()
    times, ratios = scheduler.timesteps.tolist(), scheduler.sigmas.tolist()[:-1]
    levels = [Level(t, 1 / math.hypot(1, r), r / math.hypot(1, r)) for t, r in zip(times, ratios, strict=True)]
    x = toy.start()
    ours = trajectory(UniPC(), toy.predict, x, [*levels, CLEAN])
    for t, arrived in zip(scheduler.timesteps, ours[1:], strict=True):
        x = scheduler.step(toy.eps(x, t.item()), t, x).prev_sample
        torch.testing.assert_close(arrived, x, rtol=0, atol=1e-9)


def test_the_corrector_pays(gaussian, trajectory):
    """The same number of network calls as DPM-Solver++(2M), less than half the error away from the ends."""
    angles = [1.3 - i / 80 for i in range(81)]
    levels = [Level(angle, math.cos(angle), math.sin(angle)) for angle in angles]
    x = torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
    exact = gaussian.follow(x, levels[0], levels[-1])

    def error(sampler):
        return (trajectory(sampler, gaussian, x, levels)[-1] - exact).abs().max().item()

    assert error(UniPC()) < 0.5 * error(DPMpp2M())


@pytest.mark.parametrize("steps", [1, 2, 3, 10])
def test_from_no_signal_to_no_noise(steps, gaussian, trajectory):
    levels = [Level(1 - i / steps, i / steps, 1 - i / steps) for i in range(steps)] + [CLEAN]
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    end = trajectory(UniPC(), gaussian, x, levels)[-1]
    assert end.isfinite().all() and end.dtype == torch.float32
    if steps == 1:
        torch.testing.assert_close(end, torch.full_like(x, gaussian.mu))


def test_weights_of_small_steps_are_those_of_a_parabola():
    """For h -> 0 the weights integrate a quadratic through (-1, 0, 1) over 0..1: 5/12, 8/12, -1/12 (Adams-Moulton)."""
    outer, inner = corrector_weights(1e-3, -1.0)
    assert inner == pytest.approx(5 / 12, abs=1e-3)
    assert outer / -1.0 == pytest.approx(-1 / 12, abs=1e-3)
