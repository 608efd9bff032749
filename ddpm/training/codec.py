"""The task of a codec: give a picture back through few numbers. It writes a folder for the `codec` of other runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.loading.new_codec import new_codec, write_codec
from ddpm.training.adversary import Adversary
from ddpm.training.config import TrainConfig
from ddpm.training.data.batches import Batch, Batches
from ddpm.training.data.pictures import Pictures
from ddpm.training.dice import Dice

MEASURED = 64  # pictures from which the scale of the latents is taken


class Through(nn.Module):
    """pixels (B, C, H, W) and eps of the latents' shape -> reconstruction, mean and log-variance of the latents."""

    def __init__(self, codec: Any) -> None:
        super().__init__()
        self.codec: Any = codec

    def forward(self, pixels: Tensor, eps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        posterior = self.codec.encode(pixels).latent_dist
        return self.codec.decode(posterior.mean + posterior.std * eps).sample, posterior.mean, posterior.logvar


class Coding:
    """L1, a little KL (Kingma & Welling 2014), perceptual distance and adversary: Rombach et al. 2022, appendix G."""

    def __init__(self, config: TrainConfig, pictures: Pictures, device: str) -> None:
        assert config.autoencoder is not None
        self.config, self.wish, self.device = config, config.autoencoder, device
        torch.manual_seed(config.seed)  # the initial weights
        wish, channels = self.wish, config.data.channels
        self.module = Through(new_codec(wish.widths, wish.layers, channels, wish.channels, config.data.size)).to(device)
        self.shape: dict[str, Any] = {"widths": list(wish.widths), "layers": wish.layers, "channels": wish.channels,
                                      "colours": channels}  # fmt: skip
        self.batches = Batches(pictures, config.data, None, seed=config.seed, device=device)
        self.adversary = Adversary(channels, config.learning_rate, device) if wish.adversary else None
        self.perceptual = None
        if config.perceptual and config.features:
            from ddpm.training.perceptual import Perceptual

            self.perceptual = Perceptual(config.features, device)

    @property
    def chosen(self) -> str:
        return f"an autoencoder to {self.wish.channels} channels at 1/{self.wish.factor} of the side"

    def loss(self, network: nn.Module, batch: Batch, dice: Dice) -> Tensor:
        side = batch.x0.shape[-1] // self.wish.factor
        eps = dice.noise((self.wish.channels, side, side), batch.x0.device)
        made, mean, logvar = (each.float() for each in network(batch.x0, eps))
        loss = (made - batch.x0).abs().mean()
        loss = loss + self.wish.kl * 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum((1, 2, 3)).mean()
        if self.perceptual is not None:
            loss = loss + self.config.perceptual * self.perceptual(made, batch.x0).mean()
        if self.adversary is not None and dice.seen >= self.wish.adversary_from:
            with torch.autocast(batch.x0.device.type, enabled=False):
                self.adversary.learn(batch.x0, made, len(dice) / dice.batch)
                loss = loss + self.wish.adversary * self.adversary.verdict(made)
        return loss

    def after_step(self) -> None:
        if self.adversary is not None:
            self.adversary.step()

    @torch.no_grad()
    def show(self, averaged: nn.Module) -> list[Tensor]:
        """The first pictures of the set, then the same through the codec."""
        pixels = self._first(self.config.previews.count)
        latents = torch.zeros(
            (len(pixels), self.wish.channels, *(side // self.wish.factor for side in pixels.shape[2:]))
        )
        made = averaged(pixels, latents.to(self.device))[0].float()
        return [each.clamp(-1, 1).expand(-1, 3, -1, -1).cpu() for each in (pixels, made)]

    @torch.no_grad()
    def write(self, folder: Path, averaged: nn.Module, card_text: str) -> None:
        assert isinstance(averaged, Through)
        latents = averaged.codec.encode(self._first(MEASURED)).latent_dist.mean
        write_codec(folder, averaged.codec, 1 / float(latents.float().std().clamp(min=1e-6)))
        (folder / "README.md").write_text(card_text, encoding="utf-8")

    def state_dict(self) -> dict[str, Any]:
        return self.adversary.state_dict() if self.adversary else {}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        if self.adversary and values:
            self.adversary.load_state_dict(values)

    def _first(self, count: int) -> Tensor:
        """(count, C, size, size) in [-1, 1], cut from the middle where pictures are kept larger."""
        pixels, size = self.batches.pixels[:count].to(self.device).float() / 127.5 - 1, self.config.data.size
        edge = (pixels.shape[-1] - size) // 2
        return pixels[..., edge : edge + size, edge : edge + size]
