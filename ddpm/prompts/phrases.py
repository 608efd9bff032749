"""English for the tables: articles, plurals, prepositions. Shared by the captions of renders and the random prompts."""

from __future__ import annotations

from ddpm.prompts.vocabulary import AIR_PREP, HUMANS, PLACE_PREP, PLURALS, UNDERWATER, habitat

NUMBERS = {2: "two", 3: "three"}


def article(phrase: str) -> str:
    """'owl' -> 'an owl'; 'unicorn'-like words with a consonant's sound do not occur in the tables."""
    return ("an " if phrase[0] in "aeio" else "a ") + phrase


def plural(noun: str) -> str:
    return PLURALS.get(noun, noun + "s")


def preposition(place: str, subject: str | None = None, *, afloat: bool = False, perched: bool = False) -> str:
    """What puts a subject there: by a lake, over it when it flies, in it when it swims."""
    if afloat and place == "mountain lake":
        return "in"
    flies = subject is not None and subject not in HUMANS and habitat(subject) == "air"
    if flies and not perched and not afloat and place not in UNDERWATER:
        return AIR_PREP.get(place, PLACE_PREP[place])
    return PLACE_PREP[place]
