"""Milestones of the package denoising-diffusion-pytorch: {step, model, opt, ema, scaler, version}.

Its GaussianDiffusion keeps the noise levels and the weights of its loss in the file, and the weights of the loss tell
what the network predicts. So nothing has to be guessed but the size of the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ddpm.errors import CannotLoad
from ddpm.loading.family import card_of, from_table, pixel_model
from ddpm.loading.unwrap import Found
from ddpm.models.card import Defaults, ModelCard

if TYPE_CHECKING:
    from torch import Tensor

    from ddpm.models.lucid_unet import LucidConfig
    from ddpm.models.model import Model

NAME = "a milestone of denoising-diffusion-pytorch"
BLIND = "It may read its own last guess (self_condition); here it is told that there is none, as in half of training."
DIFFUSION = ("alphas_cumprod", "loss_weight")  # buffers beside the network


def describe(found: Found) -> ModelCard:
    network = _network(found)
    for key in ("init_conv.weight", "final_conv.weight", "mid_attn.mem_kv"):
        network.shape(key)
    if "downs.0.0.block1.norm.g" not in network.state:
        raise CannotLoad("it is of a version before 1.9 (group norms); train a step with a newer one and save again")
    if "time_mlp.0.weights" in network.state:
        raise CannotLoad("its times are random Fourier features, which its own sampler does not read either")
    for key in DIFFUSION:
        found.shape(key)
    gives, takes = network.shape("final_conv.weight")[0], network.shape("init_conv.weight")[1]
    if gives == 2 * takes or gives not in (1, 3):
        raise CannotLoad(f"it takes {takes} channels, gives {gives}: it learns its variance, too (learned_variance), "
                         "or its pictures are not grey or RGB; neither is read")  # fmt: skip
    blind = takes == 2 * gives
    levels = network.count(r"downs\.(\d+)\.")
    return card_of(
        found,
        "denoising-diffusion-pytorch",
        size=128 if levels > 3 else 32,
        factor=2 ** (levels - 1),
        channels=gives,
        schedule="in the file",
        defaults=Defaults("ddim", 50, 1.0, "linspace"),
        note=BLIND if blind else "",
        checked=not blind,
    )


def build(found: Found, card: ModelCard, device: str) -> Model:
    from ddpm.models.lucid_unet import LucidUNet

    network = _network(found)
    table = found.state["alphas_cumprod"].double()
    target = found.beside.target or _target(table, found.state["loss_weight"].double())
    card = replace(card, target=target)
    return pixel_model(
        found, card, LucidUNet(_config(network)), from_table(table.tolist()), device, state=network.state
    )


def _target(table: Tensor, weight: Tensor) -> str:
    """What it predicts, by the weights of its loss: 1, snr or snr / (snr + 1), the snr perhaps cut at 5 (min-SNR)."""
    snr = table / (1 - table)
    for most in (float("inf"), 5.0):
        cut = snr.clamp(max=most)
        for name, known in (("eps", cut / snr), ("x0", cut), ("v", cut / (snr + 1))):
            if (weight - known).abs().le(1e-3 * known.abs() + 1e-6).all():
                return name
    raise CannotLoad("its loss_weight fits no known objective; say `target: eps`, v or x0 in a YAML beside it")


def _network(found: Found) -> Found:
    """The network alone, without the diffusion round it."""
    state: Mapping[str, Any] = {
        key.removeprefix("model."): value for key, value in found.state.items() if key.startswith("model.")
    }
    return replace(found, state=state or found.state)


def _config(network: Found) -> LucidConfig:
    from ddpm.models.lucid_unet import LucidConfig

    levels = network.count(r"downs\.(\d+)\.")
    first, takes, *_ = network.shape("init_conv.weight")
    channels = network.shape("final_conv.weight")[0]
    time, sinusoids = network.shape("time_mlp.1.weight")
    widths, numbers, full = [first], [], []
    for i in range(levels):
        last = i == levels - 1
        widths.append(network.shape(f"downs.{i}.3.{'weight' if last else '1.weight'}")[0])
        full.append(f"downs.{i}.2.to_out.weight" in network.state)
        numbers.append(_attention(network, f"downs.{i}.2", full[-1]))
    heads, head_width, learnt = zip(*numbers, strict=True)
    return LucidConfig(
        channels=channels, width=sinusoids, time=time, widths=tuple(widths), full=tuple(full), heads=heads,
        head_width=head_width, learnt=learnt, middle=_attention(network, "mid_attn", True),
        self_condition=takes == 2 * channels,
    )  # fmt: skip


def _attention(network: Found, prefix: str, full: bool) -> tuple[int, int, int]:
    """Heads, width of a head, learnt keys."""
    _, heads, one, two = network.shape(f"{prefix}.mem_kv")
    return (heads, two, one) if full else (heads, one, two)
