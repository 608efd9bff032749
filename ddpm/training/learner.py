"""The network that learns to denoise: a new Hybrid, or one that the application can load, to be trained further.

A learner knows how its module is called with a noise level a picture, and how it is written so that the application
reads it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule
from ddpm.errors import BadRequest
from ddpm.loading.embedded import save as save_ours
from ddpm.loading.files import write_weights
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.codec import Pixels
from ddpm.models.hybrid import Hybrid, HybridConfig, time_features
from ddpm.models.model import Codec, Model, Text, TextEncoder
from ddpm.training.config import Network, TrainConfig

Call = Callable[[nn.Module, Tensor, Tensor, Text | None], Tensor]  # module, x_t, t (B,), prompts -> output
Write = Callable[[Path, nn.Module, ModelCard, str], None]  # folder, module, card, text of the card


@dataclass(frozen=True)
class Learner:
    """`call` takes the module apart, since in training it may be wrapped."""

    module: nn.Module
    schedule: Schedule
    target: Target
    codec: Codec
    text: TextEncoder | None
    call: Call
    write: Write
    shape: dict[str, Any]  # what a saved state must agree with
    clamp: float | None
    names: tuple[str, str]  # target and schedule as a card calls them
    hash: str = ""  # of the codec's weights
    defaults: Defaults = Defaults()  # how it is sampled where the configuration does not say
    first: Model | None = None  # whose second network this one is


def learner(config: TrainConfig, captions: bool, device: str) -> Learner:
    """What the configuration asks for, on the device. `captions`: whether the data has any."""
    torch.manual_seed(config.seed)  # the initial weights
    if config.finish is not None:
        return _second(config, config.finish.of, captions, device)
    if config.start is None:
        return _new(config, captions, device, ("x0", "flow"))
    from ddpm.loading import load

    model = load(config.start, device)
    if model.finish is not None:
        print(f"The second network of {config.start} is left out: finish.of trains one for the new model.")
    if config.network is not None and not isinstance(model.module, Hybrid):
        raise BadRequest(
            f"network is the shape of our own; {config.start} keeps the one that it has, leave network out.", "network"
        )
    if config.network is not None:
        fresh = _new(config, captions, device, (model.card.target, model.card.schedule))
        taken = take_what_fits(fresh.module, model.module.state_dict())
        total = sum(p.numel() for p in fresh.module.parameters())
        print(f"{taken / 1e6:.1f} of {total / 1e6:.1f} M parameters are from {config.start}")
        return _as_sampled(fresh, model)
    return _as_sampled(_started(config, model), model)


def _second(config: TrainConfig, of: Path, captions: bool, device: str) -> Learner:
    """A network that takes over from that of `of` where little noise is left."""
    from ddpm.loading import load

    first = load(of, device)
    if not isinstance(first.module, Hybrid) or first.schedule.kind != "flow":
        raise BadRequest(
            f"finish.of is for models of this application on the flow schedule; {of} is none.", "finish.of"
        )
    if captions != (first.text is not None):
        reads = "reads prompts" if first.text else "reads no prompts"
        raise BadRequest(f"{of} {reads}, and so must its second network: see data.captions.", "finish.of")
    first.latent_shape(config.data.size, config.data.size)  # refuses another size
    codec = of / "vae" if first.card.latent else None
    fresh = _new(config.model_copy(update={"codec": codec}), captions, device, (first.card.target, first.card.schedule))
    if config.start is not None:
        take_what_fits(fresh.module, load(config.start, device).module.state_dict())

    def write(folder: Path, averaged: nn.Module, card: ModelCard, card_text: str) -> None:
        assert isinstance(averaged, Hybrid) and isinstance(first.module, Hybrid)
        save_ours(folder, first.module, card, card_text=card_text, codec=codec, finish=averaged)

    return replace(_as_sampled(fresh, first), write=write, first=first)


def _as_sampled(learner: Learner, model: Model) -> Learner:
    """With the start's own settings of sampling; an unconditional one knows none of guidance."""
    defaults = model.card.defaults
    if model.card.kind != "text":
        defaults = replace(defaults, guidance_scale=Defaults().guidance_scale)
    return replace(learner, defaults=defaults)


def _new(config: TrainConfig, captions: bool, device: str, usual: tuple[str, str]) -> Learner:
    """A Hybrid; its target and schedule are the `usual` ones where the configuration names none."""
    codec, hash = open_codec(config, device)
    shape = config.network or Network.model_validate({})
    size, smallest = config.data.size // codec.factor, shape.patch * 2 ** (len(shape.widths) - 1)
    if config.data.size % codec.factor or size % smallest:
        unit = codec.factor * smallest
        raise BadRequest(
            f"data.size ({config.data.size}) must be a multiple of {unit} for this codec and network.", "data.size"
        )
    text = _minilm(device) if captions else None
    network = HybridConfig(
        size=size, channels=codec.channels, **shape.model_dump(), text_width=text.width if text else 0
    )
    names = config.target or usual[0], config.schedule or usual[1]
    return _ours(Hybrid(network).to(device), names, codec, text, config.codec, hash)


def _started(config: TrainConfig, model: Model) -> Learner:
    module, card = model.module.requires_grad_(True), model.card
    if config.codec is not None:
        raise BadRequest(f"codec goes with a new network; {config.start} has its own, leave codec out.", "codec")
    for key, asked, has in (
        ("target", config.target, card.target),
        ("schedule", config.schedule, card.schedule),
        ("data.channels", config.data.channels, card.channels),
    ):
        if asked is not None and asked != has:
            raise BadRequest(f"{key} is {asked}, but {config.start} was trained with {has}; leave {key} as it is.", key)
    if card.fixed_size and config.data.size != card.size:
        raise BadRequest(
            f"data.size is {config.data.size}, but {config.start} only makes {card.size}: set data.size={card.size}.",
            "data.size",
        )
    model.latent_shape(config.data.size, config.data.size)  # refuses a size that it cannot make
    latent = config.start / "vae" if config.start and card.latent else None
    if isinstance(module, Hybrid):
        return _ours(module, (card.target, card.schedule), model.codec, model.text, latent, card.weights_hash)
    if card.format != "diffusers" or config.start is None:
        raise BadRequest(
            f"{config.start} is a {card.format} checkpoint, which is sampled from but not written; fine-tuning is for "
            "model folders of this application and of diffusers.",
            "start",
        )
    start = config.start
    return Learner(
        module, model.schedule, model.target, model.codec, model.text, _call_unet,
        lambda folder, averaged, card, text: write_diffusers(start, folder, averaged, text),
        {"class": type(module).__name__, "parameters": sum(p.numel() for p in module.parameters())},
        model.clamp, (card.target, card.schedule), card.weights_hash,
    )  # fmt: skip


def _ours(
    module: Hybrid, names: tuple[str, str], codec: Codec, text: TextEncoder | None, latent: Path | None, hash: str
) -> Learner:
    target, schedule = Target(names[0]), Schedule.named(names[1])

    def call(network: nn.Module, x_t: Tensor, t: Tensor, prompt: Text | None) -> Tensor:
        time = time_features(t if schedule.kind == "flow" else t / (len(schedule.alphas_bar) - 1))
        return network(x_t, time) if prompt is None else network(x_t, time, prompt.states, prompt.mask)

    def write(folder: Path, averaged: nn.Module, card: ModelCard, card_text: str) -> None:
        assert isinstance(averaged, Hybrid)
        save_ours(folder, averaged, card, dtype=torch.float16, card_text=card_text, codec=codec_folder(latent))

    shape = {key: list(value) if isinstance(value, tuple) else value for key, value in module.config.to_dict().items()}
    clamp = 1.0 if isinstance(codec, Pixels) else None
    return Learner(module, schedule, target, codec, text, call, write, shape, clamp, names, hash)


def _call_unet(network: nn.Module, x_t: Tensor, t: Tensor, prompt: Text | None) -> Tensor:
    """diffusers' UNet2DModel and UNet2DConditionModel; a learnt variance in further channels is not trained."""
    output = network(x_t, t) if prompt is None else network(x_t, t, encoder_hidden_states=prompt.states)
    return output.sample[:, : x_t.shape[1]]


def write_diffusers(start: Path, folder: Path, averaged: nn.Module, card_text: str) -> None:
    """A copy of the folder `start` with this network's weights in the place of its own, in float16."""
    unet = "unet" if (start / "unet").is_dir() else "."
    if folder.resolve() != start.resolve():
        ignored = shutil.ignore_patterns("README.md", *(["*"] if unet == "." else []))
        shutil.copytree(start, folder, dirs_exist_ok=True, ignore=ignored)
        for file in sorted((start / unet).glob("*.json")):
            if ".index." not in file.name:
                shutil.copy2(file, folder / unet / file.name)
    for old in (folder / unet).glob("diffusion_pytorch_model*"):
        if old.suffix != ".safetensors":
            old.unlink()
    write_weights(folder / unet, {key: value.to(torch.float16) for key, value in averaged.state_dict().items()})
    (folder / "README.md").write_text(card_text, encoding="utf-8")


def take_what_fits(module: nn.Module, other: dict[str, Tensor]) -> int:
    """Copy tensors of the same name and shape; of a net one stage shallower, its stage i into our i + 1. -> numbers."""
    own = module.state_dict()
    depth = {len([name for name in state if name.startswith("positions.")]) for state in (own, other)}
    deeper = len(depth) == 2 and "positions.0" in own and "positions.0" in other
    taken = 0
    for name, value in other.items():
        part, *rest = name.split(".")
        if deeper and part in ("down", "up", "narrow", "widen", "merge", "positions"):
            name = ".".join([part, str(int(rest[0]) + 1), *rest[1:]])
        if name in own and own[name].shape == value.shape:
            own[name].copy_(value)  # state_dict shares its tensors with the module
            taken += value.numel()
    return taken


def open_codec(config: TrainConfig, device: str) -> tuple[Codec, str]:
    """The codec between pictures and what the network paints, and a hash of its weights."""
    if config.codec is None:
        return Pixels(config.data.channels), ""
    from ddpm.loading.card import STEM
    from ddpm.loading.diffusers_folder import read_codec
    from ddpm.loading.files import weight_files, weights_hash

    folder = codec_folder(config.codec)
    assert folder is not None
    if not (folder / "config.json").is_file():
        raise BadRequest(f"codec: {config.codec} has no config.json and no vae folder, so it is no codec.", "codec")
    return read_codec(folder, device), weights_hash(weight_files(folder, STEM))


def codec_folder(path: Path | None) -> Path | None:
    """Of a codec, or of a model that has one."""
    return path / "vae" if path is not None and (path / "vae").is_dir() else path


def _minilm(device: str) -> TextEncoder:
    from ddpm.models.text import minilm

    return minilm(device)
