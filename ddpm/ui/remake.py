"""python -m ddpm.ui.remake [NAME ...] [--seed N]: make the pictures of assets/examples again with today's models.

Every example is a request like any visitor's, and its picture what came out: nothing here is drawn or chosen by hand
but the seeds in `examples.py`. The photo for the selfie shows nobody either; it is as it was made, once:
    python -m ddpm sample --model faces --seed 108 --upscale 2 --upscaler x4plus
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from ddpm.engine import Engine
from ddpm.events import Film, Framed, Result
from ddpm.images import open_mask, open_picture
from ddpm.recipe import save_png
from ddpm.request import FilmRequest, Request
from ddpm.ui.denoising import FILM_STEPS
from ddpm.ui.examples import EVERY, FOLDER, Example

MIDDLE = (0.14, 0.16, 0.86, 0.92)  # of a picture's sides: where the models put their subject


def main(argv: list[str] | None = None) -> int:
    known = [example.name for example in EVERY]
    parser = argparse.ArgumentParser(prog="python -m ddpm.ui.remake", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all unless given: {', '.join(known)}")
    parser.add_argument("--seed", type=int, help="another seed than the one in examples.py")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER")
    given = parser.parse_args(argv)
    if unknown := set(given.names) - set(known):
        parser.error(f"there is no example {unknown.pop()!r}; there are: {', '.join(known)}")
    engine = Engine()
    for example in EVERY:
        if not given.names or example.name in given.names:
            remake(engine, example, given.out, example.seed if given.seed is None else given.seed)
            print(given.out / f"{example.name}.png", flush=True)
    engine.close()
    return 0


def remake(engine: Engine, example: Example, folder: Path, seed: int) -> None:
    """One example's picture into `folder`, with what else its tab shows."""
    values = dict(example.values)
    image = open_picture(folder / f"{values.pop('image')}.png") if "image" in values else None
    if "mask" in values:
        assert image is not None
        file = folder / f"{values.pop('mask')}.png"
        _middle(image.size).save(file)
        values["mask"] = open_mask(file)
    if example.mode == "upscale":
        assert image is not None
        events = list(engine.upscale(image, values["upscale"]))
    else:
        picture = {} if image is None else {"image": image}
        asked = Request.checked(mode=example.mode, seed=seed, **picture, **values)
        events = list(engine.run(asked.model_copy(update={"count": 1})))
    for event in events:
        if isinstance(event, Result):
            (folder / f"{example.name}.png").write_bytes(save_png(event.image, event.recipe))
        elif isinstance(event, Framed):
            event.image.save(folder / "framed.png")
    if example.name == "dragon":
        _filmed(engine, values["prompt"], folder, seed)


def _filmed(engine: Engine, prompt: str, folder: Path, seed: int) -> None:
    """The two views of the Denoising tab in the middle of a run: dragon-noisy.png and dragon-seen.png."""
    asked = Request(prompt=prompt, seed=seed, steps=FILM_STEPS, film=FilmRequest(format="png"))
    for event in engine.run(asked):
        if isinstance(event, Film):
            _, frame = event.steps[len(event.steps) // 2]
            half = frame.width // 2
            frame.crop((0, 0, half, frame.height)).save(folder / "dragon-noisy.png")
            frame.crop((half, 0, frame.width, frame.height)).save(folder / "dragon-seen.png")


def _middle(size: tuple[int, int]) -> Image.Image:
    """A mask (L) over the middle, as a visitor would paint it: round at the corners."""
    width, height = size
    left, top, right, bottom = MIDDLE
    mask = Image.new("L", size)
    box = (left * width, top * height, right * width, bottom * height)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius=width * 0.25, fill=255)
    return mask


if __name__ == "__main__":
    sys.exit(main())
