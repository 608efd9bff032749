"""DPM-Solver++: diffusers' numbers, the paper's order, the SDE's distribution, and both ends of a path."""

from __future__ import annotations

import math

import pytest
import torch

from ddpm.diffusion.schedule import CLEAN, Level
from ddpm.samplers.dpmpp import DPMpp2M, DPMpp2MSDE, lam

# diffusers hands torch tensors to numpy in ways numpy 2 warns about; nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")

STEPS = [1, 2, 3, 7, 14, 20, 50]


def reference(algorithm, steps, **config):
    """diffusers' scheduler with its float32 table of noise ratios read as float64, and the levels that table means."""
    from diffusers import DPMSolverMultistepScheduler

    scheduler = DPMSolverMultistepScheduler(algorithm_type=algorithm, **config)
    scheduler.set_timesteps(steps)
    scheduler.sigmas = scheduler.sigmas.double()
    ratios, times = scheduler.sigmas.tolist(), scheduler.timesteps.tolist()
    levels = [
        Level(t, 1 / math.hypot(1, ratio), ratio / math.hypot(1, ratio))
        for t, ratio in zip(times, ratios[:-1], strict=True)
    ]
    return scheduler, [*levels, CLEAN]


def exact_step(scheduler, eps, x, noise):
    """What `DPMSolverMultistepScheduler.step` does at order 2 by default, less its rounding to float32."""
    if scheduler.step_index is None:
        scheduler._init_step_index(scheduler.timesteps[0])
    x0 = scheduler.convert_model_output(eps, sample=x)
    scheduler.model_outputs = [scheduler.model_outputs[-1], x0]
    last = scheduler.step_index == len(scheduler.timesteps) - 1
    if scheduler.lower_order_nums < 1 or last:
        x = scheduler.dpm_solver_first_order_update(x0, sample=x, noise=noise)
    else:
        x = scheduler.multistep_dpm_solver_second_order_update(scheduler.model_outputs, sample=x, noise=noise)
    scheduler.lower_order_nums += 1
    scheduler._step_index += 1
    return x


@pytest.mark.parametrize("config", [{}, {"timestep_spacing": "trailing"}, {"use_karras_sigmas": True}], ids=str)
@pytest.mark.parametrize("steps", STEPS)
def test_equals_diffusers_in_float64(steps, config, toy, trajectory):
    scheduler, levels = reference("dpmsolver++", steps, **config)
    x = toy.start()
    ours = trajectory(DPMpp2M(), toy.predict, x, levels)
    for level, arrived in zip(levels, ours[1:], strict=False):
        x = exact_step(scheduler, toy.eps(x, level.t), x, None)
        torch.testing.assert_close(arrived, x, rtol=0, atol=1e-10)


@pytest.mark.parametrize("steps", STEPS)
def test_sde_equals_diffusers_in_float64(steps, toy, trajectory):
    scheduler, levels = reference("sde-dpmsolver++", steps)
    x = toy.start()
    fresh = torch.randn(steps, *x.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    draws = iter(fresh)
    ours = trajectory(DPMpp2MSDE(), toy.predict, x, levels, lambda: next(draws))
    for level, noise, arrived in zip(levels, fresh, ours[1:], strict=False):
        x = exact_step(scheduler, toy.eps(x, level.t), x, noise)
        torch.testing.assert_close(arrived, x, rtol=0, atol=1e-10)


@pytest.mark.parametrize("sde", [False, True])
@pytest.mark.parametrize("steps", STEPS)
def test_equals_diffusers_own_step(steps, sde, toy, trajectory):
    """The scheduler's own `step`, which computes in float32: 1e-4."""
    scheduler, levels = reference("sde-dpmsolver++" if sde else "dpmsolver++", steps)
    x = toy.start()
    fresh = torch.randn(steps, *x.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    draws = iter(fresh)
    ours = trajectory(DPMpp2MSDE() if sde else DPMpp2M(), toy.predict, x, levels, lambda: next(draws))
    for t, noise, arrived in zip(scheduler.timesteps, fresh, ours[1:], strict=True):
        x = scheduler.step(toy.eps(x, t.item()), t, x, variance_noise=noise).prev_sample
        torch.testing.assert_close(arrived, x, rtol=0, atol=1e-4)


def test_sde_ends_in_the_data_distribution(gaussian, trajectory):
    """20,000 pixels: mean and deviation are known to 0.0035 and 0.0025 (one sigma); the solver's bias is smaller."""
    random = torch.Generator().manual_seed(11)
    _, levels = reference("sde-dpmsolver++", 100)

    def noise():
        return torch.randn(2, 1, 100, 100, generator=random, dtype=torch.float64)

    end = trajectory(DPMpp2MSDE(), gaussian, noise(), levels, noise)[-1]
    assert end.mean().item() == pytest.approx(gaussian.mu, abs=0.015)
    assert end.std().item() == pytest.approx(gaussian.s, abs=0.015)


def test_sde_forgets_its_start(gaussian, trajectory):
    """Two starts under the same fresh noise end closer than the ODE would leave them: the noise is really fresh."""
    levels = reference("sde-dpmsolver++", 20)[1]

    def spread(sampler):
        ends = []
        for value in (-1.0, 1.0):
            random = torch.Generator().manual_seed(5)
            x = torch.full((1, 1, 2, 2), value, dtype=torch.float64)
            draw = [torch.randn(1, 1, 2, 2, generator=random, dtype=torch.float64) for _ in levels]
            ends.append(trajectory(sampler, gaussian, x, levels, iter(draw).__next__)[-1])
        return (ends[1] - ends[0]).abs().max().item()

    assert spread(DPMpp2MSDE()) < 0.1 * spread(DPMpp2M())


@pytest.mark.parametrize("sampler", [DPMpp2M(), DPMpp2MSDE()], ids=["ode", "sde"])
@pytest.mark.parametrize("steps", [1, 2, 3, 10])
def test_from_no_signal_to_no_noise(sampler, steps, gaussian, trajectory):
    """On a flow path lam runs from -inf to inf; one step is the mean of the data, the best that x_T can tell."""
    levels = [Level(1 - i / steps, i / steps, 1 - i / steps) for i in range(steps)] + [CLEAN]
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    end = trajectory(sampler, gaussian, x, levels, lambda: torch.ones_like(x))[-1]
    assert end.isfinite().all() and end.dtype == torch.float32
    if steps == 1:
        torch.testing.assert_close(end, torch.full_like(x, gaussian.mu))


def test_lam_at_the_ends():
    assert lam(CLEAN) == math.inf
    assert lam(Level(1.0, 0.0, 1.0)) == -math.inf
    assert lam(Level(0.5, 0.5, 0.5)) == 0
