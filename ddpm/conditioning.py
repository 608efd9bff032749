"""Prompts as the network is told them: chosen by seed, changing with the steps, several at once, and guided.

The loop knows none of this: a plan's `predict` sees by the level how far the run is. For every step that reads other
words there is one Predict, made once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ddpm.diffusion.composition import composed
from ddpm.diffusion.guidance import away_from, classifier_free
from ddpm.diffusion.prediction import Predict, Prediction
from ddpm.diffusion.schedule import Level
from ddpm.events import Notice
from ddpm.models.model import Model, Text, TextEncoder, join
from ddpm.prompts.choices import choose, unknown_lists
from ddpm.prompts.extra_networks import sentences, without_networks
from ddpm.prompts.grammar import Part, at_step, parts, schedule
from ddpm.prompts.styles import styled
from ddpm.request import Request


class Words(NamedTuple):
    """What one picture is told at a step."""

    wanted: tuple[Part, ...]
    unwanted: str


class Guide(NamedTuple):
    """How hard a run is pulled towards its prompt, the noise share at which that ends, and how firm its shapes are."""

    scale: float = 1.0
    until: float = 0.0
    away: float = 0.0  # from what the network says without attention

    @property
    def interval(self) -> tuple[float, float]:
        return self.until, 1.0


def conditioned(request: Request, model: Model, levels: Sequence[Level]) -> Callable[[Sequence[int]], Predict]:
    """Seeds of a batch -> the network with the prompts of its pictures. `levels` are those that the run visits.

    A prompt's steps are counted over these levels, whatever part of the schedule they are, and a fraction is one of
    them. A picture's seed alone draws its choices, so it is the same alone or in a batch.
    """
    scale = 1.0 if request.guidance_scale is None else request.guidance_scale
    guide = Guide(scale, request.guidance_until or 0.0, request.pag_scale or 0.0)
    if model.text is None:
        return lambda seeds: _predict(model, (), guide)
    times = sorted({-level.t for level in levels[:-1]})  # rising, as bisect wants them
    steps = max(len(times), 1)

    def guided(seeds: Sequence[int]) -> Predict:
        told = [said(request, seed) for seed in seeds]
        known: dict[tuple[Words, ...], Predict] = {}

        def at(step: int) -> Predict:
            words = tuple(_words(one, step, steps) for one in told)
            if words not in known:
                known[words] = _predict(model, words, guide)
            return known[words]

        ends = sorted({end for one in told for text in one for end, _ in schedule(text, steps)})
        predicts = [at(end) for end in ends]
        if len(predicts) == 1:
            return predicts[0]

        def predict(x_t: Tensor, level: Level) -> Prediction:
            step = min(bisect_left(times, -level.t) + 1, steps)
            return predicts[bisect_left(ends, step)](x_t, level)

        return predict

    return guided


def notices(request: Request, model: Model) -> list[Notice]:
    """What the user should know about the prompts although the request goes on."""
    if model.text is None:
        return []
    told, seed = [], max(request.seed, 0)
    for written in (request.prompt, request.negative_prompt):
        told += sentences(choose(written, seed))
    for field, text in zip(("prompt", "negative_prompt"), said(request, seed), strict=True):
        stages = dict.fromkeys(stage for _, stage in schedule(text, request.steps or 1))
        count = max(model.text.count(part.text) for stage in stages for part in parts(stage))
        if model.text.cuts and count > model.text.max_tokens:
            told.append(f"{field} has {count} tokens; {model.card.title} reads the first {model.text.max_tokens}.")
        for name in unknown_lists(text):
            told.append(f"There is no list __{name}__ (wildcards/{name}.txt), so the words stay as they are.")
    alone = len(parts(at_step(said(request, seed)[0], 1, 1))) == 1  # beside AND, guidance of 1 pulls away from it, too
    if request.negative_prompt.strip() and request.guidance_scale == 1 and alone:
        told.append("The negative prompt has no effect while guidance is 1 (off).")
    return [Notice(sentence) for sentence in told]


def said(request: Request, seed: int) -> tuple[str, str]:
    """Prompt and negative prompt of the picture with this seed, its choices made; networks in it are no words."""
    return (
        without_networks(choose(request.prompt, seed))[0],
        without_networks(choose(request.negative_prompt, seed))[0],
    )


def in_styles(request: Request) -> Request:
    """The request with its styles written into its prompts, so that a recipe is whole without their file."""
    if not request.styles:
        return request
    prompt, negative_prompt = styled(request.prompt, request.negative_prompt, request.styles)
    return request.model_copy(update={"prompt": prompt, "negative_prompt": negative_prompt, "styles": ()})


def _words(told: tuple[str, str], step: int, steps: int) -> Words:
    wanted, unwanted = (at_step(text, step, steps) for text in told)
    return Words(tuple(parts(wanted)), unwanted)


@torch.no_grad()
def _predict(model: Model, words: tuple[Words, ...], guide: Guide) -> Predict:
    """The network with these words, one entry a picture. Prompts that say nothing new cost no second half."""
    away = away_from(_predict(model.blinded(), words, Guide()), guide.away) if guide.away else None
    encoder = model.text
    if encoder is None:
        return classifier_free(model.denoise, None, None, 1.0, join=join, away=away)
    if all(len(one.wanted) == 1 and one.wanted[0].weight == 1 for one in words):
        cond = _encoded(encoder, [one.wanted[0].text for one in words])
        uncond = _encoded(encoder, [one.unwanted for one in words])
        same = all(one.wanted[0].text == one.unwanted for one in words)  # then both halves would say the same
        scale = 1.0 if same else guide.scale
        return classifier_free(model.denoise, cond, uncond, scale, interval=guide.interval, join=join, away=away)
    most = max(len(one.wanted) for one in words)
    filled = [[*one.wanted, *[Part("", 0.0)] * (most - len(one.wanted))] for one in words]
    conds = [_encoded(encoder, [row[index].text for row in filled]) for index in range(most)]
    weights = torch.tensor([[row[index].weight for row in filled] for index in range(most)])
    uncond = _encoded(encoder, [one.unwanted for one in words])
    return composed(
        model.denoise, conds, weights, uncond, guide.scale, interval=guide.interval, join=_joined, away=away
    )


def _encoded(encoder: TextEncoder, prompts: list[str]) -> Text:
    """One row a prompt. What all pictures share is encoded once and repeated."""
    if len(set(prompts)) > 1:
        return encoder.encode(prompts)
    text, batch = encoder.encode(prompts[:1]), len(prompts)
    return Text(*(None if each is None else each.expand(batch, *each.shape[1:]) for each in text))  # type: ignore[arg-type]


def _joined(one: Text, two: Text) -> Text:
    both = join(one, two)
    assert both is not None
    return both
