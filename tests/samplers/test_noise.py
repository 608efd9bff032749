"""A picture's noise depends on its seed and on nothing else."""

from __future__ import annotations

import torch

from ddpm.samplers.noise import PictureNoise

SHAPE = (3, 8, 8)


def test_the_first_draw_is_what_diffusers_starts_from():
    expected = torch.randn((1, *SHAPE), generator=torch.Generator("cpu").manual_seed(42))
    assert torch.equal(PictureNoise([42], SHAPE)(), expected)


def test_a_picture_draws_the_same_alone_and_in_any_batch():
    batch, alone, elsewhere = PictureNoise([1, 2, 3], SHAPE), PictureNoise([2], SHAPE), PictureNoise([9, 2], SHAPE)
    for _ in range(3):
        drawn = alone()
        assert torch.equal(batch()[1:2], drawn) and torch.equal(elsewhere()[1:2], drawn)


def test_every_call_draws_anew_and_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    noise = PictureNoise([0, 0], SHAPE)
    first, second = noise(), noise()
    assert not torch.equal(first, second) and torch.equal(first[0], first[1])
    assert first.shape == (2, *SHAPE) and first.dtype == torch.float32
    assert torch.equal(torch.random.get_rng_state(), before)


def test_large_seeds_are_seeds():
    assert PictureNoise([2**63 - 1], SHAPE)().isfinite().all()
