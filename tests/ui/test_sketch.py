"""The sketch while one types: the newest text wins, a failure is a sentence, the seed stays."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from ddpm.engine import Engine
from ddpm.ui.easel import Easel, Page
from ddpm.ui.pictures import Shelf
from ddpm.ui.sketch import STEPS, Sketch
from ddpm.ui.text_to_image import build
from tests.ui.conftest import tiny_models


@pytest.fixture
def easel(tmp_path: Path):
    engine = Engine(tiny_models(tmp_path / "weights"), precision="float32", choice="torch")
    with gr.Blocks():
        yield build(Page(engine, Shelf()))
    engine.close()


def typed(easel: Easel, sketch: Sketch, text: str, on: bool = True, **fields: Any) -> dict[Any, Any]:
    """What the page sends: every field's value, and the switch."""
    values = {part: getattr(part, "value", None) for part in easel.fields.values()}
    values |= {easel.fields[name]: value for name, value in fields.items()}
    return values | {sketch.switch: on, easel.fields["prompt"]: text}


def test_the_newest_text_wins_and_one_overtaken_changes_nothing(easel: Easel) -> None:
    sketch, visitor = Sketch(easel), SimpleNamespace(session_hash="ann")
    other = SimpleNamespace(session_hash="bob")

    async def typing() -> list[Any]:
        ways = []
        for text in ("a", "a d", "a dr", "a dragon"):
            ways.append(asyncio.create_task(sketch.draw(typed(easel, sketch, text), visitor)))
            await asyncio.sleep(0)
        ways.append(asyncio.create_task(sketch.draw(typed(easel, sketch, "a lake", seed="5"), other)))
        return await asyncio.gather(*ways)

    *overtaken, newest, another = asyncio.run(typing())
    assert all("src" not in each for each in overtaken) and not sketch.newest
    assert newest["src"].startswith("data:image/png") and newest["text"].startswith(f"{STEPS} steps, ")
    assert another["src"] != newest["src"]  # another visitor's typing is not in the way


def test_nothing_is_made_while_it_is_off_or_nothing_is_typed_and_refusals_are_said(easel: Easel) -> None:
    sketch, visitor = Sketch(easel), SimpleNamespace(session_hash="ann")
    for text, on in (("a dragon", False), ("  ", True)):
        assert "src" not in asyncio.run(sketch.draw(typed(easel, sketch, text, on), visitor))
    assert not sketch.engine.line.of_session("ann")
    refused = asyncio.run(sketch.draw(typed(easel, sketch, "x" * 10_000), visitor))
    assert "10,000 characters" in refused["text"]


def test_turning_it_on_draws_a_seed_that_stays_and_keeps_a_written_one(easel: Easel) -> None:
    sketch = Sketch(easel)
    drawn, kept = sketch.turned(True, "", "")[1:]
    assert drawn.isdigit() and drawn == kept and sketch.turned(True, drawn, drawn)[1] == drawn
    assert sketch.turned(False, drawn, drawn)[1] == "" and sketch.turned(False, "7", drawn)[1] == "7"
    visitor = SimpleNamespace(session_hash="ann")
    one, again = (
        asyncio.run(sketch.draw(typed(easel, sketch, "a lake", seed=drawn), visitor))["src"] for _ in range(2)
    )
    assert one == again
