"""The page stands before torch is loaded: building it, its routes and /health leave the heavy packages alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ddpm.engine import ROOT

pytestmark = pytest.mark.slow

HEAVY = ("torch", "torchvision", "diffusers", "transformers", "openvino", "realesrgan", "scipy", "cv2")
PAGE = f"""
import sys
from ddpm.engine import Engine
from ddpm.ui import build_app, launch_options
engine = Engine("weights", "auto")
launch_options(build_app(engine), engine)
assert engine.health()["device"] == "auto" and engine.health()["engine"] == "auto"
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_the_page_is_built_without_the_heavy_packages() -> None:
    done = subprocess.run([sys.executable, "-c", PAGE], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"


PICTURE = """
import sys
from ddpm.engine import Engine
from ddpm.request import Request
engine = Engine("weights")
assert any(type(event).__name__ == "Result" for event in engine.run(Request(prompt="a fox", steps=1)))
engine.close()
print([name for name in ("torch._dynamo", "diffusers", "transformers", "realesrgan", "scipy") if name in sys.modules])
"""


def test_a_first_picture_loads_nothing_that_it_does_not_need() -> None:
    """torch._dynamo takes a second or more, and counting memory exactly imports it."""
    done = subprocess.run([sys.executable, "-c", PICTURE], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"
