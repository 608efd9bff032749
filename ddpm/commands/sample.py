"""python -m ddpm sample: pictures (and a film) into a folder, each as it comes.

More of them than a request may ask for, or several processes (accelerate launch), are the business of many.py.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from ddpm.commands.many import processes, sample_many
from ddpm.commands.terminal import check_folder, common_arguments, engine_argument, follow, opened_engine, save

HELP = "make pictures from words, a picture, a mask or a face"


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prompt")
    command.add_argument("--negative-prompt")
    command.add_argument("--styles", nargs="+", metavar="NAME", help="texts of styles.csv to put around the prompts")
    command.add_argument("--model", metavar="NAME", help="see python -m ddpm models")
    command.add_argument("--settings", type=Path, metavar="FILE", help="YAML to count as NAME.yaml of that model")
    command.add_argument("--image", type=Path, metavar="FILE", help="start from this picture")
    command.add_argument("--mask", type=Path, metavar="FILE", help="repaint where this is white (needs --image)")
    command.add_argument("--likeness", type=float, help="0..1: make portraits of the face in --image")
    command.add_argument("--through-network", action="store_true", default=None,
                         help="of portraits: outlines by a gradient through the network; 5 times slower")  # fmt: skip
    command.add_argument("--strength", type=float, help="0..1: how much of the picture is made anew")
    command.add_argument("--mask-blur", type=int)
    command.add_argument("--mask-grow", type=int)
    command.add_argument("--fill", metavar="WHAT", help="original, fill or noise")
    command.add_argument("--only-masked", action="store_true", default=None, help="work on the mask's box alone")
    command.add_argument("--padding", type=int)
    command.add_argument("--sampler", metavar="NAME")
    for name in ("--steps", "--seed", "--count", "--width", "--height"):
        command.add_argument(name, type=int)
    command.add_argument("--guidance-scale", type=float)
    command.add_argument("--guidance-until", type=float, help="noise share (0 to 1) at which guidance ends; 0: never")
    command.add_argument("--pag-scale", type=float, help="perturbed-attention guidance: firm shapes")
    command.add_argument("--upscale", type=int, help="1, 2 or 4")
    command.add_argument("--upscaler", metavar="NAME", help="x4plus, x4plus-anime or animevideov3")
    command.add_argument("--film", action="store_true", help="also write a film of the denoising")
    command.add_argument("--fps", type=int)
    command.add_argument("--format", help="of the film: mp4, gif or png")
    engine_argument(command)
    common_arguments(command)


def run(given: argparse.Namespace) -> int:
    """Pictures (and a film) into the folder, each as it comes."""
    from ddpm.request import LIMITS, FilmRequest, Request

    check_folder(given.out, "--out")
    own = ("command", "out", "device", "weights", "engine", "settings", "film", "image", "mask")
    values: dict[str, Any] = {name: value for name, value in vars(given).items() if name not in own}
    if given.film and given.fps is None and given.format is None:
        values["film"] = FilmRequest()
    count = given.count or 1
    if count > LIMITS["count"][1] or processes()[1] > 1:
        return sample_many(Request.checked(**{**values, "count": 1}, **_pictures(given)), count, given)
    request = Request.checked(**values, **_pictures(given))
    with opened_engine(given) as engine:
        job = engine.submit(request)
        return follow(job, partial(save, folder=given.out))


def _pictures(given: argparse.Namespace) -> dict[str, Any]:
    from ddpm.images import open_mask, open_picture

    opened: dict[str, Any] = {}
    if given.image is not None:
        opened["image"] = open_picture(given.image)
    if given.mask is not None:
        opened["mask"] = open_mask(given.mask)
    return opened
