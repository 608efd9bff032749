"""What tests of foreign checkpoints ask of a model: the same output as the network it was saved from."""

from __future__ import annotations

import torch

MINI = dict(down=[16, 16, 24, 32], mid=[32, 32, 24], sampled=[True, True, False])
T = 321.0


def grey(size: int, channels: int = 3, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, channels, size, size, generator=torch.Generator().manual_seed(1))


def same(model, x: torch.Tensor, expected: torch.Tensor, t: float = T) -> None:
    assert expected.std() > 1e-3
    with torch.no_grad():
        torch.testing.assert_close(model.network(x, t, None), expected, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(model.network(x, t - 200, None), expected, atol=1e-5)  # the time is read


def times(batch: int = 2) -> torch.Tensor:
    return torch.full((batch,), T)
