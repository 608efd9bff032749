"""Random prompts keep their promises about seen and unseen; suggestions begin with what was typed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ddpm.errors import BadRequest
from ddpm.prompts import CATEGORIES, random_prompt, suggest
from ddpm.prompts.random_prompt import UNSEEN_HAIR, usual_places
from ddpm.prompts.subjects import SUBJECTS
from ddpm.prompts.vocabulary import (
    COLOUR_WORDS,
    DEED_WORDS,
    HELD_OUT,
    HUMANS,
    LAND,
    PLACE_PREP,
    PLACE_WORDS,
    PLACES,
    SIDE_WORDS,
    STYLE_WORDS,
    SYNONYMS,
    TIME_WORDS,
    UNDERWATER,
    WEATHER_WORDS,
)


def said_subject(prompt: str) -> str | None:
    words = prompt.replace(",", " ").split()
    for name in (*SUBJECTS, *HUMANS):
        exact = [noun for drawing in SUBJECTS[name].drawings for noun in drawing.names] if name in SUBJECTS else []
        if any(noun in words or (" " in noun and noun in prompt) for noun in (*SYNONYMS.get(name, (name,)), *exact)):
            return name
    return None


def said_place(prompt: str) -> str:
    return max((p for p in PLACES if any(words in prompt for words in PLACE_WORDS[p])), key=len)


def test_the_same_arguments_give_the_same_prompt() -> None:
    assert [random_prompt(None, None, s) for s in range(20)] == [random_prompt(None, None, s) for s in range(20)]
    assert len({random_prompt(None, None, s) for s in range(50)}) > 40


@pytest.mark.parametrize("seed", range(60))
def test_a_seen_prompt_is_never_a_held_out_pair(seed: int) -> None:
    prompt = random_prompt(None, True, seed)
    subject = said_subject(prompt)
    if subject is not None:
        assert said_place(prompt) in usual_places(subject)


@pytest.mark.parametrize("seed", range(30))
def test_an_unseen_prompt_of_everything_is_a_held_out_pair(seed: int) -> None:
    prompt = random_prompt(["Humans", "Animals", "Mythical Beings"], False, seed)
    assert (said_subject(prompt), said_place(prompt)) in HELD_OUT


@pytest.mark.parametrize("seed", range(10))
def test_an_unseen_prompt_without_a_held_out_pair_has_a_colour_never_painted(seed: int) -> None:
    dog = random_prompt(["dog"], False, seed)
    painted = {w for d in SUBJECTS["dog"].drawings for c in (*d.colours, d.own) if c for w in c.split()}
    before = dog.replace(",", " ").split()
    noun = next(i for i, word in enumerate(before) if word in ("dog", "puppy", "poodle"))
    assert before[noun - 1] not in painted and said_place(dog) in usual_places("dog")
    assert any(f"{colour} hair" in random_prompt(["man"], False, seed) for colour in UNSEEN_HAIR)


@pytest.mark.parametrize("category", [*CATEGORIES, "dog", "desert", "mermaid", "kid"])
def test_categories_and_sub_categories_are_kept(category: str) -> None:
    for seed in range(8):
        prompt = random_prompt([category], True, seed)
        if category in PLACES or category == "Scenery":
            assert said_subject(prompt) is None
        else:
            assert said_subject(prompt) in CATEGORIES.get(category, (category,))


def test_prompts_say_what_the_captions_say_of_a_drawing() -> None:
    said = {random_prompt([name], True, seed, parts=2) for name in ("bird", "horse", "mermaid") for seed in range(80)}
    every = " / ".join(said)
    for words in ("perched", "galloping in", "golden tail and a trident", "rising from the water"):
        assert words in every
    assert not [one for one in said if "bird flying" in one or "golden mermaid" in one]


def test_a_place_beside_a_creature_is_where_it_stands() -> None:
    assert all(said_place(random_prompt(["horse", "savannah"], True, s)) == "savannah" for s in range(5))
    assert "glacier" in random_prompt(["tiger", "glacier"], False, 0)


def test_an_unknown_category_names_the_nearest() -> None:
    with pytest.raises(BadRequest, match="'Animal'.*'Animals'"):
        random_prompt(["Animal"])


def test_suggestions_begin_with_what_is_typed() -> None:
    for typed in ("a red dra", "a red ", "a red dragon in a d", "a cat by a mountain lake at s", "two wolves ", ""):
        found = suggest(typed)
        assert 1 <= len(found) <= 5 and len(set(found)) == len(found)
        assert all(s.lower().startswith(typed.lower().rstrip()) for s in found), (typed, found)
    assert "a red dragon" in suggest("a red dra")
    assert "a red dragon in a desert" in suggest("a red dragon ")


def test_the_tables_agree_with_each_other() -> None:
    assert set(PLACE_PREP) == set(PLACES) == set(LAND) | set(UNDERWATER)
    assert all(place in PLACES for _, place in HELD_OUT)
    assert sum(len(names) for key, names in CATEGORIES.items() if key != "Scenery") == len(SUBJECTS) + len(HUMANS)


def test_every_word_of_the_tables_has_a_synonym() -> None:
    """What says nothing ("", a clear sky) needs none, and beside what may go unsaid one phrase is two ways."""
    for table in (SYNONYMS, PLACE_WORDS, TIME_WORDS, WEATHER_WORDS, STYLE_WORDS, SIDE_WORDS, COLOUR_WORDS, DEED_WORDS):
        alone = [key for key, words in table.items() if any(words) and len(set(words)) < 2]
        assert not alone


def test_no_renderer_and_no_torch_are_needed() -> None:
    code = "import ddpm.prompts, sys; assert not {'skia', 'cv2', 'numpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
