"""index -> what is in the picture. Nothing is painted here, so the choice can be tested without skia.

The order of draws from `rng` is part of "same index and seed, same picture": a new draw goes to the end.
"""

from __future__ import annotations

import random

from ddpm.prompts.deeds import deed, fits, plainest
from ddpm.prompts.subjects import SUBJECTS
from ddpm.prompts.vocabulary import (
    AURORA_NAMES,
    CATEGORIES,
    CHILDREN,
    CLOTHES_COLOURS,
    EYE_COLOURS,
    GARMENTS,
    HAIR_STYLES,
    HELD_OUT,
    LAND,
    MALE,
    NIGHT_ONLY,
    NO_SNOW,
    PLACES,
    SEASONS,
    SKINS,
    STYLE_WORDS,
    TIME_WORDS,
    UNDERWATER,
    WATERSIDE,
    WEATHER_WORDS,
    habitat,
)
from ddpm.training.data.scenes.scene import Creature, Person, Scene

ONE_CREATURE = ("leviathan", "qilin", "dragon", "mermaid")  # too large for two in a picture
SHARES = (3, 4, 3.5, 1.5)  # of the categories, in their order: places show behind every subject, so few are bare
PLAIN_SIZE = 1.12  # of the smaller creatures, where pictures are plain
DREAM = 0.03  # share of land and air subjects that are put under water


def choose(
    index: int,
    seed: int = 0,
    *,
    category: str | None = None,
    subject: str | None = None,
    place: str | None = None,
    allow_held_out: bool = False,
    plain: bool = False,
    arranged: bool = False,
) -> tuple[Scene, random.Random]:
    """All facts about one picture, and the generator that paints on. Held-out pairs never, unless asked for.

    plain: each creature in one drawing, near, alone, in the middle, facing one way, and people as portraits. A network
    learns these far sooner, as it does faces that are all framed alike.
    arranged: plain, but two or three of them, or one on the left or right: what plain pictures cannot teach.
    """
    rng = random.Random(f"{seed}:{index}")
    category = category or rng.choices(list(CATEGORIES), SHARES)[0]
    if category != "Scenery":
        subject = subject or rng.choice(CATEGORIES[category])
    where = _choose_place(rng, subject, place, allow_held_out)
    scene = _circumstances(rng, Scene(
        index, seed, category, subject, where, where in UNDERWATER,
        "day", "clear", None, None, False, False, False, False, "storybook", False, plain=plain or arranged,
    ))  # fmt: skip
    if subject:
        scene.count = 1
        scene.side = rng.choices(("centre", "left", "right"), (4, 1, 1))[0]
        if category == "Humans":
            scene.person = _person(rng, subject, allow_held_out or ("girl", where) not in HELD_OUT)
            scene.view = "portrait" if rng.random() < 0.5 else "full body"
            scene.deed = "none" if scene.view == "portrait" else _pastime(rng, scene)
        else:
            _creature(rng, scene, subject)
    scene.sun_x = rng.uniform(18, 110)
    scene.moon_y = rng.uniform(14, 34)
    scene.aurora = rng.randrange(len(AURORA_NAMES))
    if scene.plain:
        _simplify(scene, random.Random(f"{seed}:{index}:plain"))
    if arranged and subject:
        _arrange(scene, subject, random.Random(f"{seed}:{index}:arranged"))
    return scene, rng


def _simplify(scene: Scene, rng: random.Random) -> None:
    if scene.subject:
        scene.count, scene.side = 1, "centre"
        scene.view = "portrait" if scene.person or scene.view == "portrait" else "near"
        scene.deed = "none" if scene.person else scene.deed
    if rng.random() < 0.8:
        scene.style = "storybook"
    if scene.weather != "clear" and rng.random() < 0.5:
        open_sky = scene.place not in NIGHT_ONLY and not scene.underwater
        scene.weather = "clouds" if open_sky and rng.random() < 0.4 else "clear"


def _arrange(scene: Scene, subject: str, rng: random.Random) -> None:
    """Two or three that stand in a row, where so many fit; else one at a side, near or a little off."""
    alone = scene.view == "portrait" or scene.afloat or subject in ONE_CREATURE
    scene.count = 1 if alone else rng.choices((1, 2, 3), (2, 3, 3))[0]
    if scene.count == 1:
        scene.side = rng.choice(("left", "right"))
    if scene.count > 1 or (scene.view == "near" and rng.random() < 0.5):
        scene.view = "middle"


def _choose_place(rng: random.Random, subject: str | None, wish: str | None, allow_held_out: bool) -> str:
    while True:
        if wish:
            place = wish
        elif subject is None:
            place = rng.choice(PLACES)
        elif habitat(subject) == "water":
            waters = [rng.choice(list(UNDERWATER)), rng.choice(WATERSIDE), "night sky"]
            place = rng.choices(waters, (6, 5, 0.4))[0]
        else:
            place = rng.choice(LAND) if rng.random() < 1 - DREAM else rng.choice(list(UNDERWATER))
        if allow_held_out or (subject, place) not in HELD_OUT:
            return place
        if wish:
            raise ValueError(f"{subject} and {place} are kept apart to test the model; say allow_held_out=True.")


def _circumstances(rng: random.Random, scene: Scene) -> Scene:
    """Time, weather, season, lights of the sky and style."""
    place, swims = scene.place, scene.subject is not None and habitat(scene.subject) == "water"
    scene.time = "night" if place in NIGHT_ONLY else rng.choices(list(TIME_WORDS), (2, 4, 3.5, 1.8, 2.2))[0]
    weather = rng.choices(list(WEATHER_WORDS), (5, 4.4, 0.8, 0.9, 1.2, 0.7, 1.2, 0.9))[0]
    scene.weather = "clear" if scene.underwater or not _goes_with(weather, scene) else weather
    scene.season = rng.choice(SEASONS) if place == "mountain lake" else None
    if scene.weather == "snow" and scene.season:
        scene.season = "winter"
    if scene.underwater:
        scene.time = "day"
    night_clear = scene.time == "night" and scene.weather in ("clear", "clouds")
    scene.moon = rng.choice(("full", "crescent", None)) if night_clear else None
    scene.milky_way = place == "night sky" and rng.random() < 0.55
    scene.shooting_star = place == "night sky" and rng.random() < 0.3
    scene.lake = place == "aurora borealis" and (swims or rng.random() < 0.5)
    scene.lightning = rng.random() < 0.8
    scene.style = rng.choices(list(STYLE_WORDS), (7, 2, 1.3, 0.8))[0]
    scene.afloat = swims and place in WATERSIDE
    return scene


def _goes_with(weather: str, scene: Scene) -> bool:
    """Whether this weather can be seen there and then, and lets the subject be seen."""
    dark = scene.time in ("dusk", "night")
    match weather:
        case "snow":
            return scene.place not in (*NO_SNOW, *NIGHT_ONLY)
        case "fog":
            return scene.place not in ("desert", *NIGHT_ONLY) and not (dark and scene.subject)
        case "storm":
            return scene.place not in NIGHT_ONLY and not (scene.time == "night" and scene.subject)
        case "rainbow":
            return scene.place not in ("rainforest", *NIGHT_ONLY) and not dark
    return scene.place not in NIGHT_ONLY


def _creature(rng: random.Random, scene: Scene, name: str) -> None:
    subject = SUBJECTS[name]
    water = {"underwater": scene.underwater, "afloat": scene.afloat}
    drawings = [each for each in subject.drawings if fits(each, **water)]
    drawing = rng.choice([plainest(drawings)] if scene.plain else drawings)
    word = rng.choice(drawing.colours)
    adjective = rng.choice(subject.adjectives)
    near = drawing.pose in ("head", "bust")
    scene.view = "portrait" if near else rng.choices(("near", "middle", "far"), (6, 4, 0.7))[0]
    noun = rng.choice(drawing.names) if drawing.names else None
    scene.creature = Creature(
        drawing.source, drawing.art, word, drawing.hues, word or drawing.own,
        max(subject.size, PLAIN_SIZE) if scene.plain else subject.size, drawing.pose, adjective, noun, drawing.also,
    )  # fmt: skip
    scene.deed = deed(rng, name, drawing, **water)
    if scene.view not in ("near", "portrait") and not scene.afloat and name not in ONE_CREATURE:
        scene.count = rng.choices((1, 2, 3), (6, 2.4, 1.8))[0]


def _pastime(rng: random.Random, scene: Scene) -> str:
    """What a whole person does, as the place and the weather invite to."""
    if scene.underwater:
        return "dive"
    likes = {"stand": 2.0, "walk": 2.0, "run": 1.2, "wave": 2.0, "sit": 1.5, "read": 1.3, "cheer": 1.0, "dance": 1.0}
    likes["balloon"] = 0.8
    if scene.place in WATERSIDE:
        likes["fish"] = 2.4
    if scene.weather in ("rain", "storm"):
        likes = {"umbrella": 3.0, "run": 1.0, "walk": 1.0}
    elif scene.time in ("dusk", "night"):
        likes["lantern"] = 3.0
    return rng.choices(list(likes), list(likes.values()))[0]


def _person(rng: random.Random, kind: str, girl: bool) -> Person:
    """`girl`: a child may be drawn as one."""
    male = kind in MALE or (kind in ("teen", "kid") and rng.random() < 0.5) or (kind == "kid" and not girl)
    sex = "m" if male else "f"
    if kind in CHILDREN:
        age = "child"
    elif kind == "teen":
        age = "teen"
    else:
        age = rng.choice(("young", "adult", "old") if kind in ("man", "woman") else ("young",))
    skin = rng.choice(SKINS)
    usual = ("black", "brown", "blonde", "red", "pink", "blue")
    hair = rng.choice(("grey", "white")) if age == "old" else rng.choices(usual, (5, 5, 4, 4, 0.5, 0.5))[0]
    hairstyle = rng.choice([each for each in HAIR_STYLES[sex] if each != "bald" or kind == "man"])
    eyes = rng.choice(EYE_COLOURS) if skin in ("fair", "tan") else "brown"
    beard = male and kind in ("man", "guy") and rng.random() < 0.4
    glasses = rng.random() < 0.2
    hat = rng.choices((None, "straw hat", "beanie"), (7, 1, 1))[0]
    garment = rng.choice(GARMENTS if male else (*GARMENTS, "dress", "dress"))
    colour = rng.choice(CLOTHES_COLOURS)
    scarf = rng.choice(CLOTHES_COLOURS) if rng.random() < 0.18 and garment != "dress" else None
    mood = rng.choice(("smiling", "smiling", "calm", "laughing"))
    return Person(
        kind, sex, age, skin, hair, hairstyle, eyes, beard, glasses, hat,
        garment, colour, None if scarf == colour else scarf, mood,
    )  # fmt: skip
