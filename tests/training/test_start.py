"""Fine-tuning: from our folders, from diffusers', from a shallower network; what cannot be is refused."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from ddpm.errors import BadRequest
from ddpm.loading import load
from ddpm.loading.files import read_json, write_json
from ddpm.models.card import Defaults
from ddpm.models.hybrid import Hybrid, HybridConfig
from ddpm.training.data import Pictures
from ddpm.training.learner import take_what_fits
from ddpm.training.loop import train
from ddpm.training.settings import load_config
from tests.training.conftest import SMALL, saved, small

DATA = SMALL["data"]
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
FACES = ROOT / "weights" / "faces"


def test_a_run_begins_with_the_weights_of_its_start(tmp_path: Path) -> None:
    train(small(tmp_path / "first", images=40))
    start = tmp_path / "first" / "weights" / "small"
    config = small(tmp_path / "next", start=start, network=None, images=4, learning_rate=1e-12, muon_rate=1e-12)
    train(config)
    before = load(start).module.state_dict()
    after = {key.removeprefix("network."): value for key, value in saved(config).items() if key.startswith("network.")}
    assert before.keys() == after.keys() and all(torch.allclose(before[key], after[key], atol=1e-6) for key in before)
    assert load(tmp_path / "next" / "weights" / "small").card.target == "x0"
    moved = small(tmp_path / "moved", start=start, network=None, images=40)
    train(moved)
    assert not all(torch.allclose(before[key], saved(moved)[f"network.{key}"], atol=1e-6) for key in before)


TUNED = Defaults("euler_ancestral", 4, 2.5, last=0.2, shift=3.0, guidance_until=0.3, pag_scale=0.5)


def tuned(folder: Path) -> Path:
    """A small model whose card has other settings of sampling than any run's defaults."""
    train(small(folder, images=4))
    path = folder / "weights" / "small" / "model_index.json"
    write_json(path, {**read_json(path), "defaults": asdict(TUNED)})
    return path.parent


def test_a_start_gives_its_settings_of_sampling_where_none_are_named(tmp_path: Path) -> None:
    start = tuned(tmp_path / "first")
    few = {"every": 0, "count": 2, "film": "none"}
    for name, network in (("on", None), ("wider", {**SMALL["network"], "blocks": 2})):
        train(small(tmp_path / name, start=start, network=network, images=4, previews=few))
        kept = load(tmp_path / name / "weights" / "small").card.defaults
        assert kept == replace(TUNED, guidance_scale=1.0, guidance_until=0.0)  # it reads no prompt
    named = {**few, "sampler": "heun", "last": 0.1}
    train(small(tmp_path / "named", start=start, network=None, images=4, previews=named))
    kept = load(tmp_path / "named" / "weights" / "small").card.defaults
    assert (kept.sampler, kept.last, kept.steps) == ("heun", 0.1, 4)
    fresh = {**SMALL["previews"], "last": 0.25, "guidance_until": 0.4}
    train(small(tmp_path / "fresh", images=4, previews=fresh))
    assert load(tmp_path / "fresh" / "weights" / "small").card.defaults == Defaults("ddim", 3, 1.0, last=0.25)


def test_previews_are_sampled_as_the_card_says(tmp_path: Path) -> None:
    """`last` and `shift` decide where the network is asked: another one, another picture of the same weights."""
    sheets = set()
    for name, said in (("even", {}), ("last", {"last": 0.5}), ("shift", {"shift": 3.0})):
        train(small(tmp_path / name, images=4, previews={**SMALL["previews"], **said}))
        sheets.add(Image.open(tmp_path / name / "run" / "previews" / "final.png").tobytes())
    assert len(sheets) == 3


@pytest.mark.skipif(not FACES.is_dir(), reason="needs the embedded model weights/faces")
def test_the_hint_for_few_pictures_keeps_the_settings_of_faces() -> None:
    """README: folder.yaml with start=weights/faces data.captions=false data.size=128."""
    from ddpm.training.denoising import Denoising

    said = [f"start={FACES}", "data.captions=false", "data.size=128", "name=x", "data.path=y"]
    config = load_config(ROOT / "configs/train/folder.yaml", said)
    pictures = Pictures(torch.zeros((1, 3, config.data.kept, config.data.kept), dtype=torch.uint8), None)
    assert Denoising(config, pictures, "cpu").card().defaults == load(FACES).card.defaults


@pytest.mark.parametrize(("name", "runs"), [("faces", ["faces"]), ("scenes", ["scenes", "scenes_finish"])])
def test_training_an_embedded_model_anew_gives_its_settings_of_sampling(name: str, runs: list[str]) -> None:
    configs = [load_config(ROOT / f"configs/train/{run}.yaml") for run in runs]
    index = read_json(ROOT / "weights" / name / "model_index.json")
    said = {"guidance_until": 0.0, "last": 0.0, "guidance_scale": 1.0}
    for config in configs:
        said |= config.previews.model_dump(exclude_none=True)
    for setting in ("sampler", "steps", "guidance_scale", "guidance_until", "last"):
        assert said[setting] == index["defaults"][setting], setting
    assert (configs[-1].finish.below if configs[-1].finish else 0) == index.get("finish_below", 0)


def test_another_shape_takes_what_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(small(tmp_path / "first", images=8))
    start = tmp_path / "first" / "weights" / "small"
    wider = {**SMALL["network"], "blocks": 2, "detail": 16}
    config = small(tmp_path / "next", start=start, network=wider, images=4, learning_rate=1e-12, muon_rate=1e-12)
    train(config)
    before, after = load(start).module.state_dict(), saved(config)
    assert all(torch.allclose(before[key], after[f"network.{key}"], atol=1e-6) for key in before)
    assert {"network.middle.1.attention.query.weight", "network.detail.out.weight"} <= after.keys()
    assert "M parameters are from" in capsys.readouterr().out


def test_the_stages_of_a_shallower_network_become_the_inner_ones() -> None:
    shallow = Hybrid(HybridConfig(size=8, patch=2, widths=(16, 32), res_blocks=1, blocks=1, heads=2))
    deep = Hybrid(HybridConfig(size=16, patch=2, widths=(16, 16, 32), res_blocks=1, blocks=1, heads=2))
    outer = deep.down[0].state_dict()["0.conv1.weight"].clone()
    assert take_what_fits(deep, shallow.state_dict()) > 0
    own, other = deep.state_dict(), shallow.state_dict()
    inner = {"down.0.0.conv1.weight": "down.1.0.conv1.weight", "narrow.0.weight": "narrow.1.weight",
             "positions.1": "positions.2", "middle.0.mlp.0.weight": "middle.0.mlp.0.weight"}  # fmt: skip
    for name in inner:
        assert torch.equal(own[inner[name]], other[name])
    assert torch.equal(own["down.0.0.conv1.weight"], outer)


@pytest.fixture
def diffusers_folder(tmp_path: Path) -> Path:
    """google/ddpm-celebahq-256's architecture, tiny, with random weights."""
    from ddpm.compat import ensure_torchvision

    ensure_torchvision()
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    torch.manual_seed(0)
    network = UNet2DModel(
        sample_size=8, in_channels=3, out_channels=3, layers_per_block=1, block_out_channels=(16, 32),
        norm_num_groups=8, down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"), attention_head_dim=8,
    )  # fmt: skip
    DDPMPipeline(network, DDPMScheduler(num_train_timesteps=100)).save_pretrained(tmp_path / "ddpm")
    return tmp_path / "ddpm"


def test_a_diffusers_folder_is_trained_on_and_written_as_one(tmp_path: Path, diffusers_folder: Path) -> None:
    config = small(tmp_path, start=diffusers_folder, network=None, images=16, ema=0.0, loss="plain", times=None)
    train(config)
    before, after = load(diffusers_folder), load(tmp_path / "weights" / "small")
    assert type(after.module).__name__ == "UNet2DModel" and after.card.target == "eps"
    assert after.schedule == before.schedule and len(after.schedule.alphas_bar) == 100
    changed = [not torch.allclose(a, b, atol=1e-5) for a, b in
               zip(before.module.state_dict().values(), after.module.state_dict().values(), strict=True)]  # fmt: skip
    assert sum(changed) > 0.8 * len(changed)
    from diffusers import DDPMPipeline

    assert DDPMPipeline.from_pretrained(tmp_path / "weights" / "small").unet.config.sample_size == 8


def test_the_loss_is_chosen_by_what_the_start_says_unless_it_is_named(
    tmp_path: Path, diffusers_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run's file keeps what was asked, its log says what was done."""
    new: dict[str, object] = {"start": None, "network": SMALL["network"]}
    asked: list[tuple[dict[str, object], str]] = [
        ({}, "eps on the linear schedule: loss min_snr, times evenly"),
        ({"loss": "velocity", "times": (0.6, 0.8)}, "eps on the linear schedule: loss velocity, times (0.6, 0.8)"),
        (new, "x0 on the flow schedule: loss velocity, times (0.6, 0.8)"),
        ({**new, "times": None}, "x0 on the flow schedule: loss velocity, times evenly"),
    ]
    for i, (changes, said) in enumerate(asked):
        config = small(tmp_path / str(i), **{"start": diffusers_folder, "network": None, "images": 4, **changes})
        train(config)
        assert said in capsys.readouterr().out
        again = load_config(config.folder / "config.yaml")
        assert (again.loss, again.times) == (config.loss, config.times)


def test_a_start_of_one_size_names_the_setting_that_must_fit(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="data.size is 8, but .* only makes 128: set data.size=128"):
        train(small(tmp_path, start=FACES, network=None))


def test_what_does_not_go_with_a_start_is_refused(tmp_path: Path, diffusers_folder: Path) -> None:
    def refused(says: str, **changes: object) -> None:
        with pytest.raises(BadRequest, match=says):
            train(small(tmp_path / "x", **{"start": diffusers_folder, "network": None, **changes}))

    refused("target is v, but .* was trained with eps", target="v")
    refused("schedule is cosine, but", schedule="cosine")
    refused("network is the shape of our own; .*ddpm keeps the one that it has", network=SMALL["network"])
    refused("data.channels is 1, but", data={**DATA, "channels": 1})
    refused("width is 9", data={**DATA, "size": 9})
    refused("codec goes with a new network", codec=diffusers_folder)


def test_a_second_network_is_written_beside_the_first_which_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = tuned(tmp_path / "first")
    shape, few = {**SMALL["network"], "widths": [16], "residual": True}, {"every": 0, "count": 2, "film": "none"}
    config = small(tmp_path / "both", finish={"of": of, "below": 0.4}, images=40, network=shape, previews=few)
    train(config)
    first, both = load(of), load(config.model_folder)
    assert both.finish is not None and both.finish.below == both.card.finish_below == 0.4
    assert both.card.defaults == replace(TUNED, guidance_scale=1.0, guidance_until=0.0)
    theirs, ours = first.module.state_dict(), both.module.state_dict()
    assert theirs.keys() == ours.keys() and all(torch.equal(theirs[key], ours[key]) for key in theirs)
    average = torch.load(config.folder / "state.pt", weights_only=True)["averages"]["0.9993"]
    learnt = both.finish.module.state_dict()
    assert all(torch.equal(value, average[key].half().float()) for key, value in learnt.items())
    further = small(tmp_path / "further", start=config.model_folder, network=None, images=4, previews=few)
    train(further)  # of the first
    assert "The second network of" in capsys.readouterr().out and load(further.model_folder).finish is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": {**DATA, "captions": True}}, "reads no prompts, and so must its second network"),
        ({"data": {**DATA, "size": 16}}, "only makes 8"),
    ],
)
def test_what_cannot_be_a_second_network_is_refused(tmp_path: Path, changes: dict, words: str) -> None:
    of = tuned(tmp_path / "first")
    with pytest.raises(BadRequest, match=words):
        train(small(tmp_path / "both", finish={"of": of}, **changes))
