"""Randomness by picture: a batch may be cut as one likes. And what is done with it to pictures."""

from __future__ import annotations

import torch

from ddpm.training.config import Data
from ddpm.training.data.augment import COLOUR_WORDS, SIDE_WORDS, augment, says
from ddpm.training.dice import Dice


def test_rows_do_not_depend_on_how_a_batch_is_cut() -> None:
    def draws(rows: range) -> list[torch.Tensor]:
        dice = Dice(7, 120, 12, rows)
        return [dice.uniform(), dice.normal(), dice.noise((3, 4, 4)), dice.uniform(), dice.noise((2,), stream="other")]

    whole = draws(range(12))
    parts = zip(draws(range(5)), draws(range(5, 12)), strict=True)
    assert all(torch.equal(one, torch.cat(pair)) for one, pair in zip(whole, parts, strict=True))
    assert not torch.equal(whole[0], whole[3])


def test_steps_seeds_and_streams_differ_and_noise_is_normal() -> None:
    noise = [Dice(seed, seen, 4, range(4)).noise((3, 64, 64), stream=stream)
             for seed, seen, stream in ((0, 0, "a"), (1, 0, "a"), (0, 4, "a"), (0, 0, "b"))]  # fmt: skip
    for i, one in enumerate(noise):
        assert abs(one.mean()) < 0.02 and abs(one.std() - 1) < 0.02
        for other in noise[i + 1 :]:
            assert abs((one * other).mean()) < 0.02
    assert torch.equal(
        Dice(0, 4, 4, range(4)).noise((2,)), Dice(0, 0, 8, range(4, 8)).noise((2,))
    )  # by place in the run
    assert not torch.equal(Dice(2**32, 0, 4, range(4)).uniform(), Dice(0, 0, 4, range(4)).uniform())


NONE = torch.zeros(16, dtype=torch.bool)


def pictures(side: int, count: int = 16) -> torch.Tensor:
    return torch.rand((count, 3, side, side), generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8


def test_a_zoom_cuts_a_square_of_the_kept_picture_and_its_mask() -> None:
    data, x0 = Data(kind="shapes", size=8, zoom=1.5), pictures(12)
    assert data.kept == 12
    cut, mask = augment(x0, x0[:, 0], data, Dice(0, 0, 16, range(16)), NONE, NONE)
    assert mask is not None and torch.equal(cut[:, 0], mask) and cut.shape == (16, 3, 8, 8)
    corners = [
        [(y, x) for y in range(5) for x in range(5) if torch.equal(cut[i], x0[i, :, y : y + 8, x : x + 8])]
        for i in range(16)
    ]
    assert all(len(found) == 1 for found in corners) and len({found[0] for found in corners}) > 6


def test_colours_vary_where_none_is_said() -> None:
    data, x0 = Data(kind="shapes", size=8, colour=0.2), pictures(8)
    coloured = torch.arange(16) < 8
    varied, _ = augment(x0, None, data, Dice(0, 0, 16, range(16)), coloured, NONE)
    assert torch.equal(varied[:8], x0[:8]) and all(not torch.equal(varied[i], x0[i]) for i in range(8, 16))
    assert varied.abs().max() <= 1 and (varied - x0).abs().max() < 0.8
    assert torch.corrcoef(torch.stack([varied[9].flatten(), x0[9].flatten()]))[0, 1] > 0.9
    grey, _ = augment(x0[:, :1], None, data, Dice(0, 0, 16, range(16)), coloured, NONE)
    assert grey.shape == (16, 1, 8, 8)
    assert says(["a cat", "a Golden dog."], COLOUR_WORDS) and not says(["a redwood", "greenery"], COLOUR_WORDS)


def test_pictures_are_mirrored_where_no_side_is_said() -> None:
    data, x0 = Data(kind="shapes", size=8, flip=True), pictures(8, 40)
    sided = torch.arange(40) < 20
    turned, mask = augment(x0, x0[:, 0], data, Dice(0, 0, 40, range(40)), sided, sided)
    mirrored = torch.tensor([torch.equal(one, other.flip(2)) for one, other in zip(turned, x0, strict=True)])
    assert torch.equal(turned[~mirrored], x0[~mirrored]) and torch.equal(mask, turned[:, 0])
    assert not mirrored[:20].any() and 4 < mirrored[20:].sum() < 16
    assert says(["a cat", "A dog on the Left"], SIDE_WORDS) and not says(["a bright leftover"], SIDE_WORDS)
