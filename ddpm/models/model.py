"""A loaded model as samplers see it: noisy x and a level in, clean x0 and noise out.

Codecs, prompt encoders and networks of very different origin meet here behind three small interfaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from ddpm.diffusion.prediction import Prediction, Target
from ddpm.diffusion.schedule import Level, Schedule, levels
from ddpm.diffusion.spacing import GRIDS, Spacing
from ddpm.errors import BadRequest
from ddpm.models.card import Defaults, ModelCard

__all__ = ["Codec", "Defaults", "Finish", "Model", "ModelCard", "Network", "Text", "TextEncoder", "Told", "join"]


class Text(NamedTuple):
    """Encoded prompts. What is False in the mask is padding and all zeros in `states`."""

    states: Tensor  # (B, T, W) float32
    mask: Tensor  # (B, T) bool, True where there is a token
    pooled: Tensor | None = None  # (B, P), of encoders that have one


def join(cond: Text | None, uncond: Text | None) -> Text | None:
    """Both along the batch, in this order, the shorter one padded: what one batched call for guidance is told."""
    if cond is None or uncond is None:
        if cond is not uncond:
            raise ValueError("cannot join a prompt with none: encode the empty prompt")
        return None
    length = max(cond.states.shape[1], uncond.states.shape[1])
    one, two = _padded(cond, length), _padded(uncond, length)
    pooled = None if one.pooled is None or two.pooled is None else torch.cat([one.pooled, two.pooled])
    return Text(torch.cat([one.states, two.states]), torch.cat([one.mask, two.mask]), pooled)


def _padded(text: Text, length: int) -> Text:
    missing = length - text.states.shape[1]
    if not missing:
        return text
    states = nn.functional.pad(text.states, (0, 0, 0, missing))
    return Text(states, nn.functional.pad(text.mask, (0, missing)), text.pooled)


class TextEncoder(Protocol):
    """Prompts to token states."""

    @property
    def width(self) -> int:
        """Width of the token states."""

    @property
    def max_tokens(self) -> int:
        """Tokens that it reads at once."""

    @property
    def cuts(self) -> bool:
        """Whether it leaves out what is beyond; else longer prompts are read in pieces of max_tokens."""

    def encode(self, prompts: list[str]) -> Text:
        """One row a prompt; a row does not depend on the other prompts but for padding."""

    def count(self, prompt: str) -> int:
        """Tokens of the prompt before it is cut, so that a caller can say that it will be."""


class Codec(Protocol):
    """Pixels to latents and back. Latents are at model scale: about unit variance."""

    @property
    def factor(self) -> int:
        """Pixels per latent position and side."""

    @property
    def channels(self) -> int:
        """Channels of the latents."""

    def encode(self, pixels: Tensor) -> Tensor:
        """pixels: (B, 3, H, W) in [-1, 1] -> (B, channels, H / factor, W / factor)."""

    def decode(self, latents: Tensor) -> Tensor:
        """The inverse, to pixels (B, 3, H, W) in [-1, 1], float32."""

    def preview(self, latents: Tensor) -> Tensor:
        """Small rough pixels (B, 3, h, w) in [-1, 1], cheap enough for every step."""


Network = Callable[..., Tensor]  # x_t, level.t, prompts or None (and Told, of models that want it) -> as x_t


@dataclass(frozen=True)
class Told:
    """What a few networks are told beside the prompt: those that paint into a hole, latent consistency models, ours."""

    guidance: float | None = None  # the scale, for a network that was distilled to follow it by itself
    mask: Tensor | None = None  # (1, 1, h, w): 1 where it may paint
    around: Tensor | None = None  # (1, C, h, w): latents of the picture with the hole in grey
    blind: bool = False  # attend to nothing where the network's shapes come from, for perturbed-attention guidance


class Finish(NamedTuple):
    """A second network for the levels with little noise (Balaji et al. 2022, eDiff-I: experts of parts of the way).

    It is called and answers as the first one, which decides what is painted; this one makes edges and texture.
    """

    below: float  # noise share under which it is asked
    network: Network
    module: nn.Module


@dataclass(frozen=True)
class Model:
    """Everything needed to sample: network, noise levels, codec, prompt encoder."""

    card: ModelCard
    schedule: Schedule
    codec: Codec
    text: TextEncoder | None
    network: Network
    target: Target
    module: nn.Module  # the network's parameters, for moving, counting, fine-tuning
    clamp: float | None = None  # bound of |x0|, where x0 are pixels
    told: Told | None = None  # filled by a request, where the card says that the network wants it
    start: Callable[[Tensor], Tensor] | None = None  # what its sampling begins from, made of standard noise
    peak: bool = False  # divide x0 by its largest value where that is above `clamp`, instead of cutting it there
    finish: Finish | None = None

    def denoise(self, x_t: Tensor, level: Level, text: Text | None) -> Prediction:
        """x_t: (B, C, h, w), model scale -> x0 and eps of the same shape, float32.

        A clamped x0 leaves the eps of an eps or v network as the network said it (clip_sample of diffusers' DDIM, so
        the pictures are the same); the eps of an x0 network follows from its x0, so it follows from the clamped one.
        """
        told = () if self.told is None else (self.told,)
        output = self.at(level)(x_t, level.t, text, *told).float()
        if self.target is Target.X0:
            return self.target.read(self._bounded(output), x_t.float(), level)
        x0, eps = self.target.read(output, x_t.float(), level)
        return Prediction(self._bounded(x0), eps)

    def at(self, level: Level) -> Network:
        """The network that is asked at this level."""
        return self.finish.network if self.finish and level.noise_share < self.finish.below else self.network

    def _bounded(self, x0: Tensor) -> Tensor:
        """x0 within `clamp`, where there is one."""
        if self.clamp is None:
            return x0
        if self.peak:
            return x0 / (x0.abs().amax(dim=(1, 2, 3), keepdim=True) / self.clamp).clamp(min=1)
        return x0.clamp(-self.clamp, self.clamp)

    def blinded(self) -> Model:
        """The same model with a worse idea of shapes, to be steered away from; of cards that take `pag_scale`."""
        return replace(self, told=replace(self.told or Told(), blind=True))

    def levels(self, steps: int, sampler: str, spacing: Spacing | None = None, kept: int | None = None) -> list[Level]:
        """The levels of `steps` steps as this model was set up for, laid out as diffusers does for the sampler's name.

        What the model does not say, spacing and end, is that scheduler's own. kept: only those of the final so many.
        """
        defaults, grid = self.card.defaults, GRIDS[sampler]
        return levels(
            self.schedule, steps, grid.chosen(spacing or defaults.spacing), grid=grid, final=self._end(sampler),
            steps_offset=defaults.steps_offset, kept=kept, last=defaults.last, shift=defaults.shift,
        )  # fmt: skip

    def _end(self, sampler: str) -> Level | None:
        """Where the last step leads with this sampler; None: to no noise."""
        said = self.card.defaults.ends_clean
        clean = sampler not in ("ddim", "pndm") or (sampler == "ddim" if said is None else said)
        return None if clean else self.schedule.level(0)

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        """(C, h, w) of x_t for pictures of this size; a size the network cannot make is refused with a sentence."""
        for field, value in (("width", width), ("height", height)):
            if self.card.fixed_size and value != self.card.size:
                raise BadRequest(f"{field} is {value}, but {self.card.name} only makes {self.card.size}.", field)
            if value < 1 or value % self.size_factor:
                raise BadRequest(
                    f"{field} is {value}, but {self.card.name} makes multiples of {self.size_factor}"
                    f" (it was trained at {self.card.size}).",
                    field,
                )
        return self.codec.channels, height // self.codec.factor, width // self.codec.factor

    @property
    def size_factor(self) -> int:
        """Width and height are multiples of this many pixels."""
        return max(self.card.factor, self.codec.factor)

    @property
    def device(self) -> torch.device:
        """Where the network's parameters are."""
        return next(self.module.parameters()).device

    @property
    def nbytes(self) -> int:
        """Bytes of its parameters: networks, codec and prompt encoder (which models may share)."""
        parts = (self.codec, self.text, self.finish)
        modules = [self.module, *(getattr(part, "module", None) for part in parts)]
        return sum(p.numel() * p.element_size() for m in modules if isinstance(m, nn.Module) for p in m.parameters())
