"""Known sets of pictures: a local copy is found, an absent one says where it was looked for."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ddpm.errors import BadRequest, Missing
from ddpm.training.config import Data
from ddpm.training.data import known_sets, open_data
from tests.training.test_data import png, put


def caltech(root: Path) -> Path:
    files = {
        f"{name}/image_{i}.jpg": png(colour)
        for name, colour in (("airplanes", "white"), ("ant", "black"))
        for i in (1, 2)
    }
    put(root / "caltech101" / "101_ObjectCategories", dict(files))
    return root


def test_a_local_copy_of_a_known_set_is_found_and_its_classes_chosen(tmp_path: Path) -> None:
    root = caltech(tmp_path)
    both = open_data(Data(kind="caltech101", path=(root,), size=8))
    assert len(both) == 4 and both.captions == [["airplanes"], ["airplanes"], ["ant"], ["ant"]]
    planes = open_data(Data(kind="caltech101", path=(root,), size=8, channels=1, classes=("airplanes",)))
    assert planes.pixels.shape == (2, 1, 8, 8) and planes.pixels.min() == 255
    with pytest.raises(BadRequest, match="no folder planes in .* there are airplanes, ant"):
        open_data(Data(kind="caltech101", path=(root,), size=8, classes=("planes",)))
    put(tmp_path / "faces" / "celeba" / "img_align_celeba", {"000001.jpg": png(size=(178, 218))})
    faces = open_data(Data(kind="celeba", path=(tmp_path / "faces",), size=8))
    assert len(faces) == 1 and faces.captions is None


@pytest.mark.parametrize("kind", ["celeba", "caltech101", "cifar10"])
def test_an_absent_set_says_where_it_was_looked_for_and_that_it_can_be_fetched(tmp_path: Path, kind: Any) -> None:
    with pytest.raises(Missing, match=r"data\.download: true") as error:
        open_data(Data(kind=kind, path=(tmp_path,), size=8))
    assert str(tmp_path) in str(error.value)


def test_cifar_comes_through_torchvision_with_its_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of ten pictures in torchvision's layout, with the checksums of these files."""
    import hashlib

    CIFAR10 = known_sets._torchvision("CIFAR10")
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    rng, sums = np.random.default_rng(0), {}
    classes = "airplane automobile bird cat deer dog frog horse ship truck".split()
    contents: dict[str, Any] = {"batches.meta": {"label_names": classes}}
    for number in range(1, 6):
        contents[f"data_batch_{number}"] = {"data": rng.integers(0, 256, (2, 3072), np.uint8), "labels": [number, 9]}
    contents["test_batch"] = contents["data_batch_1"]
    for name, content in contents.items():
        (folder / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in sums if name.startswith("data_")])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(
        CIFAR10, "meta", {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    )
    got = open_data(Data(kind="cifar10", path=(tmp_path,), size=32))
    assert got.captions is not None and got.captions[:4] == [["automobile"], ["truck"], ["bird"], ["truck"]]
    first = contents["data_batch_1"]["data"][0].reshape(3, 32, 32)
    assert torch.equal(got.pixels[0], torch.from_numpy(first))
    trucks = open_data(Data(kind="cifar10", path=(tmp_path,), size=32, classes=("truck",)))
    assert len(trucks) == 5 and torch.equal(trucks.pixels[0], got.pixels[1])
