"""What an evaluation is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ddpm.evaluation.gallery import Settings


@dataclass(frozen=True, slots=True)
class Task:
    """What to evaluate, and against what."""

    model: str | None  # a name in the catalogue, or
    pictures: Path | None  # a folder or archive of pictures
    size: int  # pixels a side of `pictures`
    count: int
    prompts: int
    real: tuple[Path, ...]
    real_count: int | None
    plain: bool  # prompts and renders of one near subject, as `data.plain` trains
    arranged: bool  # of two, three, or one on the left or right, as `data.arranged` trains
    held_out: tuple[Path, ...]
    referee: Path | None
    selfies: tuple[Path, ...]  # portraits that no training saw
    faceless: tuple[Path, ...]  # pets, drawings: pictures of which selfies are asked all the same
    judge: Path
    cache: Path
    sheets: Path | None
    settings: Settings
