"""python -m ddpm evaluate: how good a model, or a folder of pictures, is; figures into evaluation.json."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ddpm.commands.terminal import check_folder, device_argument, engine_argument, opened_engine, weights_argument
from ddpm.errors import BadRequest

HELP = "measure a model or a folder of pictures"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ddpm" / "evaluation"


def arguments(command: argparse.ArgumentParser) -> None:
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", metavar="NAME", help="see python -m ddpm models")
    what.add_argument("--pictures", type=Path, metavar="FOLDER", help="evaluate these pictures (or .zip, .tar) instead")
    command.add_argument("--count", type=int, default=5000, help="pictures to make or read (default 5000)")
    command.add_argument("--prompts", type=int, default=2000, help="of them judged by their prompts (default 2000)")
    command.add_argument("--real", type=Path, nargs="+", default=[], metavar="PATH",
                         help="folders or archives of what the model learnt; a text model is asked for its captions "
                         "(default for text: renders)")  # fmt: skip
    command.add_argument("--real-count", type=int, metavar="N",
                         help="compare distributions with so many of them, drawn at random")  # fmt: skip
    command.add_argument("--plain", action="store_true", help="prompts and renders of one near subject in the middle")
    command.add_argument("--arranged", action="store_true",
                         help="prompts and renders of two, three, or one on the left or right")  # fmt: skip
    command.add_argument("--held-out", type=Path, nargs="+", default=[], metavar="PATH",
                         help="pictures like the real ones that no training saw, for memorisation")  # fmt: skip
    command.add_argument("--referee", type=Path, metavar="FILE", help="OpenCV's YuNet .onnx: measure faces")
    command.add_argument("--selfies", type=Path, nargs="+", default=[], metavar="PATH",
                         help="portraits no training saw: how selfies of them resemble them")  # fmt: skip
    command.add_argument("--faceless", type=Path, nargs="+", default=[], metavar="PATH",
                         help="pets, drawings: what selfies make of them")  # fmt: skip
    command.add_argument("--judge", type=Path, metavar="FOLDER", help="default: judge in the weights folder")
    command.add_argument("--sampler", metavar="NAME")
    command.add_argument("--steps", type=int)
    command.add_argument("--guidance-scale", type=float)
    command.add_argument("--guidance-until", type=float)
    command.add_argument("--pag-scale", type=float)
    command.add_argument("--size", type=int, default=128, help="pixels a side of --pictures (default 128)")
    command.add_argument("--out", type=Path, metavar="FILE",
                         help="default WEIGHTS/NAME/evaluation.json; of --pictures, ./evaluation.json")  # fmt: skip
    command.add_argument("--sheets", type=Path, metavar="FOLDER", help="also write contact sheets there")
    command.add_argument("--cache", type=Path, default=CACHE, metavar="FOLDER",
                         help=f"keeps pictures and features, so that a run continues (default {CACHE})")  # fmt: skip
    engine_argument(command)
    device_argument(command)
    weights_argument(command)


def run(given: argparse.Namespace) -> int:
    """Measure, write the JSON and print it as lines."""
    from ddpm.evaluation.evaluate import Evaluation
    from ddpm.evaluation.gallery import Settings
    from ddpm.evaluation.real import SIZES
    from ddpm.evaluation.report import lines, write_report
    from ddpm.evaluation.task import Task

    for name in ("count", "prompts", "real_count"):
        value = getattr(given, name)
        if value is not None and value < 1:
            raise BadRequest(f"--{name.replace('_', '-')} is {value}, but must be at least 1.", name)
    if not SIZES[0] <= given.size <= SIZES[1]:
        raise BadRequest(f"--size is {given.size}, but must lie in {SIZES[0]}..{SIZES[1]}.", "size")
    out = given.out or _place(given)
    if out.is_dir():
        raise BadRequest(f"--out {out} is a folder; name the file in it, such as {out / 'evaluation.json'}.", "out")
    for flag, folder in (("--out", out.parent), ("--sheets", given.sheets), ("--cache", given.cache)):
        if folder is not None:
            check_folder(folder, flag)
    task = Task(
        model=given.model,
        pictures=given.pictures,
        size=given.size,
        count=given.count,
        prompts=given.prompts,
        real=tuple(given.real),
        real_count=given.real_count,
        plain=given.plain,
        arranged=given.arranged,
        held_out=tuple(given.held_out),
        referee=given.referee,
        selfies=tuple(given.selfies),
        faceless=tuple(given.faceless),
        judge=given.judge or given.weights / "judge",
        cache=given.cache,
        sheets=given.sheets,
        settings=Settings(given.sampler, given.steps, given.guidance_scale, given.pag_scale, given.guidance_until),
    )
    with opened_engine(given) as engine:
        report = Evaluation(task, engine).run()
    write_report(report, out)
    print("\n".join(lines(report)))
    print(out)
    return 0


def _place(given: argparse.Namespace) -> Path:
    """Beside the weights of a model that lies in the weights folder, else here."""
    folder = given.weights / (given.model or "")
    return folder / "evaluation.json" if given.model and folder.is_dir() else Path("evaluation.json")
