"""python -m ddpm bench: how fast this is here, against the usual way with the same weights."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from ddpm.commands.terminal import check_folder, engine_argument, weights_argument
from ddpm.errors import BadRequest

HELP = "measure how fast this is here, against the usual way with the same weights"
SLOW = ("faces",)  # what --quick leaves out: minutes, most of them in what we are compared with


def arguments(command: argparse.ArgumentParser) -> None:
    from ddpm.bench import PARTS

    command.add_argument("--quick", action="store_true", help=f"without {', '.join(SLOW)}")
    command.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    command.add_argument("--model", action="append", metavar="NAME", help="these models (default: the embedded ones)")
    command.add_argument("--rounds", type=int, default=5, help="how often each thing is timed (default 5)")
    engine_argument(command)
    command.add_argument("--out", type=Path, metavar="FOLDER", help="also write bench.md and bench.json there")
    command.add_argument("--readme", type=Path, metavar="FILE",
                         help="put the figures that matter between the marks <!-- bench --> in it")  # fmt: skip
    weights_argument(command)


def _readable(file: Path) -> str:
    """A text with the marks between which the figures go."""
    from ddpm.bench.report import placed

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{file} cannot be read: {error}.", "readme") from error
    placed(text, "")
    return text


def run(given: argparse.Namespace) -> int:
    """Tables on stdout as they are measured; files once all of them are there. 1 where a ratio cannot be trusted."""
    from ddpm.bench import PARTS, run
    from ddpm.bench.report import Report, machine, placed
    from ddpm.engine import Engine
    from ddpm.runtime import cores

    if given.out is not None:
        check_folder(given.out, "--out")
    readme = _readable(given.readme) if given.readme is not None else ""  # refused now, not after an hour
    parts = tuple(given.only or (part for part in PARTS if not (given.quick and part in SLOW)))
    usable = [card.name for card in Engine(given.weights).cards() if card.usable and card.schedule == "flow"]
    models = tuple(given.model or usable)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    report = Report(machine(cores(), load), [])
    print(report.markdown(), flush=True)
    for table in run(given.weights, given.engine, parts, max(1, given.rounds), models):
        report.tables.append(table)
        print(table.markdown(), flush=True)
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "bench.md").write_text(report.markdown(), encoding="utf-8")
        (given.out / "bench.json").write_text(json.dumps(report.json(), indent=1), encoding="utf-8")
        print(f"ddpm: written to {given.out}", file=sys.stderr)
    print(report.short(), flush=True)
    if given.readme is not None:
        given.readme.write_text(placed(readme, report.short()), encoding="utf-8")
    print("".join(report.faults()), file=sys.stderr)
    return 1 if report.faults() else 0
