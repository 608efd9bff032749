"""A request and a model become a plan. The only place where modes differ: one `match` on the request's source.

`prepare` does once what all pictures of a request share (prompt, input picture, mask, noise levels); `Work.plan` adds
the seeds. Everything here is composed of Predict -> Predict functions; the loop never learns what it is making.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from PIL import Image
from torch import Tensor

from ddpm.conditioning import conditioned, in_styles, notices
from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.errors import BadRequest, TooMuch
from ddpm.events import Event
from ddpm.images import to_image
from ddpm.models.card import LARGEST, ModelCard
from ddpm.models.model import Model, Told
from ddpm.request import FromImage, FromMask, FromNoise, FromSelfie, Request
from ddpm.samplers import get_sampler
from ddpm.samplers.loop import Plan
from ddpm.samplers.noise import PictureNoise
from ddpm.samplers.sampler import Sampler
from ddpm.sources import Start, from_image, from_mask, from_selfie, size_of_result
from ddpm.upscaling import check_size


@dataclass(frozen=True, slots=True)
class Work:
    """A request made ready for one model: everything its pictures share."""

    model: Model
    request: Request  # with every None filled in
    sampler: Sampler
    levels: Sequence[Level]
    shape: tuple[int, int, int]  # (C, h, w) of x_t
    start: Start
    guided: Callable[[Sequence[int]], Predict]  # seeds -> the network with their prompts and guidance
    events: tuple[Event, ...]

    @property
    def steps(self) -> int:
        """Steps that one picture takes; 0 where the input comes back as it is."""
        return len(self.levels) - 1

    def plan(self, seeds: Sequence[int]) -> Plan:
        """The plan of len(seeds) pictures at once; each is the one it would be alone."""
        noise = PictureNoise(seeds, self.shape, self.model.device)
        first, standard = self.levels[0], noise()
        x = self.model.start(standard) if self.model.start else standard
        if self.start.x0 is None:
            x = math.hypot(first.alpha, first.sigma) * x  # as spread as pictures noised to that level would be
        else:
            x = first.sigma * x + first.alpha * self.start.x0
        return Plan(x, self.levels, self.start.steer(self.guided(seeds)), self.sampler, noise)


def prepare(request: Request, model: Model) -> Work:
    """Fill in the card's defaults, refuse what this model cannot do, encode prompt and pictures."""
    request = resolve(request, model.card)
    assert request.width and request.height and request.steps and request.sampler and request.guidance_scale is not None
    shape = model.latent_shape(request.width, request.height)
    start, strength = _start(request, model)
    sampler = get_sampler(request.sampler)
    kept = math.floor(request.steps * strength + 1e-6) if strength else 0  # SDEdit: the last `strength` part
    if strength:
        kept = max(kept, 1)
    visited = sampler.path(model.levels(request.steps, request.sampler, kept=kept))
    guided = conditioned(*told(request, model, start), visited)
    return Work(model, request, sampler, visited, shape, start, guided, (*start.events, *notices(request, model)))


def resolve(request: Request, card: ModelCard) -> Request:
    """The request with the card's defaults in place of None; what the model does not have is refused, not ignored."""
    defaults = card.defaults
    if card.kind == "unconditional":
        for field in ("prompt", "negative_prompt"):
            if getattr(request, field).strip():
                raise BadRequest(f"{card.name} reads no prompt; leave {field} empty or choose a text model.", field)
        if request.styles:
            raise BadRequest(f"{card.name} reads no prompt; leave styles empty or choose a text model.", "styles")
        if request.guidance_scale not in (None, 1):
            raise BadRequest(
                f"guidance_scale is {request.guidance_scale:g}, but {card.name} reads no prompt that could guide it;"
                " leave it out.",
                "guidance_scale",
            )
        if request.guidance_until:
            raise BadRequest(
                f"guidance_until is {request.guidance_until:g}, but {card.name} reads no prompt that could guide it;"
                " leave it out.",
                "guidance_until",
            )
    request = in_styles(request)
    if request.pag_scale and not card.takes_pag:
        raise BadRequest(
            f"pag_scale is {request.pag_scale:g}, but {card.name} has no attention to switch off; leave it out.",
            "pag_scale",
        )
    if request.count > card.max_count:
        raise BadRequest(f"count is {request.count}, but {card.name} makes at most {card.max_count}.", "count")
    width, height = request.width or card.size, request.height or card.size
    if width * height > (LARGEST * card.size) ** 2 and not card.fixed_size:  # else the model says which it makes
        most = LARGEST * card.size
        raise TooMuch(f"{width}x{height} pixels are too many for {card.name}; the largest it makes is {most}x{most}.")
    guidance = 1.0 if card.kind == "unconditional" else defaults.guidance_scale
    resolved = request.model_copy(
        update={
            "model": card.name,
            "sampler": request.sampler or defaults.sampler,
            "steps": request.steps or defaults.steps,
            "guidance_scale": guidance if request.guidance_scale is None else request.guidance_scale,
            "guidance_until": defaults.guidance_until if request.guidance_until is None else request.guidance_until,
            "pag_scale": defaults.pag_scale if request.pag_scale is None else request.pag_scale,
            "width": width,
            "height": height,
        }
    )
    if request.upscale > 1:  # or it would be found out when everything has been painted
        check_size(size_of_result(resolved), request.upscale)
    return resolved


def told(request: Request, model: Model, start: Start) -> tuple[Request, Model]:
    """The model with what its network is told beside the prompt; guidance it follows by itself is not done twice."""
    said = start.told
    if model.card.embeds_guidance:
        said = replace(said or Told(), guidance=request.guidance_scale)
        request = request.model_copy(update={"guidance_scale": 1.0})
    return request, model if said is None else replace(model, told=said)


def _start(request: Request, model: Model) -> tuple[Start, float]:
    """Where x starts and what holds it, with the part of the schedule that is run."""
    size = (request.width or model.card.size, request.height or model.card.size)
    match request.source:
        case FromNoise():
            return Start(), 1.0
        case FromImage() as source:
            return from_image(source, model, size), source.strength
        case FromMask() as source:
            return from_mask(source, model, size), source.strength
        case FromSelfie() as source:
            return from_selfie(source, model, size), source.strength


@torch.no_grad()
def decoded(model: Model, latents: Tensor) -> Image.Image:
    """One picture's latents (1, C, h, w) as a picture of full size."""
    return to_image(model.codec.decode(latents))
