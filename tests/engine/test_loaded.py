"""Models in memory: loaded when first asked for, let go within the budget, loaded anew when they change."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from torch import Tensor

from ddpm.engine import Engine
from ddpm.errors import CannotLoad
from ddpm.events import Notice, Result
from ddpm.loading import embedded, load
from ddpm.models.hybrid import Hybrid
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
    settings, model = tmp_path / "settings.yaml", tiny_model(tmp_path)
    engine = Engine(tmp_path)
    engine.models.get("tiny")
    assert engine.models.has("tiny")
    engine.catalogue.settings[model.name] = settings
    settings.write_text("title: Another\n")
    assert not engine.models.has("tiny")
    with pytest.raises(CannotLoad, match="tiny is a folder, which says all of itself"):
        engine.models.get("tiny")


class Telling:
    """A runtime that says what it compiles."""

    name = "telling"

    def compile(self, module: Hybrid, call: Callable[..., Tensor], example: Callable[[], object]) -> SimpleNamespace:
        example()
        size = module.config.patch
        return SimpleNamespace(
            name=f"patches of {size}", preparing=size == 2, prepared=False, news=lambda: iter([f"{size} is ready"]),
            __call__=call,
        )  # fmt: skip


def finished(folder: Path) -> Path:
    """The tiny model with a second network, of smaller patches, below half of the noise."""
    path = tiny_model(folder)
    model = load(path)
    assert isinstance(model.module, Hybrid)
    second = Hybrid(replace(model.module.config, patch=2, residual=True))
    embedded.save(path, model.module, replace(model.card, finish_below=0.5), finish=second)
    return path


def test_a_second_network_is_asked_for_what_is_left_of_the_noise(tmp_path: Path) -> None:
    engine, asked = Engine(finished(tmp_path).parent, precision="float32"), list[str]()
    model = engine.models.get("tiny")
    assert model.finish is not None
    for name, module in (("first", model.module), ("second", model.finish.module)):
        module.register_forward_hook(lambda *call, name=name: asked.append(name))
    events(engine, Request(model="tiny", sampler="ddim", steps=8))
    above = sum(level.noise_share >= 0.5 for level in model.levels(8, "ddim")[:-1])
    assert asked == ["first"] * above + ["second"] * (8 - above) and 0 < above < 8
    assert model.nbytes == sum(p.numel() * 4 for one in (model.module, model.finish.module) for p in one.parameters())


def test_both_networks_are_prepared_and_tell_of_it(tmp_path: Path) -> None:
    models = Engine(finished(tmp_path).parent).models
    models._runtime = Telling()  # type: ignore[assignment]
    models.get("tiny")
    assert models.engines() == {"tiny": "patches of 4"}
    assert models.preparing("tiny") and not models.prepared("tiny")
    assert list(models.news("tiny")) == ["4 is ready", "2 is ready"]
