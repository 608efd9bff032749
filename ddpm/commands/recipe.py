"""`recipe`: how pictures were made, as their files tell it; or the same files without any of it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ddpm.commands.terminal import check_folder, free_path

HELP = "read how pictures were made, or --strip it from them"


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="of this or of other programs")
    command.add_argument("--strip", type=Path, metavar="FOLDER", help="write copies without any metadata in here")


def run(given: argparse.Namespace) -> int:
    """JSON to stdout, what could not be used to stderr."""
    from ddpm.errors import BadPicture
    from ddpm.recipe import read_recipe, strip

    if given.strip is not None:
        check_folder(given.strip, "--strip")
    for file in given.files:
        if not file.is_file():
            raise BadPicture(f"There is no file {file}.")
        if given.strip is None:
            fields, unread = read_recipe(file)
            print(json.dumps({"file": file.name, **fields}, ensure_ascii=False))
            print(
                *(f"{file}: {sentence}" for sentence in unread), sep="\n", end="\n" if unread else "", file=sys.stderr
            )
            continue
        given.strip.mkdir(parents=True, exist_ok=True)
        if file.parent.resolve() == given.strip.resolve():
            raise BadPicture(f"{file} is in --strip {given.strip} already; name another folder.")
        to = free_path(given.strip, file.stem, file.suffix.removeprefix(".") or "png")
        to.write_bytes(strip(file.read_bytes()))
        print(to)
    return 0
