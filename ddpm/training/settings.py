"""From a YAML file and `key=value` changes to a `TrainConfig`, with a sentence for every mistake; and back to YAML."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from ddpm.errors import BadRequest
from ddpm.loading.their_yaml import is_theirs
from ddpm.training.config import SECTIONS, TrainConfig
from ddpm.training.their_config import translate


def load_config(path: Path, changes: Sequence[str] = ()) -> TrainConfig:
    """The run in a YAML file with `key=value` changes (dots lead into sections; values are YAML)."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadRequest(f"There is no file {path}; configs/train holds examples.", "config") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRequest(f"{path} cannot be read as YAML: {error}", "config") from error
    if not isinstance(values, dict):
        raise BadRequest(f"{path} must hold settings, one `key: value` a line.", "config")
    if is_theirs(values) and isinstance(values.get("training"), dict):
        values, remarks = translate(values)
        print(*(f"{path}: {remark}" for remark in remarks), sep="\n", file=sys.stderr)
    for change in changes:
        _apply(values, change)
    try:
        return TrainConfig(**values)
    except (ValidationError, TypeError) as error:
        raise BadRequest(_sentence(error, path), "config") from error


def to_yaml(config: TrainConfig) -> str:
    """Every setting with its value; loading it gives the same run."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _apply(values: dict[str, Any], change: str) -> None:
    key, equals, value = change.partition("=")
    if not equals or not key:
        raise BadRequest(f"{change!r} is not a change of a setting; write key=value, for example batch=16.", "config")
    *sections, last = key.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            raise BadRequest(f"{change!r}: {section} is a value, not a section.", "config")
        values = inner
    try:
        values[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise BadRequest(f"{change!r}: the value cannot be read ({error}).", "config") from error


def _sentence(error: Exception, path: Path) -> str:
    """The first complaint, with the key, the file and, of an unknown key, the nearest that there is."""
    if not isinstance(error, ValidationError):
        return f"{path}: {error}"
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "extra_forbidden":
            model: type[BaseModel] = TrainConfig
            for part in first["loc"][:-1]:
                model = SECTIONS.get(str(part), model)
            near = get_close_matches(str(first["loc"][-1]), list(model.model_fields), 1, 0.0)[0]
            return f"{path}: {key} is not a setting; the nearest is {near}."
        case "missing":
            return f"{path}: {key} is missing."
    message = first["msg"].removeprefix("Value error, ")
    if not key:
        return f"{path}: {message}."
    return f"{path}: {key} is {first['input']!r}; {message[0].lower()}{message[1:]}."
