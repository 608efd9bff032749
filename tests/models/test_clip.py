"""CLIP by chunks: AUTOMATIC1111's rules on a real, tiny CLIPTextModel, with a tokenizer of one token a letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ddpm.compat import ensure_torchvision
from ddpm.models.chunks import Token, chunks
from ddpm.models.clip import CLIP
from ddpm.models.model import join


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CLIP]:
    ensure_torchvision()
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    folder: Path = tmp_path_factory.mktemp("tokenizer")
    symbols = [*map(chr, range(97, 123)), ","]
    tokens = symbols + [s + "</w>" for s in symbols] + ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 77
    torch.manual_seed(2)
    end = len(tokens) - 1
    config = CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        bos_token_id=end - 1, eos_token_id=end, pad_token_id=end,
    )  # fmt: skip
    module = CLIPTextModel(config)
    bias = next(value for name, value in module.named_parameters() if name.endswith("final_layer_norm.bias"))
    torch.nn.init.uniform_(bias)  # a new one makes states of mean 0, which no weight could be held against
    yield CLIP(module, tokenizer)


def states(clip: CLIP, prompt: str) -> torch.Tensor:
    return clip.encode([prompt]).states[0]


def test_a_short_prompt_is_what_transformers_makes_of_it(clip: CLIP) -> None:
    ids = clip._tokenizer("a red fox", padding="max_length", max_length=77, return_tensors="pt").input_ids
    with torch.no_grad():
        torch.testing.assert_close(states(clip, "a red fox"), clip.module(ids).last_hidden_state[0])
    assert clip.encode(["a red fox", ""]).mask.all() and clip.count("a red fox") == 9


def test_nothing_of_a_long_prompt_is_cut(clip: CLIP) -> None:
    long, rest = "abcde " * 15, "xyz " * 4
    both = clip.encode([long + rest, "x"])
    assert both.states.shape == (2, 154, 32) and both.mask.sum(1).tolist() == [154, 77]
    torch.testing.assert_close(both.states[0], torch.cat([states(clip, long), states(clip, rest)]))
    assert clip.count(long + rest) == 75 + 12 + 2 and not clip.cuts
    joined = join(clip.encode([long + rest]), clip.encode(["x"]))
    assert joined is not None and torch.equal(joined.mask, both.mask)


def test_break_ends_a_chunk_also_within_brackets(clip: CLIP) -> None:
    expected = torch.cat([states(clip, "a cat"), states(clip, "a dog")])
    torch.testing.assert_close(states(clip, "a cat BREAK a dog"), expected)
    assert len(states(clip, "BREAK a cat")) == 154 and len(states(clip, "heartBREAKs")) == 77
    heavy = torch.cat([states(clip, "(a cat:1.4)"), states(clip, "(a dog:1.4)")])
    torch.testing.assert_close(states(clip, "(a cat BREAK a dog:1.4)"), heavy)


def test_weights_keep_the_mean_of_each_chunk(clip: CLIP) -> None:
    plain, heavy = states(clip, "a red fox"), states(clip, "a (red:1.5) fox")
    torch.testing.assert_close(heavy.mean(), plain.mean())
    ratio = (heavy / plain).mean(1)
    torch.testing.assert_close(ratio[2:5] / ratio[0], torch.full((3,), 1.5))
    torch.testing.assert_close(ratio[5:] / ratio[0], torch.ones(72))


def test_a_full_chunk_ends_at_a_comma_that_is_near() -> None:
    def lengths(commas: list[int], count: int) -> list[int]:
        return [len(chunk) for chunk in chunks([[Token(0, 1.0, index in commas) for index in range(count)]], 75)]

    assert lengths([], 80) == [75, 5] and lengths([30], 80) == [75, 5]
    assert lengths([55], 80) == [56, 24] and lengths([54], 80) == [75, 5]  # the last 20 tokens begin with it, or do not
    assert lengths([60, 70], 80) == [71, 9] and lengths([74], 80) == [75, 5]
    assert lengths([70], 75) == [75] and lengths([], 0) == [0] and lengths([], 225) == [75, 75, 75]


def test_an_empty_prompt_of_zeros(clip: CLIP) -> None:
    zeros = CLIP(clip.module, clip._tokenizer, empty_is_zero=True)
    assert not states(zeros, " ").any() and torch.equal(states(zeros, "a fox"), states(clip, "a fox"))
    short = CLIP(clip.module, clip._tokenizer, attends_padding=False)
    inside, padding = states(short, "a fox")[:6], states(short, "a fox")[6:]
    torch.testing.assert_close(inside, states(clip, "a fox")[:6])  # each looks back only
    assert not torch.allclose(padding, states(clip, "a fox")[6:])


def test_a_short_prompt_beside_a_long_one_is_read_as_if_alone(clip: CLIP) -> None:
    import diffusers

    from ddpm.models.codec import Pixels
    from ddpm.models.conditional import conditional

    torch.manual_seed(3)
    unet = diffusers.UNet2DConditionModel(
        sample_size=16, block_out_channels=(32,), layers_per_block=1, norm_num_groups=8, attention_head_dim=8,
        cross_attention_dim=32, down_block_types=("CrossAttnDownBlock2D",), up_block_types=("CrossAttnUpBlock2D",),
    ).eval()  # fmt: skip
    network = conditional(unet, Pixels(4))
    long, short = clip.encode(["abcde " * 20]), clip.encode(["a cat"])
    both = join(long, short)
    assert both is not None and not both.mask.all()
    x_t = torch.randn(1, 4, 8, 8)
    with torch.no_grad():
        together = network(torch.cat([x_t, x_t]), 500.0, both)
        alone = torch.cat([network(x_t, 500.0, long), network(x_t, 500.0, short)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
    padded = both._replace(mask=torch.ones_like(both.mask))
    with torch.no_grad():
        assert (network(torch.cat([x_t, x_t]), 500.0, padded) - alone).abs().max() > 1e-3
