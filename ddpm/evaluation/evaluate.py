"""One evaluation: the measures that apply to its task in turn, and the report of them all.

Pictures, renders and features are kept in the cache, so that a run that was killed continues and a second run with more
pictures makes only those. Which measures apply follows from what there is: prompts for text models whose prompts are
captions of renders, faces with a referee, memorisation with a real set, the rest always.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from ddpm.engine import Engine
from ddpm.errors import BadRequest, Missing
from ddpm.evaluation.distance import spread
from ddpm.evaluation.features import features, open_features
from ddpm.evaluation.gallery import Gallery, Wish
from ddpm.evaluation.judge import judge_hash, load_judge
from ddpm.evaluation.measures import compared, memorisation, tallied
from ddpm.evaluation.prompts import (
    held_out_pairs,
    measure_pairs,
    measure_prompts,
    pair,
    unseen_words,
    wishes,
)
from ddpm.evaluation.real import Captioned, at_size, kept_features, read_captioned, read_set
from ddpm.evaluation.referee import Referee
from ddpm.evaluation.renders import Rendered, Renders, stacked
from ddpm.evaluation.report import TALL, machine, paired, sheet
from ddpm.evaluation.selfies import DEFAULT, LIKENESSES, Selfies, distances, photos, results, rows, seen
from ddpm.evaluation.task import Task
from ddpm.loading.efficientnet import EfficientNetLite
from ddpm.runtime import resolved

FIRST_SEED = 10_000  # of the pictures of an evaluation: the same for every model
DIVERSE = (("horse", "savannah"), ("dragon", "desert"), ("cat", "mountain lake"), ("mermaid", "coral reef"))
ALIKE = 16  # pictures of one prompt
NEAREST = 24  # pairs on a sheet
FEWEST = 8  # pictures of each set that are worth comparing

Advance = Callable[[int], object]


class Evaluation:
    """The sets and networks of a task, each made when a measure first wants it."""

    def __init__(self, task: Task, engine: Engine) -> None:
        self.task, self.engine = task, engine
        self.gallery = Gallery(engine, task.model, task.settings, task.cache) if task.model else None
        self.card = self.gallery.card if self.gallery else None
        self.size = self.card.size if self.card else task.size
        self.reads_text = self.card is not None and self.card.kind == "text"
        self.storybook = self.reads_text and not task.real  # prompts are captions of renders, not of --real
        self.name = task.model or (task.pictures.name if task.pictures else "")

    def run(self) -> dict[str, Any]:
        """The report; a measure that lacks a package or file says so in its place."""
        report: dict[str, Any] = {
            "of": self.name,
            "date": datetime.date.today().isoformat(),
            "pictures": len(self.made),
            "size": self.size,
        }
        if self.gallery:
            report |= {
                "weights": self.gallery.hash,
                "settings": self.gallery.resolved,
                "first_seed": FIRST_SEED,
            }
        if self.storybook:
            report |= {"plain": self.task.plain, "arranged": self.task.arranged}
        for name, measure in self._measures():
            try:
                report[name] = measure()
            except Missing as reason:
                report[name] = {"not_measured": str(reason)}
        if self.task.sheets:
            sheet(self.made[:TALL], self.task.sheets / f"{self._stem}-samples.png")
        return report

    def _measures(self) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
        if self.storybook:
            yield "prompts", self._prompts
            yield "diversity", self._diversity
        if self.storybook or self.task.real:
            yield "distribution", self._distribution
        if self.task.real:
            yield "memorisation", self._memorisation
        if self.task.referee:
            yield "faces", self._faces
        if self.gallery and self.task.selfies:
            yield "selfies", self._selfies
        if self.gallery and self.task.faceless:
            yield "faceless", self._faceless
        if self.gallery:
            yield "speed", self._speed

    @cached_property
    def made(self) -> Tensor:
        """What is evaluated: (N, 3, size, size) uint8."""
        if self.gallery is None:
            if self.task.pictures is None:
                raise BadRequest("There is nothing to evaluate: name a model or a folder of pictures.", "model")
            return read_set([self.task.pictures], self.size)[: self.task.count]
        wanted = [Wish(self._prompt(i), FIRST_SEED + i) for i in range(self.task.count)]
        with progress(f"{self.name}: pictures", len(wanted)) as advance:
            return self.gallery.pictures(wanted, advance)

    def _prompt(self, i: int) -> str:
        """Of made picture i: real picture i's caption; where real ones are fewer, they come again."""
        captions = self.known.captions if self.reads_text else [""]
        return captions[i % len(captions)]

    @cached_property
    def rendered(self) -> list[Rendered]:
        """As many renders as prompts, whose captions these are, and as many more for the floor."""
        with progress("renders", 2 * self.task.count) as advance:
            return self._renders.get(2 * self.task.count, advance)

    @cached_property
    def _renders(self) -> Renders:
        return Renders(self.task.cache, plain=self.task.plain, arranged=self.task.arranged)

    @cached_property
    def known(self) -> Captioned:
        """All of the real set at the model's size, any of which may have been copied: users' pictures, or renders."""
        if self.storybook:
            pixels = at_size(stacked(self.rendered), self.size)
            return Captioned(pixels, [each.caption for each in self.rendered])
        if self.reads_text:
            return read_captioned(self.task.real, self.size)
        return Captioned(read_set(self.task.real, self.size), [])

    @property
    def real(self) -> Tensor:
        """As many of them as stand for their distribution."""
        return self.known.pixels[: self.task.real_count]

    @cached_property
    def network(self) -> EfficientNetLite:
        return open_features().to(resolved(self.engine.device))

    @cached_property
    def made_features(self) -> Tensor:
        return self._features("features of made pictures", self.made)

    @cached_property
    def known_features(self) -> Tensor:
        return self._features("features of real pictures", self.known.pixels)

    @property
    def real_features(self) -> Tensor:
        return self.known_features[: self.task.real_count]

    @property
    def _stem(self) -> str:
        return self.name.replace("/", "-")

    def _features(self, what: str, pixels: Tensor) -> Tensor:
        network = self.network  # first, so that a missing package is said before a bar is drawn
        with progress(what, len(pixels)) as advance:
            return kept_features(network, pixels, self.task.cache, advance)

    def _prompts(self) -> dict[str, Any]:
        assert self.gallery is not None
        judge = load_judge(self.task.judge)
        count = min(self.task.prompts, len(self.made))
        found = {
            "judge": judge_hash(self.task.judge),
            **measure_prompts(judge, self.made[:count], self.rendered[:count]),
        }
        for name, pairs in (("held_out_pairs", held_out_pairs()), ("unseen_words", unseen_words())):
            wanted = wishes(pairs, FIRST_SEED)
            with progress(f"{self.name}: {name.replace('_', ' ')}", len(wanted)) as advance:
                found[name] = measure_pairs(judge, self.gallery.pictures(wanted, advance), pairs)
        return found

    def _diversity(self) -> dict[str, Any]:
        """Pictures of one prompt against renders of the same subject and place; bar: 0.8 of their mean distance."""
        assert self.gallery is not None
        network, ratios = self.network, {}
        with progress(f"{self.name}: diversity", len(DIVERSE) * ALIKE) as advance:
            for subject, place in DIVERSE:
                prompt = pair(subject, subject, place).prompt
                made = self.gallery.pictures([Wish(prompt, FIRST_SEED + i) for i in range(ALIKE)], advance)
                real = at_size(stacked(self._renders.alike(subject, place, ALIKE)), self.size)
                ratios[prompt] = round(spread(features(network, made)) / spread(features(network, real)), 4)
        return {"of_renders": round(sum(ratios.values()) / len(ratios), 4), "each": ratios}

    def _distribution(self) -> dict[str, Any]:
        """Of equally many pictures everywhere, because the distance falls with their number.

        Made pictures are compared with real ones whose captions were not their prompts, as is the floor: what is
        painted of a picture's own caption comes nearer to it than another real picture does.
        """
        made, real = self.made_features, self.real_features
        count = min(len(made), len(real) // 2)
        if count < FEWEST:
            few = (
                f"{len(made)} pictures and {len(real)} real ones are too few; {FEWEST} and {2 * FEWEST} are the least."
            )
            return {"not_measured": few}
        own, others = real[:count], real[count : 2 * count]
        found = {"features": "EfficientNet-Lite0, 224 px, pooled", "compared": count, **compared(made[:count], others)}
        found["floor"] = compared(own, others)
        if self.card is not None and self.card.latent:
            coded = self._features("features of reconstructions", self._reconstructed(self.real[:count]))
            found["codec"] = compared(coded, others)
        return found

    def _reconstructed(self, pixels: Tensor) -> Tensor:
        """Through the model's codec and back, uint8."""
        codec = self.engine.models.get(self.name).codec
        parts = []
        with torch.inference_mode(), progress("reconstructions", len(pixels)) as advance:
            for part in pixels.split(8):
                x0 = codec.decode(codec.encode((part.float() / 127.5 - 1).to(self.engine.device))).cpu()
                parts.append(((x0.clamp(-1, 1) + 1) * 127.5).round().byte())
                advance(len(part))
        return torch.cat(parts)

    def _memorisation(self) -> dict[str, Any]:
        held_out = None
        if self.task.held_out:
            held_out = self._features("features of held-out pictures", read_set(self.task.held_out, self.size))
        report, far, place = memorisation(self.made_features, self.known_features, held_out)
        if self.task.sheets:
            closest = far.argsort()[:NEAREST]
            pairs = paired(self.made[closest], self.known.pixels[place[closest]])
            sheet(pairs, self.task.sheets / f"{self._stem}-nearest.png")
        return report

    def _faces(self) -> dict[str, Any]:
        assert self.task.referee is not None
        referee = Referee(self.task.referee)
        found = {"made": tallied(referee.judge(self.made))}
        if self.task.real:
            found["real"] = tallied(referee.judge(self.real[: len(self.made)]))
        return found

    def _selfies(self) -> dict[str, Any]:
        """Likeness against distance; at the default, faces and precision beside those of pictures made freely."""
        asked, maker = photos(read_set(self.task.selfies, self.size), FIRST_SEED), self._maker
        with progress(f"{self.name}: selfies", len(asked) * len(LIKENESSES)) as advance:
            made = {likeness: maker.of(asked, likeness, advance) for likeness in LIKENESSES}
        found = {"photos": len(asked), "distance": distances(made), **seen(made[DEFAULT], self.task.referee)}
        if self.task.sheets:
            sheet(rows(list(made.values())), self.task.sheets / f"{self._stem}-selfies.png", len(LIKENESSES) + 1)
        if self.task.real:
            count = min(len(asked), len(self.made), len(self.real))
            real = self.real_features[: max(count, len(self.real) // 2)]
            if count < FEWEST:
                return found | {"not_measured": f"precision: {count} pictures are too few; {FEWEST} are the least."}
            ours = self._features("features of selfies", results(made[DEFAULT])[:count])
            found["precision"] = compared(ours, real)["precision"]
            found["precision_unguided"] = compared(self.made_features[:count], real)["precision"]
        return found

    def _faceless(self) -> dict[str, Any]:
        """What becomes of pictures without a human face at the default likeness; `face_found`: without a notice."""
        asked = photos(read_set(self.task.faceless, self.size), FIRST_SEED)
        with progress(f"{self.name}: faceless", len(asked)) as advance:
            made = self._maker.of(asked, DEFAULT, advance)
        if self.task.sheets:
            sheet(rows([made]), self.task.sheets / f"{self._stem}-faceless.png")
        return {"pictures": len(asked), **seen(made, self.task.referee)}

    @property
    def _maker(self) -> Selfies:
        assert self.gallery is not None
        return Selfies(self.engine, self.name, self.gallery.selfies, self.task.settings)

    def _speed(self) -> dict[str, Any]:
        assert self.gallery is not None
        return {**self.gallery.speed(self._prompt(0)), "machine": machine(self.engine.device)}


@contextmanager
def progress(what: str, total: int) -> Iterator[Advance]:
    """A bar on a terminal, nothing in a pipe."""
    with tqdm(total=total, desc=what, unit="", mininterval=0.5, disable=None) as bar:
        yield bar.update
