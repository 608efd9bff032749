"""YAML of the minimal DDPM repository (Diffusion2), both generations, as settings of ours.

What their file says about the run is kept: noise prediction on their schedule, plain loss, AdamW at their rate, EMA
0.999, epochs. The network is ours in their widths: their own is read from finished files, not trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ddpm.errors import BadRequest
from ddpm.loading.their_yaml import unknown

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")  # as data/pictures.py reads
STEPS, BETAS = 1000, (1e-4, 0.02)  # of our linear schedule: Ho et al. 2020, section 4
EMA = 0.999  # a constant of their training


class Translation(NamedTuple):
    """Settings of ours, and sentences about what is otherwise than there."""

    values: dict[str, Any]
    remarks: list[str]


def translate(values: dict[str, Any]) -> Translation:
    """Their settings as ours. BadRequest where no pictures are found to train on."""
    remarks = unknown(values)
    model, training = values["model"], values["training"]
    noise = values["diffusion"] if isinstance(values.get("diffusion"), dict) else {}
    size = _whole(model, "image_size", "im_size")
    channels = _whole(model, "in_channels", "im_channels") or 3
    if size is None:
        raise BadRequest("model.image_size is missing: how many pixels a side the pictures have.", "config")
    folder, count = _pictures(values)
    schedule = "cosine" if "down_channels" in model else "linear"  # their newer code has no use for its betas
    if schedule == "cosine":
        remarks.append("diffusion.beta_start and beta_end are not read there either: its schedule is the cosine's.")
    elif (_number(noise, "beta_start", BETAS[0]), _number(noise, "beta_end", BETAS[1])) != BETAS:
        remarks.append(f"diffusion.beta_start and beta_end are {BETAS[0]:g} and {BETAS[1]:g} here, not as in the file.")
    if (_whole(noise, "timesteps") or STEPS) != STEPS:
        remarks.append(
            f"diffusion.timesteps is {noise['timesteps']}; noise has {STEPS} levels here, from nothing to all."
        )
    patch, widths = _network(model, size)
    remarks.append(f"The network is our Hybrid of widths {', '.join(map(str, widths))}; theirs is read, not trained.")
    ours = {
        "name": "diffusion2",
        "title": "Trained from a Diffusion2 file",
        "out": training.get("save_path"),
        "data": {
            "kind": "folder",
            "path": str(folder),
            "size": size,
            "channels": channels,
            "captions": False,
            "flip": True,
        },
        "network": {"patch": patch, "widths": widths},
        "target": "eps",
        "schedule": schedule,
        "times": None,
        "loss": "plain",
        "images": count * (_whole(training, "epochs") or 1),
        "batch": training.get("batch_size", 32),
        "learning_rate": training.get("learning_rate", 1e-4),
        "muon_rate": 0.0,
        "weight_decay": 0.01,  # torch's own default for AdamW, which they leave as it is
        "warm_up": 0,
        "decay": 0,
        "ema": EMA,
        "device": "cpu" if training.get("device") == "cpu" else "auto",  # cuda there also means: where there is one
    }
    return Translation({key: value for key, value in ours.items() if value is not None or key == "times"}, remarks)


def _pictures(values: dict[str, Any]) -> tuple[Path, int]:
    """Their folder of pictures and how many there are: training.data_dir, else where preprocessing finds them."""
    said = [
        values[section].get("data_dir")
        for section in ("training", "preprocessing")
        if isinstance(values.get(section), dict)
    ]
    folders = [Path(str(path)) for path in said if path] or [Path("data")]
    for folder in folders:
        count = sum(path.suffix.lower() in SUFFIXES for path in folder.rglob("*")) if folder.is_dir() else 0
        if count:
            return folder, count
    raise BadRequest(
        f"training.data_dir: there are no pictures in {' or '.join(map(str, folders))} ({', '.join(SUFFIXES)}); packed"
        " sets such as FashionMNIST's must be unpacked to files.",
        "config",
    )


def _network(model: dict[str, Any], size: int) -> tuple[int, list[int]]:
    """Patch and widths of a Hybrid in their widths, two stages where the size allows it."""
    said = model.get("down_channels") or [model.get("base_channels") or 64]
    first = said[0] if isinstance(said, list) and said and isinstance(said[0], int) else 64
    widths = [max(16, first // 16 * 16)]
    patch = next(side for side in (4, 2, 1) if size % side == 0 and size // side >= 8 or side == 1)
    return patch, [*widths, 2 * widths[0]] if size % (2 * patch) == 0 else widths


def _whole(section: dict[str, Any], *names: str) -> int | None:
    value = next((section[name] for name in names if name in section), None)
    if value is None or isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadRequest(f"{names[0]} is {value!r}, but must be a whole number.", "config")


def _number(section: dict[str, Any], name: str, default: float) -> float:
    """YAML reads 1e-4 as text."""
    try:
        return float(section.get(name, default))
    except (TypeError, ValueError):
        raise BadRequest(f"{name} is {section[name]!r}, but must be a number.", "config") from None
