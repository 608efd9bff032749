"""Prompts with choices in them: `{red|blue}` and `__animal__` are drawn anew for every seed.

A list is a file of the folder `wildcards` (NAME.txt, one choice a line), or one of the tables of the scenes model.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ddpm.prompts.vocabulary import (
    CATEGORIES,
    CLOTHES_COLOURS,
    PLACE_WORDS,
    STYLE_WORDS,
    TIME_WORDS,
    WEATHER_WORDS,
)

FOLDER = Path(__file__).resolve().parents[2] / "wildcards"
LONGEST = 2000  # characters that a prompt may grow to
LONGEST_NAME = 100  # characters of a list's name; no file system takes names of any length
DEEPEST = 20  # choices within choices
_BRACES = re.compile(r"\{([^{}]*\|[^{}]*)\}")
_LIST = re.compile(r"__([A-Za-z0-9](?:[\w-]*?[A-Za-z0-9])?)__")  # a bare name: nothing that leads out of the folder
LISTS: dict[str, tuple[str, ...]] = {
    "animal": CATEGORIES["Animals"],
    "mythical-being": CATEGORIES["Mythical Beings"],
    "human": CATEGORIES["Humans"],
    "place": tuple(words[0] for words in PLACE_WORDS.values()),
    "colour": CLOTHES_COLOURS,
    "color": CLOTHES_COLOURS,
    "time": tuple(words[0] for words in TIME_WORDS.values()),
    "weather": tuple(words[0] for words in WEATHER_WORDS.values() if words),
    "style": tuple(words[0] for words in STYLE_WORDS.values()),
}


def choose(prompt: str, seed: int, folder: Path = FOLDER) -> str:
    """The prompt with every choice made, by its seed alone. A list that there is not stays as it is written."""
    if not has_choices(prompt):
        return prompt
    rng = random.Random(seed)
    for _ in range(DEEPEST):
        said = _BRACES.sub(lambda braces: rng.choice(braces[1].split("|")), prompt)
        said = _LIST.sub(lambda name: _drawn(rng, name, folder), said)
        if said == prompt or len(said) > LONGEST:
            break
        prompt = said
    return prompt


def has_choices(prompt: str) -> bool:
    """Whether its seed may change the prompt."""
    return bool(_BRACES.search(prompt) or _LIST.search(prompt))


def unknown_lists(prompt: str, folder: Path = FOLDER) -> list[str]:
    """Names of lists that the prompt asks for and that there are not."""
    return [name for name in dict.fromkeys(_LIST.findall(prompt)) if not choices_of(name, folder)]


def choices_of(name: str, folder: Path = FOLDER) -> Sequence[str]:
    """The lines of a list; a file of the user's comes before a table of ours."""
    path = folder / f"{name}.txt"
    if len(name) > LONGEST_NAME:
        return ()
    return _lines(path, path.stat().st_mtime_ns) if path.is_file() else LISTS.get(name.lower(), ())


@cache
def _lines(path: Path, changed_at: int) -> tuple[str, ...]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _drawn(rng: random.Random, name: re.Match[str], folder: Path) -> str:
    found = choices_of(name[1], folder)
    return rng.choice(found) if found else name[0]
