"""What a training run is: one YAML file maps onto `TrainConfig`. All defaults are here; every amount is in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ddpm.errors import BadRequest


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Network(Section):
    """The shape of a Hybrid; its size, channels and text width follow from the data."""

    patch: int = Field(4, ge=1)
    widths: tuple[int, ...] = (128, 256)  # one per stage, multiples of 16
    res_blocks: int = Field(2, ge=1)
    blocks: int = Field(5, ge=1)
    heads: int = Field(4, ge=1)

    @model_validator(mode="after")
    def _divides(self) -> Network:
        if not self.widths or any(width % 16 for width in self.widths) or self.widths[-1] % self.heads:
            raise ValueError(f"widths are multiples of 16, the last one of heads; got {self.widths}, {self.heads}")
        return self


class Data(Section):
    """Where pictures come from."""

    kind: Literal["folder", "archive", "scenes", "shapes"]
    path: tuple[Path, ...] = ()  # folders or archives, for these two kinds
    size: int = Field(64, ge=8, le=1024)  # pixels a side; pictures are cropped to the centre square and scaled
    channels: Literal[1, 3] = 3
    captions: bool = True  # read captions, where there are any, and train on them; False: unconditional
    captions_each: int = Field(2, ge=1)  # captions kept of each picture
    count: int = Field(2000, ge=1)  # pictures that scenes or shapes paint
    seed: int = 11  # of scenes and shapes
    processes: int = Field(1, ge=1)  # that paint scenes
    flip: bool = False  # mirror half of the pictures

    @model_validator(mode="before")
    @classmethod
    def _one_path(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("path"), str):
            values = {**values, "path": [values["path"]]}
        return values

    @model_validator(mode="after")
    def _has_path(self) -> Data:
        if self.kind in ("folder", "archive") and not self.path:
            raise ValueError(f"data.kind {self.kind} needs data.path")
        return self


class Previews(Section):
    """Grids of pictures made by the current EMA weights with the application's own sampling loop."""

    every: int = Field(20_000, ge=0)  # pictures between two grids; 0: only at the end
    count: int = Field(8, ge=1, le=64)
    sampler: str = "heun"
    steps: int = Field(20, ge=1)
    guidance_scale: float = 3.0
    prompts: tuple[str, ...] = ()  # empty: captions of the data


class TrainConfig(Section):
    """One run."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")  # of the model: weights/NAME
    title: str = ""  # in the menu; empty: the name
    licence: str = "see the data's"
    note: str = ""  # a sentence for the menu
    card: Path | None = None  # Markdown for the model's README.md
    out: Path | None = None  # state, previews and loss; None: runs/NAME
    weights: Path = Path("weights")  # the finished model is written to a folder NAME in here
    data: Data
    network: Network = Field(default_factory=lambda: Network.model_validate({}))

    target: Literal["x0", "v", "eps", "flow"] = "x0"
    schedule: Literal["flow", "linear", "scaled_linear", "cosine"] = "flow"
    times: tuple[float, float] | None = (0.6, 0.8)  # mean and deviation of logit t (1 is noise); None: evenly
    loss: Literal["velocity", "plain", "min_snr"] = "velocity"
    drop_captions: float = Field(0.1, ge=0, le=1)  # share trained without its caption, for guidance

    images: int = Field(1_000_000, ge=1)  # pictures to see in all
    batch: int = Field(32, ge=1)
    accumulate: int = Field(1, ge=1)  # a batch in so many parts, where memory is short
    learning_rate: float = Field(6e-4, gt=0)  # AdamW's
    muon_rate: float = Field(0.01, ge=0)  # Muon's, for the matrices of the transformer blocks; 0: AdamW for all
    weight_decay: float = Field(0.0, ge=0)
    warm_up: int = Field(5_000, ge=0)  # pictures over which the rates rise
    decay: int = Field(100_000, ge=0)  # pictures before the end over which they fall
    clip: float = Field(1.0, gt=0)  # largest norm of the gradient
    ema: float = Field(0.9993, ge=0, lt=1)
    precision: Literal["bf16", "fp32"] = "bf16"
    device: str = "auto"  # auto: cuda where there is one
    threads: int | None = Field(None, ge=1)  # of the CPU; None: torch decides
    seed: int = 0
    save_every: int = Field(20_000, ge=1)  # pictures between two saved states
    previews: Previews = Field(default_factory=lambda: Previews.model_validate({}))

    @property
    def folder(self) -> Path:
        return self.out or Path("runs") / self.name

    @model_validator(mode="after")
    def _fits_together(self) -> TrainConfig:
        if self.batch % self.accumulate:
            raise ValueError(f"batch ({self.batch}) must be a multiple of accumulate ({self.accumulate})")
        smallest = self.network.patch * 2 ** (len(self.network.widths) - 1)
        if self.data.size % smallest:
            raise ValueError(f"data.size ({self.data.size}) must be a multiple of {smallest} for this network")
        return self


SECTIONS: dict[str, type[BaseModel]] = {"data": Data, "network": Network, "previews": Previews}


def load_config(path: Path, changes: Sequence[str] = ()) -> TrainConfig:
    """The run in a YAML file with `key=value` changes (dots lead into sections; values are YAML)."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadRequest(f"There is no file {path}; configs/train holds examples.", "config") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRequest(f"{path} cannot be read as YAML: {error}", "config") from error
    if not isinstance(values, dict):
        raise BadRequest(f"{path} must hold settings, one `key: value` a line.", "config")
    for change in changes:
        _apply(values, change)
    try:
        return TrainConfig(**values)
    except (ValidationError, TypeError) as error:
        raise BadRequest(_sentence(error, path), "config") from error


def to_yaml(config: TrainConfig) -> str:
    """Every setting with its value; loading it gives the same run."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _apply(values: dict[str, Any], change: str) -> None:
    key, equals, value = change.partition("=")
    if not equals or not key:
        raise BadRequest(f"{change!r} is not a change of a setting; write key=value, for example batch=16.", "config")
    *sections, last = key.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            raise BadRequest(f"{change!r}: {section} is a value, not a section.", "config")
        values = inner
    try:
        values[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise BadRequest(f"{change!r}: the value cannot be read ({error}).", "config") from error


def _sentence(error: Exception, path: Path) -> str:
    """The first complaint, with the key, the file and, of an unknown key, the nearest that there is."""
    if not isinstance(error, ValidationError):
        return f"{path}: {error}"
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "extra_forbidden":
            model: type[BaseModel] = TrainConfig
            for part in first["loc"][:-1]:
                model = SECTIONS.get(str(part), model)
            near = get_close_matches(str(first["loc"][-1]), list(model.model_fields), 1, 0.0)[0]
            return f"{path}: {key} is not a setting; the nearest is {near}."
        case "missing":
            return f"{path}: {key} is missing."
    message = first["msg"].removeprefix("Value error, ")
    if not key:
        return f"{path}: {message}."
    return f"{path}: {key} is {first['input']!r}; {message[0].lower()}{message[1:]}."
