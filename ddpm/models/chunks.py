"""Long prompts for encoders of a fixed length: chunks that are encoded one by one and read one after the other.

As AUTOMATIC1111 does it (modules/sd_hijack_clip.py): a chunk that is full ends at its last comma if that is near,
and BREAK ends one at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

BACKTRACK = 20  # tokens from the end of a full chunk within which a comma is where it ends
BREAK = re.compile(r"\s*\bBREAK\b\s*")


class Token(NamedTuple):
    """One token of a prompt, and how much it counts."""

    id: int
    weight: float
    comma: bool


def sections(text: str) -> Iterator[tuple[int, str]]:
    """The texts between BREAKs, and where in `text` each begins."""
    at = 0
    for word in BREAK.finditer(text):
        yield at, text[at : word.start()]
        at = word.end()
    yield at, text[at:]


def chunks(texts: Iterable[Iterable[Token]], length: int) -> list[list[Token]]:
    """Sections of tokens as chunks of at most `length` tokens; there is always one, if an empty one."""
    done: list[list[Token]] = []
    for text in texts:
        chunk: list[Token] = []
        for token in text:
            if len(chunk) == length:
                cut = _end(chunk) if not token.comma else length
                done.append(chunk[:cut])
                chunk = chunk[cut:]
            chunk.append(token)
        done.append(chunk)
    return done


def _end(chunk: list[Token]) -> int:
    """Where a full chunk is to end: after its last comma, if that is near, else where it is full."""
    commas = [index + 1 for index, token in enumerate(chunk) if token.comma]
    return commas[-1] if commas and len(chunk) - commas[-1] < BACKTRACK else len(chunk)
