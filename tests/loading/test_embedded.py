"""Our own folders: a round trip, shards, and refusals that say what is wrong."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from ddpm.errors import CannotLoad
from ddpm.loading import embedded, files, load
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.hybrid import Hybrid, HybridConfig, time_features

CONFIG = HybridConfig(size=16, patch=2, widths=(16, 32), res_blocks=1, blocks=1, heads=2)
CARD = ModelCard(
    "tiny", "Tiny", "embedded", "hybrid", 16, 3, "x0", "flow", None, "MIT", Defaults("heun", 7), note="A test."
)


def network(config: HybridConfig = CONFIG) -> Hybrid:
    torch.manual_seed(0)
    module = Hybrid(config).eval()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return module


@pytest.fixture
def folder(tmp_path):
    embedded.save(tmp_path / "tiny", network(), CARD, dtype=torch.float32, card_text="# Tiny")
    return tmp_path / "tiny"


def test_round_trip(folder):
    model = load(folder)
    assert replace(model.card, bytes=0, weights_hash="") == replace(CARD, factor=16, fixed_size=True, takes_pag=True)
    assert len(model.card.weights_hash) == 10 and model.card.bytes > 0
    x_t, level = torch.randn(2, 3, 16, 16), model.schedule.level(0.5)
    with torch.no_grad():
        expected = network()(x_t, time_features(torch.full((2,), 0.5)))
    got = model.denoise(x_t, level, None)
    assert torch.equal(got.x0, expected.clamp(-1, 1))
    torch.testing.assert_close(0.5 * got.x0 + 0.5 * got.eps, x_t)
    assert "# Tiny" in (folder / "README.md").read_text()


def test_a_second_network_lies_beside_the_first_and_changes_the_hash(folder, tmp_path):
    second = network(replace_config(patch=4, residual=True))
    card = replace(CARD, finish_below=0.5)
    embedded.save(tmp_path / "two", network(), card, dtype=torch.float32, finish=second)
    one, two = load(folder), load(tmp_path / "two")
    assert one.finish is None and two.finish is not None and two.card.finish_below == two.finish.below == 0.5
    assert two.card.weights_hash != one.card.weights_hash and two.card.bytes > one.card.bytes
    x_t = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        expected = second(x_t, time_features(torch.full((2,), 0.3)))
    assert torch.equal(two.denoise(x_t, two.schedule.level(0.3), None).x0, expected.clamp(-1, 1))
    for model in (one, two):  # above, the first alone decides
        assert torch.equal(model.denoise(x_t, one.schedule.level(0.5), None).x0,
                           one.denoise(x_t, one.schedule.level(0.5), None).x0)  # fmt: skip
    with pytest.raises(ValueError, match="finish_below is 0.5 and the second network is None"):
        embedded.save(tmp_path / "none", network(), card)


def test_a_second_network_of_another_kind_or_none_is_refused(tmp_path):
    card = replace(CARD, finish_below=0.5)
    embedded.save(tmp_path / "two", network(), card, finish=network(replace_config(size=32)))
    with pytest.raises(CannotLoad, match="size of its second network is 32, of the first 16"):
        load(tmp_path / "two")
    shutil.rmtree(tmp_path / "two" / "finish")
    with pytest.raises(CannotLoad, match="no weights .* in finish"):
        load(tmp_path / "two")


def test_shards_hold_the_same_and_old_ones_go(folder):
    plain = files.read_weights(files.weight_files(folder / "network", files.STEM))
    files.write_weights(folder / "network", plain, limit=20_000)
    shards = sorted((folder / "network").glob("*.safetensors"))
    assert len(shards) > 2 and not (folder / "network" / f"{files.STEM}.safetensors").exists()
    again = files.read_weights(files.weight_files(folder / "network", files.STEM))
    assert again.keys() == plain.keys() and all(torch.equal(again[key], plain[key]) for key in plain)
    shards[1].unlink()
    with pytest.raises(CannotLoad, match=f"{shards[1].name} is missing"):
        load(folder)


def test_a_model_with_prompts_reads_them(tmp_path):
    config = replace_config(text_width=384)
    embedded.save(tmp_path / "words", network(config), replace(CARD, text="minilm", kind="text"))
    model = load(tmp_path / "words")
    x_t, level = torch.randn(1, 3, 16, 16), model.schedule.level(0.9)
    fox, nothing, none = (model.denoise(x_t, level, text).x0 for text in (
        model.text.encode(["a fox"]), model.text.encode([""]), None))  # fmt: skip
    assert not torch.equal(fox, nothing)
    torch.testing.assert_close(nothing, none)


def replace_config(**changes: int) -> HybridConfig:
    return replace(CONFIG, **changes)


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("file", "changes", "sentence"),
    [
        ("model_index.json", {"ddpm_format": 2}, "update the application"),
        ("model_index.json", {"schedule": "linaer"}, "linaer"),
        ("model_index.json", {"target": "noise"}, "noise"),
        ("model_index.json", {"defaults": {"sampelr": "heun"}}, "sampelr"),
        ("model_index.json", {"defaults": {"steps": "abc"}}, "defaults: steps is 'abc', but must be of type int"),
        ("model_index.json", {"defaults": {"steps": 1e30}}, "steps"),
        ("model_index.json", {"defaults": {"sampler": None}}, "sampler is None"),
        ("model_index.json", {"defaults": {"last": None}}, "last is None"),
        ("model_index.json", {"defaults": {"shift": -1}}, "shift is -1, but must lie in"),
        ("model_index.json", {"defaults": {"guidance_scale": float("nan")}}, "guidance_scale is nan"),
        ("model_index.json", {"size": 1_000_000}, "size is 1000000"),
        ("model_index.json", {"size": 32}, "says 32 px and 3 channels, its network makes 16 px and 3"),
        ("model_index.json", {"channels": -1}, "channels is -1"),
        ("network/config.json", {"blocks": 2}, "missing"),
        ("network/config.json", {"widths": [32, 32]}, "another shape"),
        ("network/config.json", {"colour": 1}, "unknown keys: colour"),
        ("network/config.json", {"channels": "x"}, "channels is 'x'; it should look like 3"),
        ("network/config.json", {"widths": [32, "x"]}, r"widths is \(32, 'x'\); it should look like \(128, 256\)"),
    ],
)
def test_a_wrong_fact_is_named(folder, file, changes, sentence):
    edit(folder / file, **changes)
    with pytest.raises(CannotLoad, match=sentence):
        load(folder)


def test_nan_and_truncation_are_refused(folder):
    path = folder / "network" / f"{files.STEM}.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CannotLoad, match="damaged or cut short"):
        load(folder)
    path.write_bytes(b"")
    with pytest.raises(CannotLoad, match="empty"):
        load(folder)
    module = network()
    module.out.bias.data[0] = float("nan")
    embedded.save(folder, module, CARD)
    with pytest.raises(CannotLoad, match="out.bias holds NaN"):
        load(folder)
