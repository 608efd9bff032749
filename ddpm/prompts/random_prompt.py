"""Random prompts by category, of combinations that the scenes model was trained on or has never seen, and suggestions.

The renderer decides what is a trained combination: the same tables, so a prompt with seen=True has pictures like it in
the training data, and one with seen=False has none.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Sequence

from ddpm.errors import BadRequest
from ddpm.prompts.phrases import article, preposition
from ddpm.prompts.subjects import SUBJECTS, VIVID
from ddpm.prompts.vocabulary import (
    CATEGORIES,
    CLOTHES_COLOURS,
    GARMENTS,
    HAIR_COLOURS,
    HELD_OUT,
    HUMANS,
    LAND,
    NIGHT_ONLY,
    NO_SNOW,
    PERCHED,
    PLACE_WORDS,
    PLACES,
    STYLE_WORDS,
    SYNONYMS,
    TIME_WORDS,
    UNDERWATER,
    WATERSIDE,
    WEATHER_WORDS,
    habitat,
)

UNSEEN_HAIR = ("green", "purple", "orange")  # never painted on a head


def random_prompt(categories: Sequence[str] | None = None, seen: bool | None = None, seed: int = 0) -> str:
    """A prompt, always the same for the same arguments.

    categories: names of CATEGORIES ("Animals") or of what is in them ("dog", "desert"); None or empty: any. A place
    beside a creature says where it is to stand. seen: True, a combination with renders in the training data; False, one
    without; None, either.
    """
    rng = random.Random(seed)
    subjects, places, landscape = _chosen(categories or list(CATEGORIES))
    if seen is None:
        seen = rng.random() < 0.8
    if not subjects or (landscape and rng.random() < 0.25):
        return _landscape(rng, rng.choice(places), seen)
    if not seen:
        pairs = [pair for pair in sorted(HELD_OUT) if pair[0] in subjects and pair[1] in places]
        if pairs:
            return _scene(rng, *rng.choice(pairs), seen=True)  # the pair is the news; everything else is familiar
    subject = rng.choice(subjects)
    drawn = [place for place in places if place in usual_places(subject)]
    if seen and not drawn:
        return _landscape(rng, rng.choice(places), seen)
    return _scene(rng, subject, rng.choice(drawn or places), seen=seen)


def usual_places(subject: str) -> tuple[str, ...]:
    """Where the renderer commonly paints this subject; held-out pairs are not among them."""
    there = (*UNDERWATER, *WATERSIDE) if habitat(subject) == "water" else LAND
    return tuple(place for place in there if (subject, place) not in HELD_OUT)


def suggest(prefix: str, limit: int = 5) -> list[str]:
    """Whole prompts that begin with what is typed: the last words completed from the vocabulary, or the next phrase."""
    words = prefix.lstrip().split(" ")
    for start in range(max(0, len(words) - 5), len(words) if words[-1] else 0):
        tail = " ".join(words[start:])
        known = _NOUNS if start and words[start - 1].lower() in _COLOURS else _PHRASES
        found = [phrase for phrase in known if phrase.startswith(tail.lower()) and phrase != tail.lower()]
        if found:
            head = " ".join(words[:start])
            return [f"{head} {phrase}".lstrip() for phrase in found[:limit]]
    said = prefix.strip()
    return [f"{said}{',' * (phrase in _STYLES)} {phrase}".lstrip() for phrase in _next(said.lower())[:limit]]


def _chosen(names: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """-> subjects, places they may stand in, and whether landscapes without a subject are asked for."""
    subjects: list[str] = []
    places: list[str] = []
    landscape = False
    for name in names:
        if name == "Scenery":
            landscape = True
        elif name in CATEGORIES:
            subjects += CATEGORIES[name]
        elif name in PLACES:
            places.append(name)
        elif name in HUMANS or name in SUBJECTS:
            subjects.append(name)
        else:
            known = [*CATEGORIES, *HUMANS, *SUBJECTS, *PLACES]
            near = difflib.get_close_matches(name, known, 1, 0.0)[0]
            raise BadRequest(f"categories: {name!r} is not one of them; the nearest is {near!r}.", "categories")
    return subjects, places or list(PLACES), landscape


def _scene(rng: random.Random, subject: str, place: str, *, seen: bool) -> str:
    who, perched = _person(rng, subject, seen) if subject in HUMANS else _creature(rng, subject, seen)
    water, under = habitat(subject) == "water", place in UNDERWATER
    afloat = water and place in WATERSIDE
    deed = ""
    if subject not in HUMANS and not perched:
        if under:
            deed = "swimming"
        elif afloat:
            deed = rng.choice(("in the water", "rising from the water"))
        elif habitat(subject) == "air":
            deed = rng.choice(("flying", ""))
    where = preposition(place, subject, afloat=afloat, perched=perched)
    return " ".join(part for part in (who, deed, where, PLACE_WORDS[place][0], _when(rng, place)) if part) + _style(rng)


def _landscape(rng: random.Random, place: str, seen: bool) -> str:
    said = rng.choice(PLACE_WORDS[place])
    if seen:
        return " ".join(part for part in (said, _when(rng, place)) if part) + _style(rng)
    # The renderer paints day under water, night at these two, no snow where it is hot, and one place a picture.
    if place in UNDERWATER:
        return f"{said} {rng.choice(TIME_WORDS['night'])}" + _style(rng)
    if place in NIGHT_ONLY:
        return f"{said} {rng.choice(TIME_WORDS['dawn'])}" + _style(rng)
    if place in NO_SNOW:
        return f"{said} {rng.choice(WEATHER_WORDS['snow'])}" + _style(rng)
    return f"{said} under the northern lights" + _style(rng)


def _person(rng: random.Random, kind: str, seen: bool) -> tuple[str, bool]:
    hair = rng.choice(HAIR_COLOURS[:4] if seen else UNSEEN_HAIR)
    said = article(rng.choice(SYNONYMS.get(kind, (kind,)))) + f" with {hair} hair"
    if rng.random() < 0.6:
        said += f" wearing {article(rng.choice(CLOTHES_COLOURS) + ' ' + rng.choice(GARMENTS))}"
    return said, False


def _creature(rng: random.Random, name: str, seen: bool) -> tuple[str, bool]:
    """-> the words for it, and whether it is one of the drawings that sit."""
    subject = SUBJECTS[name]
    drawing = rng.choice(subject.drawings)
    colour = rng.choice(drawing.colours) or drawing.own
    if not seen:
        painted = {
            word for each in subject.drawings for said in (*each.colours, each.own) if said for word in said.split()
        }
        colour = rng.choice([word for word in (*VIVID, "pink", "orange") if word not in painted])
    noun = rng.choice(SYNONYMS.get(name, (name,)))
    words = [rng.choice(subject.adjectives)] if rng.random() < 0.3 else []
    return article(" ".join([*words, *([colour] if colour else []), noun])), drawing.art in PERCHED


def _when(rng: random.Random, place: str) -> str:
    if place in UNDERWATER or place in NIGHT_ONLY:
        return ""
    return rng.choice(TIME_WORDS[rng.choice(list(TIME_WORDS))]) if rng.random() < 0.75 else ""


def _style(rng: random.Random) -> str:
    return f", {rng.choice(STYLE_WORDS[rng.choice(list(STYLE_WORDS))])}" if rng.random() < 0.2 else ""


_NOUNS: list[str] = [noun for name in (*SUBJECTS, *HUMANS) for noun in dict.fromkeys(SYNONYMS.get(name, (name,)))]
_COLOURS: tuple[str, ...] = tuple(dict.fromkeys((*CLOTHES_COLOURS, "golden", "silver", "grey", "brown")))
_WHERE = [f"{preposition(place)} {words[0]}" for place, words in PLACE_WORDS.items()]
_WHEN = [words[0] for words in TIME_WORDS.values()]
_WEATHER = [phrase for words in WEATHER_WORDS.values() for phrase in words[:1]]
_STYLES = [words[0] for words in STYLE_WORDS.values()]
_WHO = [article(noun) for noun in _NOUNS]
_PHRASES = list(
    dict.fromkeys(
        [*_WHO, *_NOUNS, *_COLOURS, *_WHERE, *(p for words in PLACE_WORDS.values() for p in words)]
        + [*_WHEN, *_WEATHER, *_STYLES]
    )
)


def _next(said: str) -> list[str]:
    """What a prompt lacks first: a subject, a place, a time, a style."""
    words = said.replace(",", " ").split()
    if not words:
        return [
            f"{article(colour)} {noun}" for colour, noun in (("red", "dragon"), ("white", "cat"), ("blue", "whale"))
        ] + _WHO
    if words[-1] in _COLOURS or words[-1] in ("a", "an", "the"):
        return _NOUNS
    if not any(place in said for place in (*PLACES, "jungle", "dunes")):
        return _WHERE
    if not any(phrase in said for phrase in (*_WHEN, *NIGHT_ONLY, *UNDERWATER)):
        return _WHEN
    return [phrase for phrase in _STYLES if phrase not in said]
