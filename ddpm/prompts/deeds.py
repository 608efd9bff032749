"""What a drawing of a creature can be seen doing, and where: one rule for the pictures and for the random prompts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ddpm.prompts.subjects import Drawing
from ddpm.prompts.vocabulary import habitat

ASHORE = frozenset(("fly", "sleep", "charge"))


def fits(drawing: Drawing, *, underwater: bool, afloat: bool) -> bool:
    """Only waves are broken. Heads, flights and sleep are for the land: under water the whole creature swims."""
    if "breach" in drawing.deeds:
        return afloat
    return not underwater or not (drawing.pose in ("head", "bust") or ASHORE & {*drawing.deeds})


def plainest(drawings: Sequence[Drawing]) -> Drawing:
    """The first that shows the whole creature awake and above the waves: the one of `data.plain`."""
    whole = [one for one in drawings if one.pose in ("body", "perched") and not {"breach", "sleep"} & {*one.deeds}]
    return (whole or list(drawings))[0]


def deed(rng: random.Random, name: str, drawing: Drawing, *, underwater: bool, afloat: bool) -> str:
    """A key of DEED_WORDS for the creature `name`."""
    on_land = rng.choice(drawing.deeds)
    if drawing.pose in ("head", "bust"):
        return "none"
    if afloat:
        return "breach" if "breach" in drawing.deeds else "rise"
    if underwater:
        return "swim"
    if drawing.pose == "perched":
        return "perch"
    match habitat(name):
        case "air":
            return "hover" if name == "fairy" else "fly"
        case "water":
            return "float"
    return on_land
