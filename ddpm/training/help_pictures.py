"""Pictures for the page's help: a sheet of the renderer's for each group of words that the scenes model learnt.

    python -m ddpm.training.help_pictures assets/help

A cell shows the word of the same place in GROUPS of ddpm/prompts/groups.py. The same call makes the same sheets.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from ddpm.prompts.groups import GROUPS, Group
from ddpm.prompts.random_prompt import usual_places
from ddpm.prompts.vocabulary import CATEGORIES, NIGHT_ONLY
from ddpm.training.data.scenes import render
from ddpm.training.data.scenes.choose import choose

CELL, COLUMNS, GAP = 88, 6, 2  # pixels a side, cells a row, pixels between
SEED, TRIES = 7, 4000  # scenes looked at for one cell
SIDES = ("left", "right")
BACKGROUND = "#00000000"


def main(folder: Path) -> None:
    """One WebP a group."""
    folder.mkdir(parents=True, exist_ok=True)
    for group in GROUPS:
        sheet([cell(group, word) for word in group.words]).save(folder / f"{group.file}.webp", quality=82, method=6)
        print(folder / f"{group.file}.webp")


def sheet(cells: list[Image.Image]) -> Image.Image:
    """Cells in rows of COLUMNS."""
    rows, columns = -(-len(cells) // COLUMNS), min(COLUMNS, len(cells))
    whole = Image.new("RGBA", (columns * (CELL + GAP) - GAP, rows * (CELL + GAP) - GAP), BACKGROUND)
    for index, image in enumerate(cells):
        at = (index % COLUMNS * (CELL + GAP), index // COLUMNS * (CELL + GAP))
        whole.paste(image.resize((CELL, CELL), Image.Resampling.LANCZOS), at)
    return whole


def cell(group: Group, word: str) -> Image.Image:
    """The first render whose facts are what the word says, the subject near where there is one."""
    wanted, how = WANTED[group.fact], "arranged" if group.fact == "arranged" else "plain"
    first = 97 * group.words.index(word)  # so that neighbours differ in place and light
    for index in range(first, first + TRIES):
        given = {how: True, **asked(group, word)}
        if wanted(choose(index, SEED, **given)[0].facts(), word):
            return Image.fromarray(render(index, SEED, **given).pixels)
    raise LookupError(f"no render of {TRIES} shows {word!r}")


def asked(group: Group, word: str) -> dict[str, Any]:
    """What the renderer can be asked for outright; the rest is looked for."""
    match group.fact:
        case "subject":
            return {"category": next(name for name, words in CATEGORIES.items() if word in words), "subject": word}
        case "place":
            return {"category": "Scenery", "place": word}
        case "colour":
            return {"category": "Mythical Beings", "subject": "dragon"}
        case "arranged":
            return {"category": "Animals", "subject": "cat"}
        case "weather":
            return {"category": "Scenery", "place": "mountain lake"}
    return {"category": "Scenery", "place": "savannah"}


def _near(facts: dict[str, Any], word: str) -> bool:
    near = facts.get("view") in ("near", "portrait") and facts["count"] == 1 and facts["style"] == "storybook"
    at_home = facts["place"] in usual_places(facts["subject"])
    return near and at_home and facts["time"] == "day" and facts["weather"] in ("clear", "clouds")


WANTED: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "subject": lambda facts, word: facts["subject"] == word and _near(facts, word),
    "place": lambda facts, word: (
        facts["weather"] in ("clear", "clouds")
        and facts["style"] == "storybook"
        and facts["time"] == ("night" if word in NIGHT_ONLY else "day")
    ),
    "colour": lambda facts, word: _near(facts, word) and facts.get("colour") == word and facts["weather"] == "clear",
    "arranged": lambda facts, word: (
        (facts["count"], facts["side"]) == ({"two": 2, "three": 3}.get(word, 1), word if word in SIDES else "centre")
        and (facts["style"], facts["time"], facts["weather"]) == ("storybook", "day", "clear")
        and facts["place"] in usual_places("cat")
    ),
    "time": lambda facts, word: facts["time"] == word and facts["weather"] == "clear" and facts["style"] == "storybook",
    "weather": lambda facts, word: (
        facts["weather"] == word and facts["time"] == "day" and facts["style"] == "storybook"
    ),
    "style": lambda facts, word: facts["style"] == word and facts["time"] == "sunset" and facts["weather"] == "clear",
}

if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "assets/help"))
