"""Every engine paints the embedded models' pictures, at their own settings, within 1.5 grey levels of float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm.engine import ROOT, Engine
from ddpm.events import Notice, Result
from ddpm.request import Request
from ddpm.runtime import Choice
from ddpm.runtime.openvino import installed

pytestmark = pytest.mark.slow

PROMPTS = {"scenes": "a red dragon over a castle at night", "faces": ""}


def picture(engine: Engine, name: str) -> tuple[np.ndarray, str, list[str]]:
    """The model's default picture of a seed, what made it, and what was said."""
    said = list(engine.events(Request(model=name, prompt=PROMPTS[name], seed=3), lambda: False, lambda: False))
    result = next(event for event in said if isinstance(event, Result))
    notices = [event.text for event in said if isinstance(event, Notice)]
    return np.asarray(result.image, float), result.recipe["engine"], notices


@pytest.mark.parametrize(
    ("name", "choice"),
    [("scenes", "torch"), ("faces", "torch"), ("scenes", "openvino"), ("faces", "openvino")],
)
def test_pictures_are_within_one_and_a_half_grey_levels(
    name: str, choice: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (ROOT / "weights" / name / "model_index.json").is_file():
        pytest.skip(f"needs the embedded model weights/{name}")
    if choice == "openvino" and not installed():
        pytest.skip("needs the package openvino")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    engine, threads = Engine(choice=choice), torch.get_num_threads()
    fast, by, said = picture(engine, name)
    assert torch.get_num_threads() == threads  # whatever the loop made of them
    exact, _, _ = picture(Engine(precision="float32"), name)
    assert abs(fast - exact).mean() <= 1.5
    if choice == "openvino" and "torch is:" not in "".join(said):  # a busy machine may measure no gain; it says so
        assert by.startswith("openvino") and engine.health()["engine"] == by and len(said) == 2
        same, _, heard = picture(Engine(choice="openvino"), name)
        assert (same == fast).all() and "Preparing" not in "".join(heard)
