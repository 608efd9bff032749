"""Where models lie unless somebody says otherwise: one rule for training, the command line and the page."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def weights_folder() -> Path:
    """DDPM_WEIGHTS, else weights/ of this project, whatever folder one is in."""
    return Path(os.environ.get("DDPM_WEIGHTS") or PROJECT / "weights")
