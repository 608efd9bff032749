"""A converted network as OpenVINO runs it: a static graph for each shape, because dynamic ones cost 7 to 31 %."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

GRAPH = "graph.xml"
LARGEST_BATCH = 2  # one picture and its guidance; more are no faster together on a CPU
Run = Callable[[list[Tensor]], Tensor]


def openvino_package() -> Any:
    """The package, kept from reporting to its makers: each import would send them a note, by a forked process at that,
    which may hang and keep this one from ending. Import it nowhere else."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # then a stub of its own takes that place
    import openvino

    return openvino


class Graph:
    """The graph in a folder, compiled for a batch and a number of tokens when they are first met (about 0.4 s)."""

    def __init__(self, folder: Path, bfloat16: bool, threads: int) -> None:
        self._core = openvino_package().Core()
        self._model = self._core.read_model(folder / GRAPH)
        self._settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
        }
        self.shapes = [tuple(size.get_max_length() for size in place.partial_shape) for place in self._model.inputs]
        self._runs: dict[tuple[tuple[int, ...], ...], Run] = {}

    def compiled(self, tensors: list[Tensor]) -> Run:
        """The graph for tensors like these, which `padded` brought into `shapes`; it puts out float32 of its own."""
        shapes = tuple(tuple(tensor.shape) for tensor in tensors)
        if shapes not in self._runs:
            self._model.reshape({place: list(shape) for place, shape in enumerate(shapes)})
            request = self._core.compile_model(self._model, "CPU", self._settings).create_infer_request()
            with torch.inference_mode(False):  # what is made in that mode could only be written to in it
                places = [torch.from_numpy(request.get_input_tensor(index).data) for index in range(len(tensors))]
                made = torch.from_numpy(request.get_output_tensor().data)

            def run(tensors: list[Tensor]) -> Tensor:
                for place, tensor in zip(places, tensors, strict=True):
                    place.copy_(tensor)
                request.infer()
                return made.clone()  # the next call writes where this one's output is

            self._runs[shapes] = run
        return self._runs[shapes]
