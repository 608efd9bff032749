"""Very many pictures: resumed, spread over processes, none twice."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from ddpm.__main__ import main, parser
from ddpm.commands import many
from ddpm.errors import BadRequest
from ddpm.request import Request
from tests.engine.conftest import tiny_model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    tiny_model(folder)
    return folder


def arguments(weights: Path, out: Path, *more: str) -> list[str]:
    return ["sample", "--model", "tiny", "--weights", str(weights), "--out", str(out), *more]


def sample(weights: Path, out: Path, *more: str, rank: int, world: int) -> subprocess.Popen[str]:
    """As a launcher starts it: its number and how many there are in the environment."""
    environment = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(world), "LOCAL_RANK": str(rank)}
    command = [sys.executable, "-m", "ddpm", *arguments(weights, out, *more)]
    return subprocess.Popen(command, cwd=ROOT, text=True, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)  # fmt: skip


def bytes_of(folder: Path) -> dict[str, bytes]:
    pictures = {}
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            pictures[path.name] = image.tobytes()
    return pictures


def test_two_processes_make_what_one_makes_each_its_own_seeds(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    both = [sample(weights, shared, "--count", "21", "--seed", "3", rank=rank, world=2) for rank in (0, 1)]
    assert main(arguments(weights, alone, "--count", "21", "--seed", "3")) == 0
    assert "21 pictures made, 0 were" in capfd.readouterr().out
    said = [process.communicate(timeout=200) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert "12 pictures made by process 1 of 2, 0 were" in said[0][0] and "9 pictures made by process 2" in said[1][0]
    whole = bytes_of(alone)
    assert set(whole) == {f"{seed}.png" for seed in range(3, 24)} and len(set(whole.values())) == 21
    assert bytes_of(shared) == whole

    for seed in (5, 9, 10):
        (shared / f"{seed}.png").unlink()
    assert main(arguments(weights, shared, "--count", "22", "--seed", "3")) == 0
    assert "4 pictures made, 18 were in" in capfd.readouterr().out
    assert {name: made for name, made in bytes_of(shared).items() if name != "24.png"} == whole
    assert not list(shared.glob("*.part"))


def test_each_process_has_the_gpu_of_its_number_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []

    @contextlib.contextmanager
    def opened(given: argparse.Namespace) -> Iterator[None]:
        devices.append(given.device)
        yield

    monkeypatch.setattr(many, "opened_engine", opened)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    for name, value in (("RANK", "3"), ("WORLD_SIZE", "4"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    for asked in ([], ["--device", "cuda"], ["--device", "cpu"]):
        given = parser().parse_args(["sample", "--out", str(tmp_path), *asked])
        assert many.sample_many(Request(seed=0), 4, given) == 0  # which are all of the first process
    assert devices == ["cuda:1", "cuda:1", "cpu"]


def test_another_request_is_not_mixed_into_a_folder(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "request.json").write_text('{"steps": 7}')
    assert main(arguments(weights, tmp_path, "--count", "17", "--steps", "4")) == 1
    assert "holds pictures of another request" in capfd.readouterr().err
    assert main(arguments(weights, tmp_path / "film", "--count", "17", "--film")) == 1
    assert "A film shows one picture" in capfd.readouterr().err


def test_another_picture_is_another_request(tmp_path: Path) -> None:
    def asked(colour: str) -> Request:
        return Request(seed=0, source={"mode": "image", "image": Image.new("RGB", (32, 32), colour)})

    for _ in range(2):
        many._check_folder(asked("red"), tmp_path)
    with pytest.raises(BadRequest, match="another request .image was"):
        many._check_folder(asked("blue"), tmp_path)
