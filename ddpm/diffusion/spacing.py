"""Which training times of a table a run visits: the spacings of diffusers, and how its schedulers differ in them.

Schedulers of diffusers that are told the same spacing do not visit the same times: each lays out a `Grid` of its own,
which is found here by the sampler's name. In one thing they are not followed: DDIM and PNDM step T // steps down from
where they are, which with linspace is not where they ask next; ours step to where they ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Spacing = Literal["leading", "trailing", "linspace", "karras"]


class Grid(NamedTuple):
    """What diffusers' scheduler for one sampler makes of a spacing; without arguments, what most of them do.

    For 8 steps of 1000 times, linspace is 999, 856 ... 0; with a spare point 999, 874 ... 125.
    """

    spacing: Spacing = "linspace"  # its own, where a model's folder names none
    karras: bool = True  # whether it has that spacing
    spare: bool = False  # leading and linspace lay out a point more than there are steps, and leave the last one out
    whole: bool = True  # linspace rounds to whole times
    distilled: int = 0  # takes its times out of so many, whatever the spacing: those that its networks learnt

    def chosen(self, said: Spacing | None) -> Spacing:
        """The spacing that a model names, or this grid's own where it names none or one that is not offered."""
        return self.spacing if said is None or (said == "karras" and not self.karras) else said

    def times(self, T: int, steps: int, spacing: Spacing, steps_offset: int = 0) -> list[float]:
        """Training times, falling; of any spacing but karras, which goes by noise ratios and not by times."""
        if steps > T:  # more steps than the table has entries fall between them
            return line(T - 1, 0, steps)
        if steps <= self.distilled <= T:
            return _out_of(self.distilled, T, steps)
        if spacing == "trailing":
            return _trailing(T, steps)
        points = steps + 1 if self.spare and steps < T else steps
        if spacing == "leading":
            return _leading(T, points, steps_offset)[:steps]
        even = line(0, T - 1, points)[::-1][:steps]
        return [float(round(t)) for t in even] if self.whole else even


PLAIN = Grid()
GRIDS: Mapping[str, Grid] = {  # by the names of the samplers; PLAIN for one that diffusers has not
    "ddpm": Grid("leading", karras=False),
    "ddim": Grid("leading", karras=False),
    "euler": Grid(whole=False),
    "euler_ancestral": Grid(karras=False, whole=False),
    "heun": Grid(whole=False),
    "dpmpp_2m": Grid(spare=True),
    "dpmpp_2m_sde": Grid(spare=True),
    "unipc": Grid(spare=True),
    "deis": Grid(spare=True),
    "pndm": Grid("leading", karras=False),
    "lcm": Grid("trailing", karras=False, distilled=50),
}


def line(start: float, end: float, count: int) -> list[float]:
    """`count` evenly spaced numbers, both ends included."""
    step = (end - start) / (count - 1) if count > 1 else 0.0
    return [start + i * step for i in range(count - 1)] + [float(end if count > 1 else start)]


def _leading(T: int, points: int, steps_offset: int) -> list[float]:
    stride = T // points
    offset = min(steps_offset, T - 1 - (points - 1) * stride)  # an offset never leads out of the table
    return [float(i * stride + offset) for i in reversed(range(points))]


def _trailing(T: int, steps: int) -> list[float]:
    stride_down = (T - T / steps) - T  # as numpy.arange makes it, whose last bit decides how halves are rounded
    return [float(round(T + i * stride_down) - 1) for i in range(steps)]


def _out_of(count: int, T: int, steps: int) -> list[float]:
    """The last time of each of `count` equal parts of the table, and of those, from the top, evenly so many."""
    return [float((count - i * count // steps) * (T // count) - 1) for i in range(steps)]
