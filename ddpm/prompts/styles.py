"""Styles: a file `styles.csv` (name, prompt, negative_prompt) of texts to be put around prompts, as AUTOMATIC1111's."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from ddpm.errors import BadRequest

FILE = Path(__file__).resolve().parents[2] / "styles.csv"


class Style(NamedTuple):
    """Texts with `{prompt}` where the prompt belongs; without it they follow the prompt after a comma."""

    prompt: str
    negative_prompt: str


def read_styles(file: Path = FILE) -> dict[str, Style]:
    """Name -> style; none where there is no file."""
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = list(csv.DictReader(lines))
    text = ("name", "prompt", "negative_prompt")
    told = [[str(row.get(key) or "").strip() for key in text] for row in rows]
    return {name: Style(prompt, negative) for name, prompt, negative in told if name}


def styled(prompt: str, negative_prompt: str, names: Sequence[str], file: Path = FILE) -> tuple[str, str]:
    """Prompt and negative prompt in these styles, the first one innermost. An unknown name names the nearest."""
    styles = read_styles(file)
    for name in names:
        if name not in styles:
            near = get_close_matches(str(name), styles, 1, 0.0)
            raise BadRequest(f"There is no style {str(name)[:60]!r} in {file.name}" +
                             (f"; the nearest is {near[0]!r}." if near else "."), "styles")  # fmt: skip
        prompt = _around(prompt, styles[name].prompt)
        negative_prompt = _around(negative_prompt, styles[name].negative_prompt)
    return prompt, negative_prompt


def _around(text: str, style: str) -> str:
    if "{prompt}" in style:
        return style.replace("{prompt}", text)
    return ", ".join(part for part in (text.strip(), style) if part)
