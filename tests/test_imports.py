"""Imports go one way. Read from the import statements themselves, so that no arrow can be added unnoticed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEAVES = {"errors", "events", "compat"}  # may be imported by anything of ours
PLAIN = {"request", "images", "colours", "recipe", "film", "faces"}  # values and pictures, no model
MATHS = {"diffusion", "samplers", "models", "runtime"}  # know nothing of requests, files or callers

# what each part of ddpm may import of the others, beside LEAVES and itself
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "events": set(),
    "compat": set(),
    "request": {"images", "diffusion"},  # the names of samplers
    "images": {"colours"},
    "colours": set(),
    "recipe": {"request", "images", "prompts"},
    "film": {"request", "images"},
    "faces": {"images"},
    "diffusion": set(),
    "samplers": {"diffusion"},
    "models": {"diffusion"},
    "runtime": set(),
    "loading": {"models", "diffusion", "runtime"},
    "upscaling": {"runtime", "images"},
    "prompts": set(),
    "conditioning": {"request", "prompts", "models", "diffusion"},  # part of plan
    "plan": PLAIN | {"diffusion", "samplers", "models", "sources", "conditioning", "upscaling"},
    "sources": {"request", "images", "faces", "diffusion", "models"},  # part of plan, as is the next
    "painting": {"images", "diffusion", "samplers", "models", "runtime"},
    "held": set(),
    "memory": {"held", "request", "models", "prompts", "sources", "upscaling"},
    "jobs": set(),
    "loaded": {"loading", "models", "runtime", "memory"},
    "warming": {"request", "models"},
    "engine": PLAIN
    | {
        "plan",
        "sources",
        "painting",
        "memory",
        "jobs",
        "loaded",
        "warming",
        "loading",
        "upscaling",
        "samplers",
        "diffusion",
        "models",
        "runtime",
    },
    "bench": {"engine", "models", "diffusion", "images", "request", "upscaling", "runtime", "training"},
    "training": {"samplers", "models", "loading", "diffusion", "runtime", "prompts", "images", "faces", "film"},
    "evaluation": {
        "engine",
        "plan",
        "request",
        "loading",
        "models",
        "training",
        "prompts",
        "faces",
        "runtime",
    },
    "ui": PLAIN | {"engine", "jobs", "prompts", "samplers", "upscaling", "loading", "models", ""},
    "": PLAIN | {"engine", "events", "jobs"},
    "commands": PLAIN | {"bench", "runtime", "engine", "loading", "jobs", "prompts", "evaluation"},
    "__main__": {"commands", "training", ""},
}

# packages that one part alone adapts
ADAPTERS = {
    "gradio": {"ui"},
    "gradio_client": set[str](),
    "diffusers": {"models", "loading", "samplers", "bench"},
    "transformers": {"models", "loading"},
    "realesrgan": {"upscaling", "bench"},
    "basicsr": {"upscaling"},
    "torchvision": {"compat"},
    "accelerate": {"training"},
    "imageio": set[str](),  # films are read back with it, by the tests
    "av": {"film"},
    "cv2": {"faces", "training", "evaluation", "upscaling"},
    "openvino": {"runtime"},
    "yaml": {"loading", "training", "commands"},
}


def modules() -> list[Path]:
    return sorted((ROOT / "ddpm").rglob("*.py"))


def part(file: Path) -> str:
    """The part of ddpm a file is of: `ddpm/samplers/heun.py` is of `samplers`, `ddpm/__init__.py` of "" itself."""
    first = file.relative_to(ROOT / "ddpm").parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """Full names of what a file imports, wherever in the file, but for what only the type checker reads."""
    package = file.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in _run(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            name = ".".join(filter(None, (base, node.module)))
            yield from (f"{name}.{alias.name}" for alias in node.names)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The tree without `if TYPE_CHECKING:`."""
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _run(child)


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_one_way(file: Path) -> None:
    here = part(file)
    assert here in ALLOWED, f"ddpm/{here} is new: give it its place in ALLOWED, as narrow as it can be"
    for name in imported(file):
        first, *rest = name.split(".")
        if name == "ddpm.__version__":
            continue
        if first == "ddpm":
            target = rest[0] if rest and ((ROOT / "ddpm" / rest[0]).is_dir() or part_exists(rest[0])) else ""
            assert target in ALLOWED[here] | LEAVES | {here}, (
                f"{here or 'ddpm'} must not import {target or 'ddpm'}: {name}"
            )
        elif first in ADAPTERS:
            assert here in ADAPTERS[first], f"{here or 'ddpm'} must not import {name}: {first} is adapted elsewhere"


def part_exists(name: str) -> bool:
    return (ROOT / "ddpm" / f"{name}.py").is_file()


def test_the_arrows_make_no_circle() -> None:
    """Of ALLOWED itself: taking away what imports nothing that is left must take away everything."""
    left = {name: set(targets) - LEAVES - {name} for name, targets in ALLOWED.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    assert not left


def test_maths_knows_no_callers() -> None:
    for name in MATHS:
        assert not ALLOWED[name] - MATHS


@pytest.mark.parametrize("arguments", [["-c", "import ddpm"], ["-m", "ddpm", "--help"]], ids=["import", "help"])
def test_light_to_import(arguments: list[str]) -> None:
    """`-X importtime` names every module that was loaded, to stderr."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert loaded.isdisjoint({"torch", "gradio", "diffusers", "transformers", "torchvision"})
