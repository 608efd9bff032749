"""Threads: what the kernel says of cores and quotas, read right."""

from __future__ import annotations

import pytest

from ddpm.runtime.cores import cores, physical, quota

TWO_CORES_FOUR_THREADS = "\n\n".join(
    f"processor\t: {number}\nphysical id\t: 0\nsiblings\t: 4\ncore id\t\t: {number % 2}\ncpu cores\t: 2"
    for number in range(4)
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (TWO_CORES_FOUR_THREADS, 2),
        (TWO_CORES_FOUR_THREADS.replace("id\t: 0", "id\t: 1", 1), 3),
        ("processor : 0", 0),
        ("", 0),
    ],
)
def test_hyper_threads_are_not_cores(text: str, count: int) -> None:
    assert physical(text) == count


@pytest.mark.parametrize(
    ("text", "count"), [("200000 100000\n", 2), ("150000 100000", 2), ("max 100000\n", 0), ("", 0)]
)
def test_a_containers_quota_is_whole_cores(text: str, count: int) -> None:
    assert quota(text) == count


def test_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    cores.cache_clear()
    monkeypatch.setenv("OMP_NUM_THREADS", "3,1")
    assert cores() == 3
    cores.cache_clear()
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert cores() >= 1
    cores.cache_clear()
