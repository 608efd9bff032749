"""`prompt` and `recipe` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from ddpm.__main__ import main, parser
from ddpm.commands.terminal import opened_engine
from ddpm.prompts import random_prompt
from ddpm.recipe import recipe, save_png
from ddpm.request import Request


def test_prompts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prompt", "Animals", "desert", "--seen", "--parts", "2", "--seed", "4", "--count", "3"]) == 0
    wanted = [random_prompt(["Animals", "desert"], True, seed, 2) for seed in (4, 5, 6)]
    assert capsys.readouterr().out.splitlines() == wanted
    assert main(["prompt", "Animalia"]) == 1 and "'Animals'" in capsys.readouterr().err


def test_the_engine_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    """On a GPU where there is one, unless another device or what is for processors was."""
    wanted: list[tuple[list[str], str, str]] = [
        (["sample"], "auto", "auto"),
        (["sample", "--engine", "torch"], "torch", "auto"),
        (["sample", "--device", "cuda:1"], "auto", "cuda:1"),
        (["upscale", "a.png"], "auto", "auto"),
        (["evaluate", "--model", "a", "--engine", "torch"], "torch", "auto"),
        (["evaluate", "--model", "a", "--engine", "openvino"], "openvino", "cpu"),
    ]
    for given, choice, device in wanted:
        with opened_engine(parser().parse_args([*given, "--weights", str(tmp_path)])) as engine:
            assert (engine.models.choice, engine.device) == (choice, device)
    with pytest.raises(SystemExit):
        parser().parse_args(["sample", "--engine", "steam"])


def test_recipes_are_read_and_stripped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = recipe(Request(model="scenes", prompt="a fox", steps=3), "scenes", "", 5)
    (tmp_path / "a.png").write_bytes(save_png(Image.effect_noise((8, 8), 50), made))
    assert main(["recipe", str(tmp_path / "a.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["prompt"], told["seed"], told["file"]) == ("a fox", 5, "a.png")
    assert main(["recipe", str(tmp_path / "a.png"), "--strip", str(tmp_path / "clean")]) == 0
    with Image.open(tmp_path / "clean" / "a.png") as clean, Image.open(tmp_path / "a.png") as before:
        assert not clean.info and clean.tobytes() == before.tobytes()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.png").write_bytes((tmp_path / "a.png").read_bytes())
    assert main(["recipe", str(tmp_path / "b" / "a.png"), "--strip", str(tmp_path / "clean")]) == 0
    assert sorted(path.name for path in (tmp_path / "clean").iterdir()) == ["a-2.png", "a.png"]
    assert main(["recipe", str(tmp_path / "a.png"), "--strip", str(tmp_path)]) == 1
    assert main(["recipe", str(tmp_path / "none.png")]) == 1 and "no file" in capsys.readouterr().err
