"""Everything that changes during a run, saved and restored as one file so that a resumed run is the same run."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ddpm.errors import BadRequest, CannotLoad
from ddpm.models.hybrid import Hybrid, HybridConfig
from ddpm.training.config import TrainConfig

AVERAGED = 1000  # newest losses kept for the mean that is shown


class State:
    """Network, its moving average, optimisers and how far the run is."""

    def __init__(self, config: TrainConfig, shape: HybridConfig, device: str) -> None:
        torch.manual_seed(config.seed)  # the initial weights
        self.network = Hybrid(shape).to(device)
        self.ema = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.optimisers = _optimisers(config, self.network)
        self.rates = [group["lr"] for optimiser in self.optimisers for group in optimiser.param_groups]
        self.images = 0  # pictures seen
        self.steps = 0
        self.seconds = 0.0
        self.losses: list[float] = []

    def set_rates(self, factor: float) -> None:
        groups = [group for optimiser in self.optimisers for group in optimiser.param_groups]
        for group, rate in zip(groups, self.rates, strict=True):
            group["lr"] = rate * factor

    @torch.no_grad()
    def average(self, decay: float) -> None:
        """Move the EMA; early on it follows closely, so that a short run has one too (as TensorFlow's does)."""
        decay = min(decay, (1 + self.steps) / (10 + self.steps))
        averaged: list[Tensor] = list(self.ema.parameters())
        newest: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(averaged, newest, 1 - decay)

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
            "shape": {key: _plain(value) for key, value in self.network.config.to_dict().items()},
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "images": self.images,
            "steps": self.steps,
            "seconds": self.seconds,
            "losses": self.losses,
        }
        try:
            torch.save(values, temporary)
            os.replace(temporary, path)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
            temporary.unlink(missing_ok=True)
            raise CannotLoad(f"The state could not be written to {path}: {error}. The older one is whole.") from error

    def load(self, path: Path) -> None:
        """Go on from a saved state of the same network."""
        if not path.is_file():
            raise BadRequest(f"There is no {path} to resume from; start the run without --resume.", "resume")
        try:
            values = torch.load(path, map_location=next(self.network.parameters()).device, weights_only=True)
        except Exception as error:  # the unpickler raises whatever a damaged file makes it raise
            raise CannotLoad(f"{path} is damaged ({error}); remove it and start again.") from error
        shape = {key: _plain(value) for key, value in self.network.config.to_dict().items()}
        if changed := [key for key in shape if values["shape"].get(key) != shape[key]]:
            said = ", ".join(f"{key} {values['shape'].get(key)} -> {shape[key]}" for key in changed)
            raise BadRequest(f"{path} is of another network ({said}); use another name or out.", "resume")
        self.network.load_state_dict(values["network"])
        self.ema.load_state_dict(values["ema"])
        if len(values["optimisers"]) != len(self.optimisers):
            raise BadRequest(f"{path} was made with other optimisers; keep muon_rate as it was.", "muon_rate")
        for optimiser, saved in zip(self.optimisers, values["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.images, self.steps, self.seconds = values["images"], values["steps"], values["seconds"]
        self.losses = values["losses"]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _optimisers(config: TrainConfig, network: nn.Module) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for the matrices of the transformer blocks, AdamW for everything else."""
    matrices = [p for name, p in network.named_parameters() if p.ndim == 2 and name.startswith("middle.")]
    if not config.muon_rate:
        matrices = []
    elif not hasattr(torch.optim, "Muon"):
        raise BadRequest(f"muon_rate needs torch 2.9, this is {torch.__version__}; set muon_rate: 0.", "muon_rate")
    chosen = {id(p) for p in matrices}
    rest = [p for p in network.parameters() if id(p) not in chosen]
    adamw = torch.optim.AdamW(rest, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay)
    if not matrices:
        return [adamw]
    return [torch.optim.Muon(matrices, lr=config.muon_rate, weight_decay=config.weight_decay), adamw]
