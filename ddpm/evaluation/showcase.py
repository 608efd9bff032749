"""python -m ddpm.evaluation.showcase [NAME ...]: make the README's pictures again with today's models.

scenes.png and faces.png are prompts and seeds as they come, changed.png sixteen drawings like a child's and what image
to image makes of them, repainted.png sixteen volcanoes painted over and filled with a lake, denoising.gif the film.
Nothing is picked: the seeds are 1, 2, 3, ... and those of the faces 100, 101, ...
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ddpm.engine import Engine
from ddpm.errors import CannotLoad
from ddpm.evaluation.report import paired, sheet
from ddpm.events import Film, Result
from ddpm.request import Request

ASSETS = Path(__file__).parents[2] / "assets"
COUNT = 16  # pictures of a sheet
SIDE = 128
FILM = {"prompt": "A panda under the aurora borealis", "seed": 3, "steps": 26, "fps": 10, "format": "gif"}
PROMPTS = (
    "a red dragon in front of a volcano at night", "a white cat in the savannah by day",
    "a panda under the aurora borealis", "a blue whale in the deep sea",
    "a girl with red hair on a tropical island at sunset", "a phoenix over a mountain lake", "a desert at sunset",
    "a snowy mountain at dawn", "an underwater cave", "a black horse in the rainforest",
    "a fairy under a starry night sky", "a man with a beard near a glacier", "a wolf in the savannah at night",
    "a golden dragon in the desert", "a mermaid in a coral reef", "a puppy by a mountain lake, watercolor",
)  # fmt: skip


class Drawing(NamedTuple):
    """What a child would draw: two stripes, a disc in the sky, and an animal of ellipses and lines."""

    sky: str
    ground: str
    disc: str
    animal: str
    prompt: str


DRAWINGS = (
    Drawing("#8ec9ff", "#e8c26a", "#ffd94d", "#ffffff", "a white horse on a tropical island by day"),
    Drawing("#1b2350", "#33472f", "#f4f1d0", "#c8a02a", "a gold dragon by a mountain lake at night"),
    Drawing("#9fd3ff", "#d9b25c", "#ffe05e", "#8a5a2b", "a brown dog in the savannah by day"),
    Drawing("#f0a060", "#d98a4a", "#fff0b0", "#2b2b2b", "a black cat in the desert at sunset"),
    Drawing("#dcecff", "#ffffff", "#fff6c8", "#8b8f98", "a grey wolf on a snowy mountain by day"),
    Drawing("#3a1c2c", "#3b2a2a", "#ff7a3a", "#c83220", "a red dragon in front of a volcano at night"),
    Drawing("#16384a", "#27553a", "#d8f0e0", "#e07b28", "a tiger in the rainforest at night"),
    Drawing("#bfe6ff", "#9fd0e8", "#ffffff", "#3b3b40", "a panda near a glacier by day"),
)
TIMES = ("by day", "at sunset", "at night", "at dawn")


def drawn(drawing: Drawing, shift: int = 0) -> Image.Image:
    """The drawing, its animal `shift` pixels further right."""
    large = Image.new("RGB", (4 * SIDE, 4 * SIDE), drawing.sky)
    pen = ImageDraw.Draw(large)
    pen.rectangle((0, 330, 4 * SIDE, 4 * SIDE), fill=drawing.ground)
    pen.ellipse((400 - 4 * shift, 30, 470 - 4 * shift, 100), fill=drawing.disc)
    x = 4 * shift
    for leg in (170, 215, 290, 335):
        pen.line((x + leg, 320, x + leg, 430), fill=drawing.animal, width=26)
    pen.ellipse((x + 140, 220, x + 370, 350), fill=drawing.animal)
    pen.ellipse((x + 80, 120, x + 220, 260), fill=drawing.animal)
    pen.polygon([(x + 95, 150), (x + 105, 80), (x + 150, 130)], fill=drawing.animal)
    pen.polygon([(x + 160, 125), (x + 200, 80), (x + 208, 150)], fill=drawing.animal)
    pen.line((x + 360, 260, x + 430, 190), fill=drawing.animal, width=22)
    for eye in (125, 175):
        pen.ellipse((x + eye - 9, 170, x + eye + 9, 188), fill="#101010" if drawing.animal != "#2b2b2b" else "#f0f0f0")
    return large.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def middle() -> Image.Image:
    """A mask (L) over all but the edges of a picture, which show light and horizon."""
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).rounded_rectangle((8, 14, 120, 112), radius=30, fill=255)
    return mask


def scenes(engine: Engine) -> Tensor:
    return stacked(made(engine, prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS, 1))


def faces(engine: Engine) -> Tensor:
    return stacked(made(engine, model="faces", seed=100 + index) for index in range(COUNT))


def changed(engine: Engine) -> Tensor:
    asked = [(drawn(drawing, shift), drawing.prompt) for shift in (0, 12) for drawing in DRAWINGS]
    after = (made(engine, image=image, prompt=said, strength=0.6, seed=i) for i, (image, said) in enumerate(asked, 1))
    return paired(stacked(image for image, _ in asked), stacked(after))


def repainted(engine: Engine) -> Tensor:
    times = [TIMES[index % len(TIMES)] for index in range(COUNT)]
    before = [made(engine, prompt=f"a volcano {time}", seed=seed) for seed, time in enumerate(times, 1)]
    after = (
        made(engine, image=image, mask=middle(), prompt=f"a mountain lake {time}", seed=seed)
        for seed, (image, time) in enumerate(zip(before, times, strict=True), 1)
    )
    return paired(stacked(before), stacked(after))


SHEETS: dict[str, Callable[[Engine], Tensor]] = {
    "scenes": scenes,
    "faces": faces,
    "changed": changed,
    "repainted": repainted,
}


def made(engine: Engine, **asked: Any) -> Image.Image:
    """The one picture of a request with everything else at its default."""
    for event in engine.run(Request.checked(**asked)):
        if isinstance(event, Result):
            return event.image
    raise CannotLoad(f"No picture was made of {asked}.")


def film(engine: Engine) -> bytes:
    return next(event.data for event in engine.run(Request.checked(**FILM)) if isinstance(event, Film))


def stacked(images: Iterable[Image.Image]) -> Tensor:
    """(N, 3, H, W) uint8."""
    return torch.stack([torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1) for image in images])


def main(argv: list[str] | None = None) -> int:
    known = (*SHEETS, "film")
    parser = argparse.ArgumentParser(prog="python -m ddpm.evaluation.showcase", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all unless given: {', '.join(known)}")
    parser.add_argument("--weights", type=Path, default=ASSETS.parent / "weights", metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=ASSETS, metavar="FOLDER")
    given = parser.parse_args(argv)
    if unknown := set(given.names) - set(known):
        parser.error(f"there is no sheet {unknown.pop()!r}; there are: {', '.join(known)}")
    engine = Engine(given.weights)
    for name in given.names or known:
        file = given.out / ("denoising.gif" if name == "film" else f"{name}.png")
        if name == "film":
            file.write_bytes(film(engine))
        else:
            sheet(SHEETS[name](engine), file)
        print(file, flush=True)
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
