"""The creatures: where they live and the drawings there are of each, and their colours. Plain data."""

from __future__ import annotations

from typing import Literal, NamedTuple

Colours = tuple[str | None, ...]


class Drawing(NamedTuple):
    """One picture of a subject: where its art comes from and in which colours it is painted."""

    source: Literal["noto", "fluent", "drawn"]
    art: str
    colours: Colours  # it may be recoloured to one of these; None keeps its own
    own: str | None  # the word for its own colour
    hues: tuple[int, int] = (0, 360)  # degrees of hue that recolouring touches


class Subject(NamedTuple):
    """A creature; people are made of attributes instead (HAIR_COLOURS and so on)."""

    category: str
    habitat: Literal["land", "water", "air"]
    drawings: tuple[Drawing, ...]
    size: float  # 1 fills half the picture
    adjectives: tuple[str, ...]  # true of any picture of it


FUR: Colours = ("brown", "black", "white", "grey", None)
VIVID: Colours = ("red", "blue", "green", "golden", "purple", "black", "white", "teal", "silver")
BRIGHT: Colours = ("red", "green", "golden", "purple", None)

SUBJECTS: dict[str, Subject] = {
    "dog": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "dog", FUR, "spotted"),
            Drawing("noto", "guide-dog", (None,), "golden"),
            Drawing("noto", "poodle", (None,), "grey"),
            Drawing("fluent", "1f415", FUR, "tan"),
        ),
        0.9,
        ("loyal", "playful", "friendly"),
    ),
    "cat": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "cat", FUR, "orange"),
            Drawing("noto", "black-cat", (None,), "black"),
            Drawing("fluent", "1f408", FUR, "orange striped"),
        ),
        0.85,
        ("curious", "cute", "fluffy"),
    ),
    "fish": Subject(
        "Animals",
        "water",
        (
            Drawing("noto", "fish", BRIGHT, "blue"),
            Drawing("noto", "tropical-fish", (None,), "yellow and blue striped"),
            Drawing("fluent", "1f41f", BRIGHT, "blue"),
        ),
        0.7,
        ("bright", "small", "shiny"),
    ),
    "bird": Subject(
        "Animals",
        "air",
        (
            Drawing("noto", "bird", BRIGHT, "blue", (160, 260)),
            Drawing("noto", "eagle", (None,), "brown and white"),
            Drawing("noto", "dove", (None,), "white"),
            Drawing("noto", "parrot", (None,), "green and red"),
            Drawing("noto", "owl", (None,), "brown"),
        ),
        0.7,
        ("graceful", "colorful", "lively"),
    ),
    "horse": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "horse", FUR, "chestnut"),
            Drawing("fluent", "1f40e", (None,), "dark brown"),
        ),
        1.15,
        ("spirited", "noble", "strong"),
    ),
    "tiger": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "tiger", ("white", None), "orange"),
            Drawing("fluent", "1f405", ("white", None), "orange"),
        ),
        1.0,
        ("fierce", "striped", "powerful"),
    ),
    "wolf": Subject(
        "Animals",
        "land",
        (Drawing("drawn", "wolf", ("grey", "white", "black", "brown"), None),),
        1.0,
        ("wild", "lone", "proud"),
    ),
    "panda": Subject(
        "Animals", "land", (Drawing("drawn", "panda", (None,), "black and white"),), 0.95, ("cuddly", "gentle", "cute")
    ),
    "rhino": Subject(
        "Animals",
        "land",
        (
            Drawing("noto", "rhinoceros", (None,), "grey-blue"),
            Drawing("fluent", "1f98f", (None,), "grey"),
        ),
        1.15,
        ("massive", "sturdy", "strong"),
    ),
    "whale": Subject(
        "Animals",
        "water",
        (
            Drawing("noto", "whale", (None,), "grey-blue"),
            Drawing("fluent", "1f40b", (None,), "blue"),
            Drawing("fluent", "1f433", (None,), "blue spouting"),
        ),
        1.35,
        ("giant", "gentle", "huge"),
    ),
    "dragon": Subject(
        "Mythical Beings",
        "land",
        (
            Drawing("drawn", "winged_dragon", VIVID, None),
            Drawing("drawn", "winged_dragon", VIVID, None),
            Drawing("noto", "dragon", ("red", "blue", "golden", "purple", None), "green", (60, 200)),
        ),
        1.3,
        ("mighty", "fearsome", "majestic"),
    ),
    "qilin": Subject(
        "Mythical Beings", "land", (Drawing("drawn", "qilin", VIVID, None),), 1.15, ("sacred", "mystical", "majestic")
    ),
    "leviathan": Subject(
        "Mythical Beings",
        "water",
        (Drawing("drawn", "leviathan", VIVID, None),),
        1.35,
        ("colossal", "ancient", "terrifying"),
    ),
    "phoenix": Subject(
        "Mythical Beings",
        "air",
        (Drawing("noto", "phoenix", ("blue", "purple", "golden", None), "fiery red"),),
        1.2,
        ("majestic", "blazing", "radiant"),
    ),
    "fairy": Subject(
        "Mythical Beings",
        "air",
        (
            Drawing("noto", "woman-fairy", (None,), "purple-dressed"),
            Drawing("noto", "fairy", (None,), "orange-dressed"),
            Drawing("fluent", "1f9da-1f3fe-200d-2640-fe0f", (None,), "purple-dressed"),
            Drawing("fluent", "1f9da-1f3fb-200d-2640-fe0f", (None,), "purple-dressed"),
        ),
        1.0,
        ("delicate", "magical", "tiny"),
    ),
    "mermaid": Subject(
        "Mythical Beings",
        "water",
        (
            Drawing("noto", "mermaid-medium-skin-tone", ("blue", "golden", None), "green-tailed", (140, 185)),
            Drawing("fluent", "1f9dc-1f3fd-200d-2640-fe0f", (None,), "green-tailed"),
            Drawing("fluent", "1f9dc-1f3fb-200d-2640-fe0f", (None,), "green-tailed"),
        ),
        1.15,
        ("enchanting", "beautiful", "graceful"),
    ),
}
