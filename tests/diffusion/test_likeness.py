"""Likeness: one number that leads x0 towards a known picture, held to laws on the exact Gaussian denoiser."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ddpm.diffusion.constraints import holding
from ddpm.diffusion.likeness import FACE, edge_loss, resembling
from ddpm.diffusion.schedule import Schedule, levels
from ddpm.samplers import SAMPLERS
from ddpm.samplers.loop import Plan, sample

SCHEDULES = [Schedule.linear(), Schedule.flow()]


def drawn(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def portrait(side):
    """Smooth and coloured, with one hard outline."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
    known = torch.stack([0.6 * x, 0.4 * y, -0.3 * x * y]) + 0.3 * (x**2 + y**2 < 0.4)
    return known[None].double().clamp(-1, 1)


def clamped(x0, level):
    return x0.clamp(-1, 1)


def away(x0, known, cells):
    return (F.adaptive_avg_pool2d(x0 - known, cells)).square().mean(dim=(1, 2, 3)).sqrt()


def made(gaussian, known, likeness, name="heun", schedule=SCHEDULES[0], count=3, **settings):
    path, sampler = SAMPLERS[name].path(levels(schedule, 12)), SAMPLERS[name]
    x = path[0].sigma * drawn(3, *known.shape[1:])[:count]
    predict = resembling(holding(gaussian, clamped), known, likeness, **settings)
    generator = torch.Generator().manual_seed(8)

    def noise():
        return torch.randn(x.shape, generator=generator, dtype=x.dtype)

    return list(sample(Plan(x, path, predict, sampler, noise)))[-1].x


@pytest.mark.parametrize("schedule", SCHEDULES, ids=["linear", "flow"])
@pytest.mark.parametrize("name", ["heun", "dpmpp_2m", "euler_ancestral", "unipc"])
def test_more_likeness_is_nearer_for_every_sampler(gaussian, name, schedule):
    known = portrait(32)
    pictures = [made(gaussian, known, likeness, name, schedule) for likeness in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for cells in (4, 8, 16):
        distances = [away(picture, known, cells) for picture in pictures]
        for nearer, further in zip(distances[1:], distances, strict=False):
            assert (nearer < further).all()
        assert (distances[-1] < 0.35 * distances[0]).all()


@pytest.mark.parametrize("last", [0.0, 0.2, 0.4])
def test_the_network_has_the_last_word_wherever_it_is_asked_last(gaussian, last):
    known, path = portrait(16), levels(Schedule.flow(), 12, last=last)
    x = drawn(2, *known.shape[1:])
    steered = resembling(gaussian, known, 1.0, FACE.before(last))
    end = path[-2]
    if last:
        assert end.sigma == pytest.approx(last) and torch.equal(steered(x, end).x0, gaussian(x, end).x0)
    assert not torch.equal(steered(x, path[2]).x0, gaussian(x, path[2]).x0)
    assert FACE.before(0.0) == FACE


def test_it_means_the_same_at_every_size(gaussian):
    """Cells are counted along the side: the same part of the distance is left."""

    def left(side):
        known = portrait(side)
        return float((away(made(gaussian, known, 0.5), known, 8) / away(made(gaussian, known, 0.0), known, 8)).mean())

    assert left(32) == pytest.approx(left(64), abs=0.1)


def test_one_picture_is_led_as_one_of_several(gaussian):
    known = portrait(16)
    together = made(gaussian, known, 0.7)
    torch.testing.assert_close(together[:1], made(gaussian, known, 0.7, count=1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("through_network", [False, True])
@pytest.mark.parametrize("likeness", [0.3, 1.0])
def test_x0_stays_in_the_data_and_consistent(gaussian, likeness, through_network):
    known = portrait(16)
    for schedule in SCHEDULES:
        for level in levels(schedule, 8)[:-1]:
            x_t = 3 * drawn(2, 3, 16, 16)
            with torch.no_grad():
                led = resembling(holding(gaussian, clamped), known, likeness, through_network=through_network)
                x0, eps = led(x_t, level)
            assert x0.abs().max() <= 1 and not x0.requires_grad
            torch.testing.assert_close(level.alpha * x0 + level.sigma * eps, x_t)


def test_the_network_has_the_last_word(gaussian):
    known, x_t = portrait(16), drawn(2, 3, 16, 16)
    late, early = Schedule.flow().level(min(*FACE.release, FACE.edges_until) - 0.01), Schedule.flow().level(0.5)
    assert torch.equal(resembling(gaussian, known, 1.0)(x_t, late).x0, gaussian(x_t, late).x0)
    assert not torch.equal(resembling(gaussian, known, 1.0)(x_t, early).x0, gaussian(x_t, early).x0)
    assert resembling(gaussian, known, 0.0) is gaussian


def test_edges_count_where_a_framed_face_is():
    known = portrait(32)
    corner, middle, shifted = known.repeat(3, 1, 1, 1)
    corner[:, :3, :3] += 1.0
    middle[:, 14:17, 14:17] += 1.0
    lost = edge_loss(known)(torch.stack([corner, middle, shifted + 0.4]))
    assert lost[0] == 0 and lost[1] > 0 and lost[2] < 1e-12  # colour and light are not edges


def test_outlines_are_pulled_with_likeness_and_not_without_edges(gaussian):
    """Beyond what the layout's octaves do."""
    known, x_t, level = portrait(32), drawn(1, 3, 32, 32), Schedule.flow().level(0.5)

    def moved(likeness, edges):
        grip = FACE._replace(powers=(), edges=edges)
        return (resembling(gaussian, known, likeness, grip)(x_t, level).x0 - gaussian(x_t, level).x0)

    full, half = (moved(likeness, FACE.edges).square().mean().sqrt() for likeness in (1.0, 0.5))
    assert not moved(1.0, 0.0).any() and full == pytest.approx(2 * float(half), rel=0.1)
    assert full == pytest.approx(0.15 * 0.5, rel=0.1)


def test_the_oval_is_as_high_as_a_face():
    known = portrait(32)
    high, wide = known.repeat(2, 1, 1, 1)
    high[..., 1:3, 15:17] += 1.0
    wide[..., 15:17, 1:3] += 1.0
    lost = edge_loss(known)(torch.stack([high, wide]))
    assert lost[0] > 0 and lost[1] == 0
