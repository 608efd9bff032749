"""The command line as people run it: real processes and exit codes, and in this process what it refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from ddpm.__main__ import main
from ddpm.recipe import read_recipe
from tests.engine.conftest import SIZE, tiny_model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


def ddpm(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ddpm", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)


def here(*arguments: str) -> int:
    """The same in this process, where the way into the program is not what is tested."""
    try:
        return main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    tiny_model(folder)
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    Image.effect_mandelbrot((30, 20), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB").save(path)
    return path


def test_help_is_immediate_and_imports_nothing_heavy() -> None:
    took = []
    for _ in range(3):
        began = time.monotonic()
        assert "sample" in ddpm("--help").stdout
        took.append(time.monotonic() - began)
    assert min(took) < 0.5
    code = (
        "import sys, contextlib, ddpm, ddpm.__main__\n"
        "with contextlib.suppress(SystemExit): ddpm.__main__.main(['sample', '--help'])\n"
        "print(sorted({'torch', 'gradio', 'cv2', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.stderr.strip() == "[]" and "--guidance-scale" in run.stdout


def test_public_names_are_sorted_and_there() -> None:
    import ddpm as package

    assert package.__all__ == sorted(package.__all__)
    assert all(getattr(package, name).__module__.startswith("ddpm.") for name in package.__all__ if name != "Event")
    with pytest.raises(AttributeError, match="no attribute 'Enigne'"):
        package.Enigne  # noqa: B018


def test_sample_saves_pictures_that_tell_how_they_were_made(weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    run = ddpm("sample", "--model", "tiny", "--seed", "5", "--count", "2", "--film", "--format", "gif",
               "--weights", weights, "--out", out)  # fmt: skip
    assert run.returncode == 0, run.stderr
    paths = [Path(line) for line in run.stdout.splitlines()]
    assert [path.name for path in paths] == ["tiny-5.png", "film.gif", "tiny-6.png"] and "%" not in run.stderr
    fields, unread = read_recipe(paths[2])
    assert (fields["seed"], fields["model"], fields["steps"]) == (6, "tiny", 4) and not unread
    again = ddpm("sample", "--model", "tiny", "--seed", "6", "--weights", weights, "--out", out)
    other = Path(again.stdout.strip())
    assert other.name == "tiny-6-2.png"
    with Image.open(other) as one, Image.open(paths[2]) as two:
        assert one.tobytes() == two.tobytes() and one.size == (SIZE, SIZE)


def test_sample_takes_pictures_and_masks(weights: Path, picture: Path, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    shape = Image.new("L", (30, 20))
    shape.paste(255, (5, 5, 12, 12))
    shape.save(mask)
    given = ("--image", picture, "--mask", mask, "--mask-blur", "0", "--weights", weights, "--out", tmp_path)
    run = ddpm("sample", *given)
    assert run.returncode == 0, run.stderr
    with Image.open(run.stdout.strip()) as made, Image.open(picture) as before:
        below = (0, 13, 30, 20)
        assert made.size == before.size and made.crop(below).tobytes() == before.crop(below).tobytes()
        assert made.tobytes() != before.tobytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sample", "--steps", "0"], 1, "steps is 0"),
        (["sample", "--strength", "nan", "--image", "IN"], 1, "strength"),
        (["sample", "--sampler", "hen"], 1, "heun"),
        (["sample", "--model", "../tiny"], 1, "No model"),
        (["sample", "--model", "tiny", "--prompt", "a fox"], 1, "reads no prompt"),
        (["sample", "--image", "pyproject.toml"], 1, "could not be read as a picture"),
        (["sample", "--mask-blur", "3"], 1, "needs an input picture"),
        (["sample", "--through-network", "--image", "IN"], 1, "through_network has no meaning in mode 'image'"),
        (["upscale", "nowhere.png"], 1, "There is no nowhere.png"),
        (["sample", "--device", "cdua"], 1, "device is 'cdua', but must be auto, cpu, cuda"),
        (["sample", "--device", "cuda:99"], 1, "device is 'cuda:99', which torch does not find here"),
        (["sample", "--out", "pyproject.toml"], 1, "--out pyproject.toml: pyproject.toml is a file, not a folder"),
        (["sample", "--count", "20", "--out", "app.py/in"], 1, "app.py is a file, not a folder"),
        (["upscale", "assets/examples", "--out", "app.py"], 1, "app.py is a file, not a folder"),
        (["evaluate", "--model", "tiny", "--out", "tests"], 1, "--out tests is a folder; name the file in it"),
        (["evaluate", "--model", "tiny", "--sheets", "app.py"], 1, "--sheets app.py: app.py is a file"),
        (["recipe", "IN", "--strip", "app.py"], 1, "--strip app.py: app.py is a file"),
        (["sample", "--model", "tiny", "--settings", "nope.yaml"], 1, "--settings: there is no file nope.yaml"),
        (["sample", "--model", "tiny", "--settings", "configs/train/folder.yaml"], 1, "for a single weights file"),
        (["sample", "--steps", "many"], 2, "invalid int"),
        (["evaluate"], 2, "required"),
        (["improve"], 2, "invalid choice"),
        ([], 2, "required"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    weights: Path, picture: Path, arguments: list[str], code: int, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(picture) if argument == "IN" else argument for argument in arguments]
    own = code == 1 and arguments[0] != "recipe"
    assert here(*arguments, *(["--weights", str(weights)] if own else [])) == code
    out, err = capfd.readouterr()
    assert words in err and not out
    assert code == 2 or len(err.strip().removeprefix("Loading tiny...\n").splitlines()) == 1, err


def test_the_exit_code_and_the_sentence_reach_the_shell(weights: Path) -> None:
    run = ddpm("sample", "--steps", "0", "--weights", weights)
    assert run.returncode == 1 and "steps is 0" in run.stderr and len(run.stderr.splitlines()) == 1 and not run.stdout


def test_upscale_takes_a_folder_and_passes_over_what_is_no_picture(
    picture: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (picture.parent / "broken.png").write_text("not a picture")
    Image.new("L", (7000, 7000)).save(picture.parent / "a-large.png")  # comes first
    Image.new("RGB", (9, 9)).save(picture.parent / "other.ppm")
    out = tmp_path / "larger"
    assert here("upscale", str(picture.parent), "--scale", "2", "--out", str(out)) == 1
    made, said = capfd.readouterr()
    assert "broken.png" in said and "7000 x 7000" in said
    assert made.split() == [str(out / "in-x2.png"), str(out / "other-x2.png")]
    with Image.open(out / "in-x2.png") as larger:
        assert larger.size == (60, 40)


def test_models_lists_what_there_is(weights: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert here("models", "--weights", str(weights)) == 0
    listed = capfd.readouterr().out
    assert listed.startswith("tiny ") and "16 px" in listed and str(weights) not in listed
    (weights / "none").mkdir()
    for folder, words in (("none", "There is no model in"), ("nowhere", "There is no folder")):
        assert here("models", "--weights", str(weights / folder)) == 1 and words in capfd.readouterr().err
    (weights / "none").rmdir()


def test_a_damaged_record_of_many_pictures_is_said(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for text in ("{", "[]"):
        (tmp_path / "request.json").write_text(text)
        many = ("sample", "--model", "tiny", "--steps", "1", "--count", "20", "--out", str(tmp_path))
        assert here(*many, "--weights", str(weights)) == 1
        assert "request.json cannot be read: remove it" in capfd.readouterr().err


def test_an_interrupted_sample_keeps_what_is_there(weights: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ddpm", "sample", "--model", "tiny", "--steps", "300", "--count", "6",
               "--weights", str(weights), "--out", str(tmp_path / "made")]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored by what a shell starts with `&`
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline().strip()  # one picture is finished
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in said
    assert Path(first).exists() and all(Path(line).exists() for line in rest.splitlines())
    assert len(os.listdir(tmp_path / "made")) == 1 + len(rest.splitlines()) < 6


@pytest.mark.parametrize(("command", "words"), [("train", "--config"), ("serve", "--port")])
def test_other_programs_are_passed_on_to(command: str, words: str) -> None:
    run = ddpm(command, "--help")
    assert run.returncode == 0 and words in run.stdout
