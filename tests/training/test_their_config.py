"""Files of the minimal DDPM repository, both generations, run unchanged: `python -m ddpm train --config their.yaml`."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ddpm.errors import BadRequest
from ddpm.loading.embedded import load as load_model
from ddpm.training import main
from ddpm.training.settings import load_config

OLD = """
model:
  image_size: 16
  in_channels: 3
  base_channels: 32

diffusion:
  timesteps: 1100
  beta_start: 0.0001
  beta_end: 0.02

training:
  batch_size: 4
  epochs: 2
  learning_rate: 1e-4
  device: "cuda"
  data_dir: "./data"
  save_path: "./saves"
  num_workers: 6
  logs: "./logs/train-logs"
  num_wrokers: 1

inference:
  model_path: "./saves/a.pth"
  device: "cuda"
  logs: "./logs/inference-logs"

api:
  host: "localhost"
  port: 8000
  reload: True

preprocessing:
  data_dir: "./data/plane"
  save_dir: "./data"
"""
NEW = """
model: {im_channels: 1, im_size: 28, down_channels: [64, 128, 256, 512], mid_channels: [512, 512, 256],
  down_sample: [true, true, false], time_emb_dim: 128, num_down_layers: 2, num_mid_layers: 2, num_up_layers: 2,
  num_heads: 8}
diffusion: {timesteps: 500, beta_start: 1e-4, beta_end: 0.02}
training: {batch_size: 32, epochs: 100, learning_rate: 1e-4, device: cpu, data_dir: ./data, save_path: ./saves}
dataset: {name: FashionMNIST}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as theirs: their paths are relative to it."""
    (tmp_path / "data").mkdir()
    for index in range(6):
        Image.effect_noise((20, 24), 60).convert("RGB").save(tmp_path / "data" / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_old_file_trains_unchanged(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDPM_WEIGHTS", str(here / "weights"))
    (here / "base.yaml").write_text(OLD)
    quick = ["network.blocks=1", "network.res_blocks=1", "previews.count=1", "previews.steps=2", "previews.film=none"]
    assert main(["--config", "base.yaml", *quick]) == 0
    model = load_model(here / "weights" / "diffusion2")
    assert (model.card.size, model.card.channels, model.card.target, model.card.kind) == (16, 3, "eps", "unconditional")
    assert (here / "saves" / "state.pt").is_file()
    said = capsys.readouterr().err
    assert "base.yaml: training.num_wrokers is not known and is left out; the nearest is num_workers." in said
    assert "diffusion.timesteps is 1100" in said and "beta_start" not in said


def test_an_old_file_says_the_same_run(here: Path) -> None:
    (here / "base.yaml").write_text(OLD)
    run = load_config(here / "base.yaml")
    assert (run.images, run.batch, run.learning_rate, run.ema) == (12, 4, 1e-4, (0.999,))  # 6 pictures, 2 epochs
    assert (run.target, run.schedule, run.loss, run.times, run.muon_rate) == ("eps", "linear", "plain", None, 0)
    assert run.network is not None and run.network.widths == (32, 64) and str(run.out) == "saves"
    assert load_config(here / "base.yaml", ["images=5"]).images == 5


def test_a_new_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "new.yaml").write_text(NEW)
    run = load_config(here / "new.yaml")
    assert (run.data.size, run.data.channels, run.images, run.device) == (28, 1, 600, "cpu")
    assert run.schedule == "cosine" and run.network is not None and run.network.widths == (64, 128)
    said = capsys.readouterr().err
    assert "dataset is not known and is left out" in said and "timesteps is 500" in said


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [("image_size: 16", "", "model.image_size is missing"), ("image_size: 16", "image_size: big", "a whole number"),
     ('data_dir: "./data"', 'data_dir: "./nowhere"', "no pictures in nowhere or data/plane"),
     ("batch_size: 4", "batch_size: few", "batch is 'few'"), ("0.02", "much", "beta_end is 'much'")],
)  # fmt: skip
def test_mistakes_are_named(here: Path, was: str, becomes: str, says: str) -> None:
    (here / "base.yaml").write_text(OLD.replace(was, becomes))
    with pytest.raises(BadRequest, match=says):
        load_config(here / "base.yaml")
