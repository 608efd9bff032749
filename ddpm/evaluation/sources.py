"""By what pictures that are kept are known: the sources that decide them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path


def sources_hash(parts: Sequence[str]) -> str:
    """Of these parts of the package and the art in them: what decides pictures there paints others when it changes."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for part in parts:
        for path in sorted((package / part).rglob("*")) or [package / part]:
            if path.suffix in (".py", ".npz"):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:10]
