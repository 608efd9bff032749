"""Parts that a weights file relies on but does not hold: an autoencoder, a text encoder with its tokenizer.

They lie in folders beside the file, or in the Hub's cache on this machine. Nothing is fetched here.
"""

from __future__ import annotations

from pathlib import Path

from ddpm.errors import CannotLoad
from ddpm.loading import hub


def companion(home: Path, given: str | None, usual: str, what: str, *needs: str) -> Path:
    """The folder of a part: `given` (a folder under `home`, or a Hub id), else `usual` (a Hub id).

    `needs` are files of which it has to hold the first, or all of the rest's folders; CannotLoad says what to do.
    """
    name = given or usual
    inside = home / name
    if given and inside.is_dir() and home.resolve() in inside.resolve().parents:
        found: Path | None = inside
    else:
        found = hub.local(name)
    if found is None:
        raise CannotLoad(
            f"it needs {what} ({name}), which is not on this machine: `python -m ddpm models --download {name}`"
        )
    for file in needs:
        if not (found / file).is_file():
            raise CannotLoad(f"it needs {what}, but {found.name if given else name} has no {file}")
    return found
