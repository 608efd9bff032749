"""What is seen and what is asked, held against the renderer's own facts and captions."""

from __future__ import annotations

import pytest

from ddpm.evaluation.labels import COUNTS, HEADS, asked, labels, right, vocabulary
from ddpm.prompts.vocabulary import PLACES

pytestmark = pytest.mark.slow


def person(kind: str, sex: str, age: str, hairstyle: str = "short") -> dict[str, object]:
    who = {"kind": kind, "sex": sex, "age": age, "hair": "red", "hairstyle": hairstyle, "colour": "blue",
           "garment": "shirt"}  # fmt: skip
    return {"subject": kind, "place": "desert", "time": "dusk", "count": 1, "underwater": False, "person": who}


def test_words_for_people_are_answered_by_the_drawings_that_fit() -> None:
    kid = person("kid", "f", "child")
    assert labels(kid) | {"subject": "girl", "hair": "red", "colour": "blue"} == labels(kid)
    said = "a kid with short red hair wearing a blue shirt in a desert at twilight"
    questions = asked(said, kid)
    assert questions["subject"] == ("boy", "girl") and questions["time"] == ("dusk",)
    assert questions["colour"] == ("blue",) and questions["hair"] == ("red",) and questions["place"] == ("desert",)
    assert asked("a guy", person("guy", "m", "young"))["subject"] == ("man",)


def test_what_is_not_said_is_not_asked() -> None:
    assert asked("a kid", person("kid", "f", "child")).keys() == {"subject", "one"}
    bald = person("man", "m", "old", hairstyle="bald")
    assert "hair" not in labels(bald) and "hair" not in asked("a man with red hair", bald)
    reef = {"subject": None, "place": "coral reef", "time": "day", "count": 0, "underwater": True}
    assert asked("a coral reef in daylight", reef) == {"subject": ("nothing",), "place": ("coral reef",)}
    tiger = {"subject": "tiger", "place": "desert", "time": "day", "count": 2, "underwater": False, "colour": "white"}
    assert "colour" not in asked("two off-white tigers", tiger)  # another colour than white
    assert asked("two tigers", tiger)["two"] == ("2",) and "one" not in asked("two tigers", tiger)
    single = tiger | {"count": 1, "side": "left"}
    assert "side" not in asked("a tiger", single) and asked("a tiger, at the left", single)["side"] == ("left",)


@pytest.mark.parametrize("arranged", [False, True])
def test_every_caption_is_answered_by_its_own_render(arranged: bool) -> None:
    pytest.importorskip("skia", reason="the renderer: pip install skia-python")
    from ddpm.training.data.scenes import render

    heads = {*HEADS, "two", "three", "side"} if arranged else {*HEADS, "one"}
    counts = dict.fromkeys({*COUNTS.values(), "side"}, 0) | dict.fromkeys(HEADS, 0)
    for index in range(24):
        painted = render(index, 1234, arranged=arranged)
        seen = labels(painted.facts) | {"side": str(painted.facts.get("side"))}
        wrong = {head: f"not {word}" for head, word in seen.items()}
        for said in painted.captions:
            questions = asked(said, painted.facts)
            assert all(right(questions, seen).values())
            assert not any(right(questions, wrong).values())
            for head in questions:
                counts[head] += 1
    assert all(counts[head] for head in heads - {"number"}), counts
    assert counts["subject"] == 96


def test_vocabulary_is_sorted_and_whole() -> None:
    found = vocabulary([{"place": place, "time": "day"} for place in PLACES])
    assert found["place"] == tuple(sorted(PLACES)) and found["time"] == ("day",) and "hair" not in found
