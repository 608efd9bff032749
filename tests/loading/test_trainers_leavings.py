"""What trainers leave in a checkpoint beside its weights: schedulers' states, settings, devices. None of it is in the
way of the weights, and what the list calls usable loads."""

from __future__ import annotations

import datetime
import shutil
import sys
import zipfile
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from ddpm.errors import CannotLoad
from ddpm.loading import load, single_file
from tests.loading import foreign
from tests.loading.checks import MINI, grey, same, times

pytestmark = pytest.mark.slow


class Attributes(dict[str, Any]):
    """As Lightning keeps hyper-parameters; pretends to be of its package while it is saved."""


Attributes.__module__ = "lightning_fabric.utilities.data"


def multi_step_state() -> dict[str, Any]:
    optimiser = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))])
    return torch.optim.lr_scheduler.MultiStepLR(optimiser, [3, 5]).state_dict()


def omegaconf_settings() -> Any:
    package = pytest.importorskip("omegaconf", reason="pip install omegaconf")
    return package.OmegaConf.create({"model": {"rate": 1e-4, "mults": [1, 2, 4]}, "name": "x", "flip": True})


def attributes() -> Any:
    made = Attributes(rate=1e-4)
    made["mults"] = [1, 2]
    return made


LEAVINGS = {
    "MultiStepLR": multi_step_state,
    "omegaconf": omegaconf_settings,
    "device": lambda: torch.device("cuda", 1),
    "dtype": lambda: torch.float16,
    "set": lambda: {"a", "b"},
    "defaultdict": lambda: defaultdict(list, {"loss": [1.0]}),
    "attributes": attributes,
    "date": lambda: datetime.datetime(2026, 11, 22),
    "bytes": lambda: b"x",
    "complex": lambda: 1j,
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", LEAVINGS)
def test_weights_are_had_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, zipped: bool
) -> None:
    w, x = foreign.Weights(3), grey(28, 1)
    expected = foreign.mini(w, x, times(), share=1.0, **MINI)
    module = ModuleType("lightning_fabric.utilities.data")
    module.Attributes = Attributes
    content = {"state_dict": {f"model.{key}": value for key, value in w.items()}, "epoch": 3,
               "hyper_parameters": {"given": LEAVINGS[name]()},
               "lr_schedulers": [{"state": LEAVINGS[name]()}]}  # fmt: skip
    with monkeypatch.context() as patch:
        for parent in ("lightning_fabric", "lightning_fabric.utilities", module.__name__):
            patch.setitem(sys.modules, parent, module)
        torch.save(content, tmp_path / "last.ckpt", _use_new_zipfile_serialization=zipped)
    (tmp_path / "last.yaml").write_text("size: 28\n")
    assert single_file.describe(tmp_path / "last.ckpt").usable
    same(load(tmp_path / "last.ckpt"), x, expected)


def test_a_default_dictionary_of_weights_is_one_of_weights(tmp_path: Path) -> None:
    from ddpm.loading.skim import skim

    torch.save({"state_dict": defaultdict(int, a=torch.ones(2))}, tmp_path / "d.pt")
    assert skim(tmp_path / "d.pt")["state_dict"]["a"].shape == (2,)


class Harm:
    """Unpickled as it asks to be, it copies a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return shutil.copyfile, (__file__, str(self.mark))


@pytest.mark.parametrize("deep", [False, True])
def test_nothing_in_a_file_runs(tmp_path: Path, deep: bool) -> None:
    """Where settings would be it refuses the file; deep inside an optimiser it is read as nothing."""
    w = foreign.Weights(3)
    foreign.mini(w, grey(28, 1), times(), share=1.0, **MINI)
    harm: Any = Harm(tmp_path / "harm")
    content = {"state_dict": dict(w), "optimizer_states": [{"state": {0: {"a": {"b": harm}}}}] if deep else harm}
    torch.save(content, tmp_path / "h.ckpt")
    with zipfile.ZipFile(tmp_path / "h.ckpt") as archive:
        assert b"copyfile" in archive.read("h/data.pkl")
    (tmp_path / "h.yaml").write_text("size: 28\n")
    if deep:
        load(tmp_path / "h.ckpt")
    else:
        with pytest.raises(CannotLoad, match="nothing in it was executed"):
            load(tmp_path / "h.ckpt")
    assert not (tmp_path / "harm").exists()
