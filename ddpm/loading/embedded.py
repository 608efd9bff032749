"""Our own model folders: a `Hybrid`, its card and, of a latent model, the codec.

NAME/model_index.json                                   the card's facts; "ddpm_format" marks it as ours
NAME/network/config.json                                the fields of HybridConfig
NAME/network/diffusion_pytorch_model*.safetensors       the weights, in shards of at most 9 MB where they are larger
NAME/finish/                                            likewise, of a model with a second network for little noise
NAME/vae/                                               a latent model's autoencoder, as diffusers writes it
NAME/README.md                                          the model card for people
"""

from __future__ import annotations

import reprlib
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path

import torch
from torch import Tensor

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule
from ddpm.errors import BadRequest, CannotLoad
from ddpm.loading.card import FINISH, FORMAT, embedded_card
from ddpm.loading.files import (
    STEM,
    put,
    read_json,
    read_weights,
    weight_files,
    weights_hash,
    write_json,
    write_weights,
    write_whole,
)
from ddpm.models.card import ModelCard
from ddpm.models.codec import Pixels
from ddpm.models.hybrid import Hybrid, HybridConfig, time_features
from ddpm.models.model import Codec, Finish, Model, Network, Text, TextEncoder, Told


def save(
    folder: Path,
    network: Hybrid,
    card: ModelCard,
    *,
    dtype: torch.dtype = torch.float16,
    card_text: str = "",
    codec: Path | None = None,
    finish: Hybrid | None = None,
) -> None:
    """Write the folder. model_index.json comes last, so that a half-written folder is not taken for a model.

    `codec` is the folder of the autoencoder on whose latents the network works; it is copied. `finish` is the network
    that paints below the card's `finish_below`.
    """
    if (finish is not None) != bool(card.finish_below):
        raise ValueError(f"finish_below is {card.finish_below:g} and the second network is {finish and finish.config}")
    if codec is None and (network.config.size != card.size or network.config.channels != card.channels):
        raise ValueError(f"the card says {card.size} px, {card.channels} channels; the network is {network.config}")
    if codec is not None and codec.resolve() != (folder / "vae").resolve():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(codec, folder / "vae", dirs_exist_ok=True)
    for name, module in (("network", network), (FINISH, finish)):
        if module is not None:
            write_weights(folder / name, {key: value.to(dtype) for key, value in module.state_dict().items()})
            write_json(folder / name / "config.json", {"_class_name": "Hybrid", **module.config.to_dict()})
    write_whole(folder / "README.md", _readme(card, card_text).encode())
    index = {
        "_class_name": "HybridPipeline",
        "ddpm_format": FORMAT,
        "name": folder.name,
        "title": card.title,
        "licence": card.licence,
        "size": card.size,
        "channels": card.channels,
        "target": str(card.target),
        "schedule": card.schedule,
        "text": card.text,
        "finish_below": card.finish_below,
        "max_count": card.max_count,
        "note": card.note,
        "defaults": asdict(card.defaults),
    }
    write_json(folder / "model_index.json", index)


def load(folder: Path, device: str = "cpu") -> Model:
    """The model in one of our folders, its weights checked and in float32."""
    if not folder.is_dir():
        raise CannotLoad(f"{folder.name} is not a folder")
    card = embedded_card(folder)
    module, files = _module(folder / "network", device)
    try:
        schedule, target = Schedule.named(card.schedule), Target(card.target)
    except (BadRequest, ValueError) as error:
        raise CannotLoad(str(error)) from error
    config = module.config
    if not card.latent and (config.size, config.channels) != (card.size, card.channels):
        raise CannotLoad(f"its model_index.json says {card.size} px and {card.channels} channels, its network makes "
                         f"{config.size} px and {config.channels}")  # fmt: skip
    text = _text(card, module.config, device)
    codec = _codec(folder, card, module.config, device)
    finish = None
    if card.finish_below:
        second, more = _module(folder / FINISH, device)
        _agree(second.config, module.config)
        finish, files = Finish(card.finish_below, _network(second, schedule, text), second), files + more
    return Model(
        card=replace(card, weights_hash=weights_hash(files)),
        schedule=schedule,
        codec=codec,
        text=text,
        network=_network(module, schedule, text),
        target=target,
        module=module,
        clamp=None if card.latent else 1.0,
        finish=finish,
    )


def _module(component: Path, device: str) -> tuple[Hybrid, list[Path]]:
    """A network of the folder, checked and in float32, and the files that hold its weights."""
    module, files = Hybrid(_config(read_json(component / "config.json"))), weight_files(component, STEM)
    put(module, read_weights(files), component.parent.name)
    return module.eval().requires_grad_(False).to(device), files


def _agree(second: HybridConfig, first: HybridConfig) -> None:
    """One takes over from the other in the middle of a picture."""
    for name in ("size", "channels", "text_width"):
        if (one := getattr(second, name)) != (other := getattr(first, name)):
            raise CannotLoad(f"{name} of its second network is {one}, of the first {other}")


def _codec(folder: Path, card: ModelCard, config: HybridConfig, device: str) -> Codec:
    if not card.latent:
        return Pixels(card.channels)
    from ddpm.loading.diffusers_folder import read_codec  # which imports diffusers: only latent models need it

    codec = read_codec(folder / "vae", device)
    if (codec.channels, codec.factor * config.size) != (config.channels, card.size):
        raise CannotLoad(
            f"its network works on {config.channels} channels of {config.size} positions a side; its codec makes "
            f"{codec.channels} and {codec.factor} pixels of each"
        )
    return codec


def _network(module: Hybrid, schedule: Schedule, encoder: TextEncoder | None) -> Network:
    """The Hybrid as x_t, t, text -> output. One that reads prompts and gets none reads the empty one."""

    def network(x_t: Tensor, t: float, text: Text | None, told: Told | None = None) -> Tensor:
        time = time_features(torch.full((len(x_t),), schedule.time(t), device=x_t.device))
        blind = torch.full((len(x_t), 1), float(told is not None and told.blind), device=x_t.device)
        if encoder is None:
            return module(x_t, time, blind=blind)
        text = text or encoder.encode([""])
        states, mask = text.states.to(x_t.device, x_t.dtype), text.mask.to(x_t.device)
        return module(x_t, time, states.expand(len(x_t), -1, -1), mask.expand(len(x_t), -1), blind=blind)

    return network


def _text(card: ModelCard, config: HybridConfig, device: str) -> TextEncoder | None:
    if not config.text_width:
        return None
    from ddpm.models.text import minilm

    if card.text != "minilm":
        raise CannotLoad(f"its network reads prompts, but its text encoder is {card.text!r}; known is 'minilm'")
    encoder = minilm(device)
    if encoder.width != config.text_width:
        raise CannotLoad(f"its network reads states of width {config.text_width}, MiniLM's are {encoder.width} wide")
    return encoder


def _config(values: dict[str, object]) -> HybridConfig:
    known = {field.name for field in fields(HybridConfig)}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    if unknown := sorted(key for key in values.keys() - known if not key.startswith("_")):
        raise CannotLoad(f"its network/config.json has unknown keys: {', '.join(unknown)}")
    usual = asdict(HybridConfig())
    for key in known & values.keys():
        value, kind = values[key], type(usual[key])
        if type(value) is not kind or (isinstance(value, tuple) and any(type(each) is not int for each in value)):
            said = reprlib.repr(value)
            raise CannotLoad(f"its network/config.json: {key} is {said}; it should look like {usual[key]}")
    return HybridConfig(**{key: value for key, value in values.items() if key in known})  # type: ignore[arg-type]


def _readme(card: ModelCard, text: str) -> str:
    """The card for people, with the YAML head that the Hub reads."""
    if text.startswith("---"):
        return text
    task = "text-to-image" if card.kind == "text" else "unconditional-image-generation"
    head = f"---\nlicense: other\nlicense_name: {card.licence!r}\npipeline_tag: {task}\ntags: [ddpm]\n---\n\n"
    return head + (text or f"# {card.title}\n\n{card.note}\n")
