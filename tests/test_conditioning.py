"""Prompts on their way to the network: seeds choose, steps change, AND joins. On a network that echoes its prompt."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ddpm.conditioning import conditioned, notices, said
from ddpm.diffusion.prediction import Prediction, Target
from ddpm.diffusion.schedule import Level, Schedule
from ddpm.models.card import ModelCard
from ddpm.models.codec import Pixels
from ddpm.models.model import Model, Text, Told
from ddpm.request import Request

LEVELS = [Level(t, 1 - t, t) for t in (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)]  # five steps


def number(prompt: str) -> float:
    return zlib.crc32(prompt.encode()) / 2**32


class Echo:
    """Every prompt is one number, and the network answers with it: what it is told can be read off its picture."""

    width, max_tokens, cuts = 1, 8, True

    def __init__(self) -> None:
        self.heard: list[str] = []

    def encode(self, prompts: list[str]) -> Text:
        self.heard += prompts
        return Text(
            torch.tensor([[[number(prompt)]] for prompt in prompts]), torch.ones(len(prompts), 1, dtype=torch.bool)
        )

    def count(self, prompt: str) -> int:
        return len(prompt.split())


@pytest.fixture
def model() -> Model:
    def network(x_t: Tensor, t: float, text: Text | None) -> Tensor:
        assert text is not None and len(text.states) == len(x_t)
        return text.states[:, :1, :, None].expand_as(x_t).clone()

    card = ModelCard("echo", "Echo", "embedded", "embedded", 4, 1, "x0", "flow", "minilm", "MIT", kind="text")
    return Model(card, Schedule.flow(), Pixels(1), Echo(), network, Target.X0, nn.Linear(1, 1))


def answers(model: Model, request: Request, seeds: list[int]) -> list[list[float]]:
    """For every step, x0 of every picture."""
    predict = conditioned(request, model, LEVELS)(seeds)
    x_t = torch.zeros(len(seeds), 1, 4, 4)
    made: list[Prediction] = [predict(x_t, level) for level in LEVELS[:-1]]
    return [[picture.mean().item() for picture in each.x0] for each in made]


def test_a_prompt_changes_with_the_steps(model: Model) -> None:
    made = answers(model, Request(prompt="[a:b:0.4]", guidance_scale=1), [0])
    assert [row[0] for row in made] == pytest.approx([number("a")] * 2 + [number("b")] * 3)
    made = answers(model, Request(prompt="[a|b]", guidance_scale=1), [0])
    assert [row[0] for row in made] == pytest.approx([number("a"), number("b")] * 2 + [number("a")])


def test_levels_between_steps_belong_to_the_step_they_are_in(model: Model) -> None:
    predict = conditioned(Request(prompt="[a:b:2]", guidance_scale=1), model, LEVELS)([0])
    for t, word in ((1.0, "a"), (0.9, "a"), (0.8, "a"), (0.61, "b"), (0.6, "b"), (0.001, "b")):
        x0 = predict(torch.zeros(1, 1, 4, 4), Level(t, 1 - t, t)).x0
        assert x0.mean().item() == pytest.approx(number(word)), t


def test_and_joins_and_the_negative_prompt_pulls_away(model: Model) -> None:
    a, b, n = number("a"), number("b"), number("n")
    request = Request(prompt="a AND b :0.5", negative_prompt="[n::3]", guidance_scale=2)
    made = answers(model, request, [0])
    assert made[0][0] == pytest.approx(n + 2 * ((a - n) + 0.5 * (b - n)), abs=1e-5)
    empty = number("")
    assert made[4][0] == pytest.approx(empty + 2 * ((a - empty) + 0.5 * (b - empty)), abs=1e-5)


@pytest.mark.parametrize("prompt", ["a", "a AND b :0.5"])
def test_firm_shapes_do_not_scale_the_guidance(model: Model, prompt: str) -> None:
    """Ahn et al. 2024 beside Ho & Salimans 2022: u + w (c - u) + s (c - blind c)."""
    seeing = model.network

    def network(x_t: Tensor, t: float, text: Text | None, told: Told | None = None) -> Tensor:
        return seeing(x_t, t, text) * (0.5 if told and told.blind else 1.0)

    sees = replace(model, network=network)
    u, c = number("n"), number("a")
    if "AND" in prompt:
        c = u + (c - u) + 0.5 * (number("b") - u)
    made = answers(sees, Request(prompt=prompt, negative_prompt="n", guidance_scale=2.5, pag_scale=3), [0, 1])
    assert made[0] == pytest.approx([u + 2.5 * (c - u) + 3 * (c - 0.5 * c)] * 2, abs=1e-5)
    alone = answers(sees, Request(prompt=prompt, negative_prompt="n", guidance_scale=1, pag_scale=3), [0])
    assert alone[0] == pytest.approx([c + 3 * (c - 0.5 * c)], abs=1e-5)


def test_a_picture_is_the_same_alone_and_in_a_batch(model: Model) -> None:
    request = Request(prompt="{a|b AND c|[d:e:2]} __animal__", guidance_scale=3)
    seeds = list(range(8))
    together = answers(model, request, seeds)
    assert len({said(request, seed) for seed in seeds}) > 4
    for index, seed in enumerate(seeds):
        alone = answers(model, request, [seed])
        assert [row[0] for row in alone] == pytest.approx([row[index] for row in together], abs=1e-5)


def test_a_picture_that_wants_what_it_is_pulled_from_leaves_its_neighbours_guided(model: Model) -> None:
    request = Request(prompt="{a|b}", negative_prompt="a", guidance_scale=3)
    seeds = list(range(8))
    wanted = [said(request, seed)[0] for seed in seeds]
    assert set(wanted) == {"a", "b"}
    a, b = number("a"), number("b")
    expected = [a if word == "a" else a + 3 * (b - a) for word in wanted]
    for row in answers(model, request, seeds):
        assert row == pytest.approx(expected, abs=1e-5)


def test_a_plain_prompt_is_encoded_once(model: Model) -> None:
    answers(model, Request(prompt="a", negative_prompt="b", guidance_scale=3), [1, 2, 3])
    assert isinstance(model.text, Echo) and model.text.heard == ["a", "b"]


def test_networks_in_a_prompt_are_not_read_as_words_and_are_told(model: Model) -> None:
    request = Request(prompt="a {<lora:ink:0.8>|<lora:ink:0.8>}", negative_prompt="b <hypernet:x:1>", guidance_scale=3)
    answers(model, request, [1])
    assert isinstance(model.text, Echo) and model.text.heard == ["a", "b"]
    told = [notice.text for notice in notices(request, model)]
    assert told == ["LoRA: ink:0.8 is not supported and is left out of the prompt.",
                    "Hypernetwork: x:1 is not supported and is left out of the prompt."]  # fmt: skip


def test_what_is_lost_is_told(model: Model) -> None:
    text = [notice.text for notice in notices(Request(prompt="w " * 9 + "__nobody__", guidance_scale=2), model)]
    assert text == ["prompt has 10 tokens; Echo reads the first 8.",
                    "There is no list __nobody__ (wildcards/nobody.txt), so the words stay as they are."]  # fmt: skip
    assert [notice.text for notice in notices(Request(negative_prompt="x", guidance_scale=1), model)] == [
        "The negative prompt has no effect while guidance is 1 (off)."
    ]
    assert not notices(Request(prompt="a AND b", negative_prompt="x", guidance_scale=1), model)  # there it has one
    assert not notices(Request(prompt="w w w w w w AND v v v v v v", guidance_scale=2), model)  # each is short enough


@pytest.mark.parametrize("prompt", ["{a|b AND c|d AND e AND f}", "{a|n}"])
def test_pictures_of_a_batch_have_their_own_negative_prompts_and_numbers_of_parts(model: Model, prompt: str) -> None:
    request = Request(prompt=prompt, negative_prompt="{n|m|}", guidance_scale=3)
    seeds = list(range(12))
    together = answers(model, request, seeds)
    assert len({said(request, seed)[1] for seed in seeds}) == 3
    for index, seed in enumerate(seeds):
        alone = answers(model, request, [seed])
        assert [row[0] for row in alone] == pytest.approx([row[index] for row in together], abs=1e-5)


def test_guidance_ends_at_its_share_of_noise(model: Model) -> None:
    n = number("n")
    for prompt in ("a", "(a) AND a :0"):
        c = answers(model, Request(prompt=prompt, negative_prompt="n", guidance_scale=1), [0])[0][0]
        made = answers(model, Request(prompt=prompt, negative_prompt="n", guidance_scale=3, guidance_until=0.5), [0])
        assert [row[0] for row in made] == pytest.approx([n + 3 * (c - n)] * 3 + [c] * 2, abs=1e-5)
