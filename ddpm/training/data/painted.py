"""Pictures that a program paints, by as many processes as one likes, before training or while it goes on already."""

from __future__ import annotations

import atexit
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import Tensor
from tqdm import tqdm

from ddpm.errors import DDPMError
from ddpm.training.config import Data
from ddpm.training.data.pictures import Pictures
from ddpm.training.data.shelf import Shelf

CHUNK = 8  # pictures a process paints between two reports
FIRST = 512  # pictures that must be there before training on a growing set begins

Painted = tuple[Tensor, list[str], Tensor | None]  # uint8 (C, side, side), captions, uint8 mask (side, side)
Paint = Callable[[Data, int], Painted]  # of the picture with that number; the same whatever the count


def paint(data: Data, one: Paint) -> Pictures:
    """data.count pictures. With data.grow it returns when the first are there; the others come in the background."""
    shelf = Shelf(data, data.count, data.cache)
    names = [str(index) for index in range(data.count)]
    first = shelf.continued(names)
    if first == data.count:
        return shelf.pictures()
    if not data.grow:
        for _ in tqdm(
            _fill(shelf, one, first), "painting", data.count, initial=first, unit="", mininterval=2, disable=None
        ):
            pass
        return shelf.pictures()
    painter = threading.Thread(target=_exhaust, args=(_fill(shelf, one, first),), daemon=True)
    painter.start()
    while shelf.count < min(FIRST, data.count):
        if not painter.is_alive():
            raise DDPMError("Painting stopped; what is said above is why.")
        time.sleep(0.05)
    return shelf.growing()


def _fill(shelf: Shelf, one: Paint, first: int) -> Iterator[None]:
    """Put the pictures from `first` on onto the shelf, in their order."""
    data, left = shelf.data, range(first, shelf.capacity)
    if data.processes == 1 and not data.grow:
        for index in left:
            _put(shelf, index, one(data, index))
            yield
        return
    context: Any = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with context.Pool(data.processes) as pool:
        atexit.register(pool.terminate)  # a run that ends while pictures are still painted does not wait for them
        for index, painted in zip(left, pool.imap(partial(one, data), left, CHUNK), strict=True):
            _put(shelf, index, painted)
            yield
        atexit.unregister(pool.terminate)


def _put(shelf: Shelf, index: int, painted: Painted) -> None:
    pixels, captions, mask = painted
    shelf.add(str(index), pixels, captions, mask)


def _exhaust(filling: Iterator[None]) -> None:
    for _ in filling:
        pass
