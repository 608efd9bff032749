"""Parts that a weights file relies on but does not hold: an autoencoder, a text encoder with its tokenizer.

They lie in folders beside the file, or in the Hub's cache on this machine. Nothing is fetched here.
"""

from __future__ import annotations

from pathlib import Path

from ddpm.errors import CannotLoad
from ddpm.loading import hub


class Incomplete(CannotLoad):
    """The file's family is known, but what it relies on is not on this machine."""


def companion(home: Path, given: str | None, usual: str, what: str, *any_of: str) -> Path:
    """The folder of a part: `given` (a folder under `home`, or a Hub id), else `usual` (a Hub id).

    It has to hold one of the files `any_of`. Incomplete says what to do.
    """
    name = given or usual
    inside = home / name
    if given and inside.is_dir() and home.resolve() in inside.resolve().parents:
        found: Path | None = inside
    else:
        found = hub.local(name) or hub.any_revision(name)
    if found is None and not hub.is_id(name):
        raise Incomplete(f"it needs {what}, but there is no folder {name!r} beside it, and that is no Hub id either")
    if found is None:
        raise Incomplete(
            f"it needs {what} ({name}), which is not on this machine: `python -m ddpm models --download {name}`"
        )
    if any_of and not any((found / file).is_file() for file in any_of):
        raise Incomplete(f"it needs {what}, but {name} has no {' and no '.join(any_of)}")
    return found
