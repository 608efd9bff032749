"""The judge: a small classifier that reads subject, place, time, number and colours from a picture of a scene.

It is trained on renders alone (`train_judge.py`) and is no judge of photographs. The folder holds judge.json (the
network's shape and the words of each head), judge.safetensors and README.md, its model card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.errors import CannotLoad, Missing
from ddpm.loading.files import put, read_json, read_weights, weights_hash, write_json, write_whole

SETTINGS, WEIGHTS = "judge.json", "judge.safetensors"
BATCH = 64  # pictures read at once


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """Shape of a `Judge` and the words it answers with."""

    heads: Mapping[str, tuple[str, ...]]
    size: int = 96  # pixels a side; others are scaled to it. 128 costs twice as much and is hardly read better
    patch: int = 4
    widths: tuple[int, ...] = (32, 80, 160)  # one per stage; each stage halves the resolution
    blocks: tuple[int, ...] = (1, 2, 2)


class Residual(nn.Module):
    """He et al. 2015: two 3x3 convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.layers(x))


class Judge(nn.Module):
    """pixels: (B, 3, H, W) in [-1, 1], any size -> logits of each head, (B, words)."""

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        inner = 3
        for stage, (width, blocks) in enumerate(zip(config.widths, config.blocks, strict=True)):
            step = 2 if stage else config.patch
            layers += [nn.Conv2d(inner, width, step, step, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [Residual(width) for _ in range(blocks)]
            inner = width
        self.trunk = nn.Sequential(*layers)
        # The mean says where and when, the maximum who: a small animal is lost in a mean of 256 places.
        self.heads = nn.ModuleDict({head: nn.Linear(2 * inner, len(words)) for head, words in config.heads.items()})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        return self._answers(self.trunk(scaled(pixels, self.config.size)))

    def _answers(self, h: Tensor) -> dict[str, Tensor]:
        pooled = torch.cat([h.mean((2, 3)), h.amax((2, 3))], dim=1)
        return {head: layer(pooled) for head, layer in self.heads.items()}

    @torch.inference_mode()
    def read(self, pixels: Tensor) -> list[dict[str, str]]:
        """pixels: (N, 3, H, W) uint8 or [-1, 1] -> the likeliest word of each head, for each picture, and `side`."""
        readings: list[dict[str, str]] = []
        for batch in pixels.split(BATCH):
            h = self.eval().trunk(scaled(as_floats(batch), self.config.size))
            best = {head: value.argmax(1) for head, value in self._answers(h).items()}
            words = self.config.heads
            found = [{head: words[head][int(best[head][i])] for head in best} for i in range(len(batch))]
            if "subject" in best:
                for reading, side in zip(found, self._sides(h, best["subject"]), strict=True):
                    reading["side"] = side
            readings += found
        return readings

    def _sides(self, h: Tensor, subjects: Tensor) -> list[str]:
        """Left or right: where the features lie that speak for the subject that was read (Zhou et al. 2016)."""
        layer = self.heads["subject"]
        assert isinstance(layer, nn.Linear)
        weights = layer.weight[subjects, h.shape[1] :]  # those of the maximum
        columns = torch.einsum("nc,nchw->nhw", weights, h).clamp(min=0).sum(1)
        places = torch.arange(h.shape[3]) + 0.5 - h.shape[3] / 2
        return ["left" if moment < 0 else "right" for moment in (columns * places).sum(1).tolist()]


def as_floats(pixels: Tensor) -> Tensor:
    """uint8 0..255 or model scale -> float32 in [-1, 1]."""
    return pixels.float() / 127.5 - 1 if pixels.dtype == torch.uint8 else pixels.float()


def scaled(pixels: Tensor, size: int) -> Tensor:
    """(B, C, H, W) -> (B, C, size, size)."""
    if pixels.shape[-2:] == (size, size):
        return pixels
    return F.interpolate(pixels, (size, size), mode="bicubic", antialias=True).clamp(-1, 1)


def save_judge(folder: Path, judge: Judge, card_text: str) -> None:
    """Write the folder, half precision; judge.json comes last."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in judge.state_dict().items()
    }
    write_whole(folder / WEIGHTS, save(state, metadata={"format": "pt"}))
    write_whole(folder / "README.md", card_text.encode())
    config = judge.config
    shape = {"size": config.size, "patch": config.patch, "widths": config.widths, "blocks": config.blocks}
    write_json(folder / SETTINGS, {"judge_format": 1, **shape, "heads": dict(config.heads)})


def load_judge(folder: Path) -> Judge:
    """The judge in a folder, float32, on the CPU; CannotLoad or Missing says what is wrong."""
    if not (folder / SETTINGS).is_file():
        raise Missing(
            f"There is no judge in {folder} (no {SETTINGS}); train one with `python -m ddpm.evaluation.train_judge`."
        )
    values = read_json(folder / SETTINGS)
    if values.get("judge_format") != 1:
        raise CannotLoad(f"{SETTINGS}: judge_format is {values.get('judge_format')!r}, this version reads 1.")
    try:
        judge = Judge(judge_config(values))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CannotLoad(f"{folder.name}/{SETTINGS} does not describe a judge: {error!r}") from error
    put(judge, read_weights([folder / WEIGHTS]), folder.name)
    return judge.eval().requires_grad_(False)


def judge_config(values: Mapping[str, object]) -> JudgeConfig:
    """From plain data, as judge.json holds it."""
    plain = json.loads(json.dumps(values))
    return JudgeConfig(
        heads={str(head): tuple(words) for head, words in plain["heads"].items()},
        size=int(plain["size"]),
        patch=int(plain["patch"]),
        widths=tuple(plain["widths"]),
        blocks=tuple(plain["blocks"]),
    )


def judge_hash(folder: Path) -> str:
    """Names the judge in a report."""
    return weights_hash([folder / WEIGHTS])
