"""Each model's network alone: milliseconds a call, in each engine, and its share of what the machine can compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from ddpm.bench.clock import Timing, alternating
from ddpm.bench.report import Figure, Table, compared
from ddpm.engine import Engine
from ddpm.models.model import Model
from ddpm.runtime import Eager, fastest, has_bfloat16

CEILING_SIDE = 2048  # of a square matrix product: large enough that nothing but arithmetic counts
IN_A_ROW = 10  # calls of one engine before the next one's turn
CONVOLUTION = (64, 128)  # channels, side: where bfloat16 convolutions are at their best here


def ceiling(rounds: int) -> tuple[float, str]:
    """Most GFLOP a CPU second that torch reaches here in the fastest type it has, and at what."""
    kind = fastest()
    a = torch.randn(CEILING_SIDE, CEILING_SIDE).to(kind)
    channels, side = CONVOLUTION
    layer = torch.nn.Conv2d(channels, channels, 3, padding=1).to(kind).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(2, channels, side, side).to(kind).contiguous(memory_format=torch.channels_last)
    work = {"matrix product": 2.0 * CEILING_SIDE**3, "convolution": 2.0 * 2 * 9 * (channels * side) ** 2}
    with torch.inference_mode():
        timings = alternating({"matrix product": lambda: a @ a, "convolution": lambda: layer(x)}, rounds)
    speeds = {name: work[name] / timing.cpu / 1e9 for name, timing in timings.items()}
    best = max(speeds, key=lambda name: speeds[name])
    return speeds[best], f"{best}, {str(kind).removeprefix('torch.')}"


def network_table(engine: Engine, name: str, rounds: int) -> Table:
    """One call of a model's network, with a pair of prompts where it reads them, as guidance makes it."""
    fresh, chosen = engine.catalogue.load(name), ready(engine, name)
    batch = 2 if fresh.text is not None else 1
    calls = {"torch float32": call_of(fresh, batch)}
    if has_bfloat16():
        calls["torch bfloat16, channels_last"] = call_of(in_torch(engine, name), batch)
    ours = f"this package ({engine.models.engines()[name]})"
    calls[ours] = call_of(chosen, batch)
    with FlopCounterMode(display=False) as counter:
        calls["torch float32"]()
    flops = counter.get_total_flops()
    with torch.inference_mode():
        timings = {what: each(timing) for what, timing in alternating(in_a_row(calls), rounds).items()}
    most, where = ceiling(rounds)
    notes = {
        what: f"{flops / timing.cpu / 1e9:.0f} GFLOP a CPU second, {flops / timing.cpu / 1e9 / most:.0%} of the ceiling"
        for what, timing in timings.items()
    }
    parameters = sum(parameter.numel() for parameter in fresh.module.parameters()) / 1e6
    title = f"Network of {name}: {parameters:.1f} M parameters, batch {batch}, {flops / 1e9:.2f} GFLOP a call"
    note = f"Ceiling: {most:.0f} GFLOP a CPU second ({where}), measured in the same run."
    table = compared(title, timings, notes, note)
    share = flops / timings[ours].cpu / 1e9 / most
    what = f"{name}: the network's share of what these cores can compute"
    table.figures.append(Figure(what, f"{share:.0%}", "55 %" if has_bfloat16() else ""))
    return table


def in_a_row(calls: Mapping[str, Callable[[], object]]) -> dict[str, Callable[[], object]]:
    """As a sampler calls: what another engine's threads still do after its last call is soon over."""

    def several(call: Callable[[], object]) -> Callable[[], object]:
        return lambda: [call() for _ in range(IN_A_ROW)]

    return {what: several(call) for what, call in calls.items()}


def each(timing: Timing) -> Timing:
    """One of the calls in a row."""
    return replace(timing, wall=timing.wall / IN_A_ROW, cpu=timing.cpu / IN_A_ROW)


def ready(engine: Engine, name: str) -> Model:
    """The model as the engine runs it, with what it prepares prepared."""
    model = engine.models.get(name)
    list(engine.models.news(name))
    return model


def in_torch(engine: Engine, name: str) -> Model:
    """The model in the fastest setting of plain torch."""
    model = engine.catalogue.load(name)
    torchs, finish = Eager("cpu", fastest()), model.finish
    if finish is not None:
        finish = finish._replace(network=torchs.compile(finish.module, finish.network))
    return replace(model, network=torchs.compile(model.module, model.network), finish=finish)


def call_of(model: Model, batch: int) -> Callable[[], object]:
    """One call of the model's network half way along its path; a batch of two has two prompts."""
    shape = model.latent_shape(model.card.size, model.card.size)
    x_t = torch.randn((batch, *shape), generator=torch.Generator().manual_seed(0))
    t = model.levels(2, model.card.defaults.sampler)[1].t
    text = None if model.text is None else model.text.encode(["a red house by a lake at dawn", ""][:batch])
    return lambda: model.network(x_t, t, text)
