"""Whatever a file holds, reading it raises nothing, takes no time, and hands on plain checked values.

100,000 true texts are bent in their structure and torn as text, by a seed of their own each; a failure names it.
hypothesis' texts are stranger, but making one takes ten times as long as reading one, so it adds only some hundreds.
"""

from __future__ import annotations

import functools
import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddpm.recipe import read_texts, reading, recipe
from ddpm.recipe.reading import BLANK
from ddpm.request import FLAT_NAMES, FromMask, Request
from tests.recipe.test_comfyui import CANNY, CONTROL, node
from tests.recipe.test_grammars import COMFY, FOOOCUS, FORGE, INVOKE, SDCPP, SDNEXT

MANY, RUNS = 100_000, 10  # bent and torn texts, over so many tests
STRANGE = 300  # of hypothesis
KEYS = ("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream", "recipe", "Comment")
WORDS = sorted({*COMFY["3"]["inputs"], *FOOOCUS, *INVOKE, *FLAT_NAMES, "class_type", "inputs", "image", "request",
                "text", "images", "samples", "needs", "sha256", "name", "lora_name", "ckpt_name"})  # fmt: skip
KINDS = ["KSampler", "KSamplerAdvanced", "SamplerCustom", "SaveImage", "CLIPTextEncode", "EmptyLatentImage",
         "VAEEncode", "VAEEncodeForInpaint", "ConditioningZeroOut", "LoraLoader"]  # fmt: skip
SAMPLES = [FORGE, SDCPP, SDNEXT, '"a [b]" -s 5 -S 1 -A k_euler_a', *map(json.dumps, (COMFY, INVOKE, FOOOCUS))]

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(KINDS)
links = st.tuples(st.sampled_from("0123456"), st.integers(0, 2)).map(list)
values = st.recursive(
    plain | links,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)
inputs = st.dictionaries(st.sampled_from(WORDS), links | plain, max_size=5)
nodes = st.fixed_dictionaries({"class_type": st.sampled_from(KINDS) | plain, "inputs": inputs | plain})
graphs = st.dictionaries(st.sampled_from("0123456"), nodes, max_size=4)
objects = st.dictionaries(st.sampled_from(WORDS), values, max_size=5) | graphs


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A true text with pieces cut out, doubled or written over."""
    text = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(0, 4))):
        at, to = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        new = draw(st.sampled_from(["", text[at:to] * 2, "\n", '"', "{", ": ", ", ", "\\", "-1", "1e999", "null"]))
        text = text[:at] + new + text[to:]
    return text


texts = st.text() | damaged() | objects.map(json.dumps)


TRUE: list[tuple[str, Any]] = [  # chunk, and the text or the JSON in it
    ("parameters", FORGE), ("parameters", SDCPP), ("parameters", SDNEXT), ("parameters", FOOOCUS),
    ("Dream", '"a (fox)1.2 <lora:ink:1> [blurry]" -s 20 -S 5 -W 512 -H 448 -C 7 -A k_euler_a'),
    ("invokeai_metadata", INVOKE | {"generation_mode": "inpaint", "strength": 0.6}),
    ("sd-metadata", {"model_weights": "sd-1.5", "image": {"prompt": [{"prompt": "a fox [blurry]", "weight": 1}],
                                                          "steps": 20, "sampler": "k_euler_a", "seed": 5}}),
    ("recipe", recipe(Request(prompt="a fox", source=FromMask(image=BLANK, mask=BLANK)), "scenes", "0" * 64, 7)),
    ("prompt", COMFY), ("prompt", COMFY | {"3": {**COMFY["3"], "inputs": COMFY["3"]["inputs"] | {
        "positive": ["30", 0], "negative": ["30", 1], "latent_image": ["34", 0], "denoise": 0.5}}, **CANNY,
        "30": CONTROL, "34": node("VAEEncode", pixels=["32", 0]),
        "6": node("CLIPTextEncode", text=["35", 0]),
        "35": node("StringConcatenate", string_a="a fox", string_b=["12", 0], delimiter=", ")}),
]  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**70, float("inf"), float("nan"), "", "0", "1e999", "9" * 5000, "\0", "\ud800", "{",
    "__x__", "Steps: 5, Seed: x, Size: 8x8", "<lora:x:1>", "(a)+", "[" * 50, "x" * 3000, [], {}, [[]], {"name": {}},
    ["3", 0], ["6", "0"], [35, 1], [["3", 0], 0], ["3"], node("KSampler", seed=1, positive=["6", 0]), *KINDS,
]  # fmt: skip
PIECES = ["", "\n", '"', "{", "}", "[", ": ", ", ", "\\", "-1", "1e999", "null", ")", "(", "Negative prompt:", "Steps:",
          "\ufeff", "\0", "SDCPP:", " Seed: 1, "]  # fmt: skip


def bent(rng: random.Random, value: Any, rate: float) -> Any:
    """JSON with some of its values, names and entries changed, lost or moved."""
    if rng.random() < rate:
        return rng.choice(ODD)
    if isinstance(value, dict):
        kept = [(key, each) for key, each in value.items() if rng.random() > rate]
        return {rng.choice(WORDS) if rng.random() < rate else key: bent(rng, each, rate) for key, each in kept}
    return [bent(rng, each, rate) for each in value] if isinstance(value, list) else value


def torn(rng: random.Random, text: str) -> str:
    """A text with a piece of it cut out, doubled, moved or written over."""
    at, length = rng.randrange(len(text) + 1), int(rng.expovariate(0.05))
    piece = text[at : at + length]
    new = rng.choice([*PIECES, piece * 2, piece[::-1], chr(rng.randrange(0x20, 0x3000))])
    return text[:at] + new + text[at + length :]


def wild(seed: int) -> dict[str, str]:
    """One true chunk, bent and torn; sometimes where another belongs, and sometimes beside another."""
    rng, told = random.Random(seed), dict[str, str]()
    for _ in range(rng.choice((1, 1, 1, 2))):
        key, value = rng.choice(TRUE)
        text = value if isinstance(value, str) else json.dumps(bent(rng, value, rng.choice((0.03, 0.06, 0.12))))
        for _ in range(rng.choice((0, 0, 0, 1)) if text.startswith("{") else rng.choice((2, 3, 5))):
            text = torn(rng, text)
        told[rng.choice(KEYS) if rng.random() < 0.1 else key] = text
    return told


def check(told: dict[str, str]) -> dict[str, Any]:
    """Nothing raised, nothing unknown, everything plain."""
    fields, unread = read_texts(told)
    assert fields.keys() <= {*FLAT_NAMES, "needs", "sha256", "weights"} - {"image", "mask", "source", "film"}
    assert all(isinstance(sentence, str) and len(sentence) < 400 for sentence in unread)
    json.dumps(fields)
    return fields


@pytest.fixture(scope="module")
def each_value_checked_once() -> Iterator[None]:
    """Most of the many texts tell values that others told: the request's rules say the same of them."""
    check_it = reading._checked
    once = functools.lru_cache(maxsize=None, typed=True)(check_it)

    def checked(name: str, value: Any) -> Any:
        return (once if isinstance(value, str | int | float) and len(str(value)) < 200 else check_it)(name, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_checked", checked)
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("each_value_checked_once")
@pytest.mark.parametrize("run", range(RUNS))
def test_a_hundred_thousand_texts_raise_nothing(run: int) -> None:
    seeds, found, texts = range(run * MANY // RUNS, (run + 1) * MANY // RUNS), 0, set[str]()
    for seed in seeds:
        told = wild(seed)
        texts.add(json.dumps(told))
        try:
            found += len(check(told)) > 2
        except Exception as error:
            raise AssertionError(f"wild({seed}): {error!r}") from error
    assert len(texts) > 0.9 * len(seeds)  # hardly one twice
    assert found > 0.5 * len(seeds)  # most are still understood as far as they are whole, so the readers get deep


@pytest.mark.parametrize("piece", ["a'", " ", "[", "a++", "(", "\\(", "a:", '"', "<lora:", "Steps: 1, ", "-a "])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    """A picture of 200 bytes can hold a million characters: the square of their number would be hours."""
    text, began = piece * (200_000 // len(piece)), time.process_time()
    for told in (
        {"parameters": text},
        {"Dream": f'"{text}" -s 5'},
        {"sd-metadata": json.dumps({"image": {"prompt": text}})},
        {"invokeai_metadata": json.dumps(INVOKE | {"positive_prompt": text})},
    ):
        check(told)
    assert time.process_time() - began < 20


@pytest.mark.slow
@settings(max_examples=STRANGE, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(KEYS), texts, min_size=1, max_size=2))
def test_nothing_is_raised(told: dict[str, str]) -> None:
    check(told)


LONG = 2**20
HOSTILE: dict[str, Any] = {
    "letters": "a" * LONG, "spaces": " " * LONG, "colons": "ab:" * (LONG // 3), "quotes": 'ab:"' * (LONG // 4),
    "slashes": 'ab:"' + "\\" * LONG, "lines": "\n" * LONG, "deep": "[" * LONG, "digits": "9" * LONG,
    "object": '{"prompt":' * (LONG // 10), "number": '{"steps": ' + "9" * 5000 + "}", "brackets": "(" * LONG,
    "steps": "Steps: 1 " * (LONG // 9), "dream": '"' + "[" * LONG + '" ' + "-s " * 1000,
    "compel": json.dumps({"positive_prompt": "(" * 5000 + "a" + ")+" * 5000}),
    "words": json.dumps({"positive_prompt": "a+" * (LONG // 4)}),
    "ring": json.dumps({str(i): {"class_type": "KSampler", "inputs": {
        "latent_image": [str((i + 1) % 400), 0], "images": ["0", 0], "positive": [str((i * 7) % 400), 0],
        "seed": [str(i), 0]}} for i in range(400)}),
    "savers": json.dumps({str(i): {"class_type": "S", "inputs": {"images": [str(i + 1), 0]}} for i in range(9000)}),
    "passes": json.dumps({str(i): {"class_type": "KSampler", "inputs": {"samples": [str(i + 1), 0], "images": ["0", 0]}}
                          for i in range(9000)}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_no_time(name: str) -> None:
    began = time.process_time()
    read_texts(dict.fromkeys(KEYS, HOSTILE[name]))
    assert time.process_time() - began < 5
