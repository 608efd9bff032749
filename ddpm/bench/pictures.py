"""Whole requests, from prompt to picture, against the plain loop of diffusers with the same weights."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ddpm.bench.clock import Timing, alternating, timed
from ddpm.bench.networks import in_torch, ready
from ddpm.bench.report import Figure, Row, Table, compared
from ddpm.bench.stock import flow_ancestral, flow_heun
from ddpm.engine import SKETCH, Engine
from ddpm.events import Preview, Result
from ddpm.images import to_image
from ddpm.models.card import ModelCard
from ddpm.models.model import Model, Text
from ddpm.request import Request

PROMPT = "a red dragon over a castle at night, number {}"
STOCK = {"euler_ancestral": flow_ancestral, "heun": flow_heun}  # samplers that diffusers has for these models, too
SAME = 1.5  # grey levels apart on average; more is another picture, and its ratio means nothing
STEP, DEFAULT, WATCHED = "this package, the same picture ({})", "this package at its defaults", "the same, watched"


def picture_table(engine: Engine, name: str, rounds: int) -> Table:
    """A picture at a model's own sampler and steps, from prompt to picture, every time with another prompt.

    Stock guides in every step, so the row that is compared with it does so too; the defaults are a row of their own.
    """
    plain, best, numbers = engine.catalogue.load(name), in_torch(engine, name), itertools.count()
    card, by = plain.card, (ready(engine, name), engine.models.engines()[name])[1]
    sampler, steps = _like_stock(card)
    levels, scale = plain.levels(steps, sampler), card.defaults.guidance_scale if card.kind == "text" else 1.0

    def prompt() -> str:
        return PROMPT.format(next(numbers)) if card.kind == "text" else ""

    def theirs(model: Model, said: str) -> np.ndarray:
        def network(x_t: Tensor, t: float, text: Text | None) -> Tensor:
            return model.at(model.schedule.level(t))(x_t, t, text)

        return np.asarray(STOCK[sampler](model, network, levels, said or None, scale, 1), float)

    def ours(said: str) -> list[Result]:
        same = {"sampler": sampler, "steps": steps, "guidance_until": 0, "pag_scale": 0}
        return made(engine, Request.checked(model=name, prompt=said, seed=1, **same))

    def default(watched: bool) -> Callable[[], object]:
        return lambda: made(engine, Request(model=name, prompt=prompt(), seed=1), watched)

    same = STEP.format(by)
    calls: dict[str, Callable[[], object]] = {
        "diffusers' loop, float32": lambda: theirs(plain, prompt()),
        "diffusers' loop, torch's best setting": lambda: theirs(best, prompt()),
        same: lambda: ours(prompt()),
        DEFAULT: default(False),
        WATCHED: default(True),
    }
    timings, said = alternating(calls, rounds), prompt()
    apart = float(np.abs(theirs(plain, said) - np.asarray(ours(said)[0].image, float)).mean())
    notes = {DEFAULT: _default_note(card, timings[DEFAULT], timings[same]), WATCHED: _previews(engine, name, prompt())}
    far = f"{apart:.2f} of 255 grey levels apart on average"
    fault = f"the two loops' pictures are {far}" if apart > SAME else ""
    title = f"A picture of {name}: {sampler}, {steps} steps, guidance {scale:g}"
    table = compared(title, timings, notes, f"The same picture: {far}.", fault)
    table.figures.extend(_figures(name, card.kind == "text", timings, same, notes))
    return table


def _like_stock(card: ModelCard) -> tuple[str, int]:
    """The card's sampler and steps; where stock has no such sampler Heun, of two calls a step, in half the steps."""
    sampler, steps = card.defaults.sampler, card.defaults.steps
    return (sampler, steps) if sampler in STOCK else ("heun", max(1, steps // 2))


def _default_note(card: ModelCard, default: Timing, same: Timing) -> str:
    """What the defaults do other than the row before them."""
    defaults = card.defaults
    guided = f"guidance down to {defaults.guidance_until:.0%} of noise, " if defaults.guidance_until else ""
    return f"{guided}{defaults.sampler}, {defaults.steps} steps: {default.cpu / same.cpu:.2f} of the CPU time above"


def _previews(engine: Engine, name: str, said: str) -> str:
    """The share of a watched request that making its previews takes, from what one of them costs."""
    model = ready(engine, name)
    latents = torch.randn(1, *model.latent_shape(model.card.size, model.card.size))
    pair = alternating({"pair": lambda: [to_image(model.codec.preview(latents)) for _ in range(2)]}, 20)["pair"]
    shown: list[bool] = []
    request = Request(model=name, prompt=said, seed=1)
    whole = timed(lambda: shown.extend(_shows(event) for event in engine.events(request, lambda: False, lambda: True)))
    return f"{sum(shown)} previews of {1000 * pair.cpu:.2f} ms: {sum(shown) * pair.cpu / whole.cpu:.1%} of its CPU time"


def _shows(event: object) -> bool:
    return isinstance(event, Preview) and event.x0 is not None


def _figures(name: str, text: bool, timings: dict[str, Timing], same: str, notes: dict[str, str]) -> list[Figure]:
    stock, best, own = (timings[what] for what in (*list(timings)[:2], same))

    def faster(timing: Timing) -> str:
        return f"{stock.wall / timing.wall:.1f} ({stock.cpu / timing.cpu:.1f} by CPU time)"

    return [
        Figure(f"{name}: times as fast as diffusers' loop, same picture", faster(own), "3" if text else ""),
        Figure(f"{name}: times as fast as that at the defaults", faster(timings[DEFAULT]), "3" if text else ""),
        Figure(f"{name}: times as fast as the same in torch's best setting", f"{best.wall / own.wall:.1f}", "1"),
        Figure(f"{name}: a picture at the defaults", f"{timings[DEFAULT].wall:.2f} s", "0.8 s" if text else ""),
        Figure(f"{name}: previews", notes[WATCHED], "5 %"),
    ]


def sketch_table(engine: Engine, name: str, rounds: int) -> Table:
    """The sketch that follows one's typing, at the model's own size."""
    size, numbers = ready(engine, name).card.size, itertools.count()

    def sketch() -> object:
        said = PROMPT.format(next(numbers))
        return made(engine, Request.checked(model=name, prompt=said, seed=1, **SKETCH))

    timing = alternating({"sketch": sketch}, rounds)["sketch"]
    pace = f"{1 / timing.wall:.1f} a second"
    what = f"{SKETCH['sampler']}, {SKETCH['steps']} steps, {size} px"
    figures = [Figure(f"{name}: sketches while one types, {size} px", pace, "2 a second")]
    return Table(f"A sketch of {name}", [Row(what, timing, note=pace)], figures=figures)


def made(engine: Engine, request: Request, watched: bool = False) -> list[Result]:
    """A request's pictures, made in this thread."""
    events = engine.events(request, lambda: False, lambda: watched)
    return [event for event in events if isinstance(event, Result)]
