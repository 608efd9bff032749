"""LCM: diffusers' numbers, its grid, its boundary condition, and its distribution with a perfect denoiser."""

from __future__ import annotations

import pytest
import torch

from ddpm.diffusion.schedule import CLEAN, Level, Schedule, levels
from ddpm.diffusion.spacing import GRIDS
from ddpm.samplers.lcm import LCM


def reference(steps):
    """diffusers' scheduler with its float32 table read as float64, and the levels it visits."""
    from diffusers import LCMScheduler

    scheduler = LCMScheduler()
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
    scheduler.set_timesteps(steps)
    visited = []
    for t in scheduler.timesteps.tolist():
        alpha_bar = scheduler.alphas_cumprod[t]
        visited.append(Level(t, alpha_bar.sqrt().item(), (1 - alpha_bar).sqrt().item()))
    return scheduler, [*visited, CLEAN]


def seeded(shape):
    random = torch.Generator().manual_seed(4)
    return random, lambda: torch.randn(shape, generator=random, dtype=torch.float64)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 8, 20, 50])
def test_equals_diffusers_in_float64(steps, toy, trajectory):
    """The scheduler's own `step`, with a plain int for t: with a tensor it computes its scalings in float32."""
    scheduler, visited = reference(steps)
    x = toy.start()
    ours = trajectory(LCM(), toy.predict, x, visited, seeded(x.shape)[1])
    random, _ = seeded(x.shape)
    for t, arrived in zip(scheduler.timesteps.tolist(), ours[1:], strict=True):
        x = scheduler.step(toy.eps(x, t), t, x, generator=random).prev_sample
        torch.testing.assert_close(arrived, x, rtol=0, atol=1e-10)


@pytest.mark.parametrize("steps", range(1, 51))
def test_its_own_grid_is_diffusers(steps):
    times = [level.t for level in levels(Schedule.scaled_linear(), steps, grid=GRIDS["lcm"])[:-1]]
    assert times == reference(steps)[0].timesteps.tolist()


def test_boundary_condition():
    """At t = 0 the answer is x itself, whatever the network says; at high noise it is the network's alone."""
    assert LCM().boundary(Level(0, 0.99, 0.1)) == (1, 0)
    skip, out = LCM().boundary(Level(999, 0.07, 0.997))
    assert skip < 1e-8 and out == pytest.approx(1, abs=1e-8)


def test_flow_levels_count_their_time_in_thousands():
    assert LCM().boundary(Level(0.5, 0.5, 0.5)) == LCM().boundary(Level(500, 0.5, 0.8))


@pytest.mark.parametrize("steps", [1, 4, 20])
def test_mean_of_the_data(steps, gaussian, trajectory):
    """A denoiser gives the mean of what x can have been, so its mean is right from one step on (10,000 pixels)."""
    x = torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    _, noise = seeded(x.shape)
    end = trajectory(LCM(), gaussian, x, reference(steps)[1], noise)[-1]
    assert end.mean().item() == pytest.approx(gaussian.mu, abs=0.02)


@pytest.mark.parametrize("steps", [1, 2, 3, 10])
def test_from_no_signal_to_no_noise(steps, gaussian, trajectory):
    visited = [Level(1 - i / steps, i / steps, 1 - i / steps) for i in range(steps)] + [CLEAN]
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    end = trajectory(LCM(), gaussian, x, visited, lambda: torch.ones_like(x))[-1]
    assert end.isfinite().all() and end.dtype == torch.float32
