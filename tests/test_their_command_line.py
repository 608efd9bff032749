"""train, sample and serve with the minimal DDPM repository's own YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ddpm.__main__ import main
from ddpm.commands.their_config import with_their_config
from ddpm.errors import BadRequest
from tests.training.test_their_config import OLD


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    for index in range(4):
        Image.effect_noise((16, 16), 60).convert("RGB").save(tmp_path / "data" / f"{index}.png")
    (tmp_path / "base.yaml").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_train_then_sample_by_the_same_file(here: Path) -> None:
    quick = ["network.blocks=1", "network.res_blocks=1", "previews.count=1", "previews.steps=2", "previews.film=none"]
    assert main(["train", "--config", "base.yaml", *quick]) == 0
    assert main(["sample", "--config", "base.yaml", "--weights", "weights", "--steps", "2", "--out", "made"]) == 0
    (made,) = (here / "made").glob("*.png")
    assert Image.open(made).size == (16, 16)


def test_their_sections_are_our_arguments(here: Path) -> None:
    assert with_their_config(["sample", "--config", "base.yaml", "--seed", "1"]) == [
        "sample", "--model", "diffusion2", "--seed", "1"]  # fmt: skip
    (here / "saves").mkdir()
    (here / "saves" / "a.pth").write_bytes(b"")
    told = ["--weights", "saves", "--model", "a.pth", "--host", "localhost", "--port", "8000"]
    assert with_their_config(["serve", "--share", "--config", "base.yaml"]) == ["serve", *told, "--share"]
    for argv in (["train", "--config", "base.yaml"], ["sample", "--seed", "1"], []):
        assert with_their_config(argv) == argv


@pytest.mark.parametrize("argv", [["sample", "--config"], ["serve", "--config", "none.yaml"]])
def test_mistakes_are_sentences(here: Path, argv: list[str]) -> None:
    with pytest.raises(BadRequest, match="wants a file|none.yaml"):
        with_their_config(argv)
