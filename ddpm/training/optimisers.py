"""Muon (Jordan et al. 2024) for the matrices of transformer blocks, AdamW for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ddpm.errors import BadRequest
from ddpm.training.config import TrainConfig

BETAS = (0.9, 0.99)  # a shorter second memory than AdamW's 0.999: these runs are short


def freeze_others(module: nn.Module, only: Sequence[str]) -> None:
    """Leave gradients to the parameters whose names begin with one of `only`; with none named, to all."""
    if not only:
        return
    names = [name for name, _ in module.named_parameters()]
    if absent := [start for start in only if not any(name.startswith(start) for name in names)]:
        there = ", ".join(dict.fromkeys(name.partition(".")[0] for name in names))
        raise BadRequest(f"only: no parameter begins with {absent[0]!r}; there are {there}.", "only")
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name.startswith(tuple(only)))


def optimisers(config: TrainConfig, module: nn.Module) -> list[torch.optim.Optimizer]:
    """One or two. Muon is for what its paper says: the matrices inside, not the first, the last or the embeddings."""
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    matrices = [p for name, p in trained.items() if p.ndim == 2 and name.startswith("middle.")]
    if not config.muon_rate:
        matrices = []
    elif matrices and not hasattr(torch.optim, "Muon"):
        if "muon_rate" in config.model_fields_set:
            raise BadRequest(f"muon_rate needs torch 2.9, this is {torch.__version__}; set muon_rate: 0.", "muon_rate")
        print(f"torch {torch.__version__} has no Muon, which 2.9 brought: AdamW for all.", flush=True)
        matrices = []
    chosen = {id(p) for p in matrices}
    rest = [p for p in trained.values() if id(p) not in chosen]
    adamw = torch.optim.AdamW(rest, lr=config.learning_rate, betas=BETAS, weight_decay=config.weight_decay, fused=True)
    if not matrices:
        return [adamw]
    return [torch.optim.Muon(matrices, lr=config.muon_rate, weight_decay=config.weight_decay), adamw]


def load_moments(optimiser: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    """What it remembers of gradients. Rate and decay are this run's, not those of the run that was saved."""
    own = [{key: value for key, value in group.items() if key != "params"} for group in optimiser.param_groups]
    optimiser.load_state_dict(saved)
    for group, settings in zip(optimiser.param_groups, own, strict=True):
        group.update(settings)
