"""DDIM is diffusers' DDIM, converges with order 1, and with eta = 1 is the posterior's own sampler."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMScheduler

from ddpm.diffusion.schedule import CLEAN, Level, Schedule, levels
from ddpm.samplers.ddim import DDIM, posterior_variance, transition_variance
from ddpm.samplers.ddpm import DDPM


def drawing(shape, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    "spacing, steps",
    [("leading", 7), ("leading", 50), pytest.param("leading", 1000, marks=pytest.mark.slow), ("trailing", 20)],
)
def test_equals_diffusers(toy, trajectory, eta, spacing, steps):
    schedule = Schedule.linear()
    reference = DDIMScheduler(clip_sample=False, timestep_spacing=spacing)
    reference.alphas_cumprod = torch.tensor(schedule.alphas_bar, dtype=torch.float64)
    reference.set_timesteps(steps)
    x = toy.start()
    generator = torch.Generator().manual_seed(3)
    ours = trajectory(DDIM(eta), toy.predict, x, levels(schedule, steps, spacing), drawing(x.shape))
    for t, mine in zip(reference.timesteps.tolist(), ours[1:], strict=True):
        x = reference.step(toy.eps(x, t), t, x, eta=eta, generator=generator).prev_sample
        torch.testing.assert_close(mine, x, atol=1e-10, rtol=1e-10)


def test_equals_diffusers_as_stable_diffusion_configures_it(toy, trajectory):
    schedule = Schedule.scaled_linear()
    reference = DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012,
        clip_sample=False, set_alpha_to_one=False, steps_offset=1,
    )  # fmt: skip
    reference.alphas_cumprod = torch.tensor(schedule.alphas_bar, dtype=torch.float64)
    reference.final_alpha_cumprod = reference.alphas_cumprod[0]
    reference.set_timesteps(30)
    x = toy.start()
    path = levels(schedule, 30, "leading", final=schedule.level(0), steps_offset=1)
    ours = trajectory(DDIM(), toy.predict, x, path)[-1]
    for t in reference.timesteps.tolist():
        x = reference.step(toy.eps(x, t), t, x).prev_sample
    torch.testing.assert_close(ours, x, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("schedule", [Schedule.linear(), Schedule.flow()], ids=["linear", "flow"])
def test_eta_one_is_ancestral_sampling(schedule, toy, trajectory):
    path, x = levels(schedule, 25), toy.start()
    ddim = trajectory(DDIM(eta=1.0), toy.predict, x, path, drawing(x.shape))
    ddpm = trajectory(DDPM(), toy.predict, x, path, drawing(x.shape))
    for one, other in zip(ddim, ddpm, strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


def test_more_steps_than_the_table_has(gaussian, trajectory):
    path = levels(Schedule.linear(), 1700)
    x = gaussian.draw(path[0], (1, 1, 8, 8))
    end = trajectory(DDIM(), gaussian, x, path)[-1]
    torch.testing.assert_close(end, gaussian.follow(x, path[0], CLEAN), atol=0.01, rtol=0.01)


def test_variances_of_the_path():
    now, then = Level(1, 0.6, 0.8), Level(0, 0.8, 0.6)
    assert transition_variance(now, then) == pytest.approx(1 - (0.6 / 0.8) ** 2)  # VP: 1 - alpha_bar / alpha_bar_prev
    assert posterior_variance(now, then) == pytest.approx(0.36 / 0.64 * (1 - 0.36 / 0.64))  # Song et al. 2021, eq. 16
    assert posterior_variance(now, CLEAN) == 0 == posterior_variance(CLEAN, CLEAN)
    no_signal = Level(1.0, 0.0, 1.0)
    assert transition_variance(no_signal, then) == 1  # nothing of x_then is left in pure noise
