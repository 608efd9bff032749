"""Attention as plain matrix products while a network trains on a CPU in bfloat16, where the fused backward is slow."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextlib.contextmanager
def fast_backward(device: str, precision: str) -> Iterator[None]:
    """One training step of the Hybrid at 256 positions took 0.52 s instead of 0.56 (one Zen 4 core, bf16).

    In float32 the Hybrid's is as fast fused, and a step of diffusers' UNet2DModel took 2.3 s fused, 4.2 as products
    (two Zen 3 cores, 2026-11-22).
    """
    if device != "cpu" or precision != "bf16":
        yield
        return
    before = torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed()
    torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)  # else it would compute in float32; not only for CUDA
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(before)
