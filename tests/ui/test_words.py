"""Below the prompt: what will be cut is said before it is; the help shows every word with its picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ddpm.engine import Engine
from ddpm.models.text import MiniLM, minilm
from ddpm.models.tokens import MOST, minilm_reading
from ddpm.prompts.groups import GROUPS
from ddpm.ui import help, words
from ddpm.ui.controls import ASSETS
from tests.ui.conftest import tiny_models


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tiny_models(tmp_path_factory.mktemp("weights")))


@pytest.mark.parametrize("prompt", ["", "a red fox", "(a (red:1.3) fox) [at dusk]", "whale " * 61 + "é", "zebra" * 99])
def test_the_count_is_the_encoders_own(prompt: str) -> None:
    assert MOST == MiniLM.max_tokens
    assert minilm_reading(prompt).tokens == minilm().count(prompt)


def test_what_is_cut_is_what_changes_nothing() -> None:
    full = "whale " * 62
    assert minilm_reading(full) == (64, 64, "")
    assert (
        minilm_reading(full + "at (night:1.2), oil painting").unread == "night, oil painting"
    )  # the last it reads: at
    read, longer = (minilm().encode([prompt]).states for prompt in (full + "at dawn", full + "at night"))
    assert (read == longer).all()


def test_a_network_is_not_counted_and_is_told(engine: Engine) -> None:
    line = words.line(engine, "a fox <lora:ink:0.8>", "scenes")
    assert "LoRA: ink:0.8 is not supported" in line
    count = words.reading(engine, "a fox <lora:ink:0.8>", "scenes", "minilm")
    assert count == words.reading(engine, "a fox", "scenes", "minilm")


def test_the_line_warns_before_and_when_something_is_cut(engine: Engine) -> None:
    def told(text: str) -> str:
        return words.line(engine, text, "scenes")

    assert "5 of 64 word parts" in told("a red dragon") and 'class=""' in told("a red dragon")
    assert 'class="near"' in told("whale " * 56) and "Too long" not in told("whale " * 56)
    assert "“night” will not be read" in told("whale " * 62 + "at night") and 'class="over"' in told("whale " * 70)
    assert "Too long" not in told("whale " * 40 + "AND " + "whale " * 40)  # two prompts, each short enough
    assert "wildcards/nobody.txt" in told("a __nobody__") and words.line(engine, "a cat", "faces") == ""
    assert 'data-text="a red dragon"' in told("a red dra") and "<script>" not in told("<script>")


def test_a_long_suggestion_is_shown_from_where_it_is_new(engine: Engine) -> None:
    assert ">… desert</button>" in words.line(engine, "a red dragon in a dese", "scenes")
    assert ">… storybook illustration</button>" in words.line(engine, "a panda under the aurora borealis", "scenes")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.file)
def test_every_group_has_its_sheet_and_its_words(group: help.Group) -> None:
    sheet = Path(ASSETS / "help" / f"{group.file}.webp")
    with Image.open(sheet) as image:
        assert image.width >= 90 * min(len(group.words), 6) - 2 and image.height >= 90 * -(-len(group.words) // 6) - 2
    assert sheet.stat().st_size < 60_000
    html = help.section(group)
    assert html.count("<button") == len(group.words) == len(group.said) and sheet.name in html


def test_a_click_adds_the_word() -> None:
    assert help.added("a cat ", "in a desert") == "a cat in a desert" and help.added("", "a dog") == "a dog"
    assert help.added("a cat", "oil painting") == "a cat, oil painting"


def test_the_longest_stage_counts_and_of_choices_only_what_is_drawn(engine: Engine) -> None:
    long = "a red dragon over a volcano at night " * 12
    for text in (f"[cat:{long}:10]", f"[{long}:cat:0.5]", f"[cat|{long}]"):
        found = words.reading(engine, text, "scenes", "minilm")
        assert found is not None and found.unread
    short = "|".join(["a red dragon over a volcano at night"] * 10)
    found = words.reading(engine, f"{{{short}}}", "scenes", "minilm")
    assert found is not None and not found.unread
