"""Heun on either line has order 2; by name it is diffusers' Heun where there is one, and at home on every path."""

from __future__ import annotations

import pytest
import torch
from diffusers import HeunDiscreteScheduler

from ddpm.diffusion.schedule import Level, Schedule, levels
from ddpm.diffusion.spacing import GRIDS
from ddpm.samplers import SAMPLERS
from ddpm.samplers.ddim import DDIM
from ddpm.samplers.heun import Heun, line_from
from ddpm.samplers.loop import Plan, sample

# diffusers hands torch tensors to numpy in ways numpy 2 warns about; nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize(
    "spacing, steps", [("leading", 12), ("trailing", 20), ("linspace", 10), ("linspace", 8), ("trailing", 1)]
)
def test_equals_diffusers(toy, trajectory, spacing, steps):
    path = levels(Schedule.linear(), steps, spacing, grid=GRIDS["heun"])
    reference = HeunDiscreteScheduler(beta_start=1e-4, beta_end=0.02, timestep_spacing=spacing)
    reference.set_timesteps(steps)
    ratios = torch.tensor([level.sigma / level.alpha for level in path], dtype=torch.float64)
    inner = ratios[1:-1].repeat_interleave(2)
    exact = torch.cat([ratios[:1], inner, ratios[-1:]])
    torch.testing.assert_close(reference.sigmas.double(), exact, rtol=1e-4, atol=0)
    reference.sigmas = exact  # the same numbers in float64: then the rest must agree to the last digits
    x = toy.start()
    ours, theirs, scaled = trajectory(SAMPLERS["heun"], toy.predict, x, path), [], x / path[0].alpha
    times = [level.t for level in path[:-1]]
    asked = [times[0], *(t for t in times[1:] for _ in range(2))]  # theirs are rounded to float32
    for t, exactly in zip(reference.timesteps, asked, strict=True):
        assert float(t) == pytest.approx(exactly, rel=1e-6)
        eps = toy.eps(reference.scale_model_input(scaled, t), exactly)
        scaled = reference.step(eps, t, scaled).prev_sample
        theirs.append(scaled)
    for own, then, other in zip(ours[1:], path[1:], [*theirs[1::2], theirs[-1]], strict=True):
        torch.testing.assert_close(own, then.alpha * other, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("schedule", [Schedule.linear(), Schedule.scaled_linear()], ids=["linear", "scaled_linear"])
def test_by_name_it_is_on_diffusers_line_wherever_a_run_of_theirs_starts(schedule):
    for t in (999, 500, 20):
        assert line_from(schedule.level(t)) == "noise_ratio"


@pytest.mark.parametrize(
    "path",
    [
        levels(Schedule.flow(), 10),
        levels(Schedule.flow(), 10, kept=4),  # of a picture half noised
        levels(Schedule.linear().zero_terminal_snr(), 10),
        levels(Schedule.cosine(), 10),
    ],
    ids=["flow", "flow in part", "zero_snr", "cosine"],
)
def test_by_name_it_is_on_the_path_where_theirs_is_none_or_unsound(path, gaussian, trajectory):
    x = gaussian.draw(path[0], (1, 3, 8, 8))
    for named, other in zip(
        trajectory(SAMPLERS["heun"], gaussian, x, path), trajectory(Heun("path"), gaussian, x, path), strict=True
    ):
        assert torch.equal(named, other)


@pytest.mark.parametrize("line", ["path", "noise_ratio"])
def test_converges_with_order_two(measured_order, line):
    assert measured_order(Heun(line)) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("line", ["path", "noise_ratio"])
def test_is_edm_where_alpha_is_one(gaussian, trajectory, line):
    now, then = Level(0, 1.0, 5.0), Level(0, 1.0, 3.0)
    x = torch.linspace(-4, 4, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
    slope = (x - gaussian(x, now).x0) / 5
    arrived = x - 2 * slope
    second = (arrived - gaussian(arrived, then).x0) / 3
    torch.testing.assert_close(trajectory(Heun(line), gaussian, x, [now, then])[-1], x - slope - second)


def test_its_preview_is_what_the_second_look_saw(toy):
    now, then = (Schedule.flow().level(t) for t in (0.8, 0.7))
    x = toy.start()
    first = toy.predict(x, now)
    arrived = then.alpha * first.x0 + then.sigma * first.eps
    (step,) = sample(Plan(x, [now, then], toy.predict, SAMPLERS["heun"], lambda: x))
    assert torch.equal(step.x0, toy.predict(arrived, then).x0)


def test_on_a_flow_it_is_the_trapezoid_rule_for_the_velocity(gaussian, trajectory):
    now, then = (Schedule.flow().level(t) for t in (0.8, 0.7))
    x = torch.linspace(-4, 4, 16, dtype=torch.float64).reshape(1, 1, 4, 4)

    def velocity(x_t, level):
        x0, eps = gaussian(x_t, level)
        return eps - x0

    first = velocity(x, now)
    second = velocity(x - 0.1 * first, then)
    torch.testing.assert_close(trajectory(SAMPLERS["heun"], gaussian, x, [now, then])[-1], x - 0.05 * (first + second))


@pytest.mark.parametrize("steps", [2, 5, 10, 20])
def test_a_path_that_starts_at_almost_no_signal_is_no_trouble(gaussian, trajectory, steps):
    path = levels(Schedule.cosine(), steps)  # alpha = 5e-5 at its start: in x / alpha the first step would be enormous
    x = gaussian.draw(path[0], (1, 3, 8, 8))
    heun, euler = (trajectory(sampler, gaussian, x, path)[-2] for sampler in (SAMPLERS["heun"], DDIM()))
    exact = gaussian.follow(x, path[0], path[-2])
    assert (heun - exact).abs().max() < (euler - exact).abs().max()


def test_on_a_flow_from_pure_noise_it_beats_euler_at_equal_cost(gaussian, trajectory):
    x = torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
    path, dense = levels(Schedule.flow(), 20), levels(Schedule.flow(), 39)
    exact = gaussian.follow(x, path[0], path[-1])
    heun = (trajectory(SAMPLERS["heun"], gaussian, x, path)[-1] - exact).abs().max()
    euler = (trajectory(DDIM(), gaussian, x, dense)[-1] - exact).abs().max()
    assert heun < euler / 2
