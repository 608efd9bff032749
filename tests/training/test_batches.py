"""What training draws from its pictures: each once an epoch with its own caption; mirrored, shifted in colour."""

from __future__ import annotations

import torch

from ddpm.models.model import Text
from ddpm.training.config import Data
from ddpm.training.data import Pictures
from ddpm.training.data.augment import GREY, _shifted
from ddpm.training.data.batches import Batches
from ddpm.training.dice import Dice


class Letters:
    """A true small encoder: one state a character."""

    width, max_tokens = 2, 64

    def encode(self, prompts: list[str]) -> Text:
        rows = [torch.tensor([[float(ord(c)), 1.0] for c in " " + prompt]) for prompt in prompts]
        lengths = torch.tensor([len(row) for row in rows])
        states = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return Text(states, torch.arange(states.shape[1]) < lengths[:, None])

    def count(self, prompt: str) -> int:
        return len(prompt) + 1


def dice(seen: int, count: int, seed: int = 3) -> Dice:
    return Dice(seed, seen, count, range(count))


def test_every_picture_comes_once_an_epoch_with_its_own_caption() -> None:
    pixels = torch.arange(10, dtype=torch.uint8)[:, None, None, None].expand(10, 1, 2, 2).contiguous()
    captions = [[chr(97 + i), chr(97 + i) * 3] for i in range(10)]
    data = Data(kind="shapes", size=8)
    batches = Batches(Pictures(pixels, captions), data, Letters(), seed=3)
    seen = []
    for start in range(0, 20, 4):  # batches run across the end of an epoch
        batch = batches(dice(start, 4))
        numbers = ((batch.x0[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
        seen += numbers
        assert batch.text is not None
        for number, states, mask in zip(numbers, batch.text.states, batch.text.mask, strict=True):
            said = "".join(chr(int(c)) for c in states[mask][1:, 0])
            assert said in captions[number]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10)) and seen[:10] != seen[10:]
    other = Batches(Pictures(pixels, captions), data, Letters(), seed=4)(dice(0, 10))
    assert ((other.x0[:, 0, 0, 0] + 1) * 127.5).round().int().tolist() != seen[:10]  # the seed decides the order
    dropped = Batches(Pictures(pixels, captions), data, Letters(), seed=3, drop=1.0)(dice(0, 4))
    assert dropped.text is not None and dropped.text.states.shape == (4, 1, 2)


def test_flips_mirror_about_half() -> None:
    pixels = torch.tensor([0, 255], dtype=torch.uint8).expand(64, 1, 2, 2).contiguous()
    batch = Batches(Pictures(pixels, None), Data(kind="shapes", size=8, flip=True), None, seed=0)(dice(0, 64))
    mirrored = int((batch.x0[:, 0, 0, 0] > 0).sum())
    assert batch.text is None and 16 < mirrored < 48


def test_colours_shift_by_brightness_contrast_and_saturation() -> None:
    x0 = torch.empty(4, 3, 8, 8, dtype=torch.float64).uniform_(-0.4, 0.4, generator=torch.Generator().manual_seed(1))
    none, half = torch.zeros(4, 1, 1, 1), torch.full((4, 1, 1, 1), 0.5)
    luma = torch.tensor(GREY)[:, None, None].double()
    richer = _shifted(x0, none, none, half)
    torch.testing.assert_close((richer * luma).sum(1), (x0 * luma).sum(1))  # as light as it was
    torch.testing.assert_close(richer[:, 0] - richer[:, 2], 1.5 * (x0[:, 0] - x0[:, 2]))
    torch.testing.assert_close(_shifted(x0, none, half, none), 1.5 * x0)
    torch.testing.assert_close(_shifted(x0, half, none, none), x0 + 0.5)


def test_each_caption_comes_and_each_word_guards_its_own() -> None:
    """All captions are drawn, whether some are dropped or not; colours and sides that are said are left alone."""
    pixels = torch.tensor([10, 200, 10, 90] * 32, dtype=torch.uint8).reshape(64, 1, 1, 2).repeat(1, 3, 2, 1)
    captions = [["a red cat", "cat"], ["cat on the left", "cat"]] * 32
    data = Data(kind="shapes", size=8, flip=True, colour=0.3)
    batch = Batches(Pictures(pixels, captions), data, Letters(), seed=3, drop=0.5)(dice(0, 64))
    assert batch.text is not None
    said = [int(mask.sum()) - 1 for mask in batch.text.mask]
    assert all(said.count(len(text)) > 3 for text in ("a red cat", "cat on the left", "cat", ""))
    level = batch.x0[:, 0, 0, 0] > batch.x0[:, 0, 0, 1]  # mirrored
    exact = (batch.x0.sort(dim=3).values == pixels[0].sort(dim=2).values.float() / 127.5 - 1).flatten(1).all(1)
    assert exact.sum() == 32 and not (level & ~exact).any() and 4 < level.sum() < 28
