"""The bench: its baselines paint our pictures, its clock and tables say what they measured, its command runs whole."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm.__main__ import main
from ddpm.bench import faces, growth, pictures, training
from ddpm.bench.clock import Timing, alternating
from ddpm.bench.lever import Lever
from ddpm.bench.pictures import STOCK, made
from ddpm.bench.report import BEGIN, END, compared
from ddpm.bench.starting import warm
from ddpm.bench.stock import ddim_guided
from ddpm.diffusion import likeness
from ddpm.diffusion.schedule import CLEAN
from ddpm.engine import Engine
from ddpm.loading import embedded
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.hybrid import Hybrid, HybridConfig
from ddpm.request import Request

pytestmark = pytest.mark.slow

STEPS = 3


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text model of two blocks on the flow path, with every part of it at work."""
    torch.manual_seed(2)
    network = Hybrid(HybridConfig(size=16, widths=(16,), res_blocks=1, blocks=2, heads=2, text_width=384))
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    card = ModelCard("tiny", "Tiny", "embedded", "hybrid", 16, 3, "x0", "flow", "minilm", "MIT",
                     Defaults(steps=STEPS, guidance_scale=2.0, guidance_until=0.4), "text")  # fmt: skip
    folder = tmp_path_factory.mktemp("weights")
    embedded.save(folder / "tiny", network, card, card_text="# tiny\n")
    return folder


@pytest.mark.parametrize("sampler", STOCK)
def test_the_stock_loop_paints_our_picture(weights: Path, sampler: str) -> None:
    engine = Engine(weights, precision="float32")
    model = engine.catalogue.load("tiny")
    theirs = STOCK[sampler](model, model.network, model.levels(5, sampler), "a fox", 2.0, 4)

    def apart(**values: object) -> float:
        request = {"seed": 4, "guidance_until": 0, **values}
        own = made(engine, Request.checked(model="tiny", prompt="a fox", sampler=sampler, steps=5, **request))[0]
        return float(np.abs(np.asarray(theirs, float) - np.asarray(own.image, float)).mean())

    assert apart() < 0.02 < 0.1 < apart(guidance_until=None) and apart(seed=5) > 2


def test_two_pictures_that_differ_are_a_fault_and_an_exit_code(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "SAME", -1.0)
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    given = ["--only", "pictures", "--rounds", "1", "--weights", str(weights), "--readme", str(readme)]
    assert main(["bench", *given]) == 1
    said = readme.read_text()
    assert said.startswith("before\n") and said.endswith("after\n") and "old" not in said and "| 0.8 s |" in said
    assert "grey levels apart" in said and "grey levels apart" in capsys.readouterr().err
    readme.write_text("no marks")
    assert main(["bench", *given]) == main(["bench", *given[:-1], str(tmp_path / "none.md")]) == 1
    refused = capsys.readouterr()
    assert "bench -->" in refused.err and "none.md cannot be read" in refused.err and not refused.out  # before it began


def test_the_guided_loop_goes_towards_its_target() -> None:
    torch.manual_seed(0)
    x, target = torch.randn(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    levels = [CLEAN] * 5  # only how many there are counts
    plain, guided = (ddim_guided(lambda x, t, text: 0 * x, levels, x, target, through) for through in (False, True))
    assert (guided.abs() < plain.abs()).all()


def test_the_clock_tells_waiting_from_working() -> None:
    def work() -> None:
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass

    timings = alternating({"wait": lambda: time.sleep(0.05), "work": work}, 3)
    assert timings["wait"].wall >= 0.05 and timings["wait"].cpu < 0.02 and timings["work"].cpu >= 0.05
    peak = timings["work"].peak
    assert peak is None or peak > 10 * 2**20


def test_ratios_are_over_the_first_row() -> None:
    table = compared("T", {"slow": Timing(6.0, 3.0), "fast": Timing(2.0, 1.5)}, {"fast": "said"})
    assert (table.rows[1].times_faster, table.rows[1].times_faster_cpu) == (3.0, 2.0)
    assert "| fast | 2 | 1.5 | 3.00 | 2.00 |  | said |" in table.markdown()


def test_the_command_writes_both_files(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, enlarging = growth.sizes_table, growth.enlarging_table
    monkeypatch.setattr(growth, "sizes_table", lambda: sizes((32, 64)))
    monkeypatch.setattr(growth, "enlarging_table", lambda weights: enlarging(weights, (16, 32)))
    parts = ["--only", "networks", "--only", "pictures", "--only", "growth", "--rounds", "1"]
    assert main(["bench", *parts, "--weights", str(weights), "--out", str(tmp_path)]) == 0
    said = json.loads((tmp_path / "bench.json").read_text())
    assert [table["title"].split()[0] for table in said["tables"]] == ["Network", "A", "A", *["Growth"] * 3]
    assert all(row["timing"]["wall"] > 0 for table in said["tables"] for row in table["rows"])
    steps = [row["times_faster_cpu"] for row in said["tables"][3]["rows"]]
    assert all("16 times the work" not in row["note"] for row in said["tables"][4]["rows"])
    assert said["tables"][4]["rows"][1]["note"].startswith("4 times the work")
    assert steps[0] == 1 and steps[2] < steps[0] and not any(map(math.isnan, steps))
    markdown = (tmp_path / "bench.md").read_text()
    assert said["tables"][0]["title"] in markdown and "grey levels" in markdown and "tiny" in capsys.readouterr().out


def test_both_training_steps_train_the_same_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = training.SHAPE | {"sample_size": 16, "block_out_channels": (16, 16, 32)}
    monkeypatch.setattr(training, "SHAPE", small)
    monkeypatch.setattr(training, "SIZE", 16)
    network = training._write(tmp_path / "model")
    before = [parameter.detach().clone() for parameter in network.parameters()]
    training.their_step(network)()
    moved = [not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True)]
    assert sum(moved) > len(moved) / 2
    run = training.our_run(tmp_path)
    module = run.state.module
    assert [p.shape for p in module.parameters()] == [p.shape for p in before]
    assert all(torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))
    run.step(0)
    assert not all(torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))


def test_a_model_is_not_warm_while_it_is_rehearsed() -> None:
    assert not warm({}) and not warm({"loaded": ["scenes"], "queue": 0, "warm": [], "running": "warm scenes"})
    assert not warm({"warm": ["scenes"], "running": "warm scenes"})
    assert warm({"warm": ["scenes"], "running": None}) and warm({"warm": ["scenes"], "running": "warm faces"})


def test_faces_are_guided_by_a_face_and_beside_stock_at_equal_steps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = {"sample_size": 32, "block_out_channels": (16, 16), "norm_num_groups": 8, "layers_per_block": 1,
             "down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}  # fmt: skip
    calls: list[bool] = []
    stock, guide = faces.ddim_guided, likeness.edge_loss
    monkeypatch.setattr(faces, "SHAPE", small)
    monkeypatch.setattr(faces, "lever", lambda engine, photo: Lever(0.5, 0.4))
    monkeypatch.setattr(faces, "ceiling", lambda rounds: (100.0, "matrix product"))
    monkeypatch.setattr(faces, "ddim_guided", lambda *given: calls.append(given[-1]) or stock(*given))
    guided: list[int] = []
    monkeypatch.setattr(likeness, "edge_loss", lambda known: guided.append(1) or guide(known))
    one, five = faces.faces_tables(Engine(choice="torch"), rounds=1)
    assert set(calls) == {True, False} and guided and not five.fault
    assert len(one.rows) == 4 and "at equal steps nothing here" in one.note and "0.40 and 0.50" in one.note
    ratios = [five.rows[at].timing.wall / five.rows[0].timing.wall for at in (1, 2)]
    assert [row.times_faster for row in five.rows[1:]] == pytest.approx(ratios)
    assert [figure.bar for figure in (*one.figures, *five.figures)][:3] == ["8", "8", "2.5"]
    assert five.rows[1].timing.wall == faces.COUNT * one.rows[0].timing.wall
    faces.write(tmp_path / faces.NAME)
    with Image.open(Path(faces.PHOTO).with_name("sunset.png")) as sunset:
        assert not faces.framed(Engine(tmp_path, choice="torch"), faces.request(sunset.convert("RGB"), 1))
