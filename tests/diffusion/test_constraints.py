"""Constraints act on the predicted x0 and leave every sampler consistent."""

from __future__ import annotations

import pytest
import torch

from ddpm.diffusion.constraints import _low, holding, keep, octaves, within
from ddpm.diffusion.prediction import Prediction, eps_of
from ddpm.diffusion.schedule import CLEAN, Schedule, levels
from ddpm.samplers import SAMPLERS
from ddpm.samplers.loop import Plan, sample

LEVEL = Schedule.linear().level(400)


def drawn(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


KNOWN = drawn(1, 3, 16, 16, seed=5).clamp(-1, 1)
MASK = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
MASK[..., 4:10, 6:] = 1


def run(name, predict, x, path):
    sampler, generator = SAMPLERS[name], torch.Generator().manual_seed(8)

    def noise():
        return torch.randn(x.shape, generator=generator, dtype=x.dtype)

    return list(sample(Plan(x, sampler.path(path), predict, sampler, noise)))


@pytest.mark.parametrize("constrain", [keep(KNOWN, MASK), octaves(KNOWN, lambda level, octave: 0.7)])
@pytest.mark.parametrize("level", levels(Schedule.linear(), 3)[:-1] + levels(Schedule.flow(), 2)[:-1])
def test_x_t_is_still_alpha_x0_plus_sigma_eps(gaussian, constrain, level):
    x_t = drawn(2, 3, 16, 16)
    x0, eps = holding(gaussian, constrain)(x_t, level)
    assert torch.equal(x0, constrain(gaussian(x_t, level).x0, level))
    torch.testing.assert_close(level.alpha * x0 + level.sigma * eps, x_t)


@pytest.mark.parametrize("name", ["ddim", "heun", "dpmpp_2m", "unipc", "deis"])
@pytest.mark.parametrize("schedule", [Schedule.linear(), Schedule.flow()], ids=["linear", "flow"])
def test_keep_leaves_the_known_region_on_its_own_path(gaussian, name, schedule):
    path, eps = levels(schedule, 12), drawn(2, 3, 16, 16)
    x = path[0].alpha * KNOWN + path[0].sigma * eps
    for then, step in zip(path[1:], run(name, holding(gaussian, keep(KNOWN, MASK)), x, path), strict=True):
        expected = then.alpha * KNOWN + then.sigma * eps
        torch.testing.assert_close(step.x * (1 - MASK), expected * (1 - MASK), atol=1e-13, rtol=0)


@pytest.mark.parametrize("name", SAMPLERS)
def test_keep_ends_at_the_known_picture_and_paints_the_rest(gaussian, name):
    path = levels(Schedule.linear(), 12)
    x = path[0].alpha * KNOWN + path[0].sigma * drawn(2, 3, 16, 16)
    end = run(name, holding(gaussian, keep(KNOWN, MASK)), x, path)[-1].x
    assert ((end - KNOWN) * (1 - MASK)).abs().max() < 1e-6
    free = run(name, gaussian, x, path)[-1].x
    torch.testing.assert_close(end * MASK, free * MASK, atol=1e-6, rtol=0)  # pixels of a Gaussian are independent


def test_keep_is_exact_where_the_mask_is_and_blends_between():
    x0 = drawn(2, 3, 16, 16) * 1e6
    kept = keep(KNOWN, MASK)(x0, LEVEL)
    assert torch.equal(kept[..., :4, :], KNOWN.expand(2, -1, -1, -1)[..., :4, :])
    assert torch.equal(kept[..., 4:10, 6:], x0[..., 4:10, 6:])
    torch.testing.assert_close(keep(KNOWN, torch.full_like(MASK, 0.25))(x0, LEVEL), 0.25 * x0 + 0.75 * KNOWN)


def test_an_octave_moves_what_is_coarse_and_keeps_what_is_fine():
    smooth = torch.linspace(-1, 1, 32, dtype=torch.float64).expand(1, 3, 32, 32)
    fine = torch.tensor([0.5, -0.5], dtype=torch.float64).repeat(16).expand(1, 3, 32, 32)
    x0 = fine - 0.3
    pulled = octaves(smooth, lambda level, octave: octave == 0)(x0, LEVEL)
    inner = (..., slice(4, -4), slice(4, -4))
    assert (pulled - fine - smooth)[inner].abs().max() < 0.1  # the grain of x0 on the ramp of the known picture
    half = octaves(smooth, lambda level, octave: 0.5 * (octave == 0))(x0, LEVEL)
    torch.testing.assert_close(half, (x0 + pulled) / 2)


def test_shares_may_depend_on_the_level():
    constrain = octaves(KNOWN, lambda level, octave: level.sigma > 0.5)
    x0 = drawn(1, 3, 16, 16)
    assert torch.equal(constrain(x0, CLEAN), x0) and not torch.equal(constrain(x0, LEVEL), x0)


@pytest.mark.parametrize("size", [(32, 32), (32, 80), (48, 32)], ids=str)
def test_octaves_are_nested_low_passes(size):
    """Shares that fall to zero after one octave are that octave's low pass, whatever the coarser ones.

    The shorter side counts, so that a cell is as large in a wide or a high picture as in a square one.
    """
    x0 = drawn(2, 3, *size)
    known = drawn(1, 3, *size, seed=5)
    for last, factor in enumerate((8, 4, 2)):
        pulled = octaves(known, lambda level, octave, last=last: 0.6 * (octave <= last))(x0, LEVEL)
        torch.testing.assert_close(pulled, x0 + 0.6 * (_low(known, factor) - _low(x0, factor)))
    assert torch.equal(octaves(known, lambda level, octave: 0.0)(x0, LEVEL), x0)


def test_each_octave_has_its_own_share():
    known, x0 = drawn(1, 3, 32, 32, seed=5), torch.zeros(1, 3, 32, 32).double()
    parts = [octaves(known, lambda level, octave, only=only: float(octave == only))(x0, LEVEL) for only in range(3)]
    mixed = octaves(known, lambda level, octave: (1.0, 0.5, 0.25)[octave])(x0, LEVEL)
    torch.testing.assert_close(mixed, parts[0] + 0.5 * parts[1] + 0.25 * parts[2])


@pytest.mark.parametrize("size", [(2, 2), (4, 4), (7, 7), (12, 12), (20, 12)])
def test_octaves_of_the_smallest_pictures(size):
    known = torch.full((1, 3, *size), 0.4).double()
    pulled = octaves(known, lambda level, octave: 1.0)(torch.zeros_like(known), LEVEL)
    torch.testing.assert_close(pulled, known)


def test_guidance_stays_within_what_the_network_and_the_known_picture_hold():
    def predict(x_t, level):
        return Prediction(0.3 * torch.tanh(x_t), eps_of(x_t, 0.3 * torch.tanh(x_t), level))

    def far(predict):
        return holding(predict, lambda x0, level: x0 + 5 * torch.sign(x0))

    known, x_t = drawn(1, 3, 8, 8, seed=2) / 10, drawn(4, 3, 8, 8)
    x0, eps = within(predict, far, known)(x_t, LEVEL)
    said = predict(x_t, LEVEL).x0
    for index in range(4):
        for channel in range(3):
            both = torch.cat([said[index, channel].flatten(), known[0, channel].flatten()])
            assert x0[index, channel].min() == both.min() and x0[index, channel].max() == both.max()
    torch.testing.assert_close(LEVEL.alpha * x0 + LEVEL.sigma * eps, x_t)
    free = within(predict, lambda predict: predict, known)(x_t, LEVEL)
    torch.testing.assert_close(free.x0, said)
