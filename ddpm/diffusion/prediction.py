"""What a network predicts, and what everybody else sees: x0 and eps together."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from torch import Tensor

from ddpm.diffusion.schedule import Level


class Prediction(NamedTuple):
    """Both always filled, so nobody asks what the network predicts; and x_t = alpha * x0 + sigma * eps.

    Only a model that clamps the x0 of an eps or v network keeps the eps as it was said (`Model.denoise`).
    """

    x0: Tensor
    eps: Tensor


Predict = Callable[[Tensor, Level], Prediction]  # THE contract: guidance and constraints map Predict to Predict


class Target(str, Enum):
    """What a network was trained to put out."""

    EPS = "eps"
    V = "v"  # alpha * eps - sigma * x0; Salimans & Ho 2022, section 4
    X0 = "x0"
    FLOW = "flow"  # eps - x0; Liu et al. 2022 (rectified flow)

    def __str__(self) -> str:
        return str(self.value)

    def of(self, x0: Tensor, eps: Tensor, level: Level) -> Tensor:
        """The training target for this x0, eps and level. Shapes alike, any."""
        match self:
            case Target.EPS:
                return eps
            case Target.V:
                return level.alpha * eps - level.sigma * x0
            case Target.X0:
                return x0
            case Target.FLOW:
                return eps - x0

    def read(self, output: Tensor, x_t: Tensor, level: Level) -> Prediction:
        """The inverse of `of`: x0 and eps from a network's output at x_t = alpha * x0 + sigma * eps.

        Where the level has no noise (sigma = 0) or no signal (alpha = 0) the undetermined half is zero.
        """
        alpha, sigma = level.alpha, level.sigma
        match self:
            case Target.EPS:
                x0 = (x_t - sigma * output) / alpha if alpha else output * 0
                return Prediction(x0, output)
            case Target.V:
                norm = alpha * alpha + sigma * sigma
                return Prediction((alpha * x_t - sigma * output) / norm, (sigma * x_t + alpha * output) / norm)
            case Target.X0:
                return Prediction(output, eps_of(x_t, output, level))
            case Target.FLOW:
                return Prediction((x_t - sigma * output) / (alpha + sigma), (x_t + alpha * output) / (alpha + sigma))


def eps_of(x_t: Tensor, x0: Tensor, level: Level) -> Tensor:
    """The noise that makes x_t of x0: what a constraint on x0 implies for eps."""
    return (x_t - level.alpha * x0) / level.sigma if level.sigma else x0 * 0
