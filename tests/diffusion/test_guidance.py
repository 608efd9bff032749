"""Guidance: what it computes, what it costs, and that a batch does not change a picture."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from ddpm.diffusion.guidance import away_from, classifier_free, towards
from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import CLEAN, Schedule, levels

LEVEL = Schedule.flow().level(0.6)
X = torch.randn(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


class Painter:
    """A conditioned network that believes in one colour per picture: its condition, a (B,) tensor."""

    def __init__(self) -> None:
        self.batches = []

    def __call__(self, x_t, level, colours):
        self.batches.append(len(x_t))
        x0 = 0.2 * torch.tanh(x_t) + colours[:, None, None, None]
        return Target.X0.read(x0, x_t, level)


def join(cond, uncond):
    return torch.cat([cond, uncond])


COND, UNCOND = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64), torch.zeros(3, dtype=torch.float64)


def test_guidance_is_one_call_on_the_doubled_batch_and_the_formula():
    painter = Painter()
    guided = classifier_free(painter, COND, UNCOND, 3.0, join=join)(X, LEVEL)
    assert painter.batches == [6]
    cond, uncond = painter(X, LEVEL, COND), painter(X, LEVEL, UNCOND)
    torch.testing.assert_close(guided.x0, uncond.x0 + 3 * (cond.x0 - uncond.x0))
    torch.testing.assert_close(LEVEL.alpha * guided.x0 + LEVEL.sigma * guided.eps, X)


def test_scale_one_is_the_condition_alone_and_scale_zero_none_of_it():
    painter = Painter()
    alone = classifier_free(painter, COND, UNCOND, 1.0, join=join)(X, LEVEL)
    assert painter.batches == [3] and torch.equal(alone.x0, painter(X, LEVEL, COND).x0)
    none = classifier_free(painter, COND, UNCOND, 0.0, join=join)(X, LEVEL)
    torch.testing.assert_close(none.x0, painter(X, LEVEL, UNCOND).x0)
    outside = classifier_free(painter, COND, UNCOND, 0.0, interval=(0.999, 1.0), join=join)(X, LEVEL)
    assert torch.equal(outside.x0, none.x0)  # no scale below 1 is raised to it


def test_away_from_a_worse_network_is_a_step_from_it_through_the_better_one():
    painter = Painter()

    def better(x_t, level):
        return painter(x_t, level, COND)

    def worse(x_t, level):
        return painter(x_t, level, UNCOND)

    steered = away_from(worse, 1.5)(better(X, LEVEL), better(X, LEVEL), X, LEVEL)
    torch.testing.assert_close(steered.x0, 2.5 * better(X, LEVEL).x0 - 1.5 * worse(X, LEVEL).x0)
    torch.testing.assert_close(LEVEL.alpha * steered.x0 + LEVEL.sigma * steered.eps, X)
    guided = classifier_free(painter, COND, UNCOND, 2.5, join=join)(X, LEVEL)  # with no prompt as the worse one
    torch.testing.assert_close(steered.x0, guided.x0)


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.5])
def test_away_from_a_worse_network_leaves_the_guidance_as_strong_as_it_was(scale):
    """u + w (c - u) + s (c - p), p being the worse network with the condition: diffusers' pag_utils.py."""
    painter = Painter()

    def worse(x_t, level):
        return painter(0.5 * x_t, level, COND)

    for level, w in ((LEVEL, scale), (Schedule.flow().level(0.2), min(scale, 1.0))):
        painter.batches.clear()
        away = away_from(worse, 3.0)
        made = classifier_free(painter, COND, UNCOND, scale, interval=(0.3, 1.0), join=join, away=away)(X, level)
        assert painter.batches == ([3, 3] if w == 1 else [6, 3])  # the condition is heard once
        c, u, p = painter(X, level, COND), painter(X, level, UNCOND), worse(X, level)
        torch.testing.assert_close(made.x0, u.x0 + w * (c.x0 - u.x0) + 3 * (c.x0 - p.x0))
        torch.testing.assert_close(made.eps, u.eps + w * (c.eps - u.eps) + 3 * (c.eps - p.eps))


def test_outside_its_interval_guidance_costs_nothing():
    painter = Painter()
    predict = classifier_free(painter, COND, UNCOND, 3.0, interval=(0.15, 0.85), join=join)
    for level in levels(Schedule.flow(), 10):
        predict(X, level)
    assert painter.batches == [3, 3, 6, 6, 6, 6, 6, 6, 6, 3, 3]  # t = 1, 0.9, 0.8 ... 0.2, 0.1, 0


def predict(x_t, level):
    return Target.X0.read(0.5 * torch.tanh(x_t), x_t, level)


def redness(x0):
    """0 where every picture is red: (B, C, H, W) -> (B,)."""
    wanted = torch.tensor([1.0, -1.0, -1.0], dtype=x0.dtype)[None, :, None, None]
    return (x0 - wanted).square().mean(dim=(1, 2, 3))


@pytest.mark.parametrize("through_network", [False, True])
def test_towards_lowers_the_loss_and_keeps_the_prediction_consistent(through_network):
    with torch.no_grad():  # as inside the loop
        pulled = towards(predict, redness, 0.3, through_network=through_network)(X, LEVEL)
    assert (redness(pulled.x0) < redness(predict(X, LEVEL).x0)).all()
    assert not pulled.x0.requires_grad and not pulled.eps.requires_grad
    torch.testing.assert_close(LEVEL.alpha * pulled.x0 + LEVEL.sigma * pulled.eps, X)


@pytest.mark.parametrize("through_network", [False, True])
def test_a_picture_is_pulled_the_same_alone_and_in_a_batch(through_network):
    pull = towards(predict, redness, 0.3, through_network=through_network)
    together = pull(X, LEVEL)
    for i in range(3):
        alone = pull(X[i : i + 1], LEVEL)
        torch.testing.assert_close(together.x0[i : i + 1], alone.x0, atol=1e-14, rtol=0)


@pytest.mark.parametrize("units", [1e-6, 1.0, 1e6])
def test_strength_is_the_length_of_the_move_whatever_the_losss_units(units):
    moved = towards(predict, lambda x0: units * redness(x0), 0.3)(X, LEVEL).x0 - predict(X, LEVEL).x0
    torch.testing.assert_close(moved.square().mean(dim=(1, 2, 3)).sqrt(), torch.full((3,), 0.3 * 0.6).double())


def test_it_fades_near_the_end_and_then_costs_no_gradient():
    def lost(x0):
        raise AssertionError("no gradient is needed here")

    move = towards(predict, redness, 0.3, until=0.1)
    sizes = [(move(X, level).x0 - predict(X, level).x0).abs().mean() for level in levels(Schedule.flow(), 20)]
    assert all(earlier >= later for earlier, later in pairwise(sizes)) and sizes[0] > 0
    for level in (Schedule.flow().level(0.1), CLEAN):
        torch.testing.assert_close(towards(predict, lost, 0.3)(X, level), predict(X, level))
    torch.testing.assert_close(towards(predict, lost, 0.0)(X, LEVEL), predict(X, LEVEL))


def test_a_vanished_gradient_moves_nothing():
    still = towards(predict, lambda x0: (x0 * 0).sum(dim=(1, 2, 3)), 0.3)(X, LEVEL)
    torch.testing.assert_close(still.x0, predict(X, LEVEL).x0)


def test_noise_share_is_t_on_a_flow():
    assert [level.noise_share for level in levels(Schedule.flow(), 4)] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert Schedule.linear().level(999).noise_share > 0.99
