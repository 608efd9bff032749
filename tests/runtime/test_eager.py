"""The eager runtime: the same numbers in float32, nearly the same in bfloat16."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ddpm.runtime import Eager, has_bfloat16, pick


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.SiLU(), nn.Conv2d(32, 3, 3, padding=1))


def outputs(runtime: Eager) -> tuple[Tensor, Tensor]:
    module, x_t = network().requires_grad_(False), torch.randn(2, 3, 16, 16)
    before = module(x_t)
    return before, runtime.compile(module, lambda x_t, t, text: module(x_t))(x_t, 0.5, None)


def test_float32_is_left_as_it_is() -> None:
    before, after = outputs(Eager(bfloat16=False))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-6)
    assert pick("cpu", "float32").name == "torch cpu float32"


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16 instructions")
def test_bfloat16_is_within_two_percent_and_comes_out_as_float32() -> None:
    before, after = outputs(Eager(bfloat16=True))
    assert after.dtype == torch.float32
    assert 0 < float((after - before).norm() / before.norm()) < 0.02
    assert pick("cpu", choice="torch").name == "torch cpu bfloat16"
