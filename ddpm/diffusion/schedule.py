"""Noise levels. Everything in this package hangs on one line:

    x_t = alpha * x0 + sigma * eps

VP networks (alpha**2 + sigma**2 = 1), VE networks (alpha = 1) and flow networks (alpha = 1 - t, sigma = t) are all
points (alpha, sigma); a sampler sees nothing else. A `Schedule` is the path a network was trained on, `levels` the
stations on it that one sampling run visits.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import mul
from typing import Any, Literal, NamedTuple, get_args

from ddpm.diffusion.spacing import PLAIN, Grid, Spacing, line
from ddpm.errors import BadRequest

KARRAS_RHO = 7.0  # Karras et al. 2022 (EDM), eq. 5 and table 1
SMALLEST_ALPHA_BAR = 2.0**-24  # keeps a noise ratio finite on a path that ends without signal; the value diffusers uses


class Level(NamedTuple):
    """One point of the noising path, as Python floats from float64 tables."""

    t: float  # training time, what a Network is called with: 0..T-1 for discrete schedules, 0..1 for flow
    alpha: float  # coefficient of x0
    sigma: float  # coefficient of eps

    @property
    def noise_share(self) -> float:
        """How much of it is noise, 0..1: sigma / (alpha + sigma), which is t on a flow path.

        Where a setting is a moment of sampling (guidance_until, last, finish_below), it is given in this. A noise
        ratio, sigma / alpha, is what samplers reckon in.
        """
        return self.sigma / (self.alpha + self.sigma)


CLEAN = Level(0.0, 1.0, 0.0)  # where sampling ends: no noise left, the network is not asked here


@dataclass(frozen=True, slots=True)
class Schedule:
    """The noising path of one network: a table of T discrete levels, or the straight line of flow matching."""

    kind: Literal["discrete", "flow"]
    alphas_bar: tuple[float, ...] = ()  # discrete: alpha**2 at t = 0..T-1, falling; flow: empty
    shift: float = 1.0  # flow: > 1 spends more of the steps at high noise; Esser et al. 2024 (SD3), eq. 23

    @classmethod
    def linear(cls, T: int = 1000, start: float = 1e-4, end: float = 0.02) -> Schedule:
        """Betas in a straight line. Ho et al. 2020 (DDPM), section 4."""
        return cls.of_betas(line(start, end, T))

    @classmethod
    def scaled_linear(cls, T: int = 1000, start: float = 0.00085, end: float = 0.012) -> Schedule:
        """Square roots of the betas in a straight line: latent diffusion and Stable Diffusion (Rombach et al. 2022)."""
        return cls.of_betas([root * root for root in line(math.sqrt(start), math.sqrt(end), T)])

    @classmethod
    def cosine(cls, T: int = 1000) -> Schedule:
        """alpha_bar falls like a squared cosine. Nichol & Dhariwal 2021, eq. 17, betas cut at 0.999."""
        signal = [math.cos((i / T + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(T + 1)]
        return cls.of_betas([min(1 - signal[i + 1] / signal[i], 0.999) for i in range(T)])

    @classmethod
    def sigmoid(cls, T: int = 1000, start: float = 1e-4, end: float = 0.02) -> Schedule:
        """Betas along a logistic curve from -6 to 6. GeoDiff (Xu et al. 2022), as in diffusers."""
        return cls.of_betas([start + (end - start) / (1 + math.exp(-u)) for u in line(-6, 6, T)])

    @classmethod
    def flow(cls, shift: float = 1.0) -> Schedule:
        """alpha = 1 - t, sigma = t for t in 0..1. Liu et al. 2022 (rectified flow)."""
        return cls("flow", shift=shift)

    @classmethod
    def of_betas(cls, betas: Sequence[float]) -> Schedule:
        """A discrete path from the variances its steps add."""
        return cls("discrete", tuple(accumulate((1 - beta for beta in betas), mul)))

    @classmethod
    def named(cls, name: str) -> Schedule:
        """The schedule a model card names, with its usual numbers.

        `linear_scaled` is none of them: linear betas whose ends follow from T, in `loading/family.py`.
        """
        match name:
            case "linear":
                return cls.linear()
            case "scaled_linear":
                return cls.scaled_linear()
            case "cosine" | "squaredcos_cap_v2":
                return cls.cosine()
            case "sigmoid":
                return cls.sigmoid()
            case "flow":
                return cls.flow()
        known = "linear, scaled_linear, cosine (squaredcos_cap_v2), sigmoid, flow"
        raise BadRequest(f"schedule {name!r} is not known; use one of {known}.", "schedule")

    @classmethod
    def from_diffusers_config(cls, config: Mapping[str, Any]) -> Schedule:
        """The path that a diffusers `scheduler_config.json` describes; absent keys mean diffusers' defaults."""
        if str(config.get("_class_name", "")).startswith("FlowMatch"):
            return cls.flow(config.get("shift", 1.0))
        T = int(config.get("num_train_timesteps", 1000))
        start, end = float(config.get("beta_start", 1e-4)), float(config.get("beta_end", 0.02))
        if not 2 <= T <= 100_000 or not (0 < start < 1 and 0 < end < 1):
            raise BadRequest(f"A schedule of {T} times and betas from {start:g} to {end:g} is none.", "schedule")
        name = config.get("beta_schedule", "linear")
        if config.get("trained_betas") is not None:
            betas = [float(beta) for beta in config["trained_betas"]]
            if len(betas) < 2 or not all(0 < beta < 1 for beta in betas):
                raise BadRequest("trained_betas must be two or more numbers between 0 and 1.", "schedule")
            schedule = cls.of_betas(betas)
        elif name == "squaredcos_cap_v2":
            schedule = cls.cosine(T)
        elif name in ("linear", "scaled_linear", "sigmoid"):
            schedule = getattr(cls, name)(T, start, end)
        else:
            known = "linear, scaled_linear, squaredcos_cap_v2, sigmoid"
            raise BadRequest(f"beta_schedule {name!r} is not known; use one of {known}, or trained_betas.", "schedule")
        return schedule.zero_terminal_snr() if config.get("rescale_betas_zero_snr") else schedule

    def zero_terminal_snr(self) -> Schedule:
        """A copy stretched so that its last level holds no signal at all. Lin et al. 2023, algorithm 1."""
        if self.kind == "flow":
            return self  # it ends at alpha = 0 by construction
        alphas = [math.sqrt(alpha_bar) for alpha_bar in self.alphas_bar]
        first, last = alphas[0], alphas[-1]
        stretched = [(alpha - last) * first / (first - last) for alpha in alphas]
        return replace(self, alphas_bar=tuple(alpha * alpha for alpha in stretched))

    def level(self, t: float) -> Level:
        """The level at training time t; between two table entries log(sigma / alpha) is interpolated."""
        if self.kind == "flow":
            return Level(t, 1 - t, t)
        last = len(self.alphas_bar) - 1
        if not 0 <= t <= last:
            raise ValueError(f"t = {t} is outside this schedule's 0..{last}.")
        below = min(math.floor(t), last - 1) if last else 0
        part = t - below
        if part in (0, 1):
            alpha_bar = self.alphas_bar[below + int(part)]
            return Level(t, math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar))
        low, high = self.log_ratio(below), self.log_ratio(below + 1)
        return _vp_level(t, math.exp(low + part * (high - low)))

    def log_ratio(self, index: int) -> float:
        """log(sigma / alpha) of an entry of the table; a last one without signal counts as one with hardly any."""
        hardly = min(SMALLEST_ALPHA_BAR, self.alphas_bar[index - 1] / 4)
        alpha_bar = self.alphas_bar[index] or hardly or SMALLEST_ALPHA_BAR
        return 0.5 * math.log((1 - alpha_bar) / alpha_bar)

    def at_noise_ratio(self, noise_ratio: float) -> Level:
        """The level where sigma / alpha is `noise_ratio`; its t is the table's, interpolated in log(sigma / alpha)."""
        if self.kind == "flow":
            t = noise_ratio / (1 + noise_ratio)
            return Level(t, 1 - t, t)
        alpha_bar = 1 / (1 + noise_ratio * noise_ratio)
        above = bisect_left(self.alphas_bar, -alpha_bar, key=lambda value: -value)
        if above in (0, len(self.alphas_bar)):  # beyond the table: the network is told its nearest time
            return _vp_level(float(max(above - 1, 0)), noise_ratio)
        low, high = self.log_ratio(above - 1), self.log_ratio(above)
        return _vp_level(above - 1 + (math.log(noise_ratio) - low) / (high - low), noise_ratio)

    def time(self, t: float) -> float:
        """A level's t as a number in [0, 1], what our own networks are told."""
        return t if self.kind == "flow" else t / (len(self.alphas_bar) - 1)


def levels(
    schedule: Schedule,
    steps: int,
    spacing: Spacing = "trailing",
    *,
    grid: Grid = PLAIN,
    final: Level | None = None,
    steps_offset: int = 0,
    kept: int | None = None,
    last: float = 0.0,
    shift: float = 1.0,
) -> list[Level]:
    """steps + 1 levels of falling noise; the last is `final`, or no noise at all.

    Discrete spacings as diffusers' (Lin et al. 2023, table 2), laid out as `grid` says, which a sampler's name chooses.
    Flow runs evenly from t = 1 to 0, bent by the schedule's shift, whatever the spacing; with `last` > 0 from 1 to
    `last`, whence one step leads to 0 (where steps are few, evenly as before). `kept`: only the final so many steps,
    those of a partial noising (Meng et al. 2021, SDEdit); of flow they begin at kept / steps of the way. `shift` bends
    the whole way once more, as the schedule's does, but no part of it: there light and frame come from the picture.
    """
    kept = steps if kept is None else kept
    if steps < 1:
        raise BadRequest(f"steps = {steps} is not possible; use 1 or more.", "steps")
    if spacing not in get_args(Spacing):
        raise BadRequest(f"spacing {spacing!r} is not known; use one of {', '.join(get_args(Spacing))}.", "spacing")
    if schedule.kind == "flow":
        bend = schedule.shift * (shift if kept == steps else 1)
        line = _line_to(last / (bend - (bend - 1) * last), kept / steps, kept)  # `last` where it lies before the bend
        visited = [schedule.level(bend * t / (1 + (bend - 1) * t)) for t in line]
    elif spacing == "karras":
        visited = [schedule.at_noise_ratio(ratio) for ratio in _karras(schedule, steps)]
    else:
        visited = [schedule.level(t) for t in grid.times(len(schedule.alphas_bar), steps, spacing, steps_offset)]
    return [*visited[len(visited) - kept :], final or CLEAN]


def _line_to(last: float, first: float, steps: int) -> list[float]:
    """Even steps down from `first`; where the smallest would come below `last`, they end there."""
    if not first / max(steps, 1) < last < first:
        return [first * (steps - i) / steps for i in range(steps)]
    return [first - i * (first - last) / (steps - 1) for i in range(steps)]


def _karras(schedule: Schedule, steps: int) -> list[float]:
    """Noise ratios from the table's largest to its smallest, even in their seventh root. Karras et al. 2022, eq. 5."""
    largest, smallest = (math.exp(schedule.log_ratio(i)) for i in (-1, 0))
    roots = line(largest ** (1 / KARRAS_RHO), smallest ** (1 / KARRAS_RHO), steps)
    return [root**KARRAS_RHO for root in roots]


def _vp_level(t: float, noise_ratio: float) -> Level:
    alpha = 1 / math.sqrt(1 + noise_ratio * noise_ratio)
    return Level(t, alpha, noise_ratio * alpha)
