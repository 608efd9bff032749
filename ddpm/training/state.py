"""Everything that changes during a run, saved and restored as one file so that a resumed run is the same run."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.errors import BadRequest, CannotLoad
from ddpm.training.config import TrainConfig
from ddpm.training.optimisers import freeze_others, load_moments, optimisers
from ddpm.training.task import Task

AVERAGED = 1000  # newest losses kept for the mean that is shown


class State:
    """The module that learns, its moving averages, optimisers and how far the run is. The module is on its device."""

    def __init__(self, config: TrainConfig, task: Task, device: str) -> None:
        self.task, self.module = task, task.module
        self.decays = config.ema
        freeze_others(self.module, config.only)
        self.averages = [copy.deepcopy(self.module).eval().requires_grad_(False) for _ in self.decays]
        self.optimisers = optimisers(config, self.module)
        self.rates = [group["lr"] for optimiser in self.optimisers for group in optimiser.param_groups]
        self.scaler = torch.amp.GradScaler(device, enabled=config.precision == "fp16")
        self.images = 0  # pictures seen
        self.steps = 0
        self.seconds = 0.0
        self.falling = False  # whether the decay of the rates has begun
        self.losses: list[float] = []

    @property
    def averaged(self) -> nn.Module:
        """The average that previews are made with and that is written to weights/."""
        return self.averages[0]

    def set_rates(self, factor: float) -> None:
        groups = [group for optimiser in self.optimisers for group in optimiser.param_groups]
        for group, rate in zip(groups, self.rates, strict=True):
            group["lr"] = rate * factor

    @torch.no_grad()
    def average(self) -> None:
        """Move the EMAs; early on they follow closely, so that a short run has one too (as TensorFlow's does)."""
        newest: list[Tensor] = list(self.module.parameters())
        for decay, averaged in zip(self.decays, self.averages, strict=True):
            share = 1 - min(decay, (1 + self.steps) / (10 + self.steps))
            torch._foreach_lerp_(list(averaged.parameters()), newest, share)
            for own, new in zip(averaged.buffers(), self.module.buffers(), strict=True):
                own.copy_(new)

    def note(self, loss: float) -> None:
        self.losses = [*self.losses[-AVERAGED + 1 :], loss]

    def mean_loss(self, newest: int = 50) -> float:
        recent = self.losses[-newest:]
        return sum(recent) / max(1, len(recent))

    def save(self, path: Path) -> None:
        """To a temporary name, then renamed: a kill at any moment loses nothing older."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".new")
        values = {
            "shape": self.task.shape,
            "network": self.module.state_dict(),
            "averages": {str(decay): a.state_dict() for decay, a in zip(self.decays, self.averages, strict=True)},
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "scaler": self.scaler.state_dict(),
            "task": self.task.state_dict(),
            "images": self.images,
            "steps": self.steps,
            "seconds": self.seconds,
            "falling": self.falling,
            "losses": self.losses,
        }
        try:
            torch.save(values, temporary)
            os.replace(temporary, path)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
            temporary.unlink(missing_ok=True)
            raise CannotLoad(
                f"The state could not be written to {path}: {error}. Make room there; the older one is whole."
            ) from error

    def load(self, path: Path) -> None:
        """Go on from a saved state of the same network."""
        values = read_state(path, next(self.module.parameters()).device)
        own, saved = self.task.shape, values["shape"]
        if changed := [key for key in {**own, **saved} if saved.get(key) != own.get(key)]:
            said = ", ".join(f"{key} {saved.get(key)} -> {own.get(key)}" for key in changed)
            raise BadRequest(f"{path} is of another network ({said}); use another name or out.", "resume")
        if _sizes(values["optimisers"]) != _sizes([optimiser.state_dict() for optimiser in self.optimisers]):
            raise BadRequest(
                f"{path} was made with other optimisers; keep muon_rate and only as they were, or begin a new run with "
                "start.",
                "muon_rate",
            )
        if absent := [decay for decay in self.decays if str(decay) not in values["averages"]]:
            there = ", ".join(values["averages"])
            raise BadRequest(f"{path} has no average of {absent[0]}; it has {there}. Keep ema as it was.", "ema")
        self.module.load_state_dict(values["network"])
        for decay, average in zip(self.decays, self.averages, strict=True):
            average.load_state_dict(values["averages"][str(decay)])
        for optimiser, state in zip(self.optimisers, values["optimisers"], strict=True):
            load_moments(optimiser, state)
        if values["scaler"]:
            self.scaler.load_state_dict(values["scaler"])
        self.task.load_state_dict(values["task"])
        self.images, self.steps, self.seconds = values["images"], values["steps"], values["seconds"]
        self.falling, self.losses = values["falling"], values["losses"]


def _sizes(optimisers: list[dict[str, Any]]) -> list[int]:
    """Parameters of each."""
    return [sum(len(group["params"]) for group in optimiser["param_groups"]) for optimiser in optimisers]


def read_state(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The values of a saved state; a sentence where there is none or it is damaged."""
    if not path.is_file():
        raise BadRequest(f"There is no {path} to resume from; start the run without --resume.", "resume")
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # the unpickler raises whatever a damaged file makes it raise
        raise CannotLoad(f"{path} is damaged ({error}); remove it and start again.") from error
