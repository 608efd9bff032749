"""True sentences about a picture, in the manner of prompts: only what the facts say, never what one might guess."""

from __future__ import annotations

import random
from typing import NamedTuple

from ddpm.prompts.phrases import NUMBERS, article, plural, preposition
from ddpm.prompts.vocabulary import (
    AURORA_NAMES,
    COLOUR_WORDS,
    DEED_WORDS,
    FAR_WORDS,
    HAIR_WORDS,
    NIGHT_ONLY,
    PLACE_WORDS,
    SIDE_WORDS,
    STYLE_WORDS,
    SYNONYMS,
    TIME_WORDS,
    WEATHER_WORDS,
)
from ddpm.training.data.scenes.scene import Creature, Person, Scene


def captions(scene: Scene) -> list[str]:
    """Short, middle, long and tag-like; the same for the same scene, whatever has been painted."""
    rng = random.Random(f"{scene.seed}:{scene.index}:words")
    short = _sentence(rng, scene, False)
    if rng.random() < 0.15:
        short = _bare(scene)
    middle = _in_style(rng, scene, _sentence(rng, scene, rng.random() < 0.4))
    long = f"{_sentence(rng, scene, True)}, {_style(rng, scene)}"
    tags = [_sentence(rng, scene, False), _style(rng, scene)]
    if not scene.underwater:
        tags.append(f"{scene.time} light")
    if scene.count == 1 and scene.side in SIDE_WORDS:
        side = rng.choice(SIDE_WORDS[scene.side])
        long += f", {side}" if rng.random() < 0.8 else ""
        middle += f", {side}" if rng.random() < 0.8 else ""
        tags += [side] if rng.random() < 0.8 else []
    said = [short, middle, long, ", ".join(tags)]
    return [each[0].upper() + each[1:] if rng.random() < 0.5 else each for each in said]


def _bare(scene: Scene) -> str:
    """The table's word and nothing else."""
    if scene.subject and scene.count > 1:
        return f"{NUMBERS[scene.count]} {plural(scene.subject)}"
    return scene.subject or scene.place


def _sentence(rng: random.Random, scene: Scene, full: bool) -> str:
    """Who, doing what, where and when; `full` says all that is known of them."""
    where, when = _where(rng, scene), _when(rng, scene, full)
    if scene.subject is None:
        place = where.place
        if full and rng.random() < 0.5:
            place = rng.choice(("a view of ", "a beautiful landscape of ", "a painting of ")) + place
        return " ".join([place, *when])
    who = _person(rng, scene, scene.person, full) if scene.person else _creature(rng, scene, scene.subject, full)
    if scene.view == "portrait" and rng.random() < 0.6:
        who = rng.choice(("a portrait of ", "portrait of ", "a close-up of ")) + who
    elif scene.view == "far":
        who = f"{who} {rng.choice(FAR_WORDS)}"
    deed = rng.choice(DEED_WORDS[scene.deed])
    return " ".join(part for part in (who, deed, where.preposition, where.place, *when) if part)


def _person(rng: random.Random, scene: Scene, person: Person, full: bool) -> str:
    """A face's details are said of portraits only: on a whole figure they cannot be seen."""
    near = scene.view == "portrait"
    age = {"old": ("old ", "elderly "), "young": ("young ", "")}.get(person.age, ("",)) if near else ("",)
    said = rng.choice(SYNONYMS[person.kind])
    if not said.startswith(("young", "little")):
        said = rng.choice(age) + said
    if near and person.mood != "calm" and rng.random() < 0.35:
        said = f"{person.mood} {said}"
    parts = [article(said)]
    hides = person.hat is not None and person.hairstyle in ("short", "swept", "bald", "bun", "curly")
    if not hides and (full or rng.random() < 0.6):
        hair = HAIR_WORDS[person.hairstyle].format(person.hair)
        parts.append(f"with {hair} and a beard" if person.beard and near and full else f"with {hair}")
    wears = [article(f"{person.colour} {person.garment}")]
    if near and person.glasses and (full or rng.random() < 0.7):
        wears.append("glasses")
    if person.hat and (full or rng.random() < 0.8):
        wears.append(article(person.hat))
    if person.scarf and (full or rng.random() < 0.5):
        wears.append(article(f"{person.scarf} scarf"))
    if full or rng.random() < 0.6:
        verb = rng.choice(("wearing", "wearing", "in"))
        parts.append(f"{verb} " + (f"{', '.join(wears[:-1])} and {wears[-1]}" if len(wears) > 1 else wears[0]))
    return " ".join(parts)


def _creature(rng: random.Random, scene: Scene, subject: str, full: bool) -> str:
    creature = scene.creature
    assert isinstance(creature, Creature)
    noun = rng.choice(SYNONYMS[subject])
    if creature.noun and rng.random() < 0.6:
        noun = creature.noun
    words = [creature.adjective] if rng.random() < (0.55 if full else 0.3) else []
    after = ""
    if full or rng.random() < 0.75:
        colour = rng.choice(COLOUR_WORDS.get(creature.colour, (creature.colour,))) if creature.colour else ""
        if creature.also:
            after = " " + creature.also.format(colour)
        elif colour:
            words.append(colour)
    if scene.count > 1:
        return " ".join([NUMBERS[scene.count], *words, plural(noun)]) + after
    return article(" ".join([*words, noun])) + after


class _Where(NamedTuple):
    """A place and the word that puts somebody there."""

    preposition: str
    place: str


def _where(rng: random.Random, scene: Scene) -> _Where:
    words = rng.choice(PLACE_WORDS[scene.place])
    if scene.season and rng.random() < 0.5:
        words += f" in {scene.season}"
    sits = scene.perched or scene.view == "portrait"
    return _Where(preposition(scene.place, scene.subject, afloat=scene.afloat, perched=sits), words)


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
