"""Weights in prompts, as AUTOMATIC1111 writes them.

`(word:1.3)` counts 1.3, `(word)` 1.1, `[word]` 1 / 1.1, and `\\(` is a bracket.
"""

from __future__ import annotations

import re
from typing import NamedTuple

EMPHASIS = 1.1  # of a bare bracket, as in AUTOMATIC1111
_BRACKETS = re.compile(r"\\[()\[\]\\]|[(\[]|:\s*([+-]?\d*\.?\d+)\s*\)|[)\]]|[^\\()\[\]:]+|.", re.DOTALL)


class Weighted(NamedTuple):
    """A stretch of a prompt and how much it counts."""

    text: str
    weight: float


def parse_weights(prompt: str) -> list[Weighted]:
    """The prompt in stretches. Brackets that do not close count to the end, ones that never opened are text."""
    stretches: list[list] = []
    open_at: list[tuple[str, int]] = []  # kind of bracket, index of the first stretch inside

    def close(kind: str, factor: float) -> bool:
        if not open_at or open_at[-1][0] != kind:
            return False
        for stretch in stretches[open_at.pop()[1] :]:
            stretch[1] *= factor
        return True

    for match in _BRACKETS.finditer(prompt):
        piece, number = match.group(), match.group(1)
        if piece in "([":
            open_at.append((piece, len(stretches)))
        elif number is not None and close("(", float(number)):
            continue
        elif piece == ")" and close("(", EMPHASIS) or piece == "]" and close("[", 1 / EMPHASIS):
            continue
        else:
            stretches.append([piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece, 1.0])
    while open_at:
        close(open_at[-1][0], EMPHASIS if open_at[-1][0] == "(" else 1 / EMPHASIS)
    merged: list[Weighted] = []
    for text, weight in stretches:
        if merged and merged[-1].weight == weight:
            merged[-1] = Weighted(merged[-1].text + text, weight)
        else:
            merged.append(Weighted(text, weight))
    return merged


def token_weights(stretches: list[Weighted], offsets: list[tuple[int, int]]) -> list[float]:
    """The weight of each token, by the stretch in which it begins; tokens without text (start, end) weigh 1."""
    ends, total = [], 0
    for stretch in stretches:
        total += len(stretch.text)
        ends.append(total)
    return [
        next((stretch.weight for stretch, limit in zip(stretches, ends, strict=True) if start < limit), 1.0)
        if end > start
        else 1.0
        for start, end in offsets
    ]
