"""The README's sheets: what the application makes of the same request, and drawings that differ."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm.engine import ROOT, Engine
from ddpm.evaluation import drawings, showcase

pytestmark = pytest.mark.slow

FACES = ROOT / "weights" / "faces" / "model_index.json"


@pytest.mark.skipif(not FACES.is_file(), reason="needs the embedded model weights/faces")
def test_a_sheet_holds_the_pictures_of_its_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showcase, "COUNT", 1)
    assert showcase.main(["faces", "--out", str(tmp_path)]) == 0
    engine = Engine()
    alone = showcase.made(engine, model="faces", seed=100)
    engine.close()
    assert np.array_equal(np.asarray(Image.open(tmp_path / "faces.png")), np.asarray(alone))


def test_every_animal_has_a_shape_of_its_own_and_every_drawing_its_own_colours() -> None:
    """Outlines of two animals share less than three quarters of what either covers; prompts name what is drawn."""
    outlines = {}
    for name, shape in drawings.ANIMALS.items():
        pen = drawings.Pen("#010203")
        shape(pen, "#ffffff")
        outlines[name] = (pen.paper != (1, 2, 3)).any(-1)
        assert 0.08 < outlines[name].mean() < 0.5
    for (one, a), (other, b) in itertools.combinations(outlines.items(), 2):
        assert (a & b).sum() < 0.75 * (a | b).sum(), (one, other)
    assert all(each.animal in each.prompt for each in drawings.DRAWINGS)
    seen = {drawings.drawn(each).tobytes() for each in drawings.DRAWINGS}
    assert len(seen) == len(drawings.DRAWINGS) == showcase.COUNT


def test_an_unknown_sheet_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        showcase.main(["scnes"])
    assert "there is no sheet 'scnes'" in capsys.readouterr().err
