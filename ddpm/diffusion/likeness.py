"""What `likeness` means: how a picture is led towards a known one at every noise level, by one number in 0..1.

Layout, colour and light are held by octaves (Choi et al. 2021, ILVR, here with a share for each octave); outlines
follow the gradient of a loss on x0. Nothing depends on the batch, on the size of the picture or on what the model
predicts: cells are counted along a side, noise levels as shares of noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm.diffusion.constraints import holding, octaves, within
from ddpm.diffusion.guidance import towards
from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level


class Grip(NamedTuple):
    """How a picture is held."""

    powers: tuple[float, ...]  # of likeness, for 4, 8, 16, ... cells along a side: the finer, the later asked for
    release: tuple[float, float]  # noise shares between which the hold is let go: the rest is the network's
    edges: float = 0.0  # pull of the outlines at likeness 1, in units of `towards`
    edges_until: float = 0.15  # noise share at which that has faded

    def before(self, last: float) -> Grip:
        """The grip of a model whose network is asked last at that noise share: it has let go by then."""
        free, held = self.release
        return self._replace(release=(max(free, last), max(held, 2 * last)), edges_until=max(self.edges_until, last))


FACE = Grip((0.4, 0.8, 1.5, 2.5), (0.05, 0.15), edges=0.15)  # beyond this pull outlines look traced
LOOSE = Grip((1.0,), (0.6, 0.85))  # for what is no face: its colours and light, while a face can still form


def resembling(
    predict: Predict, x0_known: Tensor, likeness: float, grip: Grip = FACE, *, through_network: bool = False
) -> Predict:
    """`predict`, led towards the known picture: 0 not at all, 1 as closely as detail allows.

    x0_known: (1, C, H, W) at model scale. `through_network` takes the outlines' gradient at x_t: two to three times
    the cost of a step in torch, five where a graph runs the others; the network has a say in how outlines are drawn.
    """
    if not likeness:
        return predict
    free, held = grip.release

    def share(level: Level, octave: int) -> float:
        hold = min(1.0, max(0.0, (level.noise_share - free) / (held - free)))
        return hold * likeness ** grip.powers[octave] if octave < len(grip.powers) else 0.0

    def guide(predict: Predict) -> Predict:
        if grip.edges:
            predict = towards(predict, edge_loss(x0_known), grip.edges * likeness, until=grip.edges_until,
                              through_network=through_network)  # fmt: skip
        return holding(predict, octaves(x0_known, share))

    return within(predict, guide, x0_known)


def edge_loss(known: Tensor) -> Callable[[Tensor], Tensor]:
    """x0 (B, C, H, W) -> (B,): how far its edges are from the known ones, within the oval where a framed face is."""
    height, width = known.shape[-2:]
    y = torch.linspace(-1, 1, height, device=known.device)[:, None]
    x = torch.linspace(-1, 1, width, device=known.device)[None, :]
    oval = ((x / 0.75) ** 2 + (y / 0.95) ** 2 <= 1).float()
    across, down = known.diff(dim=-1), known.diff(dim=-2)

    def loss(x0: Tensor) -> Tensor:
        off_across = F.smooth_l1_loss(x0.diff(dim=-1), across.expand(len(x0), -1, -1, -1), reduction="none", beta=0.1)
        off_down = F.smooth_l1_loss(x0.diff(dim=-2), down.expand(len(x0), -1, -1, -1), reduction="none", beta=0.1)
        return (off_across * oval[:, 1:]).mean(dim=(1, 2, 3)) + (off_down * oval[1:]).mean(dim=(1, 2, 3))

    return loss
