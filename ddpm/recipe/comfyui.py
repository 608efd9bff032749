"""ComfyUI's graph, in the chunk `prompt` (nodes.py): from a saved picture up to the sampler that made it.

From there along its inputs to the settings and the prompts. What the graph does beside these is listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ddpm.recipe.comfyui_graph import ASIDE, Graph, Link, Node, samples
from ddpm.recipe.comfyui_prompts import MODELS, Prompts
from ddpm.recipe.found import Found, json_object, line, renamed

FIELDS = {
    "steps": "steps",
    "cfg": "guidance_scale",
    "sampler_name": "sampler",
    "seed": "seed",
    "model": "model",
}
LOADERS = frozenset({"model", "clip", "vae"})
MASKED = ("VAEEncodeForInpaint", "SetLatentNoiseMask", "InpaintModelConditioning")
PASSES = 16  # of one picture that are followed


def read(texts: dict[str, str]) -> Found | None:
    """The `prompt` chunk, or None where it is no graph with a sampler in it."""
    graph = Graph(json_object(texts.get("prompt", "")))
    sampler = graph.sampler()
    return None if sampler is None else _settings(graph, sampler)


def _settings(graph: Graph, sampler: str) -> Found:
    sampler, unread = _first_pass(graph, sampler)
    number, text = (int, float), str
    plain: dict[str, Any] = {
        "steps": graph.nearest(sampler, ("steps",), number),
        "cfg": graph.nearest(sampler, ("cfg",), number),
        "sampler_name": graph.nearest(sampler, ("sampler_name",), text),
        "seed": graph.nearest(sampler, ("seed", "noise_seed"), int),
        "model": graph.nearest(sampler, MODELS, text),
    }
    fields, lost = renamed(plain, FIELDS)
    unread += lost
    scheduler = graph.nearest(sampler, ("scheduler",), text)
    if scheduler not in (None, "normal"):
        unread.append(line("Schedule type", scheduler))
    unread += _add_prompts(graph, sampler, fields)
    unread += _changed_model(graph, sampler)
    start = graph.nodes[sampler]["inputs"].get("start_at_step")
    if isinstance(start, int) and start > 0:
        unread.append(line("Start at step", start))
    _add_picture(graph, sampler, fields)
    for name, words in (("steps", "number of steps"), ("seed", "seed")):
        if name not in fields:
            unread.append(f"The {words} could not be found.")
    return Found(fields, list(dict.fromkeys(unread)))


def _first_pass(graph: Graph, sampler: str) -> tuple[str, list[str]]:
    """The sampler that began the picture, and sentences about those that went on from it, enlarging."""
    unread: list[str] = []
    met = {sampler}
    while (before := _pass_before(graph, sampler)) is not None and before not in met and len(met) < PASSES:
        met.add(before)
        again = graph.nodes[sampler]["inputs"]
        unread.append(line("Second pass", {k: v for k, v in again.items() if isinstance(v, int | float | str)}))
        sampler = before
    return sampler, unread


def _add_prompts(graph: Graph, sampler: str, fields: dict[str, Any]) -> list[str]:
    """The prompts into `fields`; sentences about what of them is not there."""
    unread: list[str] = []
    for sign, name, words in (("positive", "prompt", "prompt"), ("negative", "negative_prompt", "negative prompt")):
        start, walk = _conditioning(graph, sampler, sign), Prompts(graph, sign)
        told = walk.texts(start)
        if told:
            fields[name] = told[0]
        if walk.lost or not (walk.heard or start is None and sign == "negative"):
            kinds = f": {', '.join(dict.fromkeys(walk.lost))[:100]}" if walk.lost else ""
            unread.append(f"{'A part of the' if told else 'The'} {words} could not be found{kinds}.")
        unread += [line(f"Another {name}", each) for each in told[1:]]
        unread += walk.unused()
    return unread


def _changed_model(graph: Graph, sampler: str) -> list[str]:
    """What stands between the sampler and its checkpoint: LoRAs by name, other nodes by their kind, and clip skip."""
    nodes = [node["inputs"] for node in _along(graph, sampler)]
    unread = [line("Lora", inputs["lora_name"]) for inputs in nodes if inputs.get("lora_name", "None") != "None"]
    at, met = _model(graph, sampler), set[str]()
    while at is not None and at.node not in met:
        met.add(at.node)
        node = graph.nodes[at.node]
        at = graph.source(at.node, "model")
        if at is not None and "lora_name" not in node["inputs"] and node["class_type"] != "Reroute":
            unread.append(line("Node", node["class_type"]))
    layers = [node["inputs"].get("stop_at_clip_layer") for node in _along(graph, sampler, frozenset())]
    return unread + [line("Clip skip", -layer) for layer in layers if isinstance(layer, int) and layer != -1]


def _model(graph: Graph, sampler: str) -> Link | None:
    """Where the model comes in: at the sampler itself or at the guider it is given."""
    names = graph.upwards(sampler, ASIDE | {"model"})
    return next((link for name in names if (link := graph.source(name, "model")) is not None), None)


def _add_picture(graph: Graph, sampler: str, fields: dict[str, Any]) -> None:
    """The size of an empty latent, or what image to image and inpainting need."""
    masked = any(node["class_type"] in MASKED for node in _along(graph, sampler, frozenset()))
    latents = graph.source(sampler, "latent_image", "samples")
    for name in graph.upwards(latents.node if latents else None, LOADERS):
        node = graph.nodes[name]
        if "Empty" in node["class_type"] and {"width", "height"} <= node["inputs"].keys():
            size = {side: graph.value(name, side, int) for side in ("width", "height")}
            fields |= {side: length for side, length in size.items() if length is not None}
            return
        if "Encode" in node["class_type"] or node["class_type"] in MASKED:
            denoise = graph.nearest(sampler, ("denoise",), (int, float))
            fields["mode"] = "mask" if masked else "image"
            fields["needs"] = ["image", "mask"] if masked else ["image"]
            if denoise is not None:
                fields["strength"] = denoise
                _spend_all_steps(fields)
            return


def _spend_all_steps(fields: dict[str, Any]) -> None:
    """There, `steps` are all taken within the part that is re-run; here they are those of the whole schedule."""
    steps, strength = fields.get("steps"), fields["strength"]
    if isinstance(steps, int) and 0.001 < strength < 1 and 0 < steps < 10_000:
        fields["steps"] = min(int(steps / strength), 1000)
        fields["strength"] = min(steps / fields["steps"], 1.0)  # a little more than there: all of `steps` are taken


def _pass_before(graph: Graph, sampler: str) -> str | None:
    """The sampler whose latents this one goes on from."""
    start = graph.source(sampler, "latent_image", "samples")
    names = graph.upwards(start.node if start else None, frozenset({"model"}))
    return next((name for name in names if name != sampler and samples(graph.nodes[name])), None)


def _conditioning(graph: Graph, sampler: str, sign: str) -> Link | None:
    """Where the prompt of this sign comes in: at the sampler itself or at the guider it is given."""
    for name in graph.upwards(sampler, ASIDE | {"model"}):
        found = graph.source(name, sign, *(("conditioning",) if sign == "positive" else ()))
        if found is not None:
            return found
    return None


def _along(graph: Graph, start: str | None, leave: frozenset[str] = ASIDE) -> Iterator[Node]:
    return (graph.nodes[name] for name in graph.upwards(start, leave))
