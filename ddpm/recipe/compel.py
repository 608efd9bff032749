"""Compel's weights (InvokeAI's prompts) as `(word:1.3)`: `word++` is 1.1 twice, `word--` 0.9 twice, `(a b)1.2` 1.2."""

from __future__ import annotations

import re

from ddpm.request import PROMPT_LIMIT

UP, DOWN = 1.1, 0.9  # of one sign
DEEPEST = 30  # brackets inside each other
_GROUP = re.compile(r"(?<!\\)\(([^()\\]*(?:\\.[^()\\]*)*)(?<!\\)\)(\++|-+(?!\w)|\d*\.?\d+(?![\w.]))?")
_WORD = re.compile(r"(?<![\w+\-\x00\x01])([^\W_][\w']*)(\++|-+)(?=[\s,.;:!?)]|$)")
_CALL = re.compile(r"\.(swap|blend|and|or)\(")


def from_compel(prompt: str) -> tuple[str, list[str]]:
    """The prompt with weights as they are written here, and a sentence where it holds more than weights.

    One that is too long to be painted stays as it is: the search for words takes the square of their length.
    """
    if len(prompt) > PROMPT_LIMIT:
        return prompt, []
    if _CALL.search(prompt):
        return prompt, [
            "The prompt uses .swap, .blend or .and of Compel, which have no meaning here; it is left as it is."
        ]
    said = _WORD.sub(lambda word: _weighted(word[1], word[2]), prompt.replace("\x00", "").replace("\x01", ""))
    for _ in range(DEEPEST):  # inner brackets first; finished ones are hidden from the next round
        said, changed = _GROUP.subn(lambda group: _weighted(group[1], group[2] or ""), said)
        if not changed:
            break
    return said.replace("\x00", "(").replace("\x01", ")"), []


def _weighted(text: str, sign: str) -> str:
    if not sign:
        return text  # brackets alone only group there
    weight = UP ** min(len(sign), 9) if sign[0] == "+" else DOWN ** min(len(sign), 9) if sign[0] == "-" else float(sign)
    return text if weight == 1 else f"\x00{text}:{weight:.4g}\x01"
