"""Pictures are made once, by the application's own way, whatever kills the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm.__main__ import main
from ddpm.engine import Engine
from ddpm.errors import UnknownModel
from ddpm.evaluation.gallery import Gallery, Settings, Wish, keep, model_hash
from ddpm.evaluation.selfies import DEFAULTS
from ddpm.events import Result
from ddpm.loading import embedded
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.hybrid import Hybrid, HybridConfig
from ddpm.request import Request

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COUNT = 12


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(3)
    network = Hybrid(HybridConfig(size=16, patch=4, widths=(16,), res_blocks=1, blocks=1, heads=2))
    card = ModelCard("tiny", "Tiny", "embedded", "hybrid", 16, 3, "x0", "flow", None, "MIT", Defaults("ddim", 2, 1.0))
    embedded.save(folder / "tiny", network, card)
    return folder


def evaluate(weights: Path, cache: Path, steps: int) -> list[str]:
    where = ["--weights", str(weights), "--cache", str(cache)]
    how = ["--count", str(COUNT), "--steps", str(steps)]
    return ["evaluate", "--model", "tiny", *where, *how]


def test_a_killed_run_continues_and_makes_no_picture_twice(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = evaluate(weights, tmp_path, 150)
    process = subprocess.Popen([sys.executable, "-m", "ddpm", *command], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        began = time.monotonic()
        while len(list(tmp_path.rglob("*.png"))) < 3:
            assert process.poll() is None and time.monotonic() - began < 300, "the run ended or made nothing"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    assert 3 <= len(made) < COUNT, "killed too late to show anything"

    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in made} == made
    pictures = sorted(tmp_path.rglob("*.png"))
    assert len(pictures) == COUNT and len({path.name for path in pictures}) == COUNT
    report = json.loads((weights / "tiny" / "evaluation.json").read_text())
    assert report["pictures"] == COUNT and report["settings"]["steps"] == 150
    assert report["speed"]["seconds_a_picture"] > 0 and "it/s" not in capfd.readouterr().err  # no bar in a pipe


def test_pictures_are_those_of_the_application(weights: Path, tmp_path: Path) -> None:
    engine = Engine(weights)
    gallery = Gallery(engine, "tiny", Settings(), tmp_path)
    heard: list[int] = []
    found = gallery.pictures([Wish("", 7), Wish("", 8)], heard.append)
    results = [event for event in engine.run(Request(model="tiny", seed=7, count=2)) if isinstance(event, Result)]
    engine.close()
    for event, picture in zip(results, found, strict=True):
        assert np.array_equal(np.asarray(event.image), picture.permute(1, 2, 0).numpy())
    assert heard == [1, 1] and gallery.resolved["steps"] == 2


def test_other_settings_and_other_weights_have_other_folders(weights: Path, tmp_path: Path) -> None:
    engine = Engine(weights)
    folder = Gallery(engine, "tiny", Settings(), tmp_path).folder
    assert Gallery(engine, "tiny", Settings(steps=2), tmp_path).folder == folder  # what the card says anyhow
    assert Gallery(engine, "tiny", Settings(steps=3), tmp_path).folder != folder
    for report in ("evaluation.json", "evaluation-plain.json"):
        (weights / "tiny" / report).write_text("{}")
    assert Gallery(engine, "tiny", Settings(), tmp_path).folder == folder
    (weights / "tiny" / "evaluation-plain.json").unlink()
    config = weights / "tiny" / "model_index.json"
    before = config.read_text()
    config.write_text(before.replace('"flow"', '"cosine"'))
    assert Gallery(engine, "tiny", Settings(), tmp_path).folder != folder
    config.write_text(before)
    with pytest.raises(UnknownModel, match="tiny"):
        Gallery(engine, "tinny", Settings(), tmp_path)


def test_whatever_decides_a_picture_has_a_folder_of_its_own(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gallery(choice: str, device: str, settings: Settings = DEFAULTS) -> Gallery:
        return Gallery(Engine(weights, device, choice=choice), "tiny", settings, tmp_path)  # type: ignore[arg-type]

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    usual = gallery("auto", "cpu")
    again = gallery("auto", "cpu", Settings(steps=2))  # the card's own
    assert (again.folder, again.selfies) == (usual.folder, usual.selfies)
    others = [gallery("torch", "cpu"), gallery("auto", "cuda"), gallery("auto", "cpu", Settings(steps=3))]
    assert len({each.folder for each in (usual, *others)}) == len({each.selfies for each in (usual, *others)}) == 4
    assert gallery("auto", "cuda:1").folder == others[1].folder
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gallery("auto", "auto").folder == usual.folder
    with monkeypatch.context() as there:
        there.setattr(torch.cuda, "is_available", lambda: True)
        assert gallery("auto", "auto").folder == others[1].folder
    with monkeypatch.context() as framing:  # frames selfies, and nothing else
        (tmp_path / "other.safetensors").write_bytes(b"other")
        framing.setattr("ddpm.evaluation.gallery.FRAMING", tmp_path / "other.safetensors")
        retrained = gallery("auto", "cpu")
        assert retrained.folder == usual.folder and retrained.selfies != usual.selfies
    monkeypatch.setattr("ddpm.evaluation.gallery.sources_hash", lambda parts: "other")  # the samplers' sources, say
    changed = gallery("auto", "cpu")
    assert changed.folder != usual.folder and changed.selfies != usual.selfies


def test_a_weights_file_is_known_by_its_bytes_and_by_the_yaml_beside_it(tmp_path: Path) -> None:
    file, hashes = tmp_path / "a.pth", list[str]()
    for content, said in ((b"one", ""), (b"two", ""), (b"two", "schedule: cosine")):
        file.write_bytes(content)
        file.with_suffix(".yaml").write_text(said)
        hashes.append(model_hash(file))
    assert len(set(hashes)) == 3


def test_two_that_keep_one_file_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process begins and ends with the same file while this one is about to put its own in place."""
    replace = os.replace

    def interrupted(source: Path, target: Path) -> None:
        with monkeypatch.context() as other:
            other.setattr(os, "getpid", lambda: 1)
            other.setattr(os, "replace", replace)
            keep(b"theirs", target)
        assert target.read_bytes() == b"theirs"
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    keep(b"ours", tmp_path / "a.png")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.png", b"ours")]
