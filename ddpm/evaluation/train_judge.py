"""Training of the judge, from renders with their facts: `python -m ddpm.evaluation.train_judge --help`.

A data folder holds pictures.npy, (N, S, S, 3) uint8, and facts.json, a list of N; without one the renderer paints it.
The newest renders of it are kept out and measured. Everything that changes is in one state file, so that the run can be
stopped at any time and goes on from there, with another data folder if that is wanted.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ddpm.errors import DDPMError
from ddpm.evaluation.judge import Judge, JudgeConfig, as_floats, judge_config, save_judge, scaled
from ddpm.evaluation.judge_data import UNKNOWN, Heads, Renders, augment, paint, read_renders
from ddpm.evaluation.labels import HEADS, vocabulary
from ddpm.runtime.eager import has_bfloat16

DECAY = 0.25  # share of the run, its last, over which the rate falls
QUICK = 256  # renders measured while training goes on
CARD = Path(__file__).with_name("judge_card.md")


class Training:
    """Network, moving average, optimiser and how far it is."""

    def __init__(self, config: JudgeConfig, rate: float, seed: int) -> None:
        torch.manual_seed(seed)
        self.judge: Judge = Judge(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = copy.deepcopy(self.judge).eval().requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self.judge.parameters(), rate, weight_decay=0.02)
        self.images = 0

    def step(self, pixels: Tensor, answers: Tensor, rate: float) -> float:
        """One step on a batch; the mean loss over the heads."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            logits = self.judge.train()(pixels.to(memory_format=torch.channels_last))
        loss = sum((_loss(logits[head].float(), answers[:, i]) for i, head in enumerate(logits)), torch.zeros(()))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.judge.parameters(), 2.0)
        self.optimiser.step()
        self.images += len(pixels)
        self._average(min(0.998, (1 + self.images / 64) / (10 + self.images / 64)))
        return float(loss.detach()) / len(logits)

    @torch.no_grad()
    def _average(self, decay: float) -> None:
        for mean, new in zip(self.ema.state_dict().values(), self.judge.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(new, 1 - decay)
            else:
                mean.copy_(new)

    def save(self, path: Path) -> None:
        """To a temporary name, then renamed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".new")
        parts = {"judge": self.judge.state_dict(), "ema": self.ema.state_dict(), "adam": self.optimiser.state_dict()}
        torch.save({"config": asdict(self.judge.config), "images": self.images, **parts}, temporary)
        os.replace(temporary, path)

    @classmethod
    def load(cls, path: Path, rate: float, heads: Heads) -> Training:
        """Go on from a state. With other words than it knew, those it knew keep what they learnt."""
        values = torch.load(path, weights_only=True)
        config = judge_config(values["config"])
        state = cls(replace(config, heads=heads), rate, 0)
        state.images = values["images"]
        if dict(config.heads) == heads:
            state.judge.load_state_dict(values["judge"])
            state.ema.load_state_dict(values["ema"])
            state.optimiser.load_state_dict(values["adam"])
        else:
            for network in (state.judge, state.ema):
                network.load_state_dict(_with_words(values["ema"], config.heads, network))
        return state


def _with_words(known: dict[str, Tensor], words: Heads, network: Judge) -> dict[str, Tensor]:
    """The weights of a judge of other words, its heads' rows put where this network has the same word."""
    fitted = {name: known.get(name, value) for name, value in network.state_dict().items() if "heads." not in name}
    for name, value in network.state_dict().items():
        if "heads." in name:
            head = name.split(".")[1]
            for i, word in enumerate(network.config.heads[head]):
                if word in words.get(head, ()):
                    value[i] = known[name][words[head].index(word)]
            fitted[name] = value
    return fitted


def measure(judge: Judge, renders: Renders) -> dict[str, float]:
    """Share right of each head; `daylight colour` counts pictures by day, above water."""
    if not renders.seen:
        return {}
    pixels = torch.from_numpy(np.ascontiguousarray(renders.pictures)).permute(0, 3, 1, 2)
    marks: dict[str, list[bool]] = {head: [] for head in (*HEADS, "daylight colour")}
    for seen, reading in zip(renders.seen, judge.read(pixels), strict=True):
        for head, word in seen.items():
            marks[head].append(reading[head] == word)
        if "colour" in seen and seen.get("time") == "day":
            marks["daylight colour"].append(reading["colour"] == seen["colour"])
    return {head: round(sum(found) / len(found), 4) for head, found in marks.items() if found}


def train(given: argparse.Namespace) -> tuple[Judge, str]:
    """Run until `images` pictures were seen: the averaged judge and its card. Whatever ends it, the state is saved."""
    renders = read_renders(given.data)
    state_file, heads = given.run / "state.pt", vocabulary(renders.seen)
    if state_file.exists():
        state = Training.load(state_file, given.rate, heads)
    else:
        state = Training(JudgeConfig(heads), given.rate, given.seed)
    try:
        _learn(state, renders, given)
    finally:
        state.save(state_file)
    shares = measure(state.ema, renders.newest(given.keep_out))
    plain = measure(state.ema, renders.newest(given.keep_out, plain=True))
    print(json.dumps({"images": state.images, **shares, "plain": plain}))
    return state.ema, card(state, shares, plain, len(renders.seen) - given.keep_out, given)


def card(
    state: Training,
    shares: Mapping[str, float],
    plain: Mapping[str, float],
    count: int,
    given: argparse.Namespace,
) -> str:
    """The model card, with what was measured on all and on plain renders."""
    config = state.judge.config
    words = ", ".join(f"{len(answers)} of {head}" for head, answers in config.heads.items())
    rows = (f"| {head} | {share:.4f} | {plain.get(head, float('nan')):.4f} |" for head, share in shares.items())
    figures = "\n".join(["| | all | plain |", "|---|---|---|", *rows])
    return CARD.read_text(encoding="utf-8").format(
        size=config.size, words=words, count=f"{count:,}", kept=f"{given.keep_out:,}", images=f"{state.images:,}",
        rate=given.rate, batch=given.batch, figures=figures,
    )  # fmt: skip


def _learn(state: Training, renders: Renders, given: argparse.Namespace) -> None:
    answers = renders.answers(state.judge.config.heads)
    learnt = len(answers) - given.keep_out
    rng, order = torch.Generator().manual_seed(given.seed + state.images), np.random.default_rng(state.images)
    began = saved = time.monotonic()
    with tqdm(total=given.images, initial=state.images, unit=" pictures", disable=None) as bar:
        while state.images < given.images and time.monotonic() - began < 60 * given.minutes:
            batch = np.sort(order.choice(learnt, given.batch, replace=False))
            pixels = torch.from_numpy(renders.pictures[batch]).permute(0, 3, 1, 2)
            left = 1 - max(state.images / given.images, (time.monotonic() - began) / 60 / given.minutes)
            pixels = scaled(as_floats(pixels), state.judge.config.size)
            loss = state.step(augment(pixels, rng), answers[batch], given.rate * min(1.0, max(0.0, left) / DECAY))
            bar.update(given.batch)
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            if time.monotonic() - saved > given.save_every:
                state.save(given.run / "state.pt")
                shares = measure(state.ema, renders.newest(min(QUICK, given.keep_out)))
                print(json.dumps({"images": state.images, "loss": round(loss, 4), **shares}), flush=True)
                saved = time.monotonic()


def _loss(logits: Tensor, answers: Tensor) -> Tensor:
    """Cross entropy over the pictures that have an answer, 0 where none has."""
    return F.cross_entropy(logits, answers, ignore_index=UNKNOWN, reduction="sum") / max(1, int((answers >= 0).sum()))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ddpm.evaluation.train_judge", description="Train the judge.")
    parser.add_argument("--data", type=Path, default=Path("runs/judge/data"), help="painted where it is not there")
    parser.add_argument("--run", type=Path, default=Path("runs/judge"), help="where the state is kept")
    parser.add_argument("--out", type=Path, default=Path("weights/judge"), help="folder of the finished judge")
    parser.add_argument("--count", type=int, default=40_000, help="renders to paint")
    parser.add_argument("--images", type=int, default=600_000, help="pictures to see in all")
    parser.add_argument("--minutes", type=float, default=1e9, help="end after so long, whatever was seen")
    parser.add_argument("--keep-out", type=int, default=1000, help="renders that are measured, not learnt")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=float, default=600, help="seconds between two saved states")
    given = parser.parse_args(argv)
    try:
        if not (given.data / "pictures.npy").exists():
            paint(given.data, given.count, seed=5)
        judge, card_text = train(given)
        save_judge(given.out, judge, card_text)
    except KeyboardInterrupt:
        print("ddpm: interrupted; the same command goes on from the saved state", file=sys.stderr)
        return 130
    except DDPMError as error:
        print(f"ddpm: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
