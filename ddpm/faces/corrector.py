"""The network that finishes what a cascade begins: it sees a square and says where in it the training frame lies.

Five convolutions and two layers in plain numpy, a millisecond or two a look: the page needs no torch for it. The
weights are those of weights/framing; `ddpm.training.framing` trains them, without labels, because every training face
is framed exactly.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ddpm.errors import CannotLoad
from ddpm.faces.frame import Frame

Array = NDArray[np.float32]
WEIGHTS = Path(__file__).parents[2] / "weights" / "framing" / "framing.safetensors"
LOOK = 48  # px of the side of what is looked at
SEEN = 1.15  # of the frame's side: a little of what is round it
STRIDES = (2, 2, 1, 2, 1)  # of the convolutions, 3 x 3, padded


class Corrector:
    """The network with its weights; holds nothing else, so threads may share it."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights

    def __call__(self, looks: Array) -> Array:
        """looks: (N, 3, LOOK, LOOK), `normal`ised -> (N, 5): shift right and down, grow, turn, face (a logit)."""
        x = looks
        for index, stride in enumerate(STRIDES):
            x = convolve(x, self.weights[f"convs.{index}.weight"], self.weights[f"convs.{index}.bias"], stride)
        x = np.maximum(x.reshape(len(x), -1) @ self.weights["read.weight"].T + self.weights["read.bias"], 0)
        return x @ self.weights["answer.weight"].T + self.weights["answer.bias"]


def convolve(x: Array, weight: Array, bias: Array, stride: int) -> Array:
    """relu of a padded 3 x 3 convolution. x: (N, C, H, W); weight: (D, C, 3, 3) -> (N, D, H / stride, W / stride)."""
    count, _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, weight[0].size)
    y = rows @ weight.reshape(len(weight), -1).T + bias
    return np.maximum(y, 0).reshape(count, -(-height // stride), -(-width // stride), -1).transpose(0, 3, 1, 2)


def normal(looks: NDArray[np.uint8]) -> Array:
    """(N, LOOK, LOOK, 3) pixels -> (N, 3, LOOK, LOOK) without their own mean and contrast: any light is the same."""
    x = looks.astype(np.float32).transpose(0, 3, 1, 2)
    x = x - x.mean(axis=(1, 2, 3), keepdims=True)
    return x / (x.std(axis=(1, 2, 3), keepdims=True) + 4.0)


def moved(frame: Frame, answer: Array) -> Frame:
    """The frame that an answer (shift right and down in sides, grow, turn: both as in 1 + grow + i turn) points to."""
    right, down, grow, turn = (float(value) for value in answer[:4])
    x, y = frame.at(0.5 + right, 0.5 + down)
    by = complex(1 + grow, turn)
    return Frame.round(x, y, frame.side * abs(by), frame.turn + float(np.degrees(np.angle(by))))


@cache
def corrector(path: Path = WEIGHTS) -> Corrector:
    """The corrector with the weights that come with the program; CannotLoad says what is wrong with them."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return Corrector({name: value.astype(np.float32) for name, value in load_file(path).items()})
    except (OSError, SafetensorError) as error:
        raise CannotLoad(f"weights/framing cannot be read ({error}): get it from the repository again.") from error
