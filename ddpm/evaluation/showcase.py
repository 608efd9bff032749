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
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ddpm.engine import Engine
from ddpm.errors import CannotLoad
from ddpm.evaluation.drawings import DRAWINGS, SIDE, drawn
from ddpm.evaluation.report import paired, sheet
from ddpm.events import Film, Result
from ddpm.request import Request

ASSETS = Path(__file__).parents[2] / "assets"
COUNT = 16  # pictures of a sheet
FILM = {"prompt": "A panda under the aurora borealis", "seed": 3, "steps": 26, "fps": 10, "format": "gif"}
PROMPTS = (
    "a red dragon in front of a volcano at night", "a white cat in the savannah by day",
    "a panda under the aurora borealis", "a blue whale in the deep sea",
    "a girl with red hair on a tropical island at sunset", "a phoenix over a mountain lake", "a desert at sunset",
    "a snowy mountain at dawn", "an underwater cave", "a black horse in the rainforest",
    "a fairy under a starry night sky", "a man with a beard near a glacier", "a wolf in the savannah at night",
    "a golden dragon in the desert", "a mermaid in a coral reef", "a puppy by a mountain lake, watercolor",
)  # fmt: skip


TIMES = ("by day", "at sunset", "at night", "at dawn")


def all_but_sky() -> Image.Image:
    """A mask (L) over the volcano, its smoke and the ground of lava; the sky on both sides says the light and horizon.

    One whose sides end in the ground leaves the lake as a panel in lava.
    """
    mask = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(mask)
    pen.ellipse((20, -30, 108, 120), fill=255)
    pen.rectangle((0, SIDE // 2, SIDE, SIDE), fill=255)
    return mask


def scenes(engine: Engine) -> Tensor:
    return stacked(made(engine, prompt=prompt, seed=seed) for seed, prompt in enumerate(PROMPTS, 1))


def faces(engine: Engine) -> Tensor:
    return stacked(made(engine, model="faces", seed=100 + index) for index in range(COUNT))


def changed(engine: Engine) -> Tensor:
    asked = [(drawn(drawing), drawing.prompt) for drawing in DRAWINGS]
    after = (made(engine, image=image, prompt=said, strength=0.6, seed=i) for i, (image, said) in enumerate(asked, 1))
    return paired(stacked(image for image, _ in asked), stacked(after))


def repainted(engine: Engine) -> Tensor:
    times = [TIMES[index % len(TIMES)] for index in range(COUNT)]
    before = [made(engine, prompt=f"a volcano {time}", seed=seed) for seed, time in enumerate(times, 1)]
    after = (
        made(engine, image=image, mask=all_but_sky(), mask_blur=10, prompt=f"a mountain lake {time}", seed=seed)
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
