"""Two-block networks saved as real model folders: the whole path from files to pictures, in milliseconds a step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm.engine import Engine
from ddpm.loading import embedded
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.hybrid import Hybrid, HybridConfig

SIZE = 16


def tiny_model(folder: Path, text: str | None = None, channels: int = 3) -> Path:
    """A model folder under `folder`: fixed random weights, so that its pictures are always the same noise-like ones."""
    torch.manual_seed(5)
    width = 384 if text else 0
    config = HybridConfig(size=SIZE, channels=channels, patch=4, widths=(16,), res_blocks=1, blocks=2, heads=2,
                          text_width=width)  # fmt: skip
    network = Hybrid(config)
    for parameter in network.parameters():  # zero-initialised parts as well, or text and time would have no say
        if parameter.dim() < 2 or not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    name = "tiny-text" if text else "tiny"
    card = ModelCard(
        name=name, title=f"The {name} model", origin="embedded", format="hybrid", size=SIZE, channels=channels,
        target="x0", schedule="cosine", text=text, licence="MIT", kind="text" if text else "unconditional",
        defaults=Defaults(sampler="heun", steps=4, guidance_scale=2.0), max_count=6,
    )  # fmt: skip
    embedded.save(folder / name, network, card, card_text=f"# {name}\n")
    return folder / name


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    tiny_model(folder)
    tiny_model(folder, text="minilm")
    return folder


@pytest.fixture(scope="session")
def engine(weights: Path) -> Iterator[Engine]:
    """Exact arithmetic, so that laws hold bit for bit on every processor."""
    made = Engine(weights, precision="float32")
    yield made
    made.close()


@pytest.fixture
def photo() -> Image.Image:
    """A picture of no model's size or aspect, each pixel different from its neighbours, without a face."""
    down, right = np.mgrid[:40, :61]
    return Image.fromarray(np.dstack([3 * down + 2 * right, 200 - 5 * down, 4 * right]).astype(np.uint8))
