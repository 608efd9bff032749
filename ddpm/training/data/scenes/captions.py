"""True sentences about a picture, in the manner of prompts: only what the facts say, never what one might guess."""

from __future__ import annotations

import random
from typing import NamedTuple

from ddpm.prompts.phrases import NUMBERS, article, plural, preposition
from ddpm.prompts.vocabulary import (
    AURORA_NAMES,
    COLOUR_WORDS,
    HAIR_WORDS,
    NIGHT_ONLY,
    PLACE_WORDS,
    STYLE_WORDS,
    SYNONYMS,
    TIME_WORDS,
    WEATHER_WORDS,
    habitat,
)
from ddpm.training.data.scenes.scene import Creature, Person, Scene


def captions(scene: Scene, rng: random.Random) -> list[str]:
    """Short, middle, long and tag-like."""
    short = _sentence(rng, scene, False)
    if rng.random() < 0.15:
        short = scene.subject or scene.place
        if scene.subject and scene.count > 1:
            short = f"{NUMBERS[scene.count]} {plural(short)}"
    middle = _in_style(rng, scene, _sentence(rng, scene, rng.random() < 0.4))
    long = f"{_sentence(rng, scene, True)}, {_style(rng, scene)}"
    alone = scene.count == 1 and scene.view != "portrait" and scene.side in ("left", "right")
    if alone and rng.random() < 0.5:
        long += f", on the {scene.side}"
    tags = [_sentence(rng, scene, False), _style(rng, scene)]
    if not scene.underwater:
        tags.append(f"{scene.time} light")
    said = [short, middle, long, ", ".join(tags)]
    return [each[0].upper() + each[1:] if rng.random() < 0.5 else each for each in said]


def _sentence(rng: random.Random, scene: Scene, full: bool) -> str:
    """Who, doing what, where and when; `full` says all that is known of them."""
    where, when = _where(rng, scene), _when(rng, scene, full)
    if scene.subject is None:
        place = where.place
        if full and rng.random() < 0.5:
            place = rng.choice(("a view of ", "a beautiful landscape of ", "a painting of ")) + place
        return " ".join([place, *when])
    who = _person(rng, scene.person, full) if scene.person else _creature(rng, scene, scene.subject, full)
    if scene.view == "portrait" and rng.random() < 0.5:
        who = rng.choice(("a portrait of ", "portrait of ", "a close-up of ")) + who
    elif scene.view == "far" and rng.random() < 0.4:
        who += " in the distance"
    return " ".join(part for part in (who, _deed(rng, scene), where.preposition, where.place, *when) if part)


def _person(rng: random.Random, person: Person, full: bool) -> str:
    age = {"old": ("old ", "elderly "), "young": ("young ", "")}.get(person.age, ("",))
    said = rng.choice(age) + rng.choice(SYNONYMS.get(person.kind, (person.kind,)))
    if person.mood != "calm" and rng.random() < 0.35:
        said = f"{person.mood} {said}"
    parts = [article(said)]
    if full or rng.random() < 0.6:
        hair = HAIR_WORDS[person.hairstyle].format(person.hair)
        parts.append(f"with {hair} and a beard" if person.beard and full else f"with {hair}")
    wears = [article(f"{person.colour} {person.garment}")]
    if person.glasses and (full or rng.random() < 0.6):
        wears.append("glasses")
    if person.hat and (full or rng.random() < 0.8):
        wears.append(article(person.hat))
    if person.scarf and (full or rng.random() < 0.5):
        wears.append(article(f"{person.scarf} scarf"))
    if full or rng.random() < 0.6:
        parts.append("wearing " + (f"{', '.join(wears[:-1])} and {wears[-1]}" if len(wears) > 1 else wears[0]))
    return " ".join(parts)


def _creature(rng: random.Random, scene: Scene, subject: str, full: bool) -> str:
    creature = scene.creature
    assert isinstance(creature, Creature)
    noun = rng.choice(SYNONYMS.get(subject, (subject,)))
    words = [creature.adjective] if rng.random() < (0.55 if full else 0.3) else []
    if creature.howling and (full or rng.random() < 0.6):
        words = ["howling"]
    if creature.colour and (full or rng.random() < 0.7):
        words.append(rng.choice(COLOUR_WORDS.get(creature.colour, (creature.colour,))))
    if scene.count > 1:
        return " ".join([NUMBERS[scene.count], *words, plural(noun)])
    return article(" ".join([*words, noun]))


def _deed(rng: random.Random, scene: Scene) -> str:
    if scene.person:
        if scene.view == "portrait":
            return ""
        return "under water" if scene.underwater else rng.choice(("standing", ""))
    if scene.underwater:
        return rng.choice(("swimming", "floating", "swimming"))
    if scene.afloat:
        return rng.choice(("rising from the water", "in the water", "emerging from the water"))
    if scene.perched:
        return rng.choice(("", "standing", "perched"))
    subject = scene.subject or ""
    match habitat(subject), subject:
        case "air", _:
            return rng.choice(("flying", "hovering" if subject == "fairy" else "soaring", ""))
        case "water", _:
            return rng.choice(("floating", "flying"))
        case _, "panda":
            return rng.choice(("sitting", "eating bamboo", ""))
        case _, "dragon":
            return ""
    return rng.choice(("", "", "standing"))


class _Where(NamedTuple):
    """A place and the word that puts somebody there."""

    preposition: str
    place: str


def _where(rng: random.Random, scene: Scene) -> _Where:
    words = rng.choice(PLACE_WORDS[scene.place])
    if scene.season and rng.random() < 0.5:
        words += f" in {scene.season}"
    return _Where(preposition(scene.place, scene.subject, afloat=scene.afloat, perched=scene.perched), words)


def _when(rng: random.Random, scene: Scene, full: bool) -> list[str]:
    """Time, weather and lights of the sky; under water there are none."""
    if scene.underwater:
        return []
    said = []
    if scene.place not in NIGHT_ONLY and (full or rng.random() < 0.75):
        said.append(rng.choice(TIME_WORDS[scene.time]))
    weather = WEATHER_WORDS[scene.weather]
    if weather and (full or rng.random() < 0.7):
        said.append(rng.choice(weather))
    if scene.moon and (full or rng.random() < 0.4):
        said.append(f"with {article(scene.moon + ' moon')}")
    if scene.milky_way and rng.random() < 0.6:
        said.append("with the milky way")
    if scene.shooting_star and rng.random() < 0.6:
        said.append("and a shooting star")
    if scene.place == "aurora borealis" and full:
        said.append(f"with {AURORA_NAMES[scene.aurora]} lights")
    return said


def _style(rng: random.Random, scene: Scene) -> str:
    return rng.choice(STYLE_WORDS[scene.style])


def _in_style(rng: random.Random, scene: Scene, said: str) -> str:
    if scene.style == "storybook" or rng.random() < 0.5:
        return said
    return (
        f"{said} in soft pastel colors"
        if scene.style == "pastel"
        else f"{article(STYLE_WORDS[scene.style][0])} of {said}"
    )
