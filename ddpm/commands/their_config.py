"""`sample` and `serve` with a YAML of the minimal DDPM repository: its `inference` and `api` sections as our arguments.

python -m ddpm sample --config configs/base.yaml       python -m ddpm serve --config configs/base.yaml
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ddpm.errors import BadRequest

TRAINED = "diffusion2"  # what `train` calls the model of such a file
READERS = ("sample", "serve")


def with_their_config(argv: Sequence[str]) -> list[str]:
    """The command line with `--config FILE` replaced by what the file says; later arguments win, as they did."""
    if not argv or argv[0] not in READERS or "--config" not in argv:
        return list(argv)
    at = list(argv).index("--config")
    if at + 1 == len(argv):
        raise BadRequest("--config wants a file, for example configs/base.yaml.", "config")
    return [argv[0], *_arguments(argv[0], Path(argv[at + 1])), *argv[1:at], *argv[at + 2 :]]


def _arguments(command: str, path: Path) -> list[str]:
    sections = _read(path)
    found = _model(sections.get("inference"))
    api = sections.get("api")
    if command == "serve" and isinstance(api, dict):
        for name in ("host", "port"):
            if name in api:
                found += [f"--{name}", str(api[name])]
    return found


def _model(inference: Any) -> list[str]:
    """Their file of weights where there is one, else what `train` made of this configuration."""
    said = inference.get("model_path") if isinstance(inference, dict) else None
    if said and Path(str(said)).is_file():
        return ["--weights", str(Path(str(said)).parent), "--model", Path(str(said)).name]
    return ["--model", TRAINED]


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRequest(f"{path} cannot be read as YAML: {error}", "config") from error
    if not isinstance(values, dict):
        raise BadRequest(f"{path} must hold settings, one `key: value` a line.", "config")
    return values
