"""train, sample and serve with the minimal DDPM repository's own YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ddpm.__main__ import main
from ddpm.commands.their_config import with_their_config
from ddpm.errors import BadRequest
from tests.training.test_their_config import NEW, OLD


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    for index in range(4):
        Image.effect_noise((16, 16), 60).convert("RGB").save(tmp_path / "data" / f"{index}.png")
    (tmp_path / "base.yaml").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_train_then_sample_by_the_same_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDPM_WEIGHTS", str(here / "kept"))
    quick = ["network.blocks=1", "network.res_blocks=1", "previews.count=1", "previews.steps=2", "previews.film=none"]
    assert main(["train", "--config", "base.yaml", *quick]) == 0
    assert main(["sample", "--config", "base.yaml", "--steps", "2", "--out", "made"]) == 0
    (made,) = (here / "made").glob("*.png")
    assert Image.open(made).size == (16, 16)


def test_one_rule_says_where_models_lie(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder one is in; else `train` writes where `sample` and `serve` do not look."""
    import app
    from ddpm.__main__ import parser
    from ddpm.engine import ROOT
    from ddpm.loading.place import weights_folder
    from ddpm.training.settings import load_config

    (here / "base.yaml").write_text(OLD)
    monkeypatch.delenv("DDPM_WEIGHTS", raising=False)
    for expected in (ROOT / "weights", here / "kept"):
        trained = load_config(here / "base.yaml").model_folder
        assert trained == expected / "diffusion2" == parser().parse_args(["sample"]).weights / "diffusion2"
        assert app.arguments([]).weights is None and weights_folder() == expected
        monkeypatch.setenv("DDPM_WEIGHTS", str(here / "kept"))


def test_sample_honours_what_the_file_says_of_the_model(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Their 32 pixels and 1000 levels, not this family's 28 and 500; what it says wrongly is named."""
    import torch

    from ddpm.engine import Engine
    from tests.loading import foreign
    from tests.loading.checks import MINI, grey, times

    w = foreign.Weights(1)
    foreign.mini(w, grey(32, 1), times(), share=0.5, **MINI)
    (here / "saves").mkdir()
    torch.save({"unet": dict(w), "ema_unet": dict(w), "epochs": 4}, here / "saves" / "a.pth")
    said = NEW.replace("im_size: 28", "im_size: 32").replace("timesteps: 500", "timesteps: 1000")
    (here / "new.yaml").write_text(said + "inference: {model_path: ./saves/a.pth}\ninferrence: {}\napi: {prot: 1}\n")
    assert main(["sample", "--config", "new.yaml", "--steps", "2", "--out", "made"]) == 0
    (made,) = (here / "made").glob("*.png")
    assert Image.open(made).size == (32, 32)
    told = capsys.readouterr().err
    assert "inferrence is not known and is left out; the nearest is inference." in told
    assert "api.prot is not known and is left out; the nearest is port." in told
    engine = Engine(here / "saves", settings={"a.pth": here / "new.yaml"})
    (card,) = (card for card in engine.cards() if card.origin == "folder")
    assert card.size == 32 and len(engine.catalogue.load("a.pth").schedule.alphas_bar) == 1000
    assert "inferrence is not known" in card.note  # the list says it, too
    (here / "saves" / "a.yaml").write_text("timesteps: 700\n")  # said of this file alone, so it comes first
    model = engine.catalogue.load("a.pth")
    assert (model.card.size, len(model.schedule.alphas_bar)) == (32, 700)


def test_settings_want_their_model(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("sample", "serve"):
        assert main([command, "--settings", "base.yaml"]) == 1
        assert "--settings is for one model; name it with --model." in capsys.readouterr().err


def test_their_sections_are_our_arguments(here: Path) -> None:
    assert with_their_config(["sample", "--config", "base.yaml", "--seed", "1"]) == [
        "sample", "--model", "diffusion2", "--seed", "1"]  # fmt: skip
    (here / "saves").mkdir()
    (here / "saves" / "a.pth").write_bytes(b"")
    told = ["--weights", "saves", "--model", "a.pth", "--settings", "base.yaml"]
    api = ["--host", "localhost", "--port", "8000"]
    assert with_their_config(["serve", "--share", "--config", "base.yaml"]) == ["serve", *told, *api, "--share"]
    assert with_their_config(["sample", "--config=base.yaml"]) == ["sample", *told]
    for argv in (["train", "--config", "base.yaml"], ["sample", "--seed", "1"], []):
        assert with_their_config(argv) == argv


@pytest.mark.parametrize("argv", [["sample", "--config"], ["serve", "--config", "none.yaml"]])
def test_mistakes_are_sentences(here: Path, argv: list[str]) -> None:
    with pytest.raises(BadRequest, match="wants a file|none.yaml"):
        with_their_config(argv)
