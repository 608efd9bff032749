"""What a running request says, as plain data: PIL pictures, numbers and bytes, so that events cross processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user; the request goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """One step of one picture. `x_t` and `x0` are small PIL pictures, or None where nobody looks."""

    index: int  # which picture of the request, from 0
    step: int  # steps (or tiles) finished, over the whole request
    steps: int  # steps (or tiles) the whole request has
    seconds_left: float | None
    x_t: Image.Image | None = None
    x0: Image.Image | None = None

    @property
    def done(self) -> float:
        """Finished part of the request, 0..1."""
        return self.step / self.steps if self.steps else 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """A finished picture, or, with `partial`, what was there when the request was stopped."""

    index: int
    image: Image.Image
    seed: int
    recipe: dict[str, Any] = field(default_factory=dict)
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Framed:
    """Selfie: the face as it was turned, found and framed, which is what the model is guided by."""

    image: Image.Image
    found: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """Selfie: what its first picture starts from, the framed face under as much noise as `strength` asks for."""

    image: Image.Image


@dataclass(frozen=True, slots=True)
class Nearest:
    """Selfie: which result looks most like the framed face, once there are several."""

    index: int  # of the Result
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Film:
    """The denoising of one picture as a film file's bytes."""

    data: bytes
    format: Literal["mp4", "gif", "png"]
    fps: int
    frames: int
    steps: tuple[tuple[int, Image.Image], ...] = ()  # some of them, evenly spaced: step from 1, x_t beside x0


@dataclass(frozen=True, slots=True)
class Failed:
    """The request ended with this sentence; how an error crosses a process."""

    text: str


Event = Notice | Preview | Result | Framed | Begun | Nearest | Film | Failed
