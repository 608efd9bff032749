"""Models made ready while nobody waits: as a prompt needs them, anew after a conversion, and out of the way at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from ddpm import warming
from ddpm.engine import Engine
from ddpm.events import Event, Result
from ddpm.jobs import Job
from ddpm.request import Request
from ddpm.warming import Warming


@pytest.fixture
def engine(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(warming, "LOOK", 0.01)
    made = Engine(weights, precision="float32")
    yield made
    made.close()


def batches(engine: Engine, name: str) -> list[int]:
    """From now on, the batch of every call of a loaded model's network."""
    seen: list[int] = []
    module = engine.models.get(name).module
    forward = module.forward

    def counted(x_t: torch.Tensor, *args: object, **more: object) -> torch.Tensor:
        if not x_t.is_meta:  # which counts memory
            seen.append(len(x_t))
        return forward(x_t, *args, **more)

    module.forward = counted
    return seen


def eventually(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_rehearsal_calls_the_network_in_both_batches_that_guidance_makes(engine: Engine) -> None:
    seen = batches(engine, "tiny-text")
    assert engine.warmed() == []
    job = engine.warm("tiny-text")
    assert job.done.wait(60) and job.state == "finished" and set(seen) == {1, 2}
    assert engine.warmed() == engine.health()["warm"] == ["tiny-text"]
    engine.unload("tiny-text")
    assert engine.health()["warm"] == []


def test_it_begins_when_the_page_was_seen_and_ends_with_the_selfies_model(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "PAGE_FIRST", 60.0)
    seen = threading.Event()
    thread = engine.keep_warm(None, seen)
    time.sleep(0.1)
    assert engine.models.names() == []
    seen.set()
    thread.join(60)
    assert not thread.is_alive() and engine.warmed() == ["tiny-text", "tiny"]


def test_no_model_is_loaded_unasked_where_memory_is_short(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = threading.Event()
    seen.set()
    monkeypatch.setattr("ddpm.memory.free_memory", lambda device: 10**9)
    monkeypatch.setattr(warming, "ROOM", 10**9)
    engine.keep_warm(None, seen).join(60)
    assert engine.warmed() == ["tiny-text"]


def test_a_request_stops_the_rehearsal_which_then_begins_again(engine: Engine) -> None:
    running, stops = threading.Event(), []

    def slow(name: str, stop: Callable[[], bool]) -> Iterator[Event]:
        running.set()
        if not stops:
            while not stop():
                time.sleep(0.001)
            stops.append(name)
        else:
            engine._warm_by[name] = engine.models.engines().get(name, "")
        return iter(())

    engine._warm = slow  # type: ignore[method-assign]
    thread = threading.Thread(target=Warming(engine, "tiny-text")._make_ready, args=("tiny-text",), daemon=True)
    thread.start()
    assert running.wait(30) and engine.health()["running"] == "warm tiny-text"
    made = [event for event in engine.run(Request(model="tiny-text", seed=1)) if isinstance(event, Result)]
    assert stops == ["tiny-text"] and len(made) == 1
    thread.join(30)
    assert not thread.is_alive() and engine.warmed() == ["tiny-text"]


def test_it_is_rehearsed_again_when_its_network_was_converted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"preparing": True, "prepared": False}
    monkeypatch.setattr(engine.models, "preparing", lambda name: state["preparing"])
    monkeypatch.setattr(engine.models, "prepared", lambda name: state["prepared"])
    jobs: list[Job] = []
    warm = engine.warm

    def counted(name: str | None = None, session: str = "", gives_way: bool = False) -> Job:
        if state["prepared"]:
            state["preparing"] = False  # what `news` does with the graph
        jobs.append(warm(name, session, gives_way))
        return jobs[-1]

    monkeypatch.setattr(engine, "warm", counted)
    thread = threading.Thread(target=Warming(engine, "tiny-text")._make_ready, args=("tiny-text",), daemon=True)
    thread.start()
    eventually(lambda: bool(jobs) and jobs[0].over)
    time.sleep(0.1)
    assert len(jobs) == 1 and thread.is_alive()
    state["prepared"] = True
    thread.join(60)
    assert not thread.is_alive() and [job.state for job in jobs] == ["finished", "finished"]
