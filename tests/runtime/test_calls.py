"""How networks are called, learnt from one call: ours and diffusers', whose sinusoids of the time are taken out."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ddpm.compat import ensure_torchvision
from ddpm.runtime.calls import Flat, Signature, Unconvertible, padded, recorded, time_features

SMALL = {"block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 8, "sample_size": 8}


def unet(name: str, **shape: Any) -> nn.Module:
    ensure_torchvision()
    torch.manual_seed(0)
    made: nn.Module = getattr(importlib.import_module("diffusers"), name)(**SMALL, **shape)
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("reads_text", [False, True])
def test_a_unet_with_its_time_features_given_puts_out_the_same(reads_text: bool) -> None:
    x_t, times, states = torch.randn(2, 3, 8, 8), torch.full((2,), 417.0), torch.randn(2, 5, 12)
    if reads_text:
        module = unet("UNet2DConditionModel", in_channels=3, out_channels=3, cross_attention_dim=12,
                      attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                      up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))  # fmt: skip
        call = {"encoder_hidden_states": states}
    else:
        module, call = unet("UNet2DModel", down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2), {}
    expected = module(x_t, times, **call).sample
    signature, tensors = recorded(module, lambda: module(x_t, times, **call).sample)
    assert signature == Signature(2, tuple(call)) and tensors[0] is x_t
    assert torch.equal(module(x_t, times, **call).sample, expected)  # listening left nothing behind
    features = time_features(module, tensors)
    assert features is not None and features.shape == (2, 16)
    flat = Flat(module, signature, features=True)
    assert torch.equal(flat(*tensors, features), expected) and flat.wrapped
    assert not torch.equal(flat(*tensors, features + 1), expected)
    other_times = [tensors[0], times + 300, *tensors[2:]]
    assert torch.equal(flat(*other_times, features), expected)  # the features alone say what time it is


def test_other_calls_are_told_apart() -> None:
    module, x = nn.Linear(2, 2), torch.ones(1, 2)
    signature, _ = recorded(module, lambda: module(x))
    assert signature.flat((x,), {}) == [x] and signature.flat((x, x), {}) is None
    assert signature.flat((x,), {"mask": x}) is None and signature.flat((3,), {}) is None
    with pytest.raises(Unconvertible, match="more than tensors"):
        recorded(module, lambda: module(x, {"size": x}))
    assert torch.equal(module(x), nn.functional.linear(x, module.weight, module.bias))


def sizes(tensors: list[Tensor] | None) -> list[tuple[int, ...]] | None:
    return None if tensors is None else [tuple(tensor.shape) for tensor in tensors]


def test_only_tokens_are_padded_and_only_to_what_there_is_a_graph_for() -> None:
    shapes = [(-1, 3, 8, 8), (-1, 128), (-1, 64, 12), (-1, 64)]

    def call(tokens: int, side: int = 8, width: int = 12) -> list[Tensor]:
        mask = torch.ones(2, tokens, dtype=torch.bool)
        return [torch.ones(2, 3, side, side), torch.ones(2, 128), torch.ones(2, tokens, width), mask]

    assert sizes(padded(call(7), shapes)) == [(2, 3, 8, 8), (2, 128), (2, 32, 12), (2, 32)]
    assert sizes(padded(call(33), shapes)) == [(2, 3, 8, 8), (2, 128), (2, 64, 12), (2, 64)]
    fitted = padded(call(7), shapes)
    assert fitted is not None and not fitted[2][:, 7:].any() and not fitted[3][:, 7:].any() and fitted[3][:, :7].all()
    assert padded(call(65), shapes) is padded(call(7, side=16), shapes) is padded(call(7, width=13), shapes) is None
    assert padded(call(7)[:3], shapes[:3]) is None  # without a mask zeros would be read as tokens


def test_times_of_one_dimension_or_none_fit() -> None:
    """As diffusers' UNets take them: (B,), or one number for all."""
    x_t, features = torch.ones(2, 3, 8, 8), torch.ones(2, 16)
    for times in (torch.ones(2), torch.tensor(1.0)):
        shapes = [(1, *tensor.shape[1:]) for tensor in (x_t, times, features)]
        assert [each.shape for each in padded([x_t, times, features], shapes) or []] == [
            x_t.shape, times.shape, features.shape]  # fmt: skip
    assert padded([x_t, torch.ones(2, 1), features], [(1, 3, 8, 8), (1,), (1, 16)]) is None
