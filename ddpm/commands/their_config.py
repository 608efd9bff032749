"""`sample` and `serve` with a YAML of the minimal DDPM repository as our arguments: its `inference` and `api` sections,
and the file itself as what is to be known of the weights that it names.

python -m ddpm sample --config configs/base.yaml       python -m ddpm serve --config configs/base.yaml
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ddpm.errors import BadRequest, CannotLoad
from ddpm.loading.their_yaml import read_yaml, unknown

TRAINED = "diffusion2"  # what `train` calls the model of such a file
READERS = ("sample", "serve")


def with_their_config(argv: Sequence[str]) -> list[str]:
    """The command line with `--config FILE` replaced by what the file says; later arguments win, as they did."""
    if not argv or argv[0] not in READERS:
        return list(argv)
    rest: list[str] = []
    path: str | None = None
    words = iter(argv[1:])
    for word in words:
        if word == "--config" or word.startswith("--config="):
            path = word.partition("=")[2] or next(words, "")
        else:
            rest.append(word)
    if path is None:
        return list(argv)
    if not path:
        raise BadRequest("--config wants a file, for example configs/base.yaml.", "config")
    return [argv[0], *_arguments(argv[0], Path(path)), *rest]


def _arguments(command: str, path: Path) -> list[str]:
    try:
        sections = read_yaml(path)
    except CannotLoad as error:
        raise BadRequest(f"{path}: {error}", "config") from error
    remarks = unknown(sections)
    found = _model(sections.get("inference"), path, remarks)
    api = sections.get("api")
    if command == "serve" and isinstance(api, dict):
        for name in ("host", "port"):
            if name in api:
                found += [f"--{name}", str(api[name])]
    for remark in remarks:
        print(f"{path}: {remark}", file=sys.stderr)
    return found


def _model(inference: Any, config: Path, remarks: list[str]) -> list[str]:
    """Their file of weights where there is one, else what `train` made of this configuration."""
    said = inference.get("model_path") if isinstance(inference, dict) else None
    if said and Path(str(said)).is_file():
        file = Path(str(said))
        return ["--weights", str(file.parent), "--model", file.name, "--settings", str(config)]
    if said:
        remarks.append(f"inference.model_path: there is no {said}, so {TRAINED} is used, which `train` makes.")
    return ["--model", TRAINED]
