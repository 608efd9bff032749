"""Group norms in other steps give the same numbers, and only meanwhile."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ddpm.runtime.norms import by_channels


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(2, 24, 7, 5), (3, 24, 11), (1, 24, 2, 3, 4)])
def test_they_are_torchs(affine: bool, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.GroupNorm(6, 24, affine=affine))
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = 3 + 2 * torch.randn(shape)
    plain = module(x)
    with by_channels(module):
        assert "forward" in vars(module[0]) and torch.allclose(module(x), plain, atol=1e-5)
    assert "forward" not in vars(module[0]) and torch.equal(module(x), plain)


def test_a_conversion_that_fails_leaves_them_as_they_were() -> None:
    module = nn.Sequential(nn.GroupNorm(2, 4))
    with pytest.raises(RuntimeError), by_channels(module):
        module(torch.zeros(1, 3, 2))
    assert "forward" not in vars(module[0])
