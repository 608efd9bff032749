"""The creatures: where they live and the drawings there are of each, their colours and what they do. Plain data."""

from __future__ import annotations

from typing import Literal, NamedTuple

Colours = tuple[str | None, ...]
Pose = Literal["body", "perched", "head", "bust"]


class Drawing(NamedTuple):
    """One picture of a subject: where its art comes from and in which colours it is painted."""

    source: Literal["noto", "fluent", "drawn"]
    art: str
    colours: Colours  # it may be recoloured to one of these; None keeps its own
    own: str | None = None  # the word for its own colour
    hues: tuple[int, int] = (0, 360)  # degrees of hue that recolouring touches
    pose: Pose = "body"  # perched: a bird that sits; head, bust: seen from near, as a portrait
    deeds: tuple[str, ...] = ("stand",)  # what it may be seen doing on land, words in DEED_WORDS
    names: tuple[str, ...] = ()  # more exact nouns for this drawing
    also: str = ""  # said after the noun; {} stands for the colour, which is then not said before it


class Subject(NamedTuple):
    """A creature; people are made of attributes instead (HAIR_COLOURS and so on)."""

    category: str
    habitat: Literal["land", "water", "air"]
    drawings: tuple[Drawing, ...]
    size: float  # 1 fills two thirds of the picture's height when near
    adjectives: tuple[str, ...]  # true of any picture of it


FUR: Colours = ("brown", "black", "white", "grey", None)
VIVID: Colours = ("red", "blue", "green", "golden", "purple", "black", "white", "teal", "silver")
BRIGHT: Colours = ("red", "green", "golden", "purple", None)
OWN: Colours = (None,)
DRESSES: Colours = ("blue", "red", "green", None)
TAIL = "with a {} tail"
TRIDENT = "with a {} tail and a trident"

SUBJECTS: dict[str, Subject] = {
    "dog": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "dog", FUR, "spotted"),
            Drawing("noto", "guide-dog", OWN, "golden"),
            Drawing("noto", "poodle", OWN, "grey", names=("poodle",)),
            Drawing("fluent", "1f429", OWN, "grey", names=("poodle",)),
            Drawing("fluent", "1f415", FUR, "tan"),
            Drawing("noto", "dog-face", ("brown", "grey", None), "brown and white", pose="head"),
            Drawing("fluent", "1f436", ("brown", "black", "grey", None), "tan", pose="head"),
        ),
        0.9,
        ("loyal", "playful", "friendly"),
    ),
    "cat": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "cat", FUR, "orange"),
            Drawing("noto", "black-cat", OWN, "black"),
            Drawing("fluent", "1f408", FUR, "orange striped"),
            Drawing("fluent", "1f408-200d-2b1b", ("black",)),
            Drawing("drawn", "sleeping_cat", ("orange", "grey", "black", "white", "brown"), deeds=("sleep",)),
            Drawing("noto", "cat-face", ("brown", "white", "grey", None), "orange", pose="head"),
            Drawing("fluent", "1f431", FUR, "orange", pose="head"),
        ),
        0.85,
        ("curious", "cute", "fluffy"),
    ),
    "fish": Subject(
        "Animals",
        "water",
        (
            Drawing("noto", "fish", BRIGHT, "blue"),
            Drawing("noto", "tropical-fish", OWN, "yellow and blue striped", names=("tropical fish",)),
            Drawing("fluent", "1f41f", BRIGHT, "blue"),
            Drawing("fluent", "1f420", OWN, "blue and yellow", names=("tropical fish",)),
        ),
        0.8,
        ("bright", "small", "shiny"),
    ),
    "bird": Subject(
        "Animals",
        "air",
        (
            Drawing("noto", "bird", BRIGHT, "blue", (160, 260), "perched"),
            Drawing("fluent", "1f426", ("blue", "green", "golden", "purple", None), "red", (300, 360), "perched"),
            Drawing("noto", "eagle", OWN, "brown and white", names=("eagle",)),
            Drawing("fluent", "1f985", OWN, "brown and white", names=("eagle",)),
            Drawing("noto", "dove", OWN, "white", names=("dove",)),
            Drawing("noto", "parrot", OWN, "green and red", pose="perched", names=("parrot",)),
            Drawing("fluent", "1f99c", OWN, "pink", pose="perched", names=("parrot",)),
            Drawing("noto", "owl", OWN, "brown", pose="perched", names=("owl",)),
            Drawing("fluent", "1f989", OWN, "brown", pose="perched", names=("owl",)),
            Drawing("noto", "flamingo", OWN, "pink", pose="perched", names=("flamingo",)),
            Drawing("noto", "peacock", OWN, "blue and green", pose="perched", names=("peacock",)),
        ),
        0.78,
        ("graceful", "colorful", "lively"),
    ),
    "horse": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "horse", FUR, "chestnut", deeds=("gallop",)),
            Drawing("fluent", "1f40e", ("black", "white", "grey", None), "brown", deeds=("prance",)),
            Drawing("noto", "horse-face", ("brown", None), "tan", pose="bust"),
            Drawing("fluent", "1f434", ("white", "grey", None), "brown", pose="bust"),
        ),
        1.12,
        ("spirited", "noble", "strong"),
    ),
    "tiger": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "tiger", ("white", None), "orange", deeds=("walk",)),
            Drawing("fluent", "1f405", ("white", None), "orange"),
            Drawing("noto", "tiger-face", ("white", None), "orange", pose="head"),
            Drawing("fluent", "1f42f", ("white", None), "orange", pose="head"),
        ),
        1.0,
        ("fierce", "striped", "powerful"),
    ),
    "wolf": Subject(
        "Animals",
        "land",
        (
            Drawing("drawn", "wolf", ("grey", "white", "black", "brown"), deeds=("stand", "howl")),
            Drawing("drawn", "wolf", ("grey", "white", "black", "brown"), deeds=("stand", "howl")),
            Drawing("drawn", "running_wolf", ("grey", "white", "black", "brown"), deeds=("run",)),
            Drawing("noto", "wolf", OWN, "grey", pose="head"),
            Drawing("fluent", "1f43a", OWN, "grey", pose="head"),
        ),
        1.0,
        ("wild", "lone", "proud"),
    ),
    "panda": Subject(
        "Animals",
        "land",
        (
            Drawing("drawn", "panda", OWN, "black and white", deeds=("eat bamboo", "sit")),
            Drawing("drawn", "walking_panda", OWN, "black and white", deeds=("walk",)),
            Drawing("noto", "panda", OWN, "black and white", pose="head"),
        ),
        0.95,
        ("cuddly", "gentle", "cute"),
    ),
    "rhino": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "rhinoceros", OWN, "grey"),
            Drawing("fluent", "1f98f", OWN, "grey", deeds=("walk",)),
            Drawing("drawn", "charging_rhino", OWN, "grey", deeds=("charge",)),
        ),
        1.12,
        ("massive", "sturdy", "strong"),
    ),
    "whale": Subject(
        "Animals",
        "water",
        (
            Drawing("noto", "whale", OWN, "grey-blue"),
            Drawing("noto", "spouting-whale", OWN, "grey-blue", names=("spouting whale",)),
            Drawing("fluent", "1f40b", OWN, "blue"),
            Drawing("drawn", "breaching_whale", ("blue", "grey"), deeds=("breach",)),
            Drawing("fluent", "1f433", OWN, "blue", names=("spouting whale",)),
        ),
        1.25,
        ("giant", "gentle", "huge"),
    ),
    "dragon": Subject(
        "Mythical Beings",
        "land",
        (
            Drawing("drawn", "winged_dragon", VIVID, deeds=("sit",)),
            Drawing("drawn", "winged_dragon", VIVID, deeds=("sit",)),
            Drawing("drawn", "flying_dragon", VIVID, deeds=("fly",)),
            Drawing("drawn", "flying_dragon", VIVID, deeds=("fly", "breathe fire")),
            Drawing("noto", "dragon", ("red", "blue", "golden", "purple", None), "green", (60, 200)),
            Drawing("noto", "dragon-face", ("red", "blue", "golden", "purple", None), "green", (60, 200), "head"),
            Drawing("fluent", "1f409", ("red", "blue", "purple", None), "teal", (100, 200)),
        ),
        1.25,
        ("mighty", "fearsome", "majestic"),
    ),
    "qilin": Subject(
        "Mythical Beings",
        "land",
        (Drawing("drawn", "qilin", VIVID), Drawing("drawn", "leaping_qilin", VIVID, deeds=("leap",))),
        1.12,
        ("sacred", "mystical", "majestic"),
    ),
    "leviathan": Subject(
        "Mythical Beings",
        "water",
        (Drawing("drawn", "leviathan", VIVID),),
        1.3,
        ("colossal", "ancient", "terrifying"),
    ),
    "phoenix": Subject(
        "Mythical Beings",
        "air",
        (
            Drawing("noto", "phoenix", ("blue", "purple", "golden", None), "fiery red"),
            Drawing("drawn", "soaring_phoenix", ("red", "blue", "purple", "golden")),
        ),
        1.15,
        ("majestic", "blazing", "radiant"),
    ),
    "fairy": Subject(
        "Mythical Beings",
        "air",
        (
            Drawing("noto", "woman-fairy", OWN, also="with purple hair in a pink dress"),
            Drawing("noto", "fairy", OWN, also="with orange hair in an orange dress"),
            Drawing("noto", "woman-fairy-medium-dark-skin-tone", OWN, also="with purple hair in a pink dress"),
            Drawing("noto", "fairy-medium-skin-tone", OWN, also="with orange hair in an orange dress"),
            Drawing("fluent", "1f9da-1f3fe-200d-2640-fe0f", DRESSES, "purple", (225, 300), also="in a {} dress"),
            Drawing("fluent", "1f9da-1f3fb-200d-2640-fe0f", DRESSES, "purple", (225, 300), also="in a {} dress"),
        ),
        1.0,
        ("delicate", "magical", "tiny"),
    ),
    "mermaid": Subject(
        "Mythical Beings",
        "water",
        (
            Drawing(
                "noto",
                "mermaid-medium-skin-tone",
                ("blue", "golden", None),
                "green",
                (140, 185),
                also=TRIDENT,
            ),
            Drawing(
                "noto",
                "mermaid-dark-skin-tone",
                ("blue", "golden", None),
                "green",
                (140, 185),
                also=TRIDENT,
            ),
            Drawing(
                "fluent", "1f9dc-1f3fd-200d-2640-fe0f", ("blue", "red", "purple", None), "green", (130, 175), also=TAIL
            ),
            Drawing("fluent", "1f9dc-1f3fb-200d-2640-fe0f", ("blue", "red", None), "green", (130, 175), also=TAIL),
        ),
        1.1,
        ("enchanting", "beautiful", "graceful"),
    ),
}
