"""Styles: a file `styles.csv` (name, prompt, negative_prompt) of texts to be put around prompts, as AUTOMATIC1111's."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from ddpm.errors import BadRequest
from ddpm.prompts.choices import LONGEST

FILE = Path(__file__).resolve().parents[2] / "styles.csv"


class Style(NamedTuple):
    """Texts with `{prompt}` where the prompt belongs; without it they follow the prompt after a comma."""

    prompt: str
    negative_prompt: str


def read_styles(file: Path | None = None) -> dict[str, Style]:
    """Name -> style, of FILE unless told; none where there is no file."""
    file = file or FILE
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = list(csv.DictReader(lines))
    text = ("name", "prompt", "negative_prompt")
    told = [[str(row.get(key) or "").strip() for key in text] for row in rows]
    return {name: Style(prompt, negative) for name, prompt, negative in told if name}


def styled(prompt: str, negative_prompt: str, names: Sequence[str], file: Path | None = None) -> tuple[str, str]:
    """Prompt and negative prompt in these styles, the first one innermost. An unknown name names the nearest."""
    file = file or FILE
    styles = read_styles(file)
    for name in names:
        if not styles:
            raise BadRequest(f"There are no styles: put {file.name} into the project's folder.", "styles")
        if name not in styles:
            near = get_close_matches(name, styles, 1, 0.0)[0]
            raise BadRequest(f"There is no style {name[:60]!r} in {file.name}; the nearest is {near!r}.", "styles")
        prompt = _around(prompt, styles[name].prompt)
        negative_prompt = _around(negative_prompt, styles[name].negative_prompt)
        for field, text in (("prompt", prompt), ("negative_prompt", negative_prompt)):
            if len(text) > LONGEST:  # its recipe could not be sent back
                told = f"In the style {name!r} {field} has {len(text):,} characters; the most is {LONGEST:,}."
                raise BadRequest(told, field)
    return prompt, negative_prompt


def _around(text: str, style: str) -> str:
    if "{prompt}" in style:
        return style.replace("{prompt}", text)
    return ", ".join(part for part in (text.strip(), style) if part)
