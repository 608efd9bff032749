"""ComfyUI's graphs beyond the plain one: which prompt is which, words that nodes make, and what is only listed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ddpm.recipe import read_texts
from tests.recipe.test_grammars import COMFY

Graph = dict[str, Any]


def node(kind: str, **inputs: Any) -> Graph:
    return {"class_type": kind, "inputs": inputs}


def read(changed: Graph, **sampler: Any) -> tuple[dict[str, Any], list[str]]:
    """COMFY without its LoRA, with other nodes and other inputs of its sampler."""
    inputs = COMFY["3"]["inputs"] | {"model": ["4", 0], "scheduler": "normal"} | sampler
    plain = {"6": node("CLIPTextEncode", text="a fox", clip=["4", 1]), "7": node("CLIPTextEncode", text="rain")}
    return read_texts({"prompt": json.dumps(COMFY | plain | {"3": node("KSampler", **inputs)} | changed)})


CONTROL = node("ControlNetApplyAdvanced", positive=["6", 0], negative=["7", 0], control_net=["31", 0], image=["32", 0],
               strength=0.8, start_percent=0.0, end_percent=1.0)  # fmt: skip
CANNY = {"31": node("ControlNetLoader", control_net_name="canny.safetensors"), "32": node("LoadImage", image="me.png")}


@pytest.mark.parametrize(("slots", "prompts"), [((0, 1), ("a fox", "rain")), ((1, 0), ("rain", "a fox"))])
def test_each_prompt_leaves_a_node_of_both_signs_by_its_own_input(slots: Any, prompts: Any) -> None:
    fields, unread = read({"30": CONTROL, **CANNY}, positive=["30", slots[0]], negative=["30", slots[1]])
    assert (fields["prompt"], fields["negative_prompt"]) == prompts
    assert unread == ["ControlNet: canny.safetensors, strength 0.8"]


def test_inpainting_and_two_control_nets_in_a_row() -> None:
    paint = node("InpaintModelConditioning", positive=["6", 0], negative=["7", 0], vae=["4", 2], pixels=["32", 0],
                 mask=["32", 1])  # fmt: skip
    chained = {**CONTROL, "inputs": CONTROL["inputs"] | {"positive": ["33", 0], "negative": ["33", 1]}}
    links = {"positive": ["30", 0], "negative": ["30", 1], "latent_image": ["33", 2]}
    fields, _ = read({"33": paint, "30": chained, **CANNY}, **links)
    assert (fields["prompt"], fields["negative_prompt"], fields["mode"]) == ("a fox", "rain", "mask")


def test_a_loader_with_both_prompts_gives_them_behind_the_model() -> None:
    loader = node("Efficient Loader", ckpt_name="a.ckpt", positive="a bear", negative="snow")
    fields, unread = read({"40": loader}, model=["40", 0], positive=["40", 1], negative=["40", 2])
    assert (fields["prompt"], fields["negative_prompt"], fields["model"], unread) == ("a bear", "snow", "a", [])


def test_a_guider_without_a_negative_prompt_has_none() -> None:
    graph = {
        "1": node("SamplerCustomAdvanced", noise=["2", 0], guider=["3", 0], latent_image=["5", 0]),
        "2": node("RandomNoise", noise_seed=11),
        "3": node("BasicGuider", model=["4", 0], conditioning=["30", 0]),
        "30": CONTROL, **CANNY, **{name: COMFY[name] for name in ("4", "5", "7")},
        "6": node("CLIPTextEncode", text="a fox", clip=["4", 1]),
    }  # fmt: skip
    fields, _ = read_texts({"prompt": json.dumps(graph)})
    assert fields["prompt"] == "a fox" and "negative_prompt" not in fields


@pytest.mark.parametrize(
    ("words", "prompt"),
    [
        (node("StringConcatenate", string_a="a fox", string_b=["51", 0], delimiter=", "), "a fox, in snow"),
        (node("CR Text Concatenate", text2="b", text1="a", separator="\\n"), "a\nb"),
        (node("Text Concatenate", text_a="a", text_b=["51", 0], delimiter=" "), "a in snow"),
        (node("ShowText|pysssss", text=["51", 0]), "in snow"),
        (node("Switch", on_true=["51", 0], choice=["53", 0]), "in snow"),
    ],
)
def test_words_that_other_nodes_hand_on(words: Graph, prompt: str) -> None:
    more = {"50": words, "51": node("PrimitiveStringMultiline", value="in snow"), "53": node("PrimitiveInt", value=1)}
    fields, unread = read(more | {"6": node("CLIPTextEncode", text=["50", 0])})
    assert (fields["prompt"], unread) == (prompt, [])


@pytest.mark.parametrize(
    ("words", "prompt", "sentence"),
    [
        (node("OllamaGenerate", endpoint="x"), None, "The prompt could not be found: OllamaGenerate."),
        (node("Describer", seed=3), None, "The prompt could not be found."),
        (node("StringConcatenate", string_a="a fox", string_b=["52", 0], delimiter=", "), "a fox",
         "A part of the prompt could not be found: OllamaGenerate."),
        (node("StringReplace", string="a cat", find="cat", replace="fox"), "a cat",
         "A part of the prompt could not be found: StringReplace."),
    ],
)  # fmt: skip
def test_words_that_cannot_be_found_are_told(words: Graph, prompt: str | None, sentence: str) -> None:
    more = {"50": words, "52": node("OllamaGenerate", endpoint="x"), "6": node("CLIPTextEncode", text=["50", 0])}
    fields, unread = read(more)
    assert (fields.get("prompt"), unread, fields["negative_prompt"]) == (prompt, [sentence], "rain")


def test_what_else_the_graph_does_is_listed() -> None:
    area = node("ConditioningSetArea", conditioning=["6", 0], width=64)
    encode = node("CLIPTextEncode", text="a fox", clip=["62", 0])
    skip = node("CLIPSetLastLayer", stop_at_clip_layer=-2)
    more = {"6": encode, "60": node("FreeU_V2", model=["4", 0], b1=1.3), "61": area, "62": skip}
    fields, unread = read(more, model=["60", 0], positive=["61", 0])
    assert fields["prompt"] == "a fox" and fields["model"] == "v1-5-pruned"
    assert unread == ["Node: ConditioningSetArea", "Node: FreeU_V2", "Clip skip: 2"]


def test_an_empty_prompt_is_none_and_no_loss() -> None:
    fields, unread = read({"7": node("CLIPTextEncode", text="")})
    assert "negative_prompt" not in fields and unread == []


def test_texts_that_double_a_hundred_times_are_bounded() -> None:
    twice = {f"d{i}": [f"d{i + 1}", 0] for i in range(90)}
    doubling = {name: node("StringConcatenate", string_a=next_, string_b=next_) for name, next_ in twice.items()}
    more = {"6": node("CLIPTextEncode", text=["d0", 0]), "d90": node("PrimitiveString", value="ab")}
    fields, unread = read(doubling | more)
    assert "prompt" not in fields and "the most is 2,000" in unread[0]


def test_numbers_that_other_nodes_hand_on() -> None:
    config = node("KSampler Config (rgthree)", steps_total=30, refiner_step=24, cfg=6.5, sampler_name="dpmpp_2m",
                  scheduler="karras")  # fmt: skip
    told = {"cfg": ["40", 2], "sampler_name": ["40", 3], "scheduler": ["40", 4], "latent_image": ["41", 0]}
    size = {"41": node("EmptyLatentImage", width=["42", 0], height=["43", 0], batch_size=1),
            "42": node("Reroute", **{"": ["43", 0]}), "43": node("PrimitiveInt", value=448)}  # fmt: skip
    fields, unread = read({"40": config, **size, "44": node("Maths", expression="a")}, **told, seed=["44", 0])
    assert fields["guidance_scale"] == 6.5 and fields["sampler"] == "dpmpp_2m" and "Schedule type: karras" in unread
    assert (fields["width"], fields["height"]) == (448, 448)
    assert "seed" not in fields and "The seed could not be found." in unread
