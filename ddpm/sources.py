"""What each kind of input picture means for sampling: the x0 it starts from, what holds x0 on the way, how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ddpm.diffusion.constraints import holding, keep
from ddpm.diffusion.likeness import FACE, LOOSE, resembling
from ddpm.diffusion.prediction import Predict
from ddpm.events import Event, Framed, Nearest, Notice, Result
from ddpm.images import Box, fit, mask_box, mask_notice, paste_back, prepare_mask, to_pixels
from ddpm.models.model import Model, Told
from ddpm.request import FromImage, FromMask, FromSelfie, Request

Size = tuple[int, int]  # (width, height), as PIL
TINY = ("The painted part is so small that the model hardly sees it: "
        '"Work on the masked part only" (only_masked) shows it larger.')  # fmt: skip


def _as_it_is(predict: Predict) -> Predict:
    return predict


def _same(image: Image.Image) -> Image.Image:
    return image


@dataclass(frozen=True, slots=True)
class Start:
    """One mode's part of a plan."""

    x0: Tensor | None = None  # (1, C, h, w) latents under the noise; None: pure noise
    steer: Callable[[Predict], Predict] = _as_it_is
    finish: Callable[[Image.Image], Image.Image] = _same  # the decoded picture -> what the user gets
    told: Told | None = None  # for a network that sees the mask and what is round it
    unchanged: Image.Image | None = None  # strength 0: this, bit for bit
    events: list[Event] = field(default_factory=list)
    face: Image.Image | None = None  # selfie: what the results are to resemble


def size_of_result(request: Request) -> Size:
    """What a resolved request's pictures have before they are enlarged: where pixels stay, those of its picture."""
    source = request.source
    if isinstance(source, FromMask) or (isinstance(source, FromImage) and source.strength == 0):
        return source.image.size
    assert request.width and request.height
    return request.width, request.height


@torch.no_grad()
def latents_of(image: Image.Image, model: Model) -> Tensor:
    """A picture of the model's size as (1, C, h, w) latents on the model's device."""
    return model.codec.encode(to_pixels(image).to(model.device))


def from_image(source: FromImage, model: Model, size: Size) -> Start:
    """Meng et al. 2021 (SDEdit). Strength 1 starts from noise alone, so it is text to image, bit for bit."""
    if source.strength == 0:
        return Start(unchanged=source.image)
    return Start(None if source.strength == 1 else latents_of(fit(source.image, *size), model))


def from_mask(source: FromMask, model: Model, size: Size) -> Start:
    """Inpainting: the known part of x0 is kept at every step, the painted part pasted into the input at the end."""
    notice = mask_notice(source.mask, source.image.size)
    events: list[Event] = [Notice(notice)] if notice else []
    if source.strength == 0:
        return Start(unchanged=source.image, events=events)
    original = source.image
    mask = prepare_mask(source.mask, original.size, source.mask_grow, source.mask_blur)
    box = (0, 0, *original.size)
    if source.only_masked:
        box = mask_box(mask, source.padding, size[0] / size[1])
    elif _tiny(mask):
        events.append(Notice(TINY))
    frame = _frame(box, size)
    shown = _extended(original.crop(box), frame, "symmetric").resize(size, Image.Resampling.LANCZOS)
    known = latents_of(shown, model)
    whole = torch.from_numpy(np.asarray(_extended(mask.crop(box), frame, "constant"), np.float32) / 255)[None, None]
    paint = F.adaptive_max_pool2d(whole, known.shape[-2:]).to(known)  # a mean would lose small masks

    def finish(painted: Image.Image) -> Image.Image:
        left, top, width, height = frame
        whole = painted.resize((width, height), Image.Resampling.LANCZOS)
        inside = whole.crop((left, top, left + box[2] - box[0], top + box[3] - box[1]))
        return paste_back(original, inside, mask, box)

    x0 = None if source.strength == 1 else _filled(known, paint, source.fill)
    if model.card.inpaints:
        hole = _hole(shown, F.adaptive_max_pool2d(whole, size[::-1]), model, known)
        return Start(x0, finish=finish, told=hole, events=events)
    return Start(x0, lambda predict: holding(predict, keep(known, paint)), finish, events=events)


def _hole(shown: Image.Image, mask: Tensor, model: Model, known: Tensor) -> Told:
    """The mask without half-tones, and latents of the picture with grey under it, as inpainting networks learnt."""
    painted = mask.to(known) >= mask.max() / 2
    around = model.codec.encode(to_pixels(shown).to(known) * ~painted)
    return Told(mask=F.interpolate(painted.to(known), size=known.shape[-2:]), around=around)


def from_selfie(source: FromSelfie, model: Model, size: Size) -> Start:
    """x starts as far from the framed face as `strength` says; on the way it is led back as `likeness` says."""
    from ddpm.faces import frame_face  # here, because it brings OpenCV

    framed = frame_face(source.image, max(size))
    face = fit(framed.image, *size)
    events: list[Event] = [Framed(face, framed.found)]
    if framed.notice:
        events.append(Notice(framed.notice))
    if source.strength == 0:
        return Start(unchanged=face, events=events)
    known = latents_of(face, model)

    def steer(predict: Predict) -> Predict:
        grip = (FACE if framed.found else LOOSE).before(model.card.defaults.last)
        return resembling(predict, known, source.likeness, grip, through_network=source.through_network)

    return Start(None if source.strength == 1 else known, steer, events=events, face=face)


def with_nearest(events: Iterator[Event], face: Image.Image) -> Iterator[Event]:
    """The events, and at the end which of several results looks most like the framed face."""
    from ddpm.faces.alike import most_alike

    results: list[Result] = []
    for event in events:
        if isinstance(event, Result):
            results.append(event)
        yield event
    if len(results) > 1:
        nearest = results[most_alike(face, [result.image for result in results])]
        yield Nearest(nearest.index, nearest.image)


def _tiny(mask: Image.Image) -> bool:
    """Whether what it paints is less than a sixteenth of the picture's longer side."""
    left, top, right, bottom = mask.getbbox() or (0, 0, *mask.size)
    return max(right - left, bottom - top) * 16 < max(mask.size)


def _frame(box: Box, size: Size) -> tuple[int, int, int, int]:
    """(left, top, width, height): the box, extended to the aspect of `size`, with where the box lies in it."""
    width, height = box[2] - box[0], box[3] - box[1]
    wide, high = max(width, round(height * size[0] / size[1])), max(height, round(width * size[1] / size[0]))
    return (wide - width) // 2, (high - height) // 2, wide, high


def _extended(image: Image.Image, frame: tuple[int, int, int, int], mode: str) -> Image.Image:
    """The picture in the middle of its frame; round it its mirror image ("symmetric"), or nothing ("constant")."""
    left, top, width, height = frame
    if (width, height) == image.size:
        return image
    right, bottom = width - image.width - left, height - image.height - top
    sides = [(top, bottom), (left, right), (0, 0)]
    array = np.asarray(image)
    return Image.fromarray(np.pad(array, sides[: array.ndim], mode=mode))  # type: ignore[call-overload]


def _filled(known: Tensor, paint: Tensor, fill: str) -> Tensor:
    """What stands under the mask at the start. known: (1, C, h, w); paint: (1, 1, h, w)."""
    if fill == "original":
        return known
    if fill == "noise":
        return known * (1 - paint)
    weight, colours, result = 1 - paint, known * (1 - paint), known * 0
    side = max(known.shape[-2:])
    while side >= 1:  # from the whole picture's mean colour to ever nearer neighbours, wherever there are some
        window = 2 * side + 1
        near = F.avg_pool2d(weight, window, 1, side, count_include_pad=False)
        mean = F.avg_pool2d(colours, window, 1, side, count_include_pad=False) / near.clamp(min=1e-6)
        result = torch.where(near > 1e-3, mean, result)
        side //= 2
    return known * (1 - paint) + result * paint
