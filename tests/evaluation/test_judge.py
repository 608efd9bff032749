"""The judge's files and training at small size, and the real one on renders that it never saw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm.errors import CannotLoad, Missing
from ddpm.evaluation import train_judge
from ddpm.evaluation.judge import Judge, JudgeConfig, load_judge, save_judge
from ddpm.evaluation.judge_data import Renders, augment, read_renders
from ddpm.loading.catalogue import Catalogue

pytestmark = pytest.mark.slow

WEIGHTS = Path(__file__).parents[2] / "weights"
FLOOR = {"subject": 0.82, "place": 0.97, "time": 0.95, "number": 0.95, "daylight colour": 0.9}
FLOOR_PLAIN = {"subject": 0.96, "place": 0.98, "time": 0.97, "number": 0.98, "daylight colour": 0.96}
needs_judge = pytest.mark.skipif(
    not (WEIGHTS / "judge").is_dir(), reason="weights/judge: python -m ddpm.evaluation.train_judge makes it"
)
FRESH = 200  # renders
SEED = 77_000  # which no training uses


def small(**heads: tuple[str, ...]) -> Judge:
    torch.manual_seed(0)
    return Judge(JudgeConfig(heads, size=32, patch=4, widths=(16, 32), blocks=(1, 1)))


def write_set(folder: Path, places: dict[str, tuple[int, int, int]], count: int = 96) -> None:
    """Plain pictures, one colour a place."""
    names = [list(places)[i % len(places)] for i in range(count)]
    pixels = np.array([np.full((32, 32, 3), places[name]) for name in names], np.uint8)
    facts = [{"place": name, "time": "day", "count": 0, "underwater": name == "reef"} for name in names]
    folder.mkdir(parents=True)
    np.save(folder / "pictures.npy", pixels)
    (folder / "facts.json").write_text(json.dumps(facts))


def test_files_give_the_same_judge(tmp_path: Path) -> None:
    judge = small(subject=("cat", "dog"), time=("day", "night"))
    save_judge(tmp_path / "judge", judge, "# a card\n")
    again = load_judge(tmp_path / "judge")
    assert again.config == judge.config
    pixels = torch.rand(3, 3, 32, 32) * 2 - 1
    for head, logits in again(pixels).items():
        assert torch.allclose(logits, judge.eval().half().float()(pixels)[head], atol=1e-5)
    assert (tmp_path / "judge" / "README.md").read_text() == "# a card\n"
    with pytest.raises(Missing, match="train_judge"):
        load_judge(tmp_path)
    (tmp_path / "judge" / "judge.json").write_text('{"judge_format": 1, "heads": {}}')
    with pytest.raises(CannotLoad, match="does not describe a judge"):
        load_judge(tmp_path / "judge")


def test_reads_pictures_of_any_size_and_both_scales() -> None:
    judge = small(place=("a", "b", "c"))
    pixels = torch.randint(0, 256, (70, 3, 16, 16), dtype=torch.uint8)
    readings = judge.read(pixels)
    assert len(readings) == 70 and set(readings[0]) == {"place"}
    assert judge.read(pixels.float() / 127.5 - 1) == readings
    assert judge.read(pixels[5:6]) == readings[5:6]  # whatever stands beside it


def test_learns_goes_on_and_meets_new_words(tmp_path: Path) -> None:
    red, blue, green = (220, 30, 30), (30, 30, 220), (30, 200, 30)
    write_set(tmp_path / "two", {"desert": red, "reef": blue})
    write_set(tmp_path / "three", {"desert": red, "forest": green, "reef": blue})
    run, out = tmp_path / "run", tmp_path / "judge"

    def train(data: str, images: int) -> int:
        return train_judge.main(["--data", str(tmp_path / data), "--run", str(run), "--out", str(out),
                                 "--images", str(images), "--batch", "16", "--keep-out", "12"])  # fmt: skip

    assert train("two", 320) == 0
    renders = read_renders(tmp_path / "two")
    assert train_judge.measure(load_judge(out), renders.newest(12))["place"] == 1
    known = torch.load(run / "state.pt", weights_only=True)
    assert known["images"] == 320
    words = train_judge.vocabulary(read_renders(tmp_path / "three").seen)
    state = train_judge.Training.load(run / "state.pt", 1e-3, words)
    assert state.judge.config.heads["place"] == ("desert", "forest", "reef")
    rows = state.judge.state_dict()["heads.place.weight"]
    assert torch.equal(rows[[0, 2]], known["ema"]["heads.place.weight"])
    assert train("three", 640) == 0
    assert train_judge.measure(load_judge(out), read_renders(tmp_path / "three").newest(12))["place"] == 1


def test_augmented_pictures_stay_pictures_and_differ() -> None:
    pixels = torch.zeros(6, 3, 32, 32)
    pixels[:, :, 8:24, 8:24] = 0.5
    changed = augment(pixels, torch.Generator().manual_seed(0))
    assert changed.shape == pixels.shape and changed.abs().max() <= 1
    assert (changed - pixels).abs().mean() < 0.2
    assert not torch.equal(changed[0], changed[1])


@needs_judge
def test_the_judge_is_small_and_not_in_the_menu() -> None:
    folder = WEIGHTS / "judge"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 3_000_000
    assert "judge" not in {card.name for card in Catalogue(WEIGHTS).cards()}


@needs_judge
@pytest.mark.slow
@pytest.mark.parametrize(("plain", "floor"), [(False, FLOOR), (True, FLOOR_PLAIN)])
def test_the_judge_reads_unseen_renders(plain: bool, floor: dict[str, float]) -> None:
    pytest.importorskip("skia", reason="the renderer: pip install skia-python")
    from ddpm.evaluation.labels import labels
    from ddpm.training.data.scenes import render

    painted = [render(index, SEED, plain=plain) for index in range(FRESH)]
    seen = [labels(each.facts) for each in painted]
    renders = Renders(np.stack([each.pixels for each in painted]), seen, [plain] * FRESH)
    shares = train_judge.measure(load_judge(WEIGHTS / "judge"), renders)
    assert {head: shares[head] for head, least in floor.items() if shares[head] < least} == {}


@needs_judge
@pytest.mark.slow
def test_the_judge_reads_sides_and_numbers() -> None:
    pytest.importorskip("skia", reason="the renderer: pip install skia-python")
    from ddpm.training.data.scenes import render

    painted = [render(index, SEED, arranged=True) for index in range(FRESH)]
    pixels = torch.from_numpy(np.stack([each.pixels for each in painted])).movedim(3, 1)
    read = load_judge(WEIGHTS / "judge").read(pixels)
    sides = [each.facts["side"] == seen["side"] for each, seen in zip(painted, read, strict=True)
             if each.facts.get("side") in ("left", "right")]  # fmt: skip
    numbers = [str(each.facts["count"]) == seen["number"] for each, seen in zip(painted, read, strict=True)]
    assert sum(sides) / len(sides) >= 0.97 and sum(numbers) / len(numbers) >= 0.9
