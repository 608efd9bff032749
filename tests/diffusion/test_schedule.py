"""Schedules and spacings are diffusers', and the algebra of levels holds."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from ddpm.compat import ensure_torchvision
from ddpm.diffusion.schedule import CLEAN, Schedule, levels
from ddpm.errors import BadRequest

ensure_torchvision()
from diffusers import DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler  # noqa: E402

DISCRETE = [
    {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
    {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    {"beta_schedule": "squaredcos_cap_v2"},
    {"beta_schedule": "sigmoid", "beta_start": 1e-4, "beta_end": 0.02},
    {"num_train_timesteps": 250, "beta_schedule": "linear", "beta_start": 1e-3, "beta_end": 0.05},
    {"beta_schedule": "linear", "rescale_betas_zero_snr": True},
    {"num_train_timesteps": 4, "trained_betas": [0.01, 0.1, 0.2, 0.5]},
    {},
]


@pytest.mark.parametrize("config", DISCRETE, ids=str)
def test_alphas_bar_are_diffusers(config):
    ours = Schedule.from_diffusers_config(config).alphas_bar
    theirs = DDPMScheduler.from_config(config).alphas_cumprod
    torch.testing.assert_close(torch.tensor(ours), theirs, rtol=1e-3, atol=1e-6)  # theirs is a float32 product


@pytest.mark.parametrize("name", ["linear", "scaled_linear", "cosine", "sigmoid", "flow"])
def test_named_schedules_lose_signal_all_the_way(name):
    schedule = Schedule.named(name)
    path = levels(schedule, 40)
    for now, then in pairwise(path):
        assert now.sigma > then.sigma and now.alpha < then.alpha
    assert path[-1] == CLEAN and path[0].sigma > 0.99
    assert 0 <= schedule.time(path[-2].t) < schedule.time(path[0].t) == 1


def test_names_are_refused_with_a_sentence():
    with pytest.raises(BadRequest, match="'cosin' is not known; use one of linear"):
        Schedule.named("cosin")
    with pytest.raises(BadRequest, match="'laplace' is not known"):
        Schedule.from_diffusers_config({"beta_schedule": "laplace"})
    with pytest.raises(BadRequest, match="spacing 'even' is not known"):
        levels(Schedule.linear(), 5, "even")
    with pytest.raises(BadRequest, match="steps = 0"):
        levels(Schedule.linear(), 0)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 10, 20, 25, 30, 48, 50, 100, 333, 400, 999, 1000])
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("offset", [0, 1])
def test_spacings_are_diffusers(spacing, steps, offset):
    reference = DDIMScheduler(timestep_spacing=spacing, steps_offset=offset)
    reference.set_timesteps(steps)
    path = levels(Schedule.linear(), steps, spacing, steps_offset=offset)
    expected = reference.timesteps.tolist()
    if expected[0] == 1000:  # an offset led diffusers out of its own table; ours stays inside
        expected = list(range(999, -1, -1))
    assert [level.t for level in path[:-1]] == expected
    assert len(path) == steps + 1


@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace", "karras"])
@pytest.mark.parametrize("steps", [1, 5, 999, 1000, 1001, 1500])
def test_any_number_of_steps_stays_inside_and_falls(spacing, steps):
    path = levels(Schedule.cosine(), steps, spacing, steps_offset=1)
    times = [level.t for level in path[:-1]]
    assert len(times) == steps and all(0 <= t <= 999 for t in times)
    assert all(now.alpha < then.alpha for now, then in pairwise(path))
    if steps > 1 and spacing != "leading":
        assert times[0] == pytest.approx(999)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # between diffusers and numpy 2
@pytest.mark.parametrize("steps", [5, 10, 20, 33])
def test_karras_is_diffusers(steps):
    reference = EulerDiscreteScheduler(use_karras_sigmas=True)
    reference.set_timesteps(steps)
    path = levels(Schedule.linear(), steps, "karras")
    ratios = [level.sigma / level.alpha for level in path]
    np.testing.assert_allclose(ratios, reference.sigmas.numpy(), rtol=1e-4)
    np.testing.assert_allclose([level.t for level in path[:-1]], reference.timesteps.numpy(), atol=0.02)


def test_flow_is_a_straight_line_bent_by_its_shift():
    assert [level.t for level in levels(Schedule.flow(), 4)] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert all(level.alpha == 1 - level.t and level.sigma == level.t for level in levels(Schedule.flow(3.0), 9))
    reference = FlowMatchEulerDiscreteScheduler(shift=3.0)
    reference.set_timesteps(sigmas=[1 - i / 9 for i in range(9)])
    ours = [level.sigma for level in levels(Schedule.flow(3.0), 9)]
    np.testing.assert_allclose(ours, reference.sigmas.numpy(), rtol=1e-6)


def test_flow_may_ask_last_at_a_share_of_noise():
    visited = [level.sigma for level in levels(Schedule.flow(), 9, last=0.2)]
    assert visited == pytest.approx([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0])
    for few in (1, 2, 5):  # they end above it anyhow
        assert levels(Schedule.flow(), few, last=0.2) == levels(Schedule.flow(), few)
    bent = [level.sigma for level in levels(Schedule.flow(3.0), 20, last=0.2)]
    assert (bent[0], bent[-2], bent[-1]) == pytest.approx((1, 0.2, 0)) and len(bent) == 21


def test_a_shift_bends_whole_ways_alone():
    assert levels(Schedule.flow(), 24, last=0.2, shift=4.0) == levels(Schedule.flow(4.0), 24, last=0.2)
    twice, once = levels(Schedule.flow(2.0), 9, shift=3.0), levels(Schedule.flow(6.0), 9)
    assert [level.t for level in twice] == pytest.approx([level.t for level in once])
    assert levels(Schedule.flow(), 9, kept=5, last=0.2, shift=4.0) == levels(Schedule.flow(), 9, kept=5, last=0.2)
    assert levels(Schedule.linear(), 9, shift=4.0) == levels(Schedule.linear(), 9)


@pytest.mark.parametrize(
    "schedule", [Schedule.flow(), Schedule.flow(3.0), Schedule.linear()], ids=["flow", "shifted", "table"]
)
@pytest.mark.parametrize("spacing", ["trailing", "karras"])
def test_a_part_of_the_steps_is_the_end_of_all(schedule, spacing):
    whole = levels(schedule, 10, spacing)
    for kept in (0, 1, 6, 10):
        part = levels(schedule, 10, spacing, kept=kept)
        assert [level.sigma for level in part] == pytest.approx([level.sigma for level in whole[10 - kept :]])


def test_a_part_begins_where_its_noise_is_asked_for_and_ends_as_the_whole():
    part = [level.sigma for level in levels(Schedule.flow(), 20, kept=12, last=0.2)]
    assert len(part) == 13 and (part[0], part[-2], part[-1]) == pytest.approx((0.6, 0.2, 0))
    assert np.diff(part[:-1]) == pytest.approx(-0.4 / 11)
    assert levels(Schedule.flow(), 20, kept=4, last=0.2) == levels(Schedule.flow(), 20, kept=4)  # it begins there


def test_flow_config_is_recognised():
    schedule = Schedule.from_diffusers_config({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0})
    assert schedule == Schedule.flow(3.0)


def test_between_two_entries_the_log_ratio_is_interpolated():
    schedule = Schedule.linear()
    below, between, above = (schedule.level(t) for t in (500, 500.5, 501))
    ratio = math.sqrt(below.sigma / below.alpha * above.sigma / above.alpha)
    assert between.sigma / between.alpha == pytest.approx(ratio)
    assert between.alpha**2 + between.sigma**2 == pytest.approx(1)
    assert schedule.at_noise_ratio(ratio).t == pytest.approx(500.5)
    with pytest.raises(ValueError, match=r"outside this schedule's 0\.\.999"):
        schedule.level(1000)


@pytest.mark.parametrize("schedule", [Schedule.linear(), Schedule.flow()], ids=["linear", "flow"])
def test_noise_ratio_finds_the_level_again(schedule):
    for level in levels(schedule, 37)[1:-1]:
        assert schedule.at_noise_ratio(level.sigma / level.alpha) == pytest.approx(level)


def test_beyond_the_table_the_ratio_is_kept_and_the_nearest_time_told():
    level = Schedule.linear().at_noise_ratio(1e6)
    assert level.t == 999 and level.sigma / level.alpha == pytest.approx(1e6)
    level = Schedule.linear().at_noise_ratio(1e-6)
    assert level.t == 0 and level.sigma / level.alpha == pytest.approx(1e-6)


@pytest.mark.parametrize("schedule", [Schedule.linear(), Schedule.cosine(), Schedule.flow()])
def test_zero_terminal_snr_ends_without_signal(schedule):
    stretched = schedule.zero_terminal_snr()
    assert levels(stretched, 10)[0].alpha == 0 and levels(stretched, 10)[0].sigma == 1
    assert all(math.isfinite(value) for level in levels(stretched, 1500) for value in level)
    if schedule.kind == "discrete":
        ratios = [stretched.log_ratio(i) for i in range(1000)]
        assert np.diff(ratios).min() > 0 and ratios[-1] < 12  # it rises to the end, which is finite
        between = [level.sigma / level.alpha for level in map(stretched.level, np.arange(998.75, 990, -0.25))]
        assert np.diff(between).max() < 0
        assert stretched.alphas_bar[0] == pytest.approx(schedule.alphas_bar[0])


def test_a_final_level_may_be_given():
    schedule = Schedule.scaled_linear()
    assert levels(schedule, 5, "leading", final=schedule.level(0))[-1] == schedule.level(0)  # set_alpha_to_one=False


@pytest.mark.parametrize("betas", [[], [0.1], [0.1, 2.0], [0.0, 0.1], [0.1, float("nan")]])
def test_trained_betas_that_are_none_are_refused(betas: list[float]) -> None:
    with pytest.raises(BadRequest, match="trained_betas must be two or more numbers between 0 and 1"):
        Schedule.from_diffusers_config({"trained_betas": betas})
