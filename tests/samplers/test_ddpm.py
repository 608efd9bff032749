"""DDPM is diffusers' DDPM, and its many small random steps end at the right distribution."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDPMScheduler

from ddpm.diffusion.schedule import Schedule, levels
from ddpm.samplers.ddpm import DDPM


@pytest.mark.parametrize(
    "variance, spacing, steps",
    [("small", "leading", 9), pytest.param("small", "leading", 1000, marks=pytest.mark.slow),
     ("small", "linspace", 33), ("small", "trailing", 30), ("large", "leading", 50), ("large", "linspace", 1000)],
)  # fmt: skip
def test_equals_diffusers(toy, trajectory, variance, spacing, steps):
    schedule = Schedule.linear()
    reference = DDPMScheduler(clip_sample=False, variance_type=f"fixed_{variance}", timestep_spacing=spacing)
    reference.alphas_cumprod = torch.tensor(schedule.alphas_bar, dtype=torch.float64)
    reference.set_timesteps(steps)
    x = toy.start()
    mine, theirs = (torch.Generator().manual_seed(3) for _ in range(2))
    ours = trajectory(
        DDPM(variance), toy.predict, x, levels(schedule, steps, spacing),
        lambda: torch.randn(x.shape, generator=mine, dtype=torch.float64),
    )  # fmt: skip
    for t, own in zip(reference.timesteps.tolist(), ours[1:], strict=True):
        x = reference.step(toy.eps(x, t), t, x, generator=theirs).prev_sample
        torch.testing.assert_close(own, x, atol=1e-9, rtol=1e-9)  # theirs adds 1e-10 of noise where ours adds none


@pytest.mark.parametrize("variance", ["small", "large"])
@pytest.mark.parametrize("schedule", [Schedule.linear(), Schedule.flow()], ids=["linear", "flow"])
def test_ends_at_the_distribution(variance, schedule, gaussian, trajectory):
    generator = torch.Generator().manual_seed(0)

    def noise():
        return torch.randn((16, 3, 16, 16), generator=generator, dtype=torch.float64)

    path = levels(schedule, 1000)
    x_T = gaussian.draw(path[0], (16, 3, 16, 16), seed=1)
    end = trajectory(DDPM(variance), gaussian, x_T, path, noise)[-1]
    assert end.mean().item() == pytest.approx(gaussian.mu, abs=0.02)  # 12288 numbers: 4 standard errors
    assert end.std().item() == pytest.approx(gaussian.s, rel=0.03)


def test_asks_for_no_noise_at_the_end(toy, trajectory):
    trajectory(DDPM(), toy.predict, toy.start(), levels(Schedule.linear(), 1))  # would fail on the first draw
