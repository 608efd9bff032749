"""What networks are told of a time: sines and cosines of it at many frequencies. Vaswani et al. 2017, section 3.5."""

from __future__ import annotations

import math

import torch
from torch import Tensor

BASE = 10_000.0


def sinusoids(t: Tensor, width: int, *, shift: int = 0) -> Tensor:
    """t: (B,) any numbers -> (B, width): half sines, then half cosines, of t * BASE**(-i / (width / 2 - shift)).

    shift 1 lets the last frequency be 1 / BASE itself, shift 0 stops one short of it; both are in use.
    """
    half = width // 2
    exponents = torch.arange(half, dtype=torch.float32, device=t.device) / (half - shift)
    angles = t.float()[:, None] * torch.exp(-math.log(BASE) * exponents)
    return torch.cat([angles.sin(), angles.cos()], dim=1)
