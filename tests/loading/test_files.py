"""Weights on disk: no code in them runs, whatever they are."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from ddpm.errors import CannotLoad
from ddpm.loading import load
from ddpm.loading.card import weight_files
from ddpm.loading.files import read_tensors, read_weights, weights_hash


class Malicious:
    """Unpickling it would create a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, how):
    path, target = tmp_path / "model.pt", tmp_path / "owned"
    if how == "torch":
        torch.save({"weight": Malicious(target)}, path)
    else:
        path.write_bytes(pickle.dumps(Malicious(target)))
    with pytest.raises(CannotLoad, match="nothing in it was executed"):
        read_tensors(path)
    assert not target.exists()


def test_a_malicious_component_of_a_diffusers_folder_is_not_run(tmp_path):
    folder, target = tmp_path / "bad", tmp_path / "owned"
    folder.mkdir()
    config = {"_class_name": "UNet2DModel", "sample_size": 8, "block_out_channels": [32, 32], "layers_per_block": 1,
              "down_block_types": ["DownBlock2D"] * 2, "up_block_types": ["UpBlock2D"] * 2}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "scheduler_config.json").write_text(json.dumps({"_class_name": "DDPMScheduler"}))
    torch.save({"conv_in.weight": Malicious(target)}, folder / "diffusion_pytorch_model.bin")
    with pytest.raises(CannotLoad, match="nothing in it was executed"):
        load(folder)
    assert not target.exists()


def test_plain_torch_files_are_read(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "a.pt")
    assert torch.equal(read_tensors(tmp_path / "a.pt")["weight"], torch.ones(2))
    torch.save([1, 2], tmp_path / "b.pt")
    with pytest.raises(CannotLoad, match="holds a list"):
        read_tensors(tmp_path / "b.pt")


def test_an_index_cannot_point_outside(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "secret.safetensors")
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("../secret.safetensors", str(tmp_path / "secret.safetensors"), ".."):
        (folder / "m.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
        with pytest.raises(CannotLoad, match="outside its folder"):
            weight_files(folder, "m")


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.float16, torch.bfloat16])
def test_weights_of_few_bits_are_read_as_float32_and_looked_through(tmp_path, dtype):
    weight = torch.tensor([0.5, -3.0, 448.0]).to(dtype)
    save_file({"weight": weight, "steps": torch.arange(3)}, tmp_path / "model.safetensors")
    read = read_weights([tmp_path / "model.safetensors"])
    assert read["weight"].tolist() == [0.5, -3.0, 448.0] and read["weight"].dtype == torch.float32
    assert read["steps"].dtype == torch.int64
    save_file({"weight": torch.tensor([0.5, float("nan")]).to(dtype)}, tmp_path / "model.safetensors")
    with pytest.raises(CannotLoad, match="weight holds NaN or infinity"):
        read_weights([tmp_path / "model.safetensors"])


def test_hash_is_the_files_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert weights_hash([tmp_path / "a"]) == "ba7816bf8f"
