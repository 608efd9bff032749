"""What a run can learn: to denoise (denoising.py) or to encode and decode (codec.py). The loop knows only this."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from ddpm.training.config import TrainConfig
from ddpm.training.data.batches import Batch, Batches
from ddpm.training.data.pictures import Pictures
from ddpm.training.dice import Dice


class Task(Protocol):
    """A module, what is asked of it and how it is shown and written. `network` is that module, wrapped to train."""

    @property
    def module(self) -> nn.Module:
        """What learns."""

    @property
    def batches(self) -> Batches:
        """What it learns from."""

    @property
    def shape(self) -> dict[str, Any]:
        """What a saved state must agree with: plain values."""

    @property
    def chosen(self) -> str:
        """What is learnt and by what loss, in words: the configuration may leave it to what it starts from."""

    def loss(self, network: nn.Module, batch: Batch, dice: Dice) -> Tensor:
        """The mean loss of a batch, with its graph."""

    def after_step(self) -> None:
        """The optimisers have taken a step: what else learns with them takes its own."""

    def show(self, averaged: nn.Module) -> list[Tensor]:
        """Pictures, as moments of their making, the last one finished: (N, 3, H, W) in [-1, 1] each."""

    def write(self, folder: Path, averaged: nn.Module, card_text: str) -> None:
        """The model folder that the application reads."""

    def state_dict(self) -> dict[str, Any]:
        """What else of it changes in training."""

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """The inverse."""


def open_task(config: TrainConfig, pictures: Pictures, device: str) -> Task:
    """The task that a configuration names, over pictures that are open already."""
    if config.autoencoder is not None:
        from ddpm.training.codec import Coding

        return Coding(config, pictures, device)
    from ddpm.training.denoising import Denoising

    return Denoising(config, pictures, device)
