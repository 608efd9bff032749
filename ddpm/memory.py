"""Whether a request fits in memory, found out before it starts; a refusal names the largest that would fit."""

from __future__ import annotations

import math
import re
from pathlib import Path

import torch
from torch import Tensor, nn

from ddpm.errors import TooMuch
from ddpm.held import held
from ddpm.models.model import Model, Text, Told
from ddpm.prompts.grammar import parts
from ddpm.request import FromSelfie, Request
from ddpm.sources import size_of_result
from ddpm.upscaling import DEFAULT
from ddpm.upscaling.cost import enlarging

MEMINFO, GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
SPARE = 0.9  # of what is free may be planned for: the estimate leaves out what libraries hold for themselves
ROUGHLY = 32 * 2**10  # bytes a pixel and picture of a batch: several times what any network holds that we have met
COLOURS = 3  # bytes a pixel of a picture that is kept; twice, for its PNG, the film's codec or the page's copy
TOGETHER = 4  # pictures at once on a device that is faster so; a CPU is not, and shows each sooner one by one


class Estimates:
    """What requests need, each model and size worked out once (20 to 100 ms)."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int, int, int, bool], int] = {}

    def check(self, request: Request, model: Model, free: int | None) -> None:
        """Raise TooMuch, with the largest that would fit, where a resolved request does not fit in `free` bytes."""
        if free is None or roughly(request, model) <= SPARE * free or self.needed(request, model) <= SPARE * free:
            return
        one = request.model_copy(update={"count": 1, "upscale": 1, "film": None})
        fits = self.needed(one, model) <= SPARE * free
        remedy = self._most(request, model, SPARE * free) if fits else self._largest(one, model, SPARE * free)
        width, height = size_of_result(request)
        raise TooMuch(
            f"{request.count} x {width}x{height} pixels of {model.card.name} would need about"
            f" {amount(self.needed(request, model))} of memory, and {amount(free)} are free; {remedy}."
        )

    def needed(self, request: Request, model: Model) -> int:
        """Bytes that a resolved request needs beside the loaded model."""
        assert request.width and request.height
        batch, back = _batch(request, model), _goes_back(request)
        return _beside(request, self._held(model, request.width, request.height, batch, back))

    def _held(self, model: Model, width: int, height: int, batch: int, back: bool) -> int:
        """Bytes beside the parameters while the network is called or a picture decoded, whichever is more.

        `back`: and a gradient taken through it.
        """
        key = (model.card.name, model.card.weights_hash, width, height, batch, back)
        if key not in self._known:
            x_t = torch.empty(batch, *model.latent_shape(width, height), device="meta", requires_grad=back)
            asked = _text(model, batch), *_told(model, x_t)
            network = held(model.module, model.network, x_t, 0.5, *asked)
            if model.finish:
                network = max(network, held(model.finish.module, model.finish.network, x_t, 0.5, *asked))
            codec = getattr(model.codec, "module", None)
            decoding = held(codec, model.codec.decode, x_t[:1].detach()) if isinstance(codec, nn.Module) else 0
            self._known[key] = max(network, decoding)
        return self._known[key]

    def _most(self, request: Request, model: Model, limit: float) -> str:
        """How many pictures of that size fit, or that the film is what does not."""
        bare = request.model_copy(update={"film": None})
        if request.film and self.needed(bare, model) <= limit:
            return "leave out the film, or take fewer steps"
        counts = range(request.count, 0, -1)
        fits = (count for count in counts if self.needed(bare.model_copy(update={"count": count}), model) <= limit)
        most = next(fits, 0)
        return f"the most that fits is a count of {most}" if most else "leave out the enlarging"

    def _largest(self, request: Request, model: Model, limit: float) -> str:
        """The largest size of the same aspect that needs no more than `limit` bytes."""
        assert request.width and request.height
        unit = model.size_factor
        few, many = 0, 1 if model.card.fixed_size else max(request.width, request.height) // unit  # of the longer side
        while many - few > 1:
            middle = (few + many) // 2
            width, height = _shaped(request, middle, unit)
            fits = self.needed(request.model_copy(update={"width": width, "height": height}), model) <= limit
            few, many = (middle, many) if fits else (few, middle)
        if not few:
            return "close other programs, or choose a smaller model"
        return "the largest that fits is {}x{}".format(*_shaped(request, few, unit))


def roughly(request: Request, model: Model) -> float:
    """More than a resolved request needs, and quickly known: the exact way loads a second's worth of torch."""
    assert request.width and request.height
    if _goes_back(request):
        return math.inf
    return _beside(request, ROUGHLY * request.width * request.height * _batch(request, model))


def _beside(request: Request, held: int) -> int:
    """What the network holds, or the enlarging where that is more, and the pictures that are kept."""
    assert request.width and request.height and request.steps
    width, height = size_of_result(request)
    frames = 2 * request.steps * request.width * request.height if request.film else 0
    pictures = width * height * request.count * request.upscale**2 + frames
    if request.upscale > 1:  # by then the network's own are let go
        held = max(held, enlarging(request.upscaler or DEFAULT, width, height, request.upscale))
    return held + 2 * COLOURS * pictures


def together(request: Request, model: Model) -> int:
    """Pictures of a request that one call of the network makes; a film's are made one by one."""
    return 1 if model.device.type == "cpu" or request.film else min(request.count, TOGETHER)


def _batch(request: Request, model: Model) -> int:
    """Rows of the largest call of the network: pictures, each with every prompt that AND joins and the unwanted one.

    Choices in a prompt are not made yet, so all of their words count.
    """
    prompts = 1 if model.text is None else len(parts(request.prompt))
    guided = prompts > 1 or (model.text is not None and request.guidance_scale != 1)
    return together(request, model) * (prompts + guided)


def _goes_back(request: Request) -> bool:
    return isinstance(request.source, FromSelfie) and request.source.through_network


def check_enlarging(size: tuple[int, int], scale: int, upscaler: str, free: int | None) -> None:
    """Raise TooMuch, with the largest of its aspect that would fit, where a picture cannot be made so much larger."""

    def needed(part: float) -> int:
        width, height = (max(1, round(part * side)) for side in size)
        return enlarging(upscaler, width, height, scale) + 2 * COLOURS * width * height * scale**2

    if free is None or needed(1.0) <= SPARE * free:
        return
    parts = [percent / 100 for percent in range(95, 0, -5)]
    fits = next((part for part in parts if needed(part) <= SPARE * free), None)
    remedy = "close other programs, or choose another upscaler"
    if fits is not None:
        remedy = "of this picture {} x {} would fit".format(*(max(1, round(fits * side)) for side in size))
    raise TooMuch(
        f"{size[0]} x {size[1]} pixels made {scale} times larger by {upscaler} would need about {amount(needed(1.0))}"
        f" of memory, and {amount(free)} are free; {remedy}."
    )


def check_weights(name: str, size: int, free: int | None) -> None:
    """Raise TooMuch where not even a model's files would fit in memory; `size`: their bytes."""
    if free is not None and size > SPARE * free:
        raise TooMuch(
            f"The weights of {name} are {amount(size)}, and {amount(free)} of memory are free; close other programs,"
            " or choose a smaller model."
        )


def amount(size: float) -> str:
    """Bytes for people."""
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{max(1, round(size / 2**20))} MB"


def _shaped(request: Request, units: int, unit: int) -> tuple[int, int]:
    """Width and height in the request's aspect, the longer side of so many units."""
    assert request.width and request.height
    longer = max(request.width, request.height)
    width, height = (max(1, units * side // longer) * unit for side in (request.width, request.height))
    return width, height


def free_memory(device: str) -> int | None:
    """Bytes that can still be had on the device; None where the system does not say."""
    if torch.device(device).type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for what comes next
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _read(MEMINFO), re.M)
    free = int(found[1]) * 1024 if found else math.inf
    limit, used = _read(GROUP / "memory.max").strip(), _read(GROUP / "memory.current").strip()
    if limit.isdigit() and used.isdigit():  # a container; pages of files can be let go of
        files = re.search(r"^inactive_file (\d+)", _read(GROUP / "memory.stat"), re.M)
        free = min(free, int(limit) - int(used) + (int(files[1]) if files else 0))
    return None if free == math.inf else int(free)


def _told(model: Model, x_t: Tensor) -> tuple[Told, ...]:
    """What the few networks that want it are told beside the prompt, on meta."""
    if not (model.card.inpaints or model.card.embeds_guidance):
        return ()
    return (Told(guidance=1.0, mask=torch.empty_like(x_t[:1, :1]), around=torch.empty_like(x_t[:1])),)


def _text(model: Model, batch: int) -> Text | None:
    """A prompt's shapes on meta."""
    if model.text is None:
        return None
    known = model.text.encode([""])
    length = max(known.states.shape[1], model.text.max_tokens)
    states = torch.empty(batch, length, known.states.shape[2], device="meta")
    pooled = None if known.pooled is None else torch.empty(batch, known.pooled.shape[1], device="meta")
    return Text(states, torch.empty(batch, length, dtype=torch.bool, device="meta"), pooled)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
