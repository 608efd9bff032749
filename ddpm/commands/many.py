"""Very many pictures in one folder, SEED.png each: spread over the processes of `accelerate launch`, and resumable.

What is there already is not made again, and every process has its own seeds, so no picture comes twice.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm.commands.terminal import opened_engine
from ddpm.errors import BadRequest
from ddpm.events import Notice, Result

if TYPE_CHECKING:
    from ddpm.engine import Engine
    from ddpm.request import Request

TOGETHER = 4  # pictures a request; a process takes every n-th such group of seeds
SHARED = "request.json"  # in the folder: what its pictures have in common
OWN = ("seed", "count")  # settings that are a picture's own


def processes() -> tuple[int, int]:
    """This process's number and how many there are, as accelerate and torchrun tell."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def sample_many(request: Request, count: int, given: argparse.Namespace) -> int:
    """Pictures of the seeds from request.seed (0, where none is given) on, as far as they are not in given.out."""
    from ddpm.runtime import resolved

    rank, world = processes()
    if request.film:
        raise BadRequest("A film shows one picture; leave film out where there are very many.", "film")
    first = max(0, request.seed)
    _check_folder(request, given.out)
    if world > 1 and resolved(given.device) == "cuda":
        given.device = f"cuda:{os.environ.get('LOCAL_RANK', rank)}"
    made, there, told = 0, 0, set[str]()
    with opened_engine(given) as engine:
        for start in range(first + rank * TOGETHER, first + count, world * TOGETHER):
            seeds = range(start, min(start + TOGETHER, first + count))
            missing = [seed for seed in seeds if not (given.out / f"{seed}.png").exists()]
            there += len(seeds) - len(missing)
            for seed, run in _runs(missing):
                made += _make(engine, request.model_copy(update={"seed": seed, "count": run}), given.out, told)
            if rank == 0 and sys.stderr.isatty():
                print(f"\r{made + there} of {-(-count // world)}", end="", file=sys.stderr)
    part = f" by process {rank + 1} of {world}" if world > 1 else ""
    print(f"{made} pictures made{part}, {there} were in {given.out} already", flush=True)
    return 0


def _runs(seeds: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring seeds as (first, how many)."""
    while seeds:
        length = next((i for i, seed in enumerate(seeds) if seed != seeds[0] + i), len(seeds))
        yield seeds[0], length
        seeds = seeds[length:]


def _make(engine: Engine, request: Request, folder: Path, told: set[str]) -> int:
    """One request's pictures, each written whole or not at all; a notice is said once for all of them."""
    from ddpm.recipe import save_png

    made, job = 0, engine.submit(request)
    try:
        for event in job.follow(look=False):
            if isinstance(event, Notice) and event.text not in told:
                told.add(event.text)
                print(event.text, file=sys.stderr)
            if isinstance(event, Result) and not event.partial:
                path = folder / f"{event.seed}.png"
                temporary = path.with_suffix(".part")
                temporary.write_bytes(save_png(event.image, event.recipe))
                os.replace(temporary, path)
                made += 1
    except KeyboardInterrupt:
        job.stop()
        job.done.wait()
        raise
    return made


def _before(path: Path) -> dict[str, Any]:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = None
    if not isinstance(before, dict):
        raise BadRequest(f"{path} cannot be read: remove it, or give another --out.", "out")
    return before


def _check_folder(request: Request, folder: Path) -> None:
    """A folder holds pictures of one request; another one is not mixed into it. Nothing is kept of a selfie."""
    from ddpm.recipe.writing import pixels_hash

    shared = {key: value for key, value in request.settings().items() if key not in OWN}
    if request.source.mode in ("image", "mask"):
        sent = {name: getattr(request.source, name, None) for name in ("image", "mask")}
        shared |= {name: pixels_hash(image) for name, image in sent.items() if image is not None}
    text, path = json.dumps(shared, indent=2, sort_keys=True, default=str), folder / SHARED
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        before = _before(path)
        now = json.loads(text)
        if changed := [key for key in {**before, **now} if before.get(key) != now.get(key)]:
            raise BadRequest(
                f"{folder} holds pictures of another request ({changed[0]} was {before.get(changed[0])!r}, now "
                f"{now.get(changed[0])!r}); give another --out.",
                changed[0],
            )
        return
    temporary = path.with_name(f"{SHARED}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
