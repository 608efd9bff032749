"""Models in memory: loaded when first asked for, let go within the budget, loaded anew when they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ddpm.engine import Engine
from ddpm.events import Notice, Result
from ddpm.request import Request
from tests.engine.conftest import tiny_model
from tests.engine.test_engine import events

pytestmark = pytest.mark.slow


def test_models_are_chosen_loaded_and_let_go_within_the_budget(weights: Path) -> None:
    one = Engine(weights, precision="float32")
    said = events(one, Request(steps=1))
    assert isinstance(said[0], Notice) and said[0].text.startswith("Loading tiny-text")
    assert not any(isinstance(event, Notice) for event in events(one, Request(steps=1)))
    size = one.models.nbytes
    small = Engine(weights, memory_budget=size, precision="float32")
    for name in ("tiny", "tiny-text"):
        events(small, Request(model=name, steps=1))
    assert small.health()["loaded"] == ["tiny-text"] and one.health()["queue"] == 0


def test_a_model_larger_than_the_budget_is_loaded_alone(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget says what goes for it, and that it goes before the large one comes."""
    engine = Engine(weights, memory_budget=1, precision="float32")
    load, there = engine.catalogue.load, []
    monkeypatch.setattr(engine.catalogue, "load", lambda *given: (there.append(engine.models.names()), load(*given))[1])
    for name in ("tiny", "tiny-text"):
        assert any(isinstance(event, Result) for event in events(engine, Request(model=name, steps=1)))
        assert engine.health()["loaded"] == [name]
    assert there == [[], []]


def test_a_model_that_was_trained_on_is_loaded_anew(tmp_path: Path) -> None:
    folder, engine = tiny_model(tmp_path), Engine(tmp_path)
    events(engine, Request(model="tiny", steps=1))
    assert engine.models.has("tiny")
    os.utime(folder / "model_index.json", (2e9, 2e9))
    assert not engine.models.has("tiny")


def test_a_model_whose_given_settings_changed_is_loaded_anew(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    engine = Engine(tmp_path, settings={tiny_model(tmp_path).name: settings})
    engine.models.get("tiny")
    assert engine.models.has("tiny")
    settings.write_text("title: Another\n")
    assert not engine.models.has("tiny")
