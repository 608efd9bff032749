"""Noise levels. Everything in this package hangs on one line:

    x_t = alpha * x0 + sigma * eps

VP networks (alpha**2 + sigma**2 = 1), VE networks (alpha = 1) and flow networks (alpha = 1 - t, sigma = t) are all points
(alpha, sigma); a sampler sees nothing else.
"""

from __future__ import annotations

from typing import NamedTuple


class Level(NamedTuple):
    """One point of the noising path, as Python floats from float64 tables."""

    t: float  # training-time index, what the network is told: 0..T-1 for discrete schedules, 0..1 for flow
    alpha: float  # coefficient of x0
    sigma: float  # coefficient of eps
