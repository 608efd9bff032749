"""The cache of graphs: entries appear whole, are made once at a time, and old ones go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch
from torch import nn

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


def made(entry: Path, verdict: Verdict = GOOD) -> Path:
    folder = workshop(entry)
    write_verdict(folder, verdict)
    publish(folder, entry)
    return entry


def test_an_entry_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    entry = tmp_path / "cache" / "entry"
    assert read_verdict(entry) is None and not being_made(entry)
    folder = workshop(entry)
    write_verdict(folder, GOOD)
    assert read_verdict(entry) is None and being_made(entry)
    publish(folder, entry)
    assert read_verdict(entry) == GOOD and not being_made(entry)
    made(entry, Verdict(False, "too late"))  # who comes second changes nothing and leaves nothing
    assert read_verdict(entry) == GOOD and [path.name for path in entry.parent.iterdir()] == ["entry"]
    (entry / "verdict.json").write_text("{")
    assert read_verdict(entry) is None


def test_a_failure_is_believed_for_a_day_and_a_slow_graph_for_good(tmp_path: Path) -> None:
    failure, slow = Verdict(False, "its conversion failed", failed=True), Verdict(False, "it is only 1.02 times faster")
    failed, known = made(tmp_path / "failed", failure), made(tmp_path / "slow", slow)
    assert (read_verdict(failed), read_verdict(known)) == (failure, slow)
    for entry in (failed, known):
        os.utime(entry / VERDICT, (time.time() - DAY - 60,) * 2)
    assert (read_verdict(failed), read_verdict(known)) == (None, slow)
    assert read_verdict(made(failed)) == GOOD  # there is room for a new one


def test_a_dead_makers_folder_is_let_go(tmp_path: Path) -> None:
    folder = workshop(tmp_path / "entry")
    long_ago = time.time() - PATIENCE - 1
    os.utime(folder, (long_ago, long_ago))
    assert not being_made(tmp_path / "entry") and not folder.exists()


def test_entries_not_used_for_longest_go(tmp_path: Path) -> None:
    for number in range(KEPT):
        os.utime(made(tmp_path / f"entry{number}"), (number, number))
    read_verdict(tmp_path / "entry0")  # used now, so the next is the oldest
    made(tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"new", "entry0", *(f"entry{n}" for n in range(2, KEPT))}


def test_the_name_holds_all_that_a_graph_depends_on() -> None:
    module, other, x = nn.Conv2d(3, 3, 1), nn.Linear(3, 3), torch.zeros(1, 3, 8, 8)
    name = entry_name("abc", module, [x], "openvino 1")
    assert name == entry_name("abc", nn.Conv2d(3, 3, 1), [x + 1], "openvino 1") and name.startswith("abc-")
    assert len({name, entry_name("abd", module, [x], "openvino 1"), entry_name("abc", module, [x], "openvino 2"),
                entry_name("abc", module, [x[..., :4]], "openvino 1")}) == 4  # fmt: skip
    from ddpm.models.hybrid import Hybrid, HybridConfig

    ours = Hybrid(HybridConfig(size=16, widths=(16,), res_blocks=1, blocks=1, heads=2))
    assert entry_name("abc", ours, [x], "openvino 1") != entry_name("abc", other, [x], "openvino 1")
