"""The cache of graphs: entries appear whole, are made once at a time, and old ones go."""

from __future__ import annotations

import copy
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from ddpm.models.mini_unet import MiniConfig, MiniUNet
from ddpm.runtime.cache import (
    DAY,
    KEPT,
    PATIENCE,
    VERDICT,
    Verdict,
    being_made,
    entry_name,
    publish,
    read_verdict,
    workshop,
    write_verdict,
)

GOOD = Verdict(True, "", False, 0.01, 0.03, 0.004)
MINI = MiniConfig(channels=1, down=(16, 24), mid=(24, 16), up=(16,), sampled=(True,), time=16, layers=(1, 1, 1))


def made(entry: Path, verdict: Verdict = GOOD) -> Path:
    with workshop(entry) as folder:
        write_verdict(folder, verdict)
        publish(folder, entry)
    return entry


def test_an_entry_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    entry = tmp_path / "cache" / "entry"
    assert read_verdict(entry) is None and not being_made(entry)
    with workshop(entry) as folder:
        write_verdict(folder, GOOD)
    assert read_verdict(entry) is None and being_made(entry)
    publish(folder, entry)
    assert read_verdict(entry) == GOOD and not being_made(entry)
    made(entry, Verdict(False, "too late"))  # who comes second changes nothing and leaves nothing
    assert read_verdict(entry) == GOOD and [path.name for path in entry.parent.iterdir()] == ["entry"]
    (entry / "verdict.json").write_text("{")
    assert read_verdict(entry) is None and read_verdict(made(entry)) == GOOD


def test_what_cannot_be_made_or_put_in_its_place_leaves_nothing_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or Windows where a file in the folder is open: that is not another process which was first."""
    with pytest.raises(RuntimeError, match="full"), workshop(tmp_path / "entry") as folder:
        (folder / "job.pt").write_bytes(b"half")
        raise RuntimeError("the disk is full")
    assert list(tmp_path.iterdir()) == []

    def refuse(folder: Path, target: Path) -> None:
        raise PermissionError("a file in it is open")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        made(tmp_path / "entry")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_believed_for_a_day_and_a_slow_graph_for_good(tmp_path: Path) -> None:
    failure, slow = Verdict(False, "its conversion failed", failed=True), Verdict(False, "it is only 1.02 times faster")
    failed, known = made(tmp_path / "failed", failure), made(tmp_path / "slow", slow)
    assert (read_verdict(failed), read_verdict(known)) == (failure, slow)
    for entry in (failed, known):
        os.utime(entry / VERDICT, (time.time() - DAY - 60,) * 2)
    assert (read_verdict(failed), read_verdict(known)) == (None, slow)
    assert read_verdict(made(failed)) == GOOD  # there is room for a new one


def test_a_dead_makers_folder_is_let_go(tmp_path: Path) -> None:
    with workshop(tmp_path / "entry") as folder:
        pass
    long_ago = time.time() - PATIENCE - 1
    os.utime(folder, (long_ago, long_ago))
    assert not being_made(tmp_path / "entry") and not folder.exists()


def test_entries_not_used_for_longest_go(tmp_path: Path) -> None:
    for number in range(KEPT):
        os.utime(made(tmp_path / f"entry{number}"), (number, number))
    read_verdict(tmp_path / "entry0")  # used now, so the next is the oldest
    (tmp_path / "gone").symlink_to("nowhere")  # as an entry that another process removes between two looks
    made(tmp_path / "new")
    (tmp_path / "gone").unlink()
    assert {path.name for path in tmp_path.iterdir()} == {"new", "entry0", *(f"entry{n}" for n in range(2, KEPT))}


def test_the_name_holds_all_that_a_graph_depends_on() -> None:
    module, other, x = nn.Conv2d(3, 3, 1), nn.Linear(3, 3), torch.zeros(1, 3, 8, 8)
    name = entry_name(module, [x], "openvino 1")
    assert name == entry_name(copy.deepcopy(module), [x + 1], "openvino 1")
    assert len({name, entry_name(other, [x], "openvino 1"), entry_name(module, [x], "openvino 2"),
                entry_name(module, [x[..., :4]], "openvino 1")}) == 4  # fmt: skip


def test_other_weights_of_the_same_file_have_a_name_of_their_own() -> None:
    """EMA or raw, and however little they differ; how they lie in memory is not what they are."""
    module = nn.Conv2d(8, 8, 3)
    name, changed = entry_name(module, [], ""), copy.deepcopy(module)
    assert name == entry_name(copy.deepcopy(module).to(memory_format=torch.channels_last), [], "")  # type: ignore[call-overload]
    with torch.no_grad():
        changed.weight[-1, -1, -1, -1] += 1e-3
    assert len({name, entry_name(changed, [], ""), entry_name(copy.deepcopy(module).bfloat16(), [], "")}) == 3
    buffered = copy.deepcopy(module)
    buffered.register_buffer("table", torch.tensor(2.0), persistent=False)
    table = entry_name(buffered, [], "")
    buffered.table = torch.tensor(3.0)
    assert len({name, table, entry_name(buffered, [], "")}) == 3


def test_settings_that_stand_in_no_tensor_have_a_name_of_their_own() -> None:
    torch.manual_seed(0)
    net = MiniUNet(MINI)
    names = {entry_name(net, [], "")}
    for change in ({"heads": 8}, {"time_share": 0.5}):
        other = MiniUNet(replace(MINI, **change))
        other.load_state_dict(net.state_dict())
        names.add(entry_name(other, [], ""))
    names |= {entry_name(nn.Sequential(act), [], "") for act in (nn.SiLU(), nn.ReLU())}
    assert len(names) == 5


def test_a_config_as_diffusers_keeps_it_counts_but_for_its_notes() -> None:
    class Configured(nn.Module):
        def __init__(self, **config: object) -> None:
            super().__init__()
            self._internal_dict, self.processor = config, object()  # an object is another one in each process

        @property
        def config(self) -> dict[str, object]:
            return self._internal_dict

    plain = entry_name(Configured(center=False, widths=[1, 2], _notes=["a", "b"]), [], "")
    assert plain == entry_name(Configured(widths=[1, 2], center=False, _notes=["b", "a"]), [], "")
    assert plain != entry_name(Configured(center=True, widths=[1, 2]), [], "")
