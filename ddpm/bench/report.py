"""What was measured, as tables: plain data, Markdown for people and JSON for programs."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from ddpm.bench.clock import Timing
from ddpm.errors import BadRequest

PACKAGES = ("torch", "openvino", "diffusers", "gradio", "realesrgan")
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was timed."""

    what: str
    timing: Timing
    times_faster: float | None = None  # than the table's first row, by the wall
    times_faster_cpu: float | None = None  # the same by the processor's clock
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that matters, for the README, and the bar it is held to."""

    what: str
    value: str
    bar: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows measured in turn in one run; the first is what the others are compared with."""

    title: str
    rows: list[Row] = field(default_factory=list)
    note: str = ""
    figures: list[Figure] = field(default_factory=list)
    fault: str = ""  # why its ratios mean nothing, where they do

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", "| what | seconds | CPU s | times as fast | by CPU s | peak | |",
                 "|---|---:|---:|---:|---:|---:|---|"]  # fmt: skip
        for row in self.rows:
            peak = "" if row.timing.peak is None else f"{row.timing.peak / 2**20:.0f} MiB"
            faster = [f"{value:.2f}" if value else "" for value in (row.times_faster, row.times_faster_cpu)]
            cells = [row.what, f"{row.timing.wall:.4g}", f"{row.timing.cpu:.4g}", *faster, peak, row.note]
            lines.append(f"| {' | '.join(cells)} |")
        notes = [f"**Not to be trusted: {self.fault}**" if self.fault else "", self.note]
        return "\n".join([*lines, *(line for note in notes if note for line in ("", note)), ""])


def compared(
    title: str, timings: Mapping[str, Timing], notes: Mapping[str, str] = NONE, note: str = "", fault: str = ""
) -> Table:
    """A table of what was timed in turn; the first is the baseline."""
    base = next(iter(timings.values()))
    rows = [
        Row(what, timing, base.wall / timing.wall, base.cpu / timing.cpu, notes.get(what, ""))
        for what, timing in timings.items()
    ]
    return Table(title, rows, note, fault=fault)


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the bench."""

    machine: dict[str, Any]
    tables: list[Table]

    def markdown(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        return "\n".join([f"Measured by `python -m ddpm bench`: {facts}.", "", *(t.markdown() for t in self.tables)])

    def short(self) -> str:
        """The figures that matter as one table, with machine and date: what stands in the README."""
        facts = ", ".join(f"{self.machine[name]}" for name in ("processor", "date") if name in self.machine)
        rows = [f"| {one.what} | {one.value} | {one.bar} |" for table in self.tables for one in table.figures]
        head = f"Measured by `python -m ddpm bench` on {self.machine.get('threads')} cores of {facts}:"
        return "\n".join([head, "", "| | measured | wanted |", "|---|---|---|", *rows, *self.faults(), ""])

    def faults(self) -> list[str]:
        """Why the ratios of some tables mean nothing."""
        return [f"\nNot to be trusted: {table.title}: {table.fault}" for table in self.tables if table.fault]

    def json(self) -> dict[str, Any]:
        return asdict(self)


def placed(readme: str, table: str) -> str:
    """The README with this table between its marks."""
    before, start, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise BadRequest(f"The file has no {BEGIN} and {END}, between which the figures would stand.", "readme")
    return f"{before}{start}\n{table}{end}{after}"


def machine(threads: int, load: float | None) -> dict[str, Any]:
    """What the figures depend on. `load`: programs that wanted a core when the run began."""
    packages = {name: found for name in PACKAGES if (found := _version(name))}
    return {"date": date.today().isoformat(), "processor": _processor(), "threads": threads,
            "load": "unknown" if load is None else f"{load:.1f}",
            "python": sys.version.split()[0], **packages}  # fmt: skip


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found[1].strip() if found else platform.machine()
