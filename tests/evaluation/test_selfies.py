"""Selfies are measured against the face they were framed from, made once, and come nearer with likeness."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm.__main__ import main
from ddpm.engine import Engine
from ddpm.evaluation.gallery import Settings
from ddpm.evaluation.selfies import COARSE, LIKENESSES, Selfie, Selfies, coarse_distance, photos, rows, share_found
from ddpm.loading import embedded
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.hybrid import Hybrid, HybridConfig

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(3)
    network = Hybrid(HybridConfig(size=32, patch=4, widths=(16,), res_blocks=1, blocks=1, heads=2))
    card = ModelCard("tiny", "Tiny", "embedded", "hybrid", 32, 3, "eps", "flow", None, "MIT", Defaults("ddim", 20, 1.0))
    embedded.save(folder / "tiny", network, card)
    return folder


def colours(count: int) -> torch.Tensor:
    return torch.arange(count, dtype=torch.uint8)[:, None, None, None].mul(60).expand(-1, 3, 32, 32).contiguous()


def test_selfies_come_nearer_with_likeness_and_are_made_once(weights: Path, tmp_path: Path) -> None:
    asked, heard = photos(colours(2), first_seed=7), []
    maker = Selfies(Engine(weights, device="cpu"), "tiny", tmp_path)
    made = [maker.of(asked, likeness, heard.append) for likeness in LIKENESSES]
    assert len(heard) == len(asked) * len(LIKENESSES)
    far = [coarse_distance(each) for each in made]
    assert far == sorted(far, reverse=True) and far[-1] < far[0] - 5
    assert all(share_found(each) == 0 for each in made)  # one flat colour is no face
    assert all(torch.equal(each.face, photo.pixels) for each, photo in zip(made[0], asked, strict=True))
    closed = Selfies(None, "tiny", tmp_path)  # type: ignore[arg-type]  # nothing is made a second time
    again = [closed.of(asked, likeness, heard.append) for likeness in LIKENESSES]
    assert all(torch.equal(a.made, b.made) for x, y in zip(made, again, strict=True) for a, b in zip(x, y, strict=True))
    few = Selfies(maker.engine, "tiny", tmp_path / "few", Settings(steps=2)).of(asked, 0.5, heard.append)
    assert not torch.equal(few[0].made, made[2][0].made)  # settings are those of the report
    page = rows(made)
    assert len(page) == 2 * (1 + len(LIKENESSES)) and torch.equal(page[1], made[0][0].made)


def test_the_distance_sees_light_and_colour_but_no_detail() -> None:
    flat = torch.full((3, 32, 32), 100, dtype=torch.uint8)
    lighter, grain = flat + 10, flat.clone()
    grain[:, ::2, ::2], grain[:, 1::2, ::2] = 120, 80
    assert coarse_distance([Selfie(lighter, flat, True)]) == 10 and 32 % COARSE == 0
    assert coarse_distance([Selfie(grain, flat, True), Selfie(flat, flat, True)]) == 0


def test_the_command_reports_selfies_of_portraits_and_of_other_pictures(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    folder.mkdir()
    for i, pixels in enumerate(colours(2)):
        Image.fromarray(pixels.permute(1, 2, 0).numpy().astype(np.uint8)).save(folder / f"{i}.png")
    out, sheets = tmp_path / "out.json", tmp_path / "sheets"
    arguments = ["--count", 4, "--selfies", folder, "--faceless", folder, "--sheets", sheets, "--out", out]
    where = ["--model", "tiny", "--weights", weights, "--cache", tmp_path / "cache"]
    assert main(["evaluate", *map(str, (*where, *arguments))]) == 0
    report = json.loads(out.read_text())
    assert report["selfies"]["photos"] == 2 and list(report["selfies"]["distance"]) == ["0", "0.25", "0.5", "0.75", "1"]
    assert report["selfies"]["face_found"] == 0 and report["faceless"] == {"pictures": 2, "face_found": 0}
    assert (sheets / "tiny-selfies.png").exists() and (sheets / "tiny-faceless.png").exists()
