"""The task of a diffusion model: say what is under the noise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.models.card import Defaults, ModelCard
from ddpm.models.model import Finish, Model, Text
from ddpm.models.tokens import MOST
from ddpm.training.config import TrainConfig
from ddpm.training.data.batches import Batch, Batches
from ddpm.training.data.latents import latents_of
from ddpm.training.data.pictures import Pictures
from ddpm.training.dice import Dice
from ddpm.training.learner import learner
from ddpm.training.loss import Loss, usual_kind, usual_times
from ddpm.training.preview import moments

SAMPLING = {"sampler", "steps", "guidance_scale", "guidance_until", "last", "shift"}  # of the previews and of the card


class Denoising:
    """Network, loss, previews and the model folder of one run."""

    def __init__(self, config: TrainConfig, pictures: Pictures, device: str) -> None:
        self.config = config
        self.learner = learner(config, pictures.captions is not None, device)
        self.module, self.shape = self.learner.module, self.learner.shape
        self.prompts = list(config.previews.prompts) or _first_captions(pictures, config.previews.count)
        latents = None
        if self.learner.codec.factor > 1:
            data = config.data
            latents = latents_of(pictures, self.learner.codec, data.flip, data.cache, self.learner.hash, device)
        self.batches = Batches(
            pictures, config.data, self.learner.text,
            seed=config.seed, drop=config.drop_captions, latents=latents, device=device,
        )  # fmt: skip
        perceptual = None
        if config.perceptual and config.features:
            from ddpm.training.perceptual import Perceptual

            perceptual = config.perceptual, Perceptual(config.features, device)
        kind = usual_kind(self.learner.target) if config.loss == "auto" else config.loss
        times = usual_times(self.learner.schedule) if config.times == "auto" else config.times
        self._loss = Loss(
            self.learner.target, self.learner.schedule, kind, times, config.subject_weight, perceptual,
            config.sigma_floor, config.stratified, config.perceptual_between,
            config.finish.below if config.finish else 1.0,
        )  # fmt: skip

    @property
    def chosen(self) -> str:
        target, schedule = self.learner.names
        times = self._loss.times or "evenly"
        return f"{target} on the {schedule} schedule: loss {self._loss.kind}, times {times}"

    def loss(self, network: nn.Module, batch: Batch, dice: Dice) -> Tensor:
        noisy = self._loss.noisy(batch.x0, dice)
        x_t = noisy.x_t.contiguous(memory_format=torch.channels_last)
        text = batch.text and blurred(batch.text, self.config.caption_noise, dice)
        return self._loss.of(self.learner.call(network, x_t, noisy.t, text), noisy, batch.mask)

    def after_step(self) -> None:
        return None

    def show(self, averaged: nn.Module) -> list[Tensor]:
        return moments(self.as_model(averaged), self.config.previews.count, self.config.data.size, self.prompts)

    def write(self, folder: Path, averaged: nn.Module, card_text: str) -> None:
        self.learner.write(folder, averaged, self.card(), card_text)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        return None

    def card(self) -> ModelCard:
        """The line in the menu that this run will have."""
        config, text = self.config, self.learner.text is not None
        target, schedule = self.learner.names
        return ModelCard(
            name=config.name, title=config.title or config.name, origin="embedded", format="ddpm",
            size=config.data.size, channels=config.data.channels, target=target, schedule=schedule,
            text="minilm" if text else None, licence=config.licence, note=config.note,
            defaults=self._defaults(),
            kind="text" if text else "unconditional", latent=self.learner.codec.factor > 1,
            finish_below=config.finish.below if config.finish else 0.0,
        )  # fmt: skip

    def _defaults(self) -> Defaults:
        """The start's, and over them what the configuration names."""
        said = self.config.previews.model_dump(include=SAMPLING, exclude_none=True)
        if self.learner.text is None:  # nothing to be guided by
            said |= {"guidance_scale": 1.0, "guidance_until": 0.0}
        return replace(self.learner.defaults, **said)

    def as_model(self, module: nn.Module) -> Model:
        """The network in training as the application will see it."""
        it = self.learner

        def network(x_t: Tensor, t: float, prompt: Text | None) -> Tensor:
            if prompt is not None:
                prompt = Text(prompt.states.to(x_t.device), prompt.mask.to(x_t.device))
            return it.call(module, x_t, torch.full((len(x_t),), t, device=x_t.device), prompt)

        model = Model(self.card(), it.schedule, it.codec, it.text, network, it.target, module, clamp=it.clamp)
        if it.first is None:
            return model
        finish = Finish(model.card.finish_below, network, module)
        return replace(model, network=it.first.network, module=it.first.module, finish=finish)


def blurred(text: Text, share: float, dice: Dice) -> Text:
    """The prompts with noise on every token state, `share` times as large as the state itself.

    To a linear layer, learning from noisy inputs is ridge regression (Bishop 1995, "Training with noise is equivalent
    to Tikhonov regularization"): directions in which captions hardly differ lose their say. Empty prompts, too.
    """
    if not share:
        return text
    tokens, width = text.states.shape[1:]
    noise = dice.noise((MOST, width), text.states.device, "captions")[:, :tokens]
    size = text.states.square().mean(-1, keepdim=True).sqrt()  # 0 where there is no token
    return Text(text.states + share * size * noise, text.mask)


def _first_captions(pictures: Pictures, count: int) -> list[str]:
    return [said[-1] for said in (pictures.captions or [])[:count]] or [""]
