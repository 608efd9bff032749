"""What the families of foreign checkpoints share: a card from what was found, and a pixel model from a network.

A family is a module with a NAME, `describe(found) -> ModelCard` (names and shapes only, no torch) and
`build(found, card, device) -> Model`. Both refuse with CannotLoad what is not theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ddpm.diffusion.schedule import Schedule
from ddpm.errors import CannotLoad
from ddpm.loading.unwrap import Found
from ddpm.models.card import PICTURES, Defaults, ModelCard

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ddpm.models.model import Model

UNCHECKED = "Its network equals the one in its repository; no real weights of it could be tried here."


class Family(Protocol):
    """A module of this package that reads one kind of file."""

    NAME: str

    def describe(self, found: Found) -> ModelCard:
        """Its card; CannotLoad says why the file is not of this family."""

    def build(self, found: Found, card: ModelCard, device: str) -> Model:
        """The model, all its weights accounted for."""


def card_of(
    found: Found,
    format: str,
    *,
    size: int,
    factor: int,
    channels: int = 3,
    target: str = "eps",
    schedule: str = "linear",
    defaults: Defaults | None = None,
    kind: Literal["text", "unconditional"] = "unconditional",
    latent: bool = False,
    note: str = "",
    checked: bool = False,
) -> ModelCard:
    """A card with what the YAML beside the file says in place of the family's own defaults. channels: of pictures."""
    beside, defaults = found.beside, defaults or Defaults("ddim", 50, 1.0, "trailing")
    if channels not in PICTURES:
        raise CannotLoad(f"its network paints {channels} channels; read are 1 and 3, of grey and RGB pictures")
    side = beside.size or size
    if side % factor:
        raise CannotLoad(f"size is {side}, but its network makes multiples of {factor}")
    defaults = replace(
        defaults,
        sampler=beside.sampler or defaults.sampler,
        steps=beside.steps or defaults.steps,
        guidance_scale=defaults.guidance_scale if beside.guidance_scale is None else beside.guidance_scale,
    )
    stem = found.name.rpartition(".")[0] or found.name
    return ModelCard(
        name=found.name,
        title=beside.title or stem.replace("-", " ").replace("_", " "),
        origin="folder",
        format=format,
        size=side,
        channels=channels,
        target=beside.target or target,
        schedule=beside.schedule or schedule,
        text="clip" if kind == "text" else None,
        licence=beside.licence or "not stated",
        defaults=defaults,
        kind=kind,
        latent=latent,
        note=" ".join(filter(None, (beside.note, note, "" if checked else UNCHECKED))),
        factor=factor,
        weights=found.which,
        step=found.step,
        epoch=found.epoch,
        checked=checked,
    )


def named_schedule(name: str, T: int) -> Schedule:
    """A schedule of T levels by the name that a card or a YAML gives."""
    match name:
        case "linear":
            return Schedule.linear(T)
        case "linear_scaled":  # to the same end in any number of steps: improved-diffusion
            return Schedule.linear(T, 0.1 / T, 20 / T)
        case "scaled_linear":
            return Schedule.scaled_linear(T)
        case "cosine" | "squaredcos_cap_v2":
            return Schedule.cosine(T)
        case "sigmoid":
            return Schedule.sigmoid(T)
    raise CannotLoad(f"schedule {name!r} is not known; say linear, linear_scaled, scaled_linear, cosine or sigmoid")


def from_table(alphas_bar: Any) -> Schedule:
    """The path of a table of alpha_bar that a file holds. alphas_bar: T numbers, falling."""
    values = tuple(float(value) for value in alphas_bar)
    if not values or any(not 0 <= value <= 1 for value in values):
        raise CannotLoad("its table of noise levels is empty or outside 0..1")
    return Schedule("discrete", values)


def pixel_model(
    found: Found,
    card: ModelCard,
    module: nn.Module,
    schedule: Schedule,
    device: str,
    *,
    state: Mapping[str, Tensor] | None = None,
    time: Callable[[float], float] = float,
    output: Callable[[Any], Tensor] | None = None,
) -> Model:
    """A model that paints pixels: `module(x_t, times)` with the found weights.

    `time`: level.t -> what the network is told; `output`: its answer -> the tensor in it.
    """
    import torch

    from ddpm.diffusion.prediction import Target
    from ddpm.loading.files import put, sound
    from ddpm.models.codec import Pixels
    from ddpm.models.model import Model, Text

    put(module, sound(found.state if state is None else state, found.name), found.name)
    module = module.eval().requires_grad_(False).to(device)

    def network(x_t: Tensor, t: float, text: Text | None) -> Tensor:
        answer = module(x_t, torch.full((len(x_t),), time(t), device=x_t.device))
        return (output(answer) if output else answer)[:, : x_t.shape[1]]  # without a learnt variance

    return Model(
        card=card,
        schedule=schedule,
        codec=Pixels(card.channels),
        text=None,
        network=network,
        target=Target(card.target),
        module=module,
        clamp=1.0,
        peak=found.beside.bound == "peak",
    )
