"""Loss, throughput and rate over a run: loss.csv, one PNG of curves and samples, and TensorBoard where it is wanted."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from ddpm.errors import Missing
from ddpm.loading.files import write_whole
from ddpm.training.preview import save_picture

SIZE = (960, 640)
LEFT, RIGHT, TOP, GAP, BOTTOM = 84, 20, 40, 56, 36  # px around and between the two plots
INK, FAINT, LOSS, PACE = "#24303c", "#dde3e9", "#c2410c", "#0f766e"
DAMAGED = (TypeError, ValueError, KeyError, csv.Error)  # what reading a row that was cut short raises
AVERAGED = 15  # points on either side of a mean of the loss


class Point(NamedTuple):
    pictures: int
    seconds: float  # of training, over all starts
    loss: float  # mean since the point before
    per_second: float  # pictures
    rate: float  # share of the full learning rates
    waiting: float = 0.0  # share of the time spent on getting the batches


class Curves:
    """The points of a run, those of earlier starts included. `folder` is the run's."""

    def __init__(self, folder: Path, seen: int, tensorboard: bool) -> None:
        self.file, self.picture = folder / "loss.csv", folder / "curves.png"
        self.points = [point for point in read_points(self.file) if point.pictures <= seen]
        self.board: Any = _board(folder / "tensorboard", seen) if tensorboard else None

    def add(self, point: Point) -> None:
        self.points.append(point)
        if self.board:
            for name in ("loss", "per_second", "rate", "waiting"):
                self.board.add_scalar(name, getattr(point, name), point.pictures)

    def show(self, name: str, image: Image.Image, pictures: int) -> None:
        """A sheet of samples, for TensorBoard."""
        if self.board:
            import numpy as np

            self.board.add_image(name, np.asarray(image), pictures, dataformats="HWC")

    def save(self, sheets: Sequence[Path] = ()) -> None:
        """loss.csv and curves.png, in which samples of the beginning, the middle and the end stand below the curves."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(Point._fields)
        writer.writerows([p.pictures, f"{p.seconds:.1f}", f"{p.loss:.6f}", f"{p.per_second:.2f}", f"{p.rate:.4f}",
                          f"{p.waiting:.4f}"] for p in self.points)  # fmt: skip
        write_whole(self.file, text.getvalue().encode())
        if len(self.points) > 1:
            chosen = sorted({0, len(sheets) // 2, len(sheets) - 1}) if sheets else []
            shown = [(f"{int(sheets[i].stem):,} pictures", Image.open(sheets[i])) for i in chosen]
            save_picture(below(draw(self.points), shown), self.picture)
        if self.board:
            self.board.flush()


def read_points(file: Path) -> list[Point]:
    """Up to the first row that is none: a damaged file costs points, not the run. Older files say less."""
    points: list[Point] = []
    if file.exists():
        with file.open(encoding="utf-8", newline="") as opened, contextlib.suppress(*DAMAGED):
            for row in csv.DictReader(opened):
                rest = (float(row[key]) if key in row else 0.0 for key in Point._fields[1:])
                points.append(Point(int(row["pictures"]), *rest))
    return points


def draw(points: Sequence[Point]) -> Image.Image:
    """Loss (logarithmic) above, pictures a second below, over pictures seen."""
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    middle = TOP + int((SIZE[1] - TOP - GAP - BOTTOM) * 0.68)
    span = points[0].pictures, points[-1].pictures
    loss = [max(point.loss, 1e-9) for point in points]
    upper, lower = (LEFT, TOP, SIZE[0] - RIGHT, middle), (LEFT, middle + GAP, SIZE[0] - RIGHT, SIZE[1] - BOTTOM)
    _plot(pen, upper, span, points, loss, LOSS, f"loss {points[-1].loss:.4f}", log=True, mean=True)
    pace = [point.per_second for point in points]
    waiting = f"{points[-1].waiting:.0%} of the time waiting for data"
    _plot(pen, lower, span, points, pace, PACE, f"{waiting}, pictures a second {points[-1].per_second:.1f}")
    for share in (0, 0.25, 0.5, 0.75, 1):
        value = span[0] + share * (span[1] - span[0])
        x = upper[0] + share * (upper[2] - upper[0])
        pen.text((x, SIZE[1] - BOTTOM + 8), f"{value:,.0f}", INK, _font(), anchor="ra" if share == 1 else "ma")
    pen.text((LEFT, 12), f"{points[-1].pictures:,} pictures in {points[-1].seconds / 60:,.0f} minutes", INK, _font(16))
    return image


def below(curves: Image.Image, sheets: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Sheets of samples with their titles under the curves, enlarged by whole numbers where they are small."""
    width = SIZE[0] - LEFT - RIGHT
    fitted = []
    for title, image in sheets:
        factor = max(1, min(4, width // image.width))
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
        image.thumbnail((width, image.height))
        fitted.append((title, image))
    whole = Image.new("RGB", (SIZE[0], curves.height + sum(image.height + TOP for _, image in fitted)), "white")
    whole.paste(curves, (0, 0))
    pen, y = ImageDraw.Draw(whole), curves.height
    for title, image in fitted:
        pen.text((LEFT, y), title, INK, _font())
        whole.paste(image, (LEFT, y + TOP // 2))
        y += image.height + TOP
    return whole


def _plot(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], span: tuple[int, int], points: Sequence[Point],
    values: list[float], colour: str, title: str, *, log: bool = False, mean: bool = False,
) -> None:  # fmt: skip
    left, top, right, bottom = box
    scale = math.log if log else float
    heights = [scale(value) for value in values]
    low, high = min(heights), max(heights)
    room = (high - low) or 1.0

    def at(point: Point, height: float) -> tuple[float, float]:
        across = (point.pictures - span[0]) / max(1, span[1] - span[0])
        return left + across * (right - left), bottom - (height - low) / room * (bottom - top)

    for share in (0, 0.25, 0.5, 0.75, 1):
        y, value = bottom - share * (bottom - top), low + share * room
        pen.line((left, y, right, y), FAINT)
        pen.text((left - 8, y), f"{math.exp(value) if log else value:.4g}", INK, _font(), anchor="rm")
    pen.text((right, top - 6), title, colour, _font(), anchor="rs")
    pen.line([at(point, height) for point, height in zip(points, heights, strict=True)], "#f0b89a" if mean else colour)
    if mean:
        smooth = [_mean(heights[max(0, i - AVERAGED) : i + AVERAGED + 1]) for i in range(len(heights))]
        pen.line([at(point, height) for point, height in zip(points, smooth, strict=True)], colour, 2)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _font(size: int = 13) -> Any:
    return ImageFont.load_default(size)


def _board(folder: Path, seen: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise Missing("tensorboard: true needs the package: pip install tensorboard") from error
    return SummaryWriter(str(folder), purge_step=seen + 1 if seen else None)
