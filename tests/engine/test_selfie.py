"""A selfie through the engine: the layout of google/ddpm-celebahq-256, and that the photo goes into no file."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm.compat import ensure_torchvision

ensure_torchvision()
import diffusers  # noqa: E402

from ddpm.diffusion.likeness import FACE  # noqa: E402
from ddpm.engine import Engine  # noqa: E402
from ddpm.events import Framed, Notice, Result  # noqa: E402
from ddpm.loading.layout import diffusers_card, read_layout  # noqa: E402
from ddpm.recipe import save_png  # noqa: E402
from ddpm.request import FromSelfie, Request  # noqa: E402

pytestmark = pytest.mark.slow

# config.json and scheduler_config.json of google/ddpm-celebahq-256, which lie side by side in its root
CELEBAHQ: dict[str, Any] = {
    "_class_name": "UNet2DModel", "_diffusers_version": "0.0.4", "act_fn": "silu", "attention_head_dim": None,
    "block_out_channels": [128, 128, 256, 256, 512, 512], "center_input_sample": False,
    "down_block_types": ["DownBlock2D"] * 4 + ["AttnDownBlock2D", "DownBlock2D"], "downsample_padding": 0,
    "flip_sin_to_cos": False, "freq_shift": 1, "in_channels": 3, "layers_per_block": 2, "mid_block_scale_factor": 1,
    "norm_eps": 1e-06, "norm_num_groups": 32, "out_channels": 3, "sample_size": 256,
    "time_embedding_type": "positional", "up_block_types": ["UpBlock2D", "AttnUpBlock2D"] + ["UpBlock2D"] * 4,
}  # fmt: skip
SCHEDULER = {
    "_class_name": "DDPMScheduler", "_diffusers_version": "0.1.1", "beta_end": 0.02, "beta_schedule": "linear",
    "beta_start": 0.0001, "clip_sample": True, "num_train_timesteps": 1000, "trained_betas": None,
    "variance_type": "fixed_small",
}  # fmt: skip
SMALL = {**CELEBAHQ, "block_out_channels": [32] * 6, "sample_size": 64}
PARAMETERS = 113_673_219  # of the real one


def repository(folder: Path, config: dict[str, Any]) -> Path:
    """The files of that repository without the weights."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "scheduler_config.json").write_text(json.dumps(SCHEDULER))
    index = {"_class_name": "DDPMPipeline", "_diffusers_version": "0.0.4",
             "scheduler": ["diffusers", "DDPMScheduler"], "unet": ["diffusers", "UNet2DModel"]}  # fmt: skip
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture(scope="module")
def celebahq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    weights = tmp_path_factory.mktemp("hq")
    folder = repository(weights / "celebahq-small", SMALL)
    torch.manual_seed(3)
    unet = diffusers.UNet2DModel.from_config(SMALL)
    unet.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(SMALL))  # as in the repository, without what diffusers adds
    engine = Engine(weights, precision="float32")
    yield engine
    engine.close()


def selfie(engine: Engine, photo: Image.Image, **settings: Any) -> list[Any]:
    source = {name: settings.pop(name) for name in ("likeness", "strength") if name in settings}
    return list(engine.run(Request(source=FromSelfie(image=photo, **source), steps=4, seed=7, **settings)))


def results(events: list[Any]) -> list[np.ndarray]:
    return [np.asarray(event.image, dtype=float) for event in events if isinstance(event, Result)]


def test_the_layout_of_ddpm_celebahq_256_makes_selfies_unchanged(celebahq: Engine, photo: Image.Image) -> None:
    events = selfie(celebahq, photo, count=2)
    framed = next(event for event in events if isinstance(event, Framed))
    assert framed.image.size == (64, 64) and any(isinstance(event, Notice) for event in events)
    pictures = results(events)
    assert len(pictures) == 2 and pictures[0].shape == (64, 64, 3) and (pictures[0] != pictures[1]).any()
    face = np.asarray(framed.image, dtype=float)

    def away(likeness: float) -> float:
        made = results(selfie(celebahq, photo, count=1, likeness=likeness))[0]
        return float(np.sqrt(np.square((made - face).reshape(8, 8, 8, 8, 3).mean((1, 3))).mean()))

    distances = [away(likeness) for likeness in (0.0, 0.5, 1.0)]
    assert distances == sorted(distances, reverse=True) and distances[0] > distances[-1]


def test_the_exact_configuration_is_read(tmp_path: Path) -> None:
    folder = repository(tmp_path / "hq", CELEBAHQ)
    (folder / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    layout, card = read_layout(folder), diffusers_card(folder)
    assert (card.size, card.kind, card.target, layout.clamp, layout.codec) == (256, "unconditional", "eps", 1.0, None)
    with torch.device("meta"):
        unet = diffusers.UNet2DModel.from_config(layout.unet_config)
    assert sum(parameter.numel() for parameter in unet.parameters()) == PARAMETERS


def test_a_batch_means_the_same_likeness(engine: Engine, photo: Image.Image) -> None:
    """Picture i of many is the picture made alone."""
    many = results(selfie(engine, photo, count=3, likeness=0.8))
    alone = Request(source=FromSelfie(image=photo, likeness=0.8), steps=4, seed=9, count=1)
    assert (many[2] == results(list(engine.run(alone)))[0]).all()


def test_outlines_through_the_network_are_other_ones_and_cost_a_way_back(
    engine: Engine, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the way back every call of the network that is steered has a backward; else none has."""
    monkeypatch.setattr("ddpm.sources.LOOSE", FACE)  # as if there were a face in this photo
    module, ways = engine.models.get("tiny").module, []
    hook = module.register_full_backward_pre_hook(lambda *_: ways.append(1))
    try:
        made, counts = [], []
        for through in (False, True):
            source = FromSelfie(image=photo, likeness=1, through_network=through)
            made.append(results(list(engine.run(Request(model="tiny", source=source, steps=4, seed=7, count=1))))[0])
            counts.append(len(ways))
    finally:
        hook.remove()
    assert counts[0] == 0 and counts[1] >= 3
    assert (made[0] != made[1]).any()


def test_the_photo_is_neither_stored_nor_described(engine: Engine, photo: Image.Image) -> None:
    """Two photos, and a request of the same settings: the recipes do not tell them apart, nor do the files' chunks."""
    texts = []
    for image in (photo, photo.transpose(Image.Transpose.ROTATE_180)):
        result = next(event for event in selfie(engine, image, count=1) if isinstance(event, Result))
        file = save_png(result.image, result.recipe)
        with Image.open(io.BytesIO(file)) as opened:
            texts.append(json.dumps([result.recipe, opened.info], sort_keys=True, default=str))
        for stored in (image.tobytes(), base64.b64encode(image.tobytes())):
            assert stored[:60] not in file
    assert texts[0] == texts[1]
