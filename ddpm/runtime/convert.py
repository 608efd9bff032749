"""Makes a network's graph and finds out whether it pays: python -m ddpm.runtime.convert FOLDER ENTRY.

A process of its own: OpenVINO's compiler can crash on a network that it has not met. The folder holds `job.pt`, written
a moment before by `ddpm.runtime.openvino` for this one reader; with graph and verdict in it, it becomes the entry.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from ddpm.compat import ensure_torchvision
from ddpm.runtime.cache import Verdict, publish, write_verdict
from ddpm.runtime.calls import Flat, Signature, reads_tokens, time_features
from ddpm.runtime.eager import Eager
from ddpm.runtime.graph import GRAPH, Graph, openvino_package
from ddpm.runtime.norms import by_channels

JOB = "job.pt"
WORTH = 1.1  # times faster than torch; less is not worth a second copy of the weights in memory
ERROR = 0.03  # relative L2 of one call; bfloat16 in torch has 0.004 on our networks and 0.012 on random ones
TRIALS, PATIENCE = 7, 20.0  # alternating calls of each, and CPU seconds after which fewer do


@dataclass(frozen=True, slots=True)
class Work:
    """A network in float32 and a call of it."""

    module: nn.Module
    signature: Signature
    tensors: list[Tensor]
    bfloat16: bool


def main(folder: Path, entry: Path, gently: bool) -> None:
    if gently and hasattr(os, "nice"):
        os.nice(10)
    torch.set_num_threads(1)
    ensure_torchvision()  # networks of diffusers are imported with it
    work: Work = torch.load(folder / JOB, weights_only=False)
    (folder / JOB).unlink()
    threading.Thread(target=_alive, args=(folder,), daemon=True).start()
    write_verdict(folder, judged(work, folder))
    publish(folder, entry)


def _alive(folder: Path) -> None:
    """Others take a folder that is not touched for long for a dead process's (cache.being_made)."""
    with suppress(OSError):  # it was put in its place
        while True:
            os.utime(folder)
            time.sleep(60)


@torch.inference_mode()
def judged(work: Work, folder: Path) -> Verdict:
    """Convert the network into the folder, and compare the graph with the network."""
    exact = Flat(work.module, work.signature, features=False)(*work.tensors)
    features = time_features(work.module, work.tensors)
    inputs = [*work.tensors, *([] if features is None else [features])]
    eager = Eager("cpu", torch.bfloat16 if work.bfloat16 else torch.float32)
    flat = Flat(work.module, work.signature, features is not None)
    convert(flat, inputs, folder)
    graph = Graph(folder, work.bfloat16, threads=1)
    run, slow = graph.compiled(inputs), eager.compile(flat, flat)
    error = float((run(inputs) - exact).norm() / exact.norm())
    seconds, eager_seconds = alternating(lambda: run(inputs), lambda: slow(*inputs))
    if error > ERROR:
        why = f"its output is {error:.1%} away from float32"
    elif eager_seconds < WORTH * seconds:
        why = f"it is only {eager_seconds / seconds:.2f} times as fast as torch"
    else:
        why = ""
    return Verdict(not why, why, flat.wrapped, seconds, eager_seconds, error)


def convert(flat: Flat, inputs: list[Tensor], folder: Path) -> None:
    """The graph in the folder, weights in float16, of any batch and any number of tokens up to this one."""
    ov = openvino_package()
    with warnings.catch_warnings(), by_channels(flat):
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # sizes are fixed when the graph is compiled
        model = ov.convert_model(flat, example_input=tuple(inputs))
    shapes = {}
    for place, (tensor, tokens) in enumerate(zip(inputs, reads_tokens(inputs), strict=True)):
        rest = [ov.Dimension(1, tensor.shape[1]), *tensor.shape[2:]] if tokens else tensor.shape[1:]
        shapes[place] = ov.PartialShape([-1, *rest])
    model.reshape(shapes)
    ov.save_model(model, folder / GRAPH, compress_to_fp16=True)


def alternating(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median CPU seconds of each, called in turn, so that what else the machine does meets both alike."""
    times: tuple[list[float], list[float]] = ([], [])
    one(), other()
    began = time.process_time()
    while len(times[0]) < TRIALS and (len(times[0]) < 2 or time.process_time() - began < PATIENCE):
        for call, taken in zip((one, other), times, strict=True):
            start = time.process_time()
            call()
            taken.append(time.process_time() - start)
    return median(times[0]), median(times[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), gently="gently" in sys.argv[3:])
