"""The command line: python -m ddpm COMMAND. Each command imports what it needs when it runs, so --help is immediate.

Exit codes: 0 done, 1 a clear sentence on stderr, 2 wrong usage, 130 interrupted (what was finished is saved).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm.errors import BadPicture, DDPMError
from ddpm.events import Film, Framed, Notice, Preview, Result

if TYPE_CHECKING:
    from PIL import Image

    from ddpm.engine import Engine
    from ddpm.jobs import Job

INTERRUPTED = 130
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"}


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments; names, ranges and defaults of settings live in ddpm/request.py alone."""
    top = argparse.ArgumentParser(prog="python -m ddpm", description="A small diffusion studio.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _sample_arguments(commands.add_parser("sample", help="make pictures from words, a picture, a mask or a face"))
    commands.add_parser("train", help="train a model from a YAML file", add_help=False)
    larger = commands.add_parser("upscale", help="make a picture, or every picture of a folder, 2 or 4 times larger")
    larger.add_argument("path", type=Path, metavar="FILE|FOLDER")
    larger.add_argument("--scale", type=int, default=4, help="2 or 4 (default 4)")
    larger.add_argument("--upscaler", metavar="NAME", help="x4plus, x4plus-anime or animevideov3")
    _common(larger)
    models = commands.add_parser("models", help="list the models that can be used")
    models.add_argument("--download", metavar="ID", help="fetch a model of the Hugging Face Hub, owner/name")
    _weights(models)
    commands.add_parser("serve", help="start the page (the same as python app.py)", add_help=False)
    return top


def _weights(command: argparse.ArgumentParser) -> None:
    default = os.environ.get("DDPM_WEIGHTS", Path(__file__).resolve().parent.parent / "weights")
    command.add_argument("--weights", type=Path, metavar="DIR", default=default,
                         help="folder of the models (default weights, or DDPM_WEIGHTS)")  # fmt: skip


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, default=Path("outputs"), metavar="FOLDER", help="default outputs")
    command.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ... (default cpu)")
    _weights(command)


def _sample_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prompt")
    command.add_argument("--negative-prompt")
    command.add_argument("--model", metavar="NAME", help="see python -m ddpm models")
    command.add_argument("--image", type=Path, metavar="FILE", help="start from this picture")
    command.add_argument("--mask", type=Path, metavar="FILE", help="repaint where this is white (needs --image)")
    command.add_argument("--likeness", type=float, help="0..1: make portraits of the face in --image")
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
    command.add_argument("--upscale", type=int, help="1, 2 or 4")
    command.add_argument("--upscaler", metavar="NAME", help="x4plus, x4plus-anime or animevideov3")
    command.add_argument("--film", action="store_true", help="also write a film of the denoising")
    command.add_argument("--fps", type=int)
    command.add_argument("--format", help="of the film: mp4, gif or png")
    _common(command)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if argv and argv[0] in PASSED_ON:  # these have their own arguments, --help included
            return PASSED_ON[argv[0]](argv[1:])
        given = parser().parse_args(argv)
        return COMMANDS[given.command](given)
    except DDPMError as error:
        print(f"ddpm: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ddpm: interrupted", file=sys.stderr)
        return INTERRUPTED


def sample(given: argparse.Namespace) -> int:
    """Pictures (and a film) into the folder, each as it comes."""
    from ddpm.request import FilmRequest, Request

    own = ("command", "out", "device", "weights", "film", "image", "mask")
    values: dict[str, Any] = {name: value for name, value in vars(given).items() if name not in own}
    if given.film and given.fps is None and given.format is None:
        values["film"] = FilmRequest()
    request = Request.checked(**values, **_pictures(given))
    with _engine(given) as engine:
        job = engine.submit(request)
        return _follow(job, partial(_save, folder=given.out))


def _pictures(given: argparse.Namespace) -> dict[str, Any]:
    from ddpm.images import open_mask, open_picture

    opened: dict[str, Any] = {}
    if given.image is not None:
        opened["image"] = open_picture(given.image)
    if given.mask is not None:
        opened["mask"] = open_mask(given.mask)
    return opened


def _save(event: Result | Film, folder: Path, stem: str = "") -> Path:
    """Into the folder, under a name that is still free."""
    from ddpm.recipe import save_png

    if isinstance(event, Film):
        stem, ending, data = stem or "film", event.format, event.data
    else:
        model = str(event.recipe.get("model") or "picture").replace("/", "-")
        stem, ending, data = stem or f"{model}-{event.seed}", "png", save_png(event.image, event.recipe)
    folder.mkdir(parents=True, exist_ok=True)
    number, path = 1, folder / f"{stem}.{ending}"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.{ending}"
    path.write_bytes(data)
    return path


def _follow(job: Job, save: Callable[[Result | Film], Path]) -> int:
    """Print the path of everything that is saved; Ctrl-C stops the job and keeps what is there."""
    saved = 0
    with _bar() as advance:
        try:
            for event in job.follow(look=False):
                saved += _tell(event, advance, save)
        except KeyboardInterrupt:
            job.stop()
            job.done.wait()
            for event in [event for event in job.events if isinstance(event, Result | Film)][saved:]:
                _tell(event, advance, save)
            raise
    return 0


def _tell(event: Any, advance: Callable[[Preview], None], save: Callable[[Result | Film], Path]) -> int:
    """One event on the terminal; 1 if something was saved."""
    match event:
        case Preview():
            advance(event)
        case Notice():
            print(event.text, file=sys.stderr)
        case Framed(found=False):
            print("No face was found; the middle of the picture is used.", file=sys.stderr)
        case Result() | Film():
            print(save(event), flush=True)
            return 1
    return 0


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[Preview], None]]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda preview: None
        return
    from tqdm import tqdm

    with tqdm(total=1, unit="step", leave=False) as bar:

        def advance(preview: Preview) -> None:
            bar.total, bar.n = preview.steps, preview.step
            bar.refresh()

        yield advance


def upscale(given: argparse.Namespace) -> int:
    """One picture, or all of a folder; a file that is no picture does not end the others."""
    failed = 0
    with _engine(given) as engine:
        for file in _files(given.path):
            try:
                job = engine.submit_upscale(_whole(file), given.scale, given.upscaler)
                _follow(job, partial(_save, folder=given.out, stem=f"{file.stem}-x{given.scale}"))
            except BadPicture as error:
                print(f"ddpm: {error}", file=sys.stderr)
                failed = 1
    return failed


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise BadPicture(f"There is no {path}.", "image")
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)
    if not files:
        raise BadPicture(f"There is no picture in {path}.", "image")
    return files


def _whole(file: Path) -> Image.Image:
    """The picture upright in its own mode: alpha, grey and 16 bits are kept when it is enlarged."""
    from PIL import Image, ImageOps

    from ddpm.images import open_picture

    open_picture(file)  # refuses in words what Pillow would fail on
    with Image.open(file) as image:
        return ImageOps.exif_transpose(image)


def models(given: argparse.Namespace) -> int:
    """One line a model; of one that cannot be used, why. --download fetches one first."""
    from ddpm.engine import Engine

    if given.download:
        from ddpm.loading.hub import download

        print(download(given.download))
    cards = Engine(given.weights).cards()
    for card in cards:
        reads = "text" if card.kind == "text" else "no text"
        size, said = f"{card.bytes / 1e6:.1f} MB", card.title if card.usable else f"(not usable) {card.note}"
        print(f"{card.name:32} {card.size:4} px  {reads:8} {size:>11}  {card.licence:16} {said}")
    if not cards:
        print(f"ddpm: there is no model in {given.weights}", file=sys.stderr)
    return 0 if cards else 1


def train(argv: list[str]) -> int:
    from ddpm.training import main as run

    return int(run(argv) or 0)


def serve(argv: list[str]) -> int:
    import app  # beside the package, not in it: it is what Spaces start

    return app.main(argv)


@contextlib.contextmanager
def _engine(given: argparse.Namespace) -> Iterator[Engine]:
    from ddpm.engine import Engine

    engine = Engine(given.weights, given.device)
    try:
        yield engine
    finally:
        engine.close()


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"sample": sample, "upscale": upscale, "models": models}
PASSED_ON: dict[str, Callable[[list[str]], int]] = {"train": train, "serve": serve}

if __name__ == "__main__":
    sys.exit(main())
