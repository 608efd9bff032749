"""Do pictures show what their prompts ask for? The judge answers, and beside it what it says of real renders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from ddpm.evaluation.gallery import Wish
from ddpm.evaluation.judge import Judge
from ddpm.evaluation.labels import ANSWERS, asked, right
from ddpm.evaluation.renders import Rendered, stacked
from ddpm.prompts.phrases import article, preposition
from ddpm.prompts.vocabulary import HELD_OUT, HUMANS, PLACE_WORDS, UNSAID, habitat

SEEDS = 4  # pictures of each held-out pair and of each unseen word
COMMON_LAND, COMMON_WATER = "savannah", "deep sea"  # where unseen words are put


class Tally:
    """Rights and questions of each head."""

    def __init__(self) -> None:
        self.right: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    def add(self, marks: Iterable[tuple[str, bool]]) -> None:
        for head, good in marks:
            self.asked[head] = self.asked.get(head, 0) + 1
            self.right[head] = self.right.get(head, 0) + good

    def share(self, head: str | None = None) -> float:
        """Share right of one head, or of all questions."""
        if head is None:
            return sum(self.right.values()) / max(1, sum(self.asked.values()))
        return self.right[head] / self.asked[head]


class Pair(NamedTuple):
    """A prompt that names a subject, a place or both, and the readings that answer it; () and None are not asked."""

    prompt: str
    subjects: tuple[str, ...]
    place: str | None


def measure_prompts(judge: Judge, made: Tensor, rendered: Sequence[Rendered]) -> dict[str, Any]:
    """made: (N, 3, H, W) uint8, picture i of the caption of rendered[i]. Shares beside those on the renders."""
    ours, theirs = Tally(), Tally()
    questions = [asked(each.caption, each.facts) for each in rendered]
    for tally, pixels in ((ours, made), (theirs, stacked(list(rendered)))):
        for wanted, reading in zip(questions, judge.read(pixels), strict=True):
            tally.add(right(wanted, reading).items())
    heads = {
        head: {
            "right": round(ours.share(head), 4),
            "of_renders": round(theirs.share(head), 4),
            "ratio": _ratio(ours.share(head), theirs.share(head)),
            "asked": ours.asked[head],
        }
        for head in sorted(ours.asked)
    }
    overall = {"right": ours.share(), "of_renders": theirs.share(), "ratio": _ratio(ours.share(), theirs.share())}
    return {"prompts": len(questions), "overall": {key: round(value, 4) for key, value in overall.items()}, **heads}


def held_out_pairs() -> list[Pair]:
    """The pairs of the vocabulary that are never rendered."""
    return [pair(subject, subject, place) for subject, place in sorted(HELD_OUT)]


def unseen_words() -> list[Pair]:
    """Subjects and places by words that no caption ever says: what a model makes of them it has from MiniLM."""
    asked_for = []
    for name, words in UNSAID.items():
        for word in words:
            if name in PLACE_WORDS:
                asked_for.append(Pair(word, (), name))
            else:
                place = COMMON_WATER if habitat(name) == "water" else COMMON_LAND
                asked_for.append(pair(word, name, place)._replace(place=None))
    return asked_for


def pair(word: str, subject: str, place: str) -> Pair:
    """'a WORD in PLACE'."""
    people = {"woman": ("woman",), "man": ("man",), "boy": ("boy",), "girl": ("girl",)} | ANSWERS
    prompt = f"{article(word)} {preposition(place, subject)} {PLACE_WORDS[place][0]}"
    return Pair(prompt, people[subject] if subject in HUMANS else (subject,), place)


def wishes(pairs: Sequence[Pair], first_seed: int) -> list[Wish]:
    """SEEDS pictures of each."""
    return [Wish(each.prompt, first_seed + i) for each in pairs for i in range(SEEDS)]


def measure_pairs(judge: Judge, made: Tensor, pairs: Sequence[Pair]) -> dict[str, Any]:
    """made: SEEDS pictures of each pair in turn. The share in which all that was asked is right, and of each prompt."""
    good: dict[str, list[bool]] = {each.prompt: [] for each in pairs}
    for i, reading in enumerate(judge.read(made)):
        each = pairs[i // SEEDS]
        who = not each.subjects or reading["subject"] in each.subjects
        good[each.prompt].append(who and each.place in (None, reading["place"]))
    shares = {prompt: sum(marks) / len(marks) for prompt, marks in good.items()}
    return {"right": round(sum(shares.values()) / len(shares), 4), "each": shares}


def _ratio(ours: float, theirs: float) -> float:
    return round(ours / theirs, 4) if theirs else 0.0
