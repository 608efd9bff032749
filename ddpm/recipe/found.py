"""What a grammar's reader hands on: settings under our names, not yet checked, and what it could not translate."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ddpm.recipe.samplers import model_named, sampler_named

LONG = 200  # characters of a value that are shown among what could not be used


class Found(NamedTuple):
    """Settings (our flat names, and `needs`: the pictures that must be sent again), and sentences about the rest."""

    fields: dict[str, Any]
    unread: list[str]


def renamed(told: dict[str, Any], names: dict[str, str], silent: frozenset[str] = frozenset()) -> Found:
    """`told` under our names. What has none is listed, but for `silent` keys and values that say nothing."""
    found = Found({}, [])
    for key, value in told.items():
        if key in silent or value is None or value is False or value in ([], {}):
            continue
        ours = names.get(key)
        if value == "" and ours not in ("prompt", "negative_prompt"):
            continue
        if ours is None:
            found.unread.append(line(key, value))
        elif ours == "sampler" and isinstance(value, str):
            sampler, unread = sampler_named(value)
            found.fields["sampler"] = sampler
            found.unread.extend(unread)
        else:
            found.fields[ours] = model_named(value) if ours == "model" and isinstance(value, str) else value
    return found


def line(key: str, value: Any) -> str:
    """'Clip skip: 2', shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"{str(key)[:60]}: {text if len(text) <= LONG else text[: LONG - 3] + '...'}"


def json_object(text: str) -> dict[str, Any]:
    """The JSON object that a text is; {} for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def sides(text: str) -> tuple[str, str] | None:
    """Width and height out of '512x768' or '(512, 768)'."""
    pair = re.fullmatch(r"\(?\s*(\d{1,6})\s*[x,×]\s*(\d{1,6})\s*\)?", text.strip())
    return (pair[1], pair[2]) if pair else None
