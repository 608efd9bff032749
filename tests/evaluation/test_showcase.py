"""The README's sheets: what the application makes of the same request, and drawings that differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm.engine import ROOT, Engine
from ddpm.evaluation import showcase

FACES = ROOT / "weights" / "faces" / "model_index.json"


@pytest.mark.skipif(not FACES.is_file(), reason="needs the embedded model weights/faces")
def test_a_sheet_holds_the_pictures_of_its_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showcase, "COUNT", 1)
    assert showcase.main(["faces", "--out", str(tmp_path)]) == 0
    engine = Engine()
    alone = showcase.made(engine, model="faces", seed=100)
    engine.close()
    assert np.array_equal(np.asarray(Image.open(tmp_path / "faces.png")), np.asarray(alone))


def test_drawings_differ_and_move() -> None:
    drawings = [np.asarray(showcase.drawn(each)) for each in showcase.DRAWINGS]
    assert len({each.tobytes() for each in drawings}) == len(drawings)
    moved = np.asarray(showcase.drawn(showcase.DRAWINGS[0], shift=12))
    assert np.array_equal(moved[50:80, 40:90], drawings[0][50:80, 28:78])


def test_an_unknown_sheet_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        showcase.main(["scnes"])
    assert "there is no sheet 'scnes'" in capsys.readouterr().err
