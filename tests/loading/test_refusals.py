"""Files that are no model of any family: every reason is told, no pickle runs."""

from __future__ import annotations

import pytest
import torch

from ddpm.errors import CannotLoad
from ddpm.loading import load, single_file


def test_an_unknown_network_gets_every_reason(tmp_path):
    torch.save({"a.weight": torch.ones(2), "b.weight": torch.ones(2)}, tmp_path / "odd.pt")
    with pytest.raises(CannotLoad) as refusal:
        load(tmp_path / "odd.pt")
    said = str(refusal.value)
    assert all(family.NAME in said for family in single_file.families()) and "begin with a.weight" in said


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("tmesteps: 3\n", r"odd.yaml beside it has an unknown key 'tmesteps'; did you mean timesteps\?"),
        ("size: big\n", "size is 'big', but must be of type int"),
        ("use: best\n", "say ema or raw"),
        ("[" * 1200, "odd.yaml cannot be read as YAML"),
        ("size: -28\n", "size is -28, but must lie in 8..4096"),
        ("timesteps: 0\n", "timesteps is 0, but must lie in 2..10000"),
        ("steps: 100000\n", "steps is 100000, but must lie in 1..1000"),
        ("heads: -4\n", "heads is -4, but must lie in 1..1024"),
        ("guidance_scale: .nan\n", "guidance_scale is nan, but must lie in 0..30"),
        ("sampler: foo\n", "sampler is 'foo'; say ddpm, ddim, .* or lcm"),
        ("schedule: foo\n", "schedule is 'foo'; say linear"),
        ("target: foo\n", "target is 'foo'; say eps, v or x0"),
        ("bound: foo\n", "bound is 'foo'; say peak"),
        ("model: {im_size: -28}\n", "size is -28"),
    ],
)
def test_wrong_settings_beside_a_file(tmp_path, settings, sentence):
    torch.save({"a": torch.ones(2)}, tmp_path / "odd.pt")
    (tmp_path / "odd.yaml").write_text(settings)
    with pytest.raises(CannotLoad, match=sentence):
        load(tmp_path / "odd.pt")


class Trainer:
    """Somebody's class, pickled whole."""

    def __init__(self):
        self.weight = torch.ones(2)


def test_a_pickle_that_needs_code_is_refused_with_the_way_out(tmp_path):
    torch.save({"model": Trainer(), "state_dict": {"a": torch.ones(1)}}, tmp_path / "whole.pt")
    with pytest.raises(CannotLoad, match=r"(?s)Trainer.*nothing in it was executed.*save_file\(model.state_dict"):
        load(tmp_path / "whole.pt")


def test_skimming_reads_shapes_of_every_kind_of_file(tmp_path):
    from safetensors.torch import save_file

    from ddpm.loading.skim import skim

    state = {"a": torch.zeros(2, 3, dtype=torch.float16), "b": torch.nn.Parameter(torch.zeros(4))}
    torch.save({"state_dict": state, "epoch": 2}, tmp_path / "new.pt")
    torch.save({"state_dict": state, "epoch": 2}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    save_file({"a": state["a"]}, tmp_path / "s.safetensors")
    for name in ("new.pt", "old.pt"):
        content = skim(tmp_path / name)
        assert {key: value.shape for key, value in content["state_dict"].items()} == {"a": (2, 3), "b": (4,)}
        assert content["epoch"] == 2
    assert skim(tmp_path / "s.safetensors")["a"].shape == (2, 3)
    for broken in (b"", b"PK\x03\x04 nothing", b"\x80\x02}q\x00.", b"\xff" * 64):
        (tmp_path / "broken.pt").write_bytes(broken)
        with pytest.raises(CannotLoad, match="broken.pt"):
            skim(tmp_path / "broken.pt")
