"""All that is true of one picture: chosen before it is painted, completed by the places, said by captions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Rendered(NamedTuple):
    """A picture and all that is known of it."""

    pixels: npt.NDArray[np.uint8]  # (128, 128, 3) RGB
    captions: list[str]  # short, middle, long, tag-like
    facts: dict[str, Any]
    mask: npt.NDArray[np.uint8]  # (128, 128), 255 where a subject is seen; all 0 for a landscape


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that is drawn of a person; words are those of the vocabulary."""

    kind: str
    sex: str
    age: str
    skin: str
    hair: str
    hairstyle: str
    eyes: str
    beard: bool
    glasses: bool
    hat: str | None
    garment: str
    colour: str
    scarf: str | None
    mood: str


@dataclass(frozen=True, slots=True)
class Creature:
    """Which drawing of a creature, and what may be said of it."""

    source: str
    art: str
    recolour: str | None  # the colour word that the drawing is changed to; None leaves it as it is
    hues: tuple[int, int]
    colour: str | None  # the word for what is seen
    size: float
    pose: str  # body, perched, head or bust, as in the table
    adjective: str
    noun: str | None  # a more exact word for this drawing
    also: str  # said after the noun


@dataclass(slots=True)
class Scene:
    """Facts first; the last group is written by the places while they paint."""

    index: int
    seed: int
    category: str
    subject: str | None
    place: str
    underwater: bool
    time: str
    weather: str
    season: str | None
    moon: str | None
    milky_way: bool
    shooting_star: bool
    lake: bool
    lightning: bool
    style: str
    afloat: bool
    sun_x: float = 64.0
    moon_y: float = 20.0
    count: int = 0
    side: str = "centre"
    view: str | None = None  # portrait; people: full body; creatures: near, middle, far
    deed: str = "none"  # a key of DEED_WORDS
    aurora: int = 0  # which of the vocabulary's AURORA_NAMES
    person: Person | None = None
    creature: Creature | None = None
    plain: bool = False  # one drawing, facing one way; near, alone and in the middle unless arranged otherwise

    horizon: float = 64.0
    sun: tuple[float, float] | None = None
    wind: float = 0.0
    surface: Any = None  # the skia surface, for reflections
    mask: Any = None  # what the subjects cover, uint8 (side, side); None before there is one
    scale: float = 1.0

    @property
    def perched(self) -> bool:
        return self.creature is not None and self.creature.pose == "perched"

    @property
    def flies(self) -> bool:
        return self.deed in ("fly", "breathe fire", "hover", "float")

    def facts(self) -> dict[str, Any]:
        """What is so, as plain data for a file."""
        always = ("index", "seed", "category", "place", "time", "weather", "style", "count", "underwater", "afloat")
        known = {name: getattr(self, name) for name in always}
        known |= {"milky_way": self.milky_way, "shooting_star": self.shooting_star}
        said = {"subject": self.subject, "season": self.season, "moon": self.moon, "view": self.view}
        if self.place == "aurora borealis":
            said["aurora"] = self.aurora  # type: ignore[assignment]
        if self.creature:
            said |= {"colour": self.creature.colour, "adjective": self.creature.adjective, "noun": self.creature.noun}
            known |= {"pose": self.creature.pose, "art": self.creature.art, "also": self.creature.also}
        if self.person:
            known["person"] = asdict(self.person)
        if self.subject:
            known |= {"side": self.side, "deed": self.deed}
        return known | {name: value for name, value in said.items() if value is not None}
