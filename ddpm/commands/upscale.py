"""python -m ddpm upscale: one picture, or every picture of a folder, larger."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from ddpm.commands.terminal import check_folder, common_arguments, follow, opened_engine, save
from ddpm.errors import BadPicture, TooMuch

HELP = "make a picture, or every picture of a folder, 2 or 4 times larger"


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("path", type=Path, metavar="FILE|FOLDER")
    command.add_argument("--scale", type=int, default=4, help="2 or 4 (default 4)")
    command.add_argument("--upscaler", metavar="NAME", help="x4plus, x4plus-anime or animevideov3")
    common_arguments(command)


def run(given: argparse.Namespace) -> int:
    """One picture, or all of a folder; a file that is no picture does not end the others."""
    from ddpm.images import open_whole

    failed = 0
    check_folder(given.out, "--out")
    with opened_engine(given) as engine:
        for file in _files(given.path):
            try:
                job = engine.submit_upscale(open_whole(file), given.scale, given.upscaler)
                follow(job, partial(save, folder=given.out, stem=f"{file.stem}-x{given.scale}"))
            except (BadPicture, TooMuch) as error:
                print(f"ddpm: {error}", file=sys.stderr)
                failed = 1
    return failed


def _files(path: Path) -> list[Path]:
    from PIL import Image

    from ddpm.images import FORMATS

    if not path.exists():
        raise BadPicture(f"There is no {path}.", "image")
    endings = {ending for ending, format in Image.registered_extensions().items() if format in FORMATS}
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix.lower() in endings)
    if not files:
        raise BadPicture(f"There is no picture in {path}.", "image")
    return files
