"""A converted network as OpenVINO runs it: one static graph a batch size, because dynamic ones cost 7 to 31 %."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

GRAPH = "graph.xml"
LARGEST_BATCH = 2  # one picture and its guidance; more are no faster together on a CPU
Run = Callable[[list[Tensor]], Tensor]


class Graph:
    """The graph in a folder, compiled for a batch size when that is first asked for (about 0.4 s)."""

    def __init__(self, folder: Path, bfloat16: bool, threads: int) -> None:
        import openvino

        self._core = openvino.Core()
        self._model = self._core.read_model(folder / GRAPH)
        self._settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
        }
        self.shapes = [tuple(size.get_max_length() for size in place.partial_shape) for place in self._model.inputs]
        self._runs: dict[int, Run] = {}

    def compiled(self, batch: int) -> Run:
        """The graph for this batch: tensors of `shapes` but for the batch, in; a float32 tensor of its own, out."""
        if batch not in self._runs:
            self._model.reshape({place: [batch, *shape[1:]] for place, shape in enumerate(self.shapes)})
            request = self._core.compile_model(self._model, "CPU", self._settings).create_infer_request()

            def run(tensors: list[Tensor]) -> Tensor:
                arrays = [tensor.contiguous().numpy() for tensor in tensors]
                (output,) = request.infer(arrays, share_inputs=True, share_outputs=True).values()
                return torch.from_numpy(output).clone()  # the next call writes where this one's output is

            self._runs[batch] = run
        return self._runs[batch]
