"""A configuration says what is wrong with it, and loads to the same run after it was printed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ddpm.errors import BadRequest
from ddpm.training import main
from ddpm.training.config import TrainConfig
from ddpm.training.settings import load_config, to_yaml

ROOT = Path(__file__).parents[2]
CONFIGS, WEIGHTS = sorted((ROOT / "configs/train").glob("*.yaml")), ROOT / "weights"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_here_is_valid_and_survives_printing(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    assert config.model_folder not in (WEIGHTS / "faces", WEIGHTS / "scenes")  # what is included is not trained over
    assert TrainConfig(**yaml.safe_load(to_yaml(config))) == config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a\ndata: {kind: shapes}\nlearning_rat: 1", r"run\.yaml: learning_rat .* nearest is learning_rate"),
        ("name: a\ndata: {kind: shapes, sise: 16}", r"run\.yaml: data\.sise .* nearest is size"),
        ("data: {kind: shapes}", r"run\.yaml: name is missing"),
        ("name: a\ndata: {kind: folder}", r"data\.kind folder needs data\.path"),
        ("name: a\ndata: {kind: shapes}\nbatch: many", r"batch is 'many'"),
        ("name: ../a\ndata: {kind: shapes}", r"name is '../a'"),
        ("name: a\ndata: {kind: shapes}\nnetwork: {patch: 1, detail: 16}", r"detail is .* even patch; got 16, 1"),
        ("name: a\ndata: {kind: shapes, size: 18}", r"data\.size \(18\) must be a multiple of 8"),
        ("name: a\ndata: {kind: shapes}\nbatch: 10\naccumulate: 3", r"multiple of accumulate"),
        ("name: a\ndata: {kind: shapes}\nema: [0.9, 1.0]", r"ema \(0\.9, 1\.0\) must lie in 0\.\.1"),
        ("name: a\ndata: shapes\nperceptual: 0.2", r"perceptual needs features"),
        ("name: a\ndata: shapes\nperceptual_between: [0.8, 0.3]", r"perceptual_between \(0\.8, 0\.3\) .* lower first"),
        ("name: a\ndata: shapes\ndecay_minutes: 2", r"decay_minutes \(2\) needs an end: set minutes"),
        ("name: a\ndata: shapes\ndecay_minutes: 3\nminutes: 1", r"longer than minutes \(1\): add decay_minutes=0\.1"),
        ("name: a\ndata: {kind: cifar10, path: d, grow: true}", r"data\.grow is for scenes, shapes; cifar10 makes"),
        ("name: a\ndata: {kind: folder, path: d, count: 9}", r"data\.count is for scenes, shapes; folder makes no use"),
        ("name: a\ndata: {kind: shapes, plain: true}", r"data\.plain is for scenes; shapes makes no use of it"),
        ("name: a\ndata: shapes\ncodec: c\nsubject_weight: 1", r"latents are made once"),
        ("name: a\ndata: shapes\nautoencoder: {}\nstart: b", r"leave out start and codec"),
        ("name: a\ndata: {kind: shapes, size: 12}\nautoencoder: {}", r"multiple of 8 for this codec"),
        ("name: a\ndata: shapes\nautoencoder: {}\nnetwork: {}\ntimes: null", r"denoise: leave out network, times"),
        ("name: a\ndata: shapes\nautoencoder: {}\ncaption_noise: 1\nloss: p2", r"leave out loss, caption_noise"),
        ("name: a\ndata: shapes\ntimes: [0.6, -0.8]", r"times \(0\.6, -0\.8\) are .* deviation must be above 0"),
        ("name: a\ndata: shapes\npreviews: {sampler: hen}", r"sampler 'hen' is not known; did you mean heun\?"),
        ("name: a\ndata: shapes\nfinish: {of: w}\ntarget: v", r"finish takes codec, target and schedule from finish"),
        ("name: a\ndata: shapes\nfinish: {of: w, belo: 0.3}", r"finish\.belo .* nearest is below"),
        ("- a list", r"must hold settings"),
        ("a: [", r"cannot be read as YAML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        load_config(written(tmp_path, text))


def test_changes_override_and_are_checked(tmp_path: Path) -> None:
    path = written(tmp_path, "name: a\ndata: {kind: shapes}\n")
    config = load_config(path, ["batch=16", "network.widths=[32, 64]", "data.flip=true", "learning_rate=1e-3"])
    assert (config.batch, config.network.widths, config.data.flip, config.learning_rate) == (16, (32, 64), True, 1e-3)
    for change, says in (
        ("batch", "key=value"),
        ("name.x=1", "not a section"),
        ("network.bloks=2", "nearest is blocks"),
    ):
        with pytest.raises(BadRequest, match=says):
            load_config(path, [change])
    with pytest.raises(BadRequest, match="no file"):
        load_config(tmp_path / "absent.yaml")


def test_a_dry_run_prints_everything_and_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "name: a\ndata: {kind: shapes}\n")
    out = tmp_path / "run"
    assert main(["--config", str(path), "--dry-run", f"out={out}", "batch=8"]) == 0
    assert "batch: 8" in capsys.readouterr().out and not out.exists()
