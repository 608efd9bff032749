"""The words of the scenes model in groups, as the page's help teaches them; every group has a sheet in assets/help."""

from __future__ import annotations

from typing import NamedTuple

from ddpm.prompts.phrases import article, preposition
from ddpm.prompts.vocabulary import (
    CATEGORIES,
    HUMANS,
    PLACE_WORDS,
    PLACES,
    SIDE_WORDS,
    STYLE_WORDS,
    TIME_WORDS,
    WEATHER_WORDS,
)

COLOURS = ("red", "blue", "green", "golden", "purple", "black", "white", "teal", "silver")  # of dragons, for example


class Group(NamedTuple):
    """Words of one kind."""

    title: str
    file: str  # of its sheet, without .webp; the pictures stand in the order of `words`
    fact: str  # which of a render's facts the words name
    words: tuple[str, ...]  # keys of the vocabulary
    said: tuple[str, ...]  # the same as they are written in a prompt
    hint: str


def _subjects(title: str, file: str, words: tuple[str, ...], hint: str) -> Group:
    return Group(title, file, "subject", words, tuple(article(word) for word in words), hint)


GROUPS: tuple[Group, ...] = (
    _subjects("People", "humans", HUMANS, "With hair, clothes, a hat: a girl with red hair in a blue dress."),
    _subjects("Animals", "animals", CATEGORIES["Animals"], "With a colour: a white wolf."),
    _subjects("Mythical beings", "mythical", CATEGORIES["Mythical Beings"], "They take any colour below."),
    Group("Colours", "colours", "colour", COLOURS, COLOURS, "Before the noun: a red dragon."),
    Group(
        "How many, and where", "arranged", "arranged", ("two", "three", "left", "right"),
        ("two cats", "three cats", SIDE_WORDS["left"][0], SIDE_WORDS["right"][0]),
        "Up to three of one kind; or one, and the side it stands on: a horse in a desert on the left.",
    ),
    Group(
        "Places", "places", "place", PLACES,
        tuple(f"{preposition(place)} {words[0]}" for place, words in PLACE_WORDS.items()),
        "With somebody in them, or alone: a volcano at night.",
    ),
    Group(
        "Time", "times", "time", tuple(TIME_WORDS), tuple(words[0] for words in TIME_WORDS.values()),
        "After the place.",
    ),
    Group(
        "Weather", "weather", "weather", tuple(name for name, words in WEATHER_WORDS.items() if words),
        tuple(words[0] for words in WEATHER_WORDS.values() if words), "After the time. Not under water.",
    ),
    Group(
        "Style", "styles", "style", tuple(STYLE_WORDS), tuple(words[0] for words in STYLE_WORDS.values()),
        "At the end, after a comma.",
    ),
)  # fmt: skip
