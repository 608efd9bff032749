"""OpenVINO for the calls it was made for, torch for all others: unusual sizes, larger batches, gradients.

The first time a network is met, a process of its own makes its graph and measures it (`ddpm.runtime.convert`) while
torch does the work; what it found out is kept in the user's cache folder. A crash there is a sentence here.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import torch
from torch import Tensor, nn

from ddpm.runtime.cache import (
    Verdict,
    being_made,
    cache_folder,
    entry_name,
    publish,
    read_verdict,
    workshop,
    write_verdict,
)
from ddpm.runtime.calls import Signature, padded, recorded, time_features, wants_gradient
from ddpm.runtime.convert import JOB, Work
from ddpm.runtime.eager import Eager, Running
from ddpm.runtime.graph import LARGEST_BATCH, Graph

FEWEST, MOST = 1_000_000, 400_000_000  # parameters: below nobody would notice, above a second copy is too much memory
CONVERSION = 3  # counted up where graphs come to be made otherwise, so that nobody keeps old ones
ROOT = Path(__file__).resolve().parents[2]

_log = logging.getLogger(__name__)
_told: set[Path] = set()  # entries of whose failure this process has spoken


def installed() -> bool:
    return importlib.util.find_spec("openvino") is not None


@functools.cache
def versions() -> str:
    """What a graph depends on beside the network."""
    packages = " ".join(f"{name} {importlib.metadata.version(name)}" for name in ("openvino", "torch"))
    return f"{packages} conversion {CONVERSION}"


@dataclass(frozen=True, slots=True)
class OpenVINO:
    """The processor's own compiler of networks, where it is measured to be faster than torch."""

    bfloat16: bool
    threads: int
    wait: bool = False  # for a conversion, where it was asked for by name; otherwise torch works meanwhile

    @property
    def name(self) -> str:
        return f"openvino cpu {'bfloat16' if self.bfloat16 else 'float32'}"

    def compile(
        self, module: nn.Module, call: Callable[..., Tensor], example: Callable[[], object] | None = None
    ) -> Running | Accelerated:
        """As Runtime.compile. The module's matrices are re-stored for torch, which stays for what the graph cannot."""
        eager = Eager("cpu", torch.bfloat16 if self.bfloat16 else torch.float32)
        size = sum(parameter.numel() for parameter in module.parameters())
        if not FEWEST <= size <= MOST or example is None:
            return eager.compile(module, call)
        try:
            signature, tensors = recorded(module, example)
            entry = cache_folder() / entry_name(module, tensors, versions())
            work = Work(module, signature, tensors, self.bfloat16)
            conversion = None if read_verdict(entry) else begin(work, entry, gently=not self.wait)
        except Exception as reason:  # torch can do it all: on a full disk torch.save raises RuntimeError, for one
            _log.warning("OpenVINO is not used: %s", reason)
            return eager.compile(module, call)
        run = eager.compile(module, call)
        return Accelerated(self, module, run, signature, entry, conversion)


class Accelerated:
    """A network that runs in torch until its graph is there, and in the graph from the next request on."""

    def __init__(
        self,
        engine: OpenVINO,
        module: nn.Module,
        run: Running,
        signature: Signature,
        entry: Path,
        conversion: Conversion | Elsewhere | None,
    ) -> None:
        self._engine, self._module, self._run, self._signature = engine, module, run, signature
        self._entry, self._conversion = entry, conversion
        self._settled = False
        self.name = run.name

    def __call__(self, x_t: Tensor, *args: Any) -> Tensor:
        return self._run(x_t, *args)

    @property
    def preparing(self) -> bool:
        return not self._settled

    @property
    def prepared(self) -> bool:
        return not self._settled and (self._conversion is None or self._conversion.ended)

    def news(self) -> Iterator[str]:
        """Between requests: take the graph into use if it is there by now; sentences about what is going on."""
        if self._settled:
            return
        if self._conversion is not None:
            if self._engine.wait:
                yield "Preparing the network for this processor; this happens once..."
            if not self._conversion.over(self._engine.wait):
                return
        self._settled = True
        verdict = read_verdict(self._entry) or Verdict(False, "what was worked out about it cannot be read")
        known = self._conversion is None and not self._engine.wait  # said at an earlier start
        if verdict.failed and self._entry not in _told:  # but a failure once at each
            known = False
            _told.add(self._entry)
        if verdict.use:
            try:
                self._take(Graph(self._entry, self._engine.bfloat16, self._engine.threads), verdict.wrapped)
            except (ImportError, OSError, RuntimeError) as reason:  # a damaged cache, another version
                verdict, known = Verdict(False, f"its graph in {self._entry} cannot be used ({reason})"), False
        if not verdict.use and not known:
            yield f"OpenVINO is not used for this network, torch is: {verdict.why}."

    def _take(self, graph: Graph, wrapped: bool) -> None:
        """From now on the module's own calls go to the graph where it fits."""
        module, signature, eager = self._module, self._signature, self._module.forward

        def forward(*args: Any, **kwargs: Any) -> Any:
            inputs = fitting(graph, module, signature.flat(args, kwargs))
            # From here on: a thread of torch's that helped between two calls would spin beside the graph's own.
            torch.set_num_threads(self._engine.threads if inputs is None else 1)
            if inputs is None:
                return eager(*args, **kwargs)
            output = graph.compiled(inputs)(inputs)
            return SimpleNamespace(sample=output) if wrapped else output

        module.forward = forward
        self.name = self._engine.name


def fitting(graph: Graph, module: nn.Module, tensors: list[Tensor] | None) -> list[Tensor] | None:
    """The graph's inputs for a call of the network, or None where it is for torch."""
    if tensors is None or len(tensors[0]) > LARGEST_BATCH or wants_gradient(tensors) or tensors[0].device.type != "cpu":
        return None
    features = time_features(module, tensors)
    return padded(tensors if features is None else [*tensors, features], graph.shapes)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another process's child makes the entry."""

    entry: Path

    @property
    def ended(self) -> bool:
        """Whether it is there, or nobody is making it any more."""
        return read_verdict(self.entry) is not None or not being_made(self.entry)

    def over(self, wait: bool) -> bool:
        while not (there := self.ended) and wait:
            time.sleep(0.2)
        return there


@dataclass(frozen=True, slots=True)
class Conversion:
    """A child process that makes an entry of the cache."""

    process: subprocess.Popen[bytes]
    folder: Path
    entry: Path
    log: IO[bytes]  # what it says; a file without a name, so neither it nor its folder can go missing

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def over(self, wait: bool) -> bool:
        """Whether it has ended."""
        if not wait and not self.ended:
            return False
        with self.log:
            if self.process.wait() and read_verdict(self.entry) is None:  # else it died when its work was done
                self._fail()
        return True

    def _fail(self) -> None:
        """Leave a verdict that says what failed, so that it is not tried each time."""
        self.log.seek(0)
        said = self.log.read().decode(errors="replace").strip().splitlines()
        reason = said[-1][:200] if said else "the process died"
        _log.warning("Converting for OpenVINO failed (exit code %s): %s", self.process.returncode, reason)
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            with workshop(self.entry) as folder:
                write_verdict(folder, Verdict(False, f"its conversion failed ({reason.rstrip('.')})", failed=True))
                publish(folder, self.entry)
        except OSError as problem:
            _log.warning("That cannot be remembered: %s", problem)


def begin(work: Work, entry: Path, gently: bool) -> Conversion | Elsewhere:
    """Start making the entry, at low priority where somebody may be painting meanwhile."""
    if being_made(entry):
        return Elsewhere(entry)
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    with workshop(entry) as folder:
        torch.save(work, folder / JOB)
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(
            [sys.executable, "-m", "ddpm.runtime.convert", str(folder), str(entry), *(["gently"] if gently else [])],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends a request, not what the next one will profit from
        )
    return Conversion(process, folder, entry, log)
