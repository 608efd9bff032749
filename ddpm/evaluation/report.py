"""What was measured, as JSON, as lines for people and as sheets of pictures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ddpm.loading.files import write_whole

GAP = 2  # pixels between pictures of a sheet
COLUMNS = 8
TALL = 64  # pictures of a sheet of samples


def write_report(report: Mapping[str, Any], path: Path) -> None:
    """JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode())


def lines(report: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """The report as indented lines, one value each."""
    for key, value in report.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}"
            yield from lines(value, indent + "  ")
        else:
            yield f"{indent}{key}: {value}"


def sheet(pixels: Tensor, path: Path, columns: int = COLUMNS) -> None:
    """pixels: (N, 3, H, W) uint8 -> one PNG, row by row."""
    count, _, height, width = pixels.shape
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    page = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for i, picture in enumerate(pixels.permute(0, 2, 3, 1).numpy()):
        page.paste(Image.fromarray(picture), (i % columns * (width + GAP), i // columns * (height + GAP)))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    page.save(temporary, "PNG", optimize=True)
    os.replace(temporary, path)


def paired(above: Tensor, below: Tensor, columns: int = COLUMNS) -> Tensor:
    """Rows of `above`, each with its row of `below` under it, filled up with white: (N, 3, H, W), twice."""
    white = above.new_full((-len(above) % columns, *above.shape[1:]), 255)
    rows = [torch.cat([side, white]).unflatten(0, (-1, columns)) for side in (above, below)]
    return torch.stack(rows, dim=1).flatten(0, 2)


def machine(device: str) -> str:
    """Where a speed was measured, in words."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    try:
        found = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        name = found[0].partition(":")[2].strip() if found else name
    except OSError:
        pass  # not Linux: the name of the architecture must do
    return f"{name}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
