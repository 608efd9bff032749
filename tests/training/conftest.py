"""A run small enough to be made a dozen times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ddpm.training.config import TrainConfig

SMALL: dict[str, Any] = {
    "name": "small", "batch": 4, "images": 80, "warm_up": 8, "decay": 0, "learning_rate": 1e-3, "threads": 1,
    "precision": "fp32", "device": "cpu",
    "data": {"kind": "shapes", "size": 8, "count": 30, "captions": False, "flip": True},
    "network": {"patch": 2, "widths": [16, 32], "res_blocks": 1, "blocks": 1, "heads": 2},
    "previews": {"every": 0, "count": 2, "steps": 3, "sampler": "ddim", "film": "none"},
}  # fmt: skip


def small(folder: Path, **changes: Any) -> TrainConfig:
    return TrainConfig(**{**SMALL, "out": folder / "run", "weights": folder / "weights", **changes})


def saved(config: TrainConfig, file: str = "state.pt") -> dict[str, torch.Tensor]:
    """Everything in a saved state as tensors."""
    values = torch.load(config.folder / file, weights_only=True)
    flat = {f"network.{key}": value for key, value in values["network"].items()}
    for decay, average in values["averages"].items():
        flat |= {f"{decay}.{key}": value for key, value in average.items()}
    for i, optimiser in enumerate(values["optimisers"]):
        for number, moments in optimiser["state"].items():
            flat |= {f"{i}.{number}.{key}": torch.as_tensor(value) for key, value in moments.items()}
    return {**flat, "losses": torch.tensor(values["losses"]), "images": torch.tensor(values["images"])}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
