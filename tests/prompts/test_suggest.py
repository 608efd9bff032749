"""Suggestions of five at most, by beginning and by near spelling; parts of random prompts."""

from __future__ import annotations

import pytest

from ddpm.errors import BadRequest
from ddpm.prompts import random_prompt, suggest
from ddpm.prompts.random_prompt import PARTS
from ddpm.prompts.suggest import complete, phrases
from ddpm.prompts.vocabulary import NO_SNOW, PLACE_WORDS, STYLE_WORDS, TIME_WORDS, WEATHER_WORDS

WHEN = [words for said in TIME_WORDS.values() for words in said]
WEATHER = [words for said in WEATHER_WORDS.values() for words in said]
STYLES = [words for said in STYLE_WORDS.values() for words in said]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("a red dargon", "a red dragon"), ("a cat in a dessert", "a cat in a desert"), ("levithan", "leviathan"),
     ("a white hrose", "a white horse"), ("a dog at sunest", "a dog at sunset")],
)  # fmt: skip
def test_a_misspelt_word_is_mended(typed: str, meant: str) -> None:
    assert meant in suggest(typed)


def test_what_is_right_is_not_mended() -> None:
    for typed in ("a red dragon", "a cat"):
        assert all(said.startswith(typed) for said in suggest(typed))
    assert suggest("xyzzyq ") and len(suggest("xyzzyq")) <= 5


@pytest.mark.parametrize("phrase", phrases())
def test_every_word_can_be_completed(phrase: str) -> None:
    found = complete(phrase[: max(len(phrase) - 2, 1)])
    assert 1 <= len(found) <= 5 and len(set(found)) == len(found)
    exact = [known for known in phrases() if known.startswith(phrase[:-2])]
    assert len(exact) > 5 or phrase in found


def test_nothing_typed_completes_to_nothing() -> None:
    assert complete("  ") == [] == complete("qqq")


@pytest.mark.parametrize("parts", range(1, 6))
def test_a_prompt_of_so_many_parts(parts: int) -> None:
    for seed in range(40):
        said = random_prompt(["horse", "desert", "glacier", "savannah"], True, seed, parts)
        told = [
            any(words in said for words in group)
            for group in (["horse", "pony"], [words[0] for words in PLACE_WORDS.values()], WHEN, WEATHER, STYLES)
        ]
        assert told == [index < parts for index in range(len(PARTS))], said
        assert said == random_prompt(["horse", "desert", "glacier", "savannah"], True, seed, parts)


def test_weather_is_where_it_can_be() -> None:
    hot = [random_prompt([place, "dog"], True, seed, 4) for place in NO_SNOW for seed in range(30)]
    assert not any(words in said for said in hot for words in WEATHER_WORDS["snow"])
    deep = [random_prompt(["whale", "deep sea"], True, seed, 5) for seed in range(20)]
    assert not any(words in said for said in deep for words in (*WHEN, *WEATHER))


def test_an_unseen_prompt_of_one_part_is_a_colour_never_painted() -> None:
    assert len({random_prompt(["dog"], False, seed, 1) for seed in range(20)}) > 5


@pytest.mark.parametrize("parts", [0, 6, -1])
def test_parts_are_one_to_five(parts: int) -> None:
    with pytest.raises(BadRequest, match="from 1 to 5"):
        random_prompt(parts=parts)


@pytest.mark.parametrize("place", [words for said in PLACE_WORDS.values() for words in said])
def test_a_place_is_not_asked_for_twice(place: str) -> None:
    assert not any(words in said.removeprefix(f"a wolf in {place}") for said in suggest(f"a wolf in {place} ")
                   for words in (" in a desert", "by a tropical island"))  # fmt: skip


@pytest.mark.parametrize("when", WHEN)
def test_a_time_is_not_asked_for_twice_and_a_comma_not_doubled(when: str) -> None:
    for end in (" ", ", "):
        said = suggest(f"a cat in a desert {when}{end}")
        assert said and all(",," not in each and not any(f" {other}" in each for other in WHEN if other != when)
                            for each in said)  # fmt: skip
