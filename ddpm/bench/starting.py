"""How long until something is there: the command line's help, the page after gradio's own import, the first model."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from ddpm.bench.clock import Timing, median_of
from ddpm.bench.report import Figure, Row, Table

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds for the page, and for the model, on a crowded machine
STARTS = 3  # of everything, in turn
HELP, GRADIO = "python -m ddpm --help", "import gradio (for comparison)"
PAGE, WARM = "page answers", "first model is warm"
NEVER = Timing(float("nan"), float("nan"))


def start_table(weights: Path, choice: str) -> Table:
    """Everything in processes of its own, in turn; medians."""
    taken: dict[str, list[Timing]] = {HELP: [], GRADIO: [], PAGE: [], WARM: []}
    for _ in range(STARTS):
        taken[HELP].append(_run("-m", "ddpm", "--help"))
        taken[GRADIO].append(_run("-c", "import gradio"))
        for what, timing in _app(weights, choice):
            taken[what].append(timing)
    middle = {what: median_of(timings) for what, timings in taken.items()}
    ours = Timing(middle[PAGE].wall - middle[GRADIO].wall, middle[PAGE].cpu - middle[GRADIO].cpu)
    rows = [Row(what, timing, note=_note(what, timing)) for what, timing in middle.items()]
    rows.insert(3, Row("page answers, less gradio's own import", ours))
    figures = [
        Figure("start: python -m ddpm --help", f"{middle[HELP].wall:.2f} s", "0.5 s"),
        Figure("start: the page, beyond gradio's own import", f"{ours.wall:.2f} s", "2 s"),
        Figure("start: the first model warm", f"{middle[WARM].wall:.1f} s", "10 s"),
    ]
    fault = "the page or its model did not come in time" if any(t.wall != t.wall for t in middle.values()) else ""
    return Table("Start", rows, f"Medians of {STARTS} starts.", figures, fault)


def _note(what: str, timing: Timing) -> str:
    if timing.wall != timing.wall:
        return "it did not happen"
    return "since app.py was started" if what in (PAGE, WARM) else ""


def _app(weights: Path, choice: str) -> Iterator[tuple[str, Timing]]:
    """Start the page; when it answers, and when a visitor's first prompt would find everything compiled."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port), "--weights", str(weights), "--engine", choice]
    env = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    began = time.perf_counter()
    app = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def until(there: Callable[[], bool]) -> Timing:
        end = time.perf_counter() + PATIENCE
        while not there():
            if time.perf_counter() > end or app.poll() is not None:
                return NEVER
            time.sleep(0.02)
        return Timing(time.perf_counter() - began, _cpu_of(app.pid))

    try:
        yield PAGE, until(lambda: _get(port, "/") is not None)
        yield WARM, until(lambda: warm(json.loads(_get(port, "/health") or b"{}")))
    finally:
        app.terminate()
        app.wait()


def warm(health: dict[str, object]) -> bool:
    """Whether a model is compiled for what a prompt needs, and not merely loaded while its rehearsal still runs."""
    named = health.get("warm")
    return isinstance(named, list) and any(health.get("running") != f"warm {name}" for name in named)


def _run(*arguments: str) -> Timing:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(time.perf_counter() - began, cpu)


def _get(port: int, path: str) -> bytes | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bytes(answer.read())
    except OSError:
        return None


def _cpu_of(pid: int) -> float:
    """CPU seconds a running process has used; nan where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
