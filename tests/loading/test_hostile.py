"""One odd file in the weights folder: it says what is wrong with it, and every other model stays in the list."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch

from ddpm.errors import CannotLoad
from ddpm.loading import diffusers_folder
from ddpm.loading.catalogue import Catalogue
from tests.loading.test_catalogue import put_model

DEEP = "[" * 100_000


def safetensors(path: Path, header: str) -> None:
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode())


def scheduler(folder: Path, settings: str) -> None:
    """A folder of diffusers with this scheduler."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"_class_name": "UNet2DModel", "sample_size": 16}))
    (folder / "scheduler_config.json").write_text(settings)
    (folder / "diffusion_pytorch_model.safetensors").write_bytes(b"")


def index(folder: Path, text: str, name: str = "model_index.json") -> None:
    folder.mkdir()
    (folder / name).write_text(text)


def beside(path: Path, text: str) -> None:
    torch.save({"a": torch.ones(1)}, path)
    path.with_suffix(".yaml").write_text(text)


ODD = {
    "deep.safetensors": lambda path: safetensors(path, DEEP),
    "endless.safetensors": lambda path: safetensors(path, '{"a": {"shape": [Infinity]}}'),
    "flat.safetensors": lambda path: safetensors(path, '{"a": {"shape": 3}}'),
    "deep-index": lambda path: index(path, DEEP),
    "deep-config": lambda path: index(path, DEEP, "config.json"),
    "odd-parts": lambda path: index(path, '{"architectures": 3}', "config.json"),
    "odd-parts-2": lambda path: index(path, '{"architectures": {}, "_class_name": ["a"]}', "config.json"),
    "deep.pt": lambda path: beside(path, "[" * 1_200),
    "dated.pt": lambda path: beside(path, "size: 2020-99-99"),
    "offset": lambda path: scheduler(path, '{"_class_name": "DDIMScheduler", "steps_offset": 1e999}'),
    "named-by-list": lambda path: scheduler(path, '{"_class_name": ["DDIMScheduler"]}'),
    "predicts-a-list": lambda path: scheduler(path, '{"prediction_type": []}'),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_hides_no_model(tmp_path: Path, name: str) -> None:
    put_model(tmp_path / "tiny")
    ODD[name](tmp_path / name)
    catalogue = Catalogue(tmp_path)
    cards = {card.name: card for card in catalogue.cards()}
    assert cards["tiny"].usable
    assert not cards[name].usable and cards[name].note.startswith(f"{name} cannot be used: ")
    with pytest.raises(CannotLoad):
        catalogue.load(name)


def test_whatever_a_reader_raises_becomes_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_model(tmp_path / "tiny")
    catalogue = Catalogue(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("ddpm.loading.embedded.put", lambda *args: {}["conv_in"])
        with pytest.raises(CannotLoad, match=r"tiny cannot be loaded: .*KeyError: 'conv_in'"):
            catalogue.load("tiny")
    (card,) = catalogue.cards()
    assert not card.usable and "KeyError: 'conv_in'" in card.note
    assert catalogue.load("tiny").card.name == "tiny" and catalogue.cards()[0].usable


def test_a_strange_scheduler_is_refused_by_its_reader_too(tmp_path: Path) -> None:
    scheduler(tmp_path / "m", DEEP)
    with pytest.raises(CannotLoad, match="cannot be read as JSON"):
        diffusers_folder.load(tmp_path / "m")
