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
from pathlib import Path

from ddpm.bench.clock import Timing
from ddpm.bench.report import Row, Table

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds for the page on a crowded machine


def start_table(weights: Path, choice: str) -> Table:
    """Each once, in processes of their own."""
    help_, gradio = _run("-m", "ddpm", "--help"), _run("-c", "import gradio")
    rows = [Row("python -m ddpm --help", help_), Row("import gradio (for comparison)", gradio)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port), "--weights", str(weights), "--engine", choice]
    env = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    began = time.perf_counter()
    app = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for what, there in (("page answers", lambda health: True), ("first model is warm", _warm)):
            while not ((health := _health(port)) and there(health)):
                if time.perf_counter() - began > PATIENCE or app.poll() is not None:
                    rows.append(Row(what, Timing(float("nan"), float("nan")), note="it did not happen"))
                    return Table("Start", rows)
                time.sleep(0.02)
            rows.append(
                Row(what, Timing(time.perf_counter() - began, _cpu_of(app.pid)), note="since app.py was started")
            )
    finally:
        app.terminate()
        app.wait()
    return Table("Start", rows)


def _run(*arguments: str) -> Timing:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(time.perf_counter() - began, cpu)


def _health(port: int) -> dict[str, object] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


def _warm(health: dict[str, object]) -> bool:
    return bool(health["loaded"]) and not health["queue"]


def _cpu_of(pid: int) -> float:
    """CPU seconds a running process has used; nan where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
