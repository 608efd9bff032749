"""Suggestions while one types: the words of the scenes model that begin so, or that are spelt almost so."""

from __future__ import annotations

import difflib
from functools import cache
from itertools import chain

from ddpm.prompts.phrases import article, preposition
from ddpm.prompts.subjects import SUBJECTS
from ddpm.prompts.vocabulary import (
    CLOTHES_COLOURS,
    HUMANS,
    NIGHT_ONLY,
    PLACE_WORDS,
    PLACES,
    STYLE_WORDS,
    SYNONYMS,
    TIME_WORDS,
    UNDERWATER,
    WEATHER_WORDS,
)

MOST = 5
ALIKE = 0.75  # of difflib's ratio, from which on a word counts as misspelt; "dargon" and "dragon" have 0.83
SHORTEST = 3  # letters from which on a word can be misspelt
LONGEST_PHRASE = 5  # words


def suggest(prefix: str, limit: int = MOST) -> list[str]:
    """Whole prompts for what is typed: its last words completed, or mended, or, after a space, the next phrase."""
    words = prefix.lstrip().split(" ")
    if words[-1]:
        starts = range(max(0, len(words) - LONGEST_PHRASE), len(words))
        tails = [" ".join(words[start:]).lower() for start in starts]
        right = any(tail in phrases() for tail in tails)
        for find in (_beginning,) if right else (_beginning, _alike):
            for start, tail in zip(starts, tails, strict=True):
                known = _NOUNS if start and words[start - 1].lower() in _COLOURS else phrases()
                if found := find(tail, known):
                    return [" ".join([*words[:start], phrase]) for phrase in found[:limit]]
    said = prefix.strip(", ")
    return [f"{said}{',' * (phrase in _STYLES)} {phrase}".lstrip() for phrase in _next(said.lower())[:limit]]


def complete(typed: str, limit: int = MOST) -> list[str]:
    """Phrases alone, not whole prompts: those that begin so, else those that are spelt almost so."""
    typed = typed.strip().lower()
    return (_beginning(typed, phrases()) or _alike(typed, phrases()))[:limit] if typed else []


def _beginning(typed: str, known: tuple[str, ...]) -> list[str]:
    return [phrase for phrase in known if phrase.startswith(typed) and phrase != typed]


def _alike(typed: str, known: tuple[str, ...]) -> list[str]:
    """Phrases of as many words, spelt almost so."""
    if len(typed) < SHORTEST:
        return []
    return difflib.get_close_matches(typed, [phrase for phrase in known if len(phrase.split()) == len(typed.split())],
                                     MOST, ALIKE)  # fmt: skip


@cache
def phrases() -> tuple[str, ...]:
    """Everything that is suggested, subjects first."""
    weather = [words[0] for words in WEATHER_WORDS.values() if words]
    places = [words for said in PLACE_WORDS.values() for words in said]
    return tuple(dict.fromkeys([*_WHO, *_NOUNS, *_COLOURS, *_WHERE, *places, *_WHEN, *weather, *_STYLES]))


_NOUNS = tuple(noun for name in (*SUBJECTS, *HUMANS) for noun in dict.fromkeys(SYNONYMS.get(name, (name,))))
_COLOURS = tuple(dict.fromkeys((*CLOTHES_COLOURS, "golden", "silver", "grey", "brown")))
_WHO = [article(noun) for noun in _NOUNS]
_WHERE = [f"{preposition(place)} {words[0]}" for place, words in PLACE_WORDS.items()]
_PLACES = (*PLACES, *(words.split(" ", 1)[-1] for words in chain(*PLACE_WORDS.values())))  # without the article
_WHEN = [words[0] for words in TIME_WORDS.values()]
_STYLES = [words[0] for words in STYLE_WORDS.values()]


def _next(said: str) -> list[str]:
    """What a prompt lacks first: a subject, a place, a time, a style."""
    words = said.replace(",", " ").split()
    if not words:
        return [f"{article(colour)} {noun}" for colour, noun in (("red", "dragon"), ("white", "cat"))] + _WHO
    if words[-1] in _COLOURS or words[-1] in ("a", "an", "the"):
        return list(_NOUNS)
    if not any(place in said for place in _PLACES):
        return _WHERE
    timeless = (words for place in (*NIGHT_ONLY, *UNDERWATER) for words in (place, *PLACE_WORDS[place]))
    if not any(phrase in said for phrase in (*chain(*TIME_WORDS.values()), *timeless)):
        return _WHEN
    return [phrase for phrase in _STYLES if phrase not in said]
