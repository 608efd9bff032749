"""Codecs: pixels as they are, or diffusers' autoencoders behind the same four names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PREVIEW_SIDE = 128  # pixels; a preview is drawn several times a second, and the page enlarges it


@dataclass(frozen=True, slots=True)
class Pixels:
    """The identity, for networks that paint pixels; one channel is grey and becomes three equal ones."""

    channels: int = 3
    factor: int = 1

    def encode(self, pixels: Tensor) -> Tensor:
        """pixels: (B, 3, H, W) in [-1, 1] -> (B, channels, H, W)."""
        return pixels.mean(dim=1, keepdim=True) if self.channels == 1 else pixels

    def decode(self, latents: Tensor) -> Tensor:
        """latents: (B, channels, H, W) -> pixels (B, 3, H, W), clamped to [-1, 1]."""
        return latents.float().clamp(-1, 1).expand(-1, 3, -1, -1)

    def preview(self, latents: Tensor) -> Tensor:
        """The pixels, made smaller where they are many."""
        pixels = self.decode(latents)
        shrink = min(max(pixels.shape[-2:]) // PREVIEW_SIDE, *pixels.shape[-2:])
        return F.avg_pool2d(pixels, shrink) if shrink > 1 else pixels


@dataclass(frozen=True, slots=True)
class Transposed:
    """A codec for a network that knows pictures mirrored along the diagonal; outside they stand as they should."""

    inner: Autoencoder

    @property
    def factor(self) -> int:
        return self.inner.factor

    @property
    def channels(self) -> int:
        return self.inner.channels

    @property
    def module(self) -> nn.Module:
        return self.inner.module

    def encode(self, pixels: Tensor) -> Tensor:
        """pixels: (B, 3, H, W) in [-1, 1] -> latents, upright."""
        return self.inner.encode(pixels.mT).mT

    def decode(self, latents: Tensor) -> Tensor:
        """latents: (B, channels, h, w), upright -> pixels (B, 3, H, W) in [-1, 1]."""
        return self.inner.decode(latents.mT).mT

    def preview(self, latents: Tensor) -> Tensor:
        """As the inner codec's; its map of colours knows no directions."""
        return self.inner.preview(latents)


class Autoencoder:
    """A diffusers autoencoder (AutoencoderKL, VQModel, AutoencoderTiny): latents times `scaling`, less `shift`."""

    def __init__(self, module: nn.Module, *, factor: int, channels: int, scaling: float, shift: float = 0.0) -> None:
        self.module: Any = module.eval().requires_grad_(False)
        self.factor, self.channels = factor, channels
        self.scaling, self.shift = scaling, shift
        self._colours: Tensor | None = None

    def encode(self, pixels: Tensor) -> Tensor:
        """pixels: (B, 3, H, W) in [-1, 1] -> latents at model scale; the mean of the posterior, so nothing is drawn."""
        encoded = self.module.encode(pixels.to(self._dtype))
        posterior = getattr(encoded, "latent_dist", None)
        latents = encoded.latents if posterior is None else posterior.mode()
        return ((latents - self.shift) * self.scaling).float()

    def decode(self, latents: Tensor) -> Tensor:
        """latents: (B, channels, h, w), model scale -> pixels (B, 3, H, W), float32 in [-1, 1]."""
        return self.module.decode((latents / self.scaling + self.shift).to(self._dtype)).sample.float().clamp(-1, 1)

    def preview(self, latents: Tensor) -> Tensor:
        """One pixel a latent position, by a linear map of its channels (see `_fit_colours`)."""
        if self._colours is None:
            self._colours = self._fit_colours(latents.device)
        weight, bias = self._colours[:-1], self._colours[-1]
        colours = latents.float().movedim(1, -1) @ weight + bias
        return colours.movedim(-1, 1).clamp(-1, 1)

    @torch.no_grad()
    def _fit_colours(self, device: torch.device) -> Tensor:
        """(channels + 1, 3): least squares from latents to pixel means, over patches of plain colours that it encodes.

        Fitted on this codec itself, so that any autoencoder has previews and no table of constants is needed.
        """
        side = 8  # patches a side
        colours = torch.rand(1, 3, side, side, generator=torch.Generator("cpu").manual_seed(0)) * 2 - 1
        pixels = F.interpolate(colours, scale_factor=4 * self.factor).to(device)
        latents = F.avg_pool2d(self.encode(pixels), 4).flatten(2)[0].T
        known = torch.cat([latents, torch.ones_like(latents[:, :1])], dim=1).cpu().double()  # mps has no float64
        target = colours.flatten(2)[0].T.double()
        ridge = 1e-3 * torch.eye(known.shape[1], dtype=torch.float64)
        return torch.linalg.solve(known.T @ known + ridge, known.T @ target).float().to(device)

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.module.parameters()).dtype
