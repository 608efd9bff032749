"""The network's promises: shapes, padding that does not matter, pictures that do not see each other."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from ddpm.models.hybrid import BLIND, Attention, Hybrid, HybridConfig, time_features

SMALL = HybridConfig(size=16, patch=2, widths=(16, 32), res_blocks=1, blocks=1, heads=2, text_width=8)


def network(config: HybridConfig = SMALL) -> Hybrid:
    torch.manual_seed(0)
    net = Hybrid(config)
    for parameter in net.parameters():  # zero-initialised branches would hide what they do
        torch.nn.init.normal_(parameter, std=0.1)
    return net.eval()


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        HybridConfig(size=16, channels=1, patch=1, widths=(16, 16, 32), res_blocks=2, blocks=2, heads=4),
        HybridConfig(size=16, patch=4, widths=(16,), blocks=1, heads=2),
        HybridConfig(size=16, patch=4, widths=(16,), blocks=1, heads=2, detail=16),
    ],
)
def test_output_has_the_shape_of_the_picture(config: HybridConfig) -> None:
    x = torch.randn(2, config.channels, 16, 16)
    text = torch.randn(2, 5, 8) if config.text_width else None
    mask = torch.ones(2, 5, dtype=torch.bool) if config.text_width else None
    assert network(config)(x, time_features(torch.rand(2)), text, mask).shape == x.shape


@torch.no_grad()
def test_a_stage_for_detail_begins_as_nothing() -> None:
    config = HybridConfig(size=16, patch=4, widths=(16, 32), res_blocks=1, blocks=1, heads=2)
    older, x, time = network(config), torch.randn(2, 3, 16, 16), time_features(torch.tensor([0.1, 0.9]))
    newer = Hybrid(replace(config, detail=16)).eval()
    assert all(name.startswith("detail.") for name in newer.load_state_dict(older.state_dict(), strict=False)[0])
    assert torch.equal(newer(x, time), older(x, time))
    newer.detail.out.weight.normal_(std=0.1)
    assert not torch.equal(newer(x, time), older(x, time))


@torch.no_grad()
def test_padding_tokens_do_not_matter() -> None:
    net, x, time = network(), torch.randn(1, 3, 16, 16), time_features(torch.tensor([0.5]))
    text = torch.randn(1, 6, 8)
    mask = torch.tensor([[True, True, True, False, False, False]])
    other = text.clone()
    other[:, 3:] = 100.0
    assert_close(net(x, time, text, mask), net(x, time, other, mask))
    assert_close(net(x, time, text, mask), net(x, time, text[:, :3], mask[:, :3]))
    assert (net(x, time, text, mask) - net(x, time, text.flip(1), mask)).abs().max() > 1e-3  # but the words do


@torch.no_grad()
def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    net = network()
    x, time = torch.randn(3, 3, 16, 16), time_features(torch.tensor([0.1, 0.5, 0.9]))
    text, mask = torch.randn(3, 4, 8), torch.ones(3, 4, dtype=torch.bool)
    together = net(x, time, text, mask)
    for i in range(3):
        one = slice(i, i + 1)
        assert_close(net(x[one], time[one], text[one], mask[one]), together[one])


def test_time_features_are_sinusoids_that_tell_times_apart() -> None:
    features = time_features(torch.tensor([0.0, 0.25, 1.0]))
    assert features.shape == (3, 128)
    assert_close(features[0], torch.cat([torch.ones(64), torch.zeros(64)]))
    assert_close(features[:, :64] ** 2 + features[:, 64:] ** 2, torch.ones(3, 64))
    assert torch.pdist(features).min() > 1


def test_every_parameter_learns() -> None:
    net = network(replace(SMALL, detail=16))
    text, mask = torch.randn(1, 4, 8), torch.ones(1, 4, dtype=torch.bool)
    net(torch.randn(1, 3, 16, 16), time_features(torch.rand(1)), text, mask).sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


@torch.no_grad()
def test_a_blind_attention_sees_each_position_alone() -> None:
    attention, x = Attention(16, 2, 16), torch.randn(2, 9, 16)
    values = attention.key_value(x)[..., 16:]
    assert_close(attention(x, x, blind=torch.ones(2, 1)), attention.out(values))
    assert torch.equal(attention(x, x, blind=torch.zeros(2, 1)), attention(x, x))


@torch.no_grad()
def test_one_block_is_blinded_for_the_pictures_that_ask_for_it() -> None:
    net = network(HybridConfig(size=16, patch=2, widths=(16, 32), res_blocks=1, blocks=BLIND + 2, heads=2))
    x, time, blind = torch.randn(2, 3, 16, 16), time_features(torch.tensor([0.3, 0.8])), torch.tensor([[0.0], [1.0]])
    seeing, mixed = net(x, time), net(x, time, blind=blind)
    assert_close(mixed[:1], seeing[:1])
    assert (mixed[1] - seeing[1]).abs().max() > 1e-3
    for index, block in enumerate(net.middle):  # an attention whose values are zero says the same, blind or not
        kept = block.attention.key_value.weight[32:].clone()
        block.attention.key_value.weight[32:] = 0
        same = torch.equal(net(x, time, blind=blind), net(x, time))
        block.attention.key_value.weight[32:] = kept
        assert same == (index == BLIND)
