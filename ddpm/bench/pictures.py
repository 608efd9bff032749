"""Whole requests, from prompt to picture, against the plain loop of diffusers with the same weights; and growth."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np

from ddpm.bench.clock import alternating, timed
from ddpm.bench.networks import in_torch, ready
from ddpm.bench.report import Row, Table, compared
from ddpm.bench.stock import flow_heun
from ddpm.engine import Engine
from ddpm.events import Result
from ddpm.models.model import Model
from ddpm.request import Request

PROMPT = "a red dragon over a castle at night, number {}"


def picture_table(engine: Engine, name: str, rounds: int) -> Table:
    """A request of as many calls as a model's default, from prompt to picture, every time with another prompt.

    By Heun, which diffusers has too for these models: of two calls a step, so half the steps where the default has one.
    """
    chosen, plain, best = ready(engine, name), engine.catalogue.load(name), in_torch(engine, name)
    card, numbers = plain.card, itertools.count()
    scale = card.defaults.guidance_scale if card.kind == "text" else 1.0
    steps = card.defaults.steps if card.defaults.sampler == "heun" else max(1, card.defaults.steps // 2)
    levels = plain.levels(steps, "heun")

    def prompt() -> str:
        return PROMPT.format(next(numbers)) if card.kind == "text" else ""

    def stock(model: Model) -> Callable[[], object]:
        return lambda: flow_heun(model, model.network, levels, prompt() or None, scale, 1)

    def request(said: str) -> Request:
        return Request(model=name, prompt=said, seed=1, sampler="heun", steps=steps, pag_scale=0)

    def ours(watched: bool) -> Callable[[], object]:
        return lambda: made(engine, request(prompt()), watched)

    calls = {
        "diffusers' loop, float32": stock(plain),
        "diffusers' loop, torch's best setting": stock(best),
        f"this package ({engine.models.engines()[name]})": ours(False),
        "the same, watched: with previews": ours(True),
    }
    timings = alternating(calls, rounds)
    said = PROMPT.format("one") if card.kind == "text" else ""
    theirs = flow_heun(plain, plain.network, levels, said or None, scale, 1)
    own = made(engine, request(said))[0]
    apart = np.abs(np.asarray(theirs, float) - np.asarray(own.image, float)).mean()
    note = f"The same picture: {apart:.2f} of 255 grey levels apart on average ({chosen.card.size} px)."
    title = f"A picture of {name}: heun, {steps} steps, guidance {scale:g}"
    return compared(title, timings, note=note)


def made(engine: Engine, request: Request, watched: bool = False) -> list[Result]:
    """A request's pictures, made in this thread."""
    events = engine.events(request, lambda: False, lambda: watched)
    return [event for event in events if isinstance(event, Result)]


def growth_table(engine: Engine, name: str) -> Table:
    """How seconds and memory grow with steps and pictures: each once, after one to warm up."""
    ready(engine, name)
    defaults = engine.models.get(name).card.defaults
    made(engine, Request(model=name, seed=1))
    settings = [(factor * defaults.steps, 1) for factor in (1, 2, 4)] + [(defaults.steps, count) for count in (2, 4)]
    rows: list[Row] = []
    for steps, count in settings:
        timing = timed(partial(made, engine, Request(model=name, seed=1, steps=steps, count=count)))
        base = rows[0].timing if rows else timing
        what = f"{steps} steps, {count} picture{'s' * (count > 1)}"
        rows.append(Row(what, timing, base.wall / timing.wall, base.cpu / timing.cpu))
    return Table(f"Growth of {name}", rows)
