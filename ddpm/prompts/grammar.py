"""What a prompt says about the course of sampling, in AUTOMATIC1111's grammar: (modules/prompt_parser.py)

    [from:to:0.5]  `from` for the first half of the steps, then `to`; a whole number counts steps
    [to:8]         `to` from step 9 on          [from::8]  `from` up to step 8
    [a|b]          a, b, a, b, ... at every step
    a AND b :0.7   two prompts at once, the second with weight 0.7 (Liu et al. 2022)

Weights, `(word:1.3)` and `[word]`, are left for the encoder. What does not close, or fits nothing, is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKENS = re.compile(r"\\.|[\[\]():|]|[^\\\[\]():|]+|\\", re.DOTALL)
_WHEN = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*")
_AND = re.compile(r"\bAND\b")
_WEIGHT = re.compile(r"(.*?)(?:\s*:\s*([-+]?(?:\d+\.?\d*|\.\d+)))?\s*", re.DOTALL)


class Part(NamedTuple):
    """One of several prompts at once."""

    text: str
    weight: float


def parts(prompt: str) -> list[Part]:
    """The prompts that AND joins; a prompt alone has weight 1, whatever it ends with."""
    texts = _AND.split(prompt)
    if len(texts) == 1:
        return [Part(prompt, 1.0)]
    found = [match for text in texts if (match := _WEIGHT.fullmatch(text))]
    return [Part(match[1].strip(), float(match[2] or 1)) for match in found]


def schedule(prompt: str, steps: int) -> list[tuple[int, str]]:
    """[(last step, prompt until then), ...], steps counted from 1; one entry where nothing changes."""
    ends = _ends(prompt, steps)
    return [(end, at_step(prompt, end, steps)) for end in sorted(ends | {steps})]


def at_step(prompt: str, step: int, steps: int) -> str:
    """The prompt as it is read at a step, 1 .. steps."""
    return _read(prompt, step, steps, None)


def _ends(prompt: str, steps: int) -> set[int]:
    """The steps after which the prompt may change."""
    found: set[int] = set()
    _read(prompt, 1, steps, found)
    return {end for end in found if 1 <= end < steps}


@dataclass
class _Open:
    """A bracket that has not closed yet: the texts in it, divided at `:` and `|`."""

    bracket: str
    pieces: list[str] = field(default_factory=lambda: [""])
    marks: list[str] = field(default_factory=list)  # between the pieces

    def literally(self) -> str:
        return self.bracket + self.pieces[0] + "".join(map("".join, zip(self.marks, self.pieces[1:], strict=True)))


def _read(prompt: str, step: int, steps: int, ends: set[int] | None) -> str:
    """The text at `step`; the steps after which something changes are put into `ends`, if they are asked for."""
    stack = [_Open("")]
    for token in _TOKENS.findall(prompt):
        top = stack[-1]
        if token in "([":
            stack.append(_Open(token))
        elif token in ":|" and top.bracket == "[":
            top.marks.append(token)
            top.pieces.append("")
        elif token == ")" and top.bracket == "(" or token == "]" and top.bracket == "[":
            stack.pop()
            stack[-1].pieces[-1] += _closed(top, step, steps, ends) if token == "]" else top.literally() + ")"
        else:
            top.pieces[-1] += token
    while len(stack) > 1:
        unclosed = stack.pop()
        stack[-1].pieces[-1] += unclosed.literally()
    return stack[0].pieces[0]


def _closed(group: _Open, step: int, steps: int, ends: set[int] | None) -> str:
    """What a pair of square brackets stands for at this step."""
    if "|" in group.marks:
        options = group.literally()[1:].split("|") if ":" in group.marks else group.pieces
        if ends is not None:
            ends.update(range(1, steps))
        return options[(step - 1) % len(options)]
    when = _WHEN.fullmatch(group.pieces[-1])
    if when is None or len(group.marks) not in (1, 2):
        return group.literally() + "]"
    last = int(float(when[1]) * steps) if "." in when[1] else int(when[1])
    if ends is not None:
        ends.add(last)
    before = group.pieces[0] if len(group.marks) == 2 else ""
    return before if step <= last else group.pieces[-2]
