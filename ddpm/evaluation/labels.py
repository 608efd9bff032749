"""What can be seen in a scene and what a caption asks for, in the judge's words. Both come from the same facts.

A judge names what is drawn: a "guy" is drawn as a man, a "kid" as a boy or a girl, so these words are answered by any
of the drawings that fit. What a caption does not say is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ddpm.prompts.vocabulary import (
    COLOUR_WORDS,
    HUMANS,
    NIGHT_ONLY,
    PLACE_WORDS,
    SIDE_WORDS,
    STYLE_WORDS,
    TIME_WORDS,
    WEATHER_WORDS,
)

HEADS = ("subject", "place", "time", "number", "colour", "hair")
COUNTS = {"1": "one", "2": "two", "3": "three"}  # questions of their own: two and three are harder than one
NOTHING = "nothing"  # the subject of a landscape
ANSWERS = {"guy": ("man",), "teen": ("man", "woman"), "kid": ("boy", "girl")}  # words and the drawings that fit them

Labels = dict[str, str]


def labels(facts: Mapping[str, Any]) -> Labels:
    """What is seen in a render: one word a head; a head that has no answer is absent (time under water)."""
    person = facts.get("person")
    seen = {"place": str(facts["place"]), "subject": NOTHING, "number": str(facts.get("count") or 0)}
    if not facts.get("underwater"):
        seen["time"] = str(facts["time"])
    if person:
        child = person["age"] == "child"
        seen["subject"] = ("boy" if child else "man") if person["sex"] == "m" else ("girl" if child else "woman")
        seen["colour"] = str(person["colour"])
        if person["hairstyle"] != "bald":
            seen["hair"] = str(person["hair"])
    elif facts.get("subject"):
        seen["subject"] = str(facts["subject"])
        if facts.get("colour"):
            seen["colour"] = str(facts["colour"])
    return seen


def vocabulary(sets: Iterable[Labels]) -> dict[str, tuple[str, ...]]:
    """The words of each head that has any, in the order of the alphabet."""
    words: dict[str, set[str]] = {head: set() for head in HEADS}
    for seen in sets:
        for head, word in seen.items():
            words[head].add(word)
    return {head: tuple(sorted(found)) for head, found in words.items() if found}


def asked(caption: str, facts: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Of the facts of a picture those that its caption says: head -> the readings that answer it."""
    seen, said = labels(facts), caption.lower()
    questions: dict[str, tuple[str, ...]] = {}
    subject = facts.get("subject")
    if subject:
        questions["subject"] = ANSWERS.get(subject, (seen["subject"],)) if subject in HUMANS else (str(subject),)
        questions[COUNTS[seen["number"]]] = (seen["number"],)
    else:
        questions["subject"] = (NOTHING,)
    if any(_says(said, words) for words in _places(seen["place"])):
        questions["place"] = (seen["place"],)
    time = seen.get("time")
    if time and seen["place"] not in NIGHT_ONLY and any(_says(said, words) for words in TIME_WORDS[time]):
        questions["time"] = (time,)
    person = facts.get("person")
    colour = seen.get("colour")
    if colour and person and _says(said, f"{colour} {person['garment']}"):
        questions["colour"] = (colour,)
    elif colour and not person and any(_says(_rest(said, facts), word) for word in COLOUR_WORDS.get(colour, (colour,))):
        questions["colour"] = (colour,)
    side = facts.get("side")
    if any(_says(said, words) for words in SIDE_WORDS.get(str(side), ())):
        questions["side"] = (str(side),)
    if "hair" in seen and re.search(rf"\b{seen['hair']}( \w+)? (hair|ponytail|braids)", said):
        questions["hair"] = (seen["hair"],)
    return questions


def _rest(caption: str, facts: Mapping[str, Any]) -> str:
    """The caption without what it says of place, time, weather and style, which have colours of their own."""
    tables = {"time": TIME_WORDS, "weather": WEATHER_WORDS, "style": STYLE_WORDS}
    said = (words.lower() for name, table in tables.items() for words in table.get(str(facts.get(name)), ()))
    phrases = {*_places(facts["place"]), *filter(None, said)}
    for words in sorted(phrases, key=len, reverse=True):
        caption = re.sub(rf"(?<![\w-]){re.escape(words)}(?![\w-])", " ", caption)
    return caption


def right(questions: Mapping[str, tuple[str, ...]], reading: Mapping[str, str]) -> dict[str, bool]:
    """Which questions a reading answers."""
    read = dict(reading) | dict.fromkeys(COUNTS.values(), reading.get("number"))
    return {head: read.get(head) in answers for head, answers in questions.items()}


def _places(place: str) -> tuple[str, ...]:
    """The words for a place, without their articles."""
    return (place, *(re.sub(r"^(a|an|the) ", "", words.lower()) for words in PLACE_WORDS[place]))


def _says(caption: str, words: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(words.lower())}(?![\w-])", caption) is not None
