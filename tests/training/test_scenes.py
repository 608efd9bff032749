"""The renderer: same index, same picture; captions say only facts; held-out pairs are never drawn."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from ddpm.prompts.subjects import SUBJECTS
from ddpm.prompts.vocabulary import (
    AURORA_NAMES,
    CATEGORIES,
    CLOTHES_COLOURS,
    COLOUR_WORDS,
    HAIR_COLOURS,
    HAIR_STYLES,
    HAIR_WORDS,
    HELD_OUT,
    HUMANS,
    PLACE_WORDS,
    PLURALS,
    SEASONS,
    STYLE_WORDS,
    SYNONYMS,
    TIME_WORDS,
    WEATHER_WORDS,
)
from ddpm.training.data.scenes.captions import captions
from ddpm.training.data.scenes.choose import choose
from ddpm.training.data.scenes.scene import Scene


def words(*phrases: str) -> set[str]:
    return {word for phrase in phrases for word in re.findall(r"[a-z]+", phrase.lower())}


GLUE = words("a an the in by at of with on under and over full lights s is day light it while")


def nouns(name: str) -> set[str]:
    said = SYNONYMS.get(name, (name,))
    return words(*said, *(PLURALS.get(noun, noun + "s") for noun in said))


def colour_words(colour: str | None) -> set[str]:
    return words(*(COLOUR_WORDS.get(colour, (colour,)))) if colour else set()


# every word that claims something: who, what colour, where, when, in which weather and style
CLAIMS = (
    set().union(
        *(nouns(name) for name in (*SUBJECTS, *HUMANS)),
        *(colour_words(c) for s in SUBJECTS.values() for d in s.drawings for c in (*d.colours, d.own)),
        words(*CLOTHES_COLOURS, *HAIR_COLOURS, *HAIR_WORDS, *SEASONS, "moon crescent milky way shooting star howling"),
        *(
            words(*table)
            for tables in (PLACE_WORDS, TIME_WORDS, WEATHER_WORDS, STYLE_WORDS)
            for table in tables.values()
        ),
        words(
            "dawn day sunset dusk night beard glasses beanie straw scarf smiling laughing old elderly young two three"
        ),
    )
    - GLUE
)


def true_of(scene: Scene) -> set[str]:
    """The claiming words that this scene's facts allow."""
    true = words(*PLACE_WORDS[scene.place], scene.place, *STYLE_WORDS[scene.style], scene.season or "", "painting")
    if not scene.underwater:
        true |= words(*TIME_WORDS[scene.time], scene.time, *WEATHER_WORDS[scene.weather])
    true |= words(f"{scene.moon} moon") if scene.moon else set()
    true |= words("the milky way") if scene.milky_way else set()
    true |= words("shooting star") if scene.shooting_star else set()
    if scene.place == "aurora borealis":
        true |= words(AURORA_NAMES[scene.aurora])
    if scene.subject:
        true |= nouns(scene.subject) | words({2: "two", 3: "three"}.get(scene.count, ""))
    if scene.afloat or scene.underwater:
        true.add("water")
    if scene.creature:
        true |= colour_words(scene.creature.colour) | words(scene.creature.adjective)
        true |= {"howling"} if scene.creature.howling else set()
    if scene.person:
        person = scene.person
        true |= words(person.hair, HAIR_WORDS[person.hairstyle], person.colour, person.garment, person.mood)
        true |= words(person.hat or "", f"{person.scarf} scarf" if person.scarf else "")
        true |= {"glasses"} if person.glasses else set()
        true |= {"beard"} if person.beard else set()
        true |= words({"old": "old elderly", "young": "young"}.get(person.age, ""))
    return true


def test_every_claim_in_a_caption_is_a_fact() -> None:
    for index in range(1500):
        scene, rng = choose(index, 3)
        for caption in captions(scene, rng):
            false = (words(caption) & CLAIMS) - true_of(scene)
            assert not false, (caption, false, scene)


def test_held_out_pairs_are_never_chosen_unless_asked_for() -> None:
    pairs = {(scene.subject, scene.place) for scene, _ in (choose(i, 5) for i in range(5000))}
    assert not pairs & HELD_OUT and len(pairs) > 150
    with pytest.raises(ValueError, match="kept apart"):
        choose(0, subject="panda", place="desert", category="Animals")
    asked, _ = choose(0, subject="panda", place="desert", category="Animals", allow_held_out=True)
    assert (asked.subject, asked.place) == ("panda", "desert")


def test_the_same_index_and_seed_make_the_same_choice_and_captions() -> None:
    for index in range(20):
        (a, rng_a), (b, rng_b) = choose(index, 7), choose(index, 7)
        assert a == b and captions(a, rng_a) == captions(b, rng_b)
    assert choose(1, 7)[0] != choose(1, 8)[0]


def test_every_hair_style_has_its_words_and_every_category_its_pictures() -> None:
    assert set(HAIR_WORDS) == {style for styles in HAIR_STYLES.values() for style in styles}
    for category in CATEGORIES:
        assert {choose(i, 1, category=category)[0].category for i in range(5)} == {category}


def test_the_same_index_and_seed_paint_the_same_picture() -> None:
    pytest.importorskip("skia", reason="painting needs skia-python, a dependency of training only")
    from ddpm.training.data.scenes import render

    for index in (0, 3):
        first, said, facts = render(index, 11)
        again, said_again, facts_again = render(index, 11)
        assert first.shape == (128, 128, 3) and first.dtype == np.uint8 and first.std() > 10
        assert np.array_equal(first, again) and said == said_again and facts == facts_again and len(said) == 4


def test_every_drawing_and_every_place_can_be_painted() -> None:
    pytest.importorskip("skia", reason="painting needs skia-python, a dependency of training only")
    from ddpm.training.data.scenes import render

    rng = random.Random(0)
    for place in PLACE_WORDS:
        assert render(rng.randrange(1000), 1, category="Scenery", place=place)[0].std() > 8
    for category in ("Humans", "Animals", "Mythical Beings"):
        for subject in CATEGORIES[category]:
            assert render(rng.randrange(1000), 1, category=category, subject=subject)[2]["subject"] == subject
