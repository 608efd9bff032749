"""Tiles cover a picture exactly once, and the networks' results show no seam where tiles meet."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ddpm.upscaling.real_esrgan import SOURCES, enlarger, network
from ddpm.upscaling.tiles import cut, through

pytestmark = pytest.mark.slow

sides = st.integers(1, 50)


@settings(max_examples=50, deadline=None)  # the time of a first call says nothing
@given(height=sides, width=sides, size=st.integers(6, 40), margin=st.integers(0, 30))
def test_tiles_cover_once(height: int, width: int, size: int, margin: int) -> None:
    pixels = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))
    out = torch.full((3, 2 * height, 2 * width), -1.0)
    tiles = cut(height, width, size, margin)
    assert len(list(through(lambda x: F.interpolate(x, scale_factor=2.0), pixels, tiles, out))) == len(tiles)
    assert torch.equal(out, pixels.repeat_interleave(2, 1).repeat_interleave(2, 2))


def hills(height: int, width: int) -> Tensor:
    """Hills before a sky with a sun, in [0, 1]: gradients, outlines and edges that cross the seams."""
    y, x = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    sky = torch.stack([0.5 + 0.3 * y, 0.6 + 0.2 * y, 0.95 - 0.2 * y])
    sun = ((x - 0.5) ** 2 * (width / height) ** 2 + (y - 0.3) ** 2 < 0.03).float()
    far, near = (y > 0.55 + 0.1 * torch.sin(9 * x)).float(), (y > 0.75 + 0.08 * torch.cos(14 * x)).float()
    picture = sky + sun * (torch.tensor([0.98, 0.85, 0.3])[:, None, None] - sky)
    picture = picture + far * (torch.tensor([0.35, 0.5, 0.45])[:, None, None] - picture)
    return picture + near * (torch.tensor([0.15, 0.35, 0.15])[:, None, None] - picture)


@pytest.mark.parametrize(
    ("name", "size", "worst", "mean"),
    [("animevideov3", 40, 0.02, 0.001), ("x4plus-anime", 48, 8.0, 0.2)],  # of 255 levels
)
def test_tiles_make_the_picture_that_the_whole_makes(name: str, size: int, worst: float, mean: float) -> None:
    pixels = hills(48, 96)
    net = enlarger(network(name, Path("weights"), "cpu"), 4, exact=True)
    whole, tiled = torch.empty(3, 192, 384), torch.empty(3, 192, 384)
    list(through(net, pixels, cut(48, 96, 96, 32), whole))
    list(through(net, pixels, cut(48, 96, size, SOURCES[name].margin), tiled))
    difference = (whole - tiled).abs() * 255
    assert difference.max() < worst and difference.mean() < mean
