"""Whatever a file holds, reading it raises nothing, takes no time, and hands on plain checked values.

DDPM_FUZZ=100000 python -m pytest tests/recipe/test_fuzz.py   runs the full count (a few minutes).
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddpm.recipe import read_texts
from ddpm.request import FLAT_NAMES
from tests.recipe.test_grammars import COMFY, FOOOCUS, FORGE, INVOKE, SDCPP, SDNEXT

COUNT = int(os.environ.get("DDPM_FUZZ", "300"))
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


@settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(KEYS), texts, min_size=1, max_size=2))
def test_nothing_is_raised(told: dict[str, str]) -> None:
    fields, unread = read_texts(told)
    assert fields.keys() <= {*FLAT_NAMES, "needs", "sha256", "weights"} - {"image", "mask", "source", "film"}
    assert all(isinstance(sentence, str) and len(sentence) < 3000 for sentence in unread)
    json.dumps(fields)


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
