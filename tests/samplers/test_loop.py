"""The loop: lazy, without gradients, and blind to what else is in the batch, for every sampler there is."""

from __future__ import annotations

from itertools import islice

import pytest
import torch

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule, levels
from ddpm.samplers import SAMPLERS
from ddpm.samplers.loop import Plan, sample
from ddpm.samplers.noise import PictureNoise

SHAPE = (3, 8, 8)
SCHEDULES = {
    "linear": Schedule.linear(),
    "scaled_linear": Schedule.scaled_linear(),
    "zero terminal": Schedule.cosine().zero_terminal_snr(),
    "flow": Schedule.flow(3.0),
}


def planned(name, schedule, predict, seeds, steps=10):
    noise, sampler = PictureNoise(seeds, SHAPE), SAMPLERS[name]
    path = sampler.path(levels(schedule, steps))
    return Plan(path[0].sigma * noise(), path, predict, sampler, noise)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_picture_is_the_same_alone_and_in_a_batch(name, toy):
    batch = list(sample(planned(name, Schedule.linear(), toy.predict, [5, 6, 7])))
    alone = list(sample(planned(name, Schedule.linear(), toy.predict, [6])))
    for together, single in zip(batch, alone, strict=True):
        assert torch.equal(together.x[1:2], single.x) and torch.equal(together.x0[1:2], single.x0)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("steps", [1, 2, 25])
def test_every_sampler_ends_at_clean_pictures_on_every_path(name, schedule, steps, gaussian):
    end = list(sample(planned(name, schedule, gaussian, range(8), steps)))[-1].x
    assert end.shape == (8, *SHAPE) and end.dtype == torch.float32 and end.isfinite().all()
    assert end.mean() == pytest.approx(gaussian.mu, abs=0.05)
    if steps == 25:
        assert end.std() < gaussian.s * 1.1  # samplers that end at the mean of what is left fall short of it a little


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "lcm"])  # LCM jumps: its own test says where
def test_every_sampler_finds_the_distribution_in_the_end(name, gaussian):
    end = list(sample(planned(name, Schedule.linear(), gaussian, range(24), steps=900)))[-1].x
    assert end.mean() == pytest.approx(gaussian.mu, abs=0.03)  # 4608 numbers: 4 standard errors
    assert end.std() == pytest.approx(gaussian.s, rel=0.05)


def test_sampling_is_lazy_so_that_stopping_is_to_stop_asking(toy):
    asked = []

    def predict(x_t, level):
        asked.append(level.t)
        return toy.predict(x_t, level)

    run = sample(planned("ddim", Schedule.linear(), predict, [0], steps=50))
    assert asked == []
    assert len(list(islice(run, 3))) == 3 and asked == [999, 979, 959]
    run.close()
    assert len(asked) == 3


def test_gradients_are_off_inside_and_the_callers_mode_is_left_alone():
    weight = torch.ones((), requires_grad=True)

    def predict(x_t, level):
        return Target.X0.read(x_t * weight, x_t, level)

    for step in sample(planned("heun", Schedule.linear(), predict, [0], steps=3)):
        assert torch.is_grad_enabled() and not step.x.requires_grad


def test_the_last_step_arrives_at_its_own_x0(toy):
    *_, last = sample(planned("ddim", Schedule.linear(), toy.predict, [0]))
    torch.testing.assert_close(last.x, last.x0)


def test_a_plan_of_one_level_has_nothing_to_do(toy):
    plan = planned("ddim", Schedule.linear(), toy.predict, [0])
    assert list(sample(Plan(plan.x, plan.levels[-1:], plan.predict, plan.sampler, plan.noise))) == []
