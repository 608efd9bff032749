"""ComfyUI's graph, in the chunk `prompt`: {node: {class_type, inputs: {name: value or [node, slot]}}}. (nodes.py)

From a saved picture up to the sampler that made it, and from there along its inputs. Every walk is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ddpm.recipe.found import Found, json_object, line, renamed

Node = dict[str, Any]
FIELDS = {
    "steps": "steps",
    "cfg": "guidance_scale",
    "sampler_name": "sampler",
    "seed": "seed",
    "model": "model",
}
TEXTS = ("text", "text_g", "text_l", "prompt", "string", "value", "wildcard_text", "positive", "negative")
MODELS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name")
ASIDE = frozenset({"latent_image", "samples", "image", "images", "pixels", "positive", "negative", "conditioning"})
LOADERS = frozenset({"model", "clip", "vae"})
MASKED = ("VAEEncodeForInpaint", "SetLatentNoiseMask", "InpaintModelConditioning")
FURTHEST = 500  # nodes of one walk
MOST = 16  # saved pictures that are followed, and passes of one picture


def read(texts: dict[str, str]) -> Found | None:
    """The `prompt` chunk, or None where it is no graph with a sampler in it."""
    graph = Graph(json_object(texts.get("prompt", "")))
    sampler = graph.sampler()
    return None if sampler is None else _settings(graph, sampler)


class Graph:
    """The nodes that are nodes, whatever else the JSON holds."""

    def __init__(self, nodes: dict[str, Any]) -> None:
        self.nodes: dict[str, Node] = {
            name: node
            for name, node in nodes.items()
            if isinstance(node, dict)
            and isinstance(node.get("inputs"), dict)
            and isinstance(node.get("class_type"), str)
        }

    def sampler(self) -> str | None:
        """The sampler nearest to a saved picture; any where none is saved."""
        saved = [name for name, node in self.nodes.items() if _saves(node)]
        for name in (each for start in saved[:MOST] for each in self.upwards(start)):
            if _samples(self.nodes[name]):
                return name
        return next((name for name, node in self.nodes.items() if _samples(node)), None)

    def upwards(self, start: Any, leave: frozenset[str] = frozenset()) -> Iterator[str]:
        """`start` and what it is made of, nearest first; not along inputs called as in `leave`."""
        line, met = [start], {start}
        while line and len(met) < FURTHEST:
            name = line.pop(0)
            yield name
            for key, value in self.nodes[name]["inputs"].items():
                source = self.linked(value)
                if key not in leave and source is not None and source not in met:
                    met.add(source)
                    line.append(source)

    def linked(self, value: Any) -> str | None:
        """The node that a link leads to."""
        if (
            isinstance(value, list)
            and len(value) == 2
            and isinstance(value[0], str | int)
            and str(value[0]) in self.nodes
        ):
            return str(value[0])
        return None

    def nearest(self, start: str, names: tuple[str, ...], kinds: type | tuple[type, ...]) -> Any:
        """The first plain value of one of these names, on the way up from `start`; links to a number node count."""
        for name in self.upwards(start, ASIDE):
            for wanted in names:
                value = self.nodes[name]["inputs"].get(wanted)
                if isinstance(value, kinds) and not isinstance(value, bool):
                    return value
                if (source := self.linked(value)) is not None:
                    given = self.nodes[source]["inputs"].values()
                    plain = [v for v in given if isinstance(v, kinds) and not isinstance(v, bool)]
                    if plain:
                        return plain[0]
        return None

    def prompts(self, start: str | None) -> list[str]:
        """The texts on the way up from a conditioning, nearest first."""
        found: list[str] = []
        for name in self.upwards(start, LOADERS) if start is not None else ():
            node = self.nodes[name]
            if node["class_type"] == "ConditioningZeroOut":
                return found
            told = [value for key in TEXTS if isinstance(value := node["inputs"].get(key), str) and value.strip()]
            found += [text for text in dict.fromkeys(told) if text not in found]
        return found


def _settings(graph: Graph, sampler: str) -> Found:
    unread: list[str] = []
    met = {sampler}
    while (before := _pass_before(graph, sampler)) is not None and before not in met and len(met) < MOST:  # enlarging
        met.add(before)
        again = graph.nodes[sampler]["inputs"]
        unread.append(line("Second pass", {k: v for k, v in again.items() if isinstance(v, int | float | str)}))
        sampler = before
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
    for sign, name in (("positive", "prompt"), ("negative", "negative_prompt")):
        told = graph.prompts(_conditioning(graph, sampler, sign))
        if told:
            fields[name] = told[0]
        unread += [line(f"Another {name}", each) for each in told[1:]]
    unread += [
        line("Lora", node["inputs"]["lora_name"]) for node in _along(graph, sampler) if "lora_name" in node["inputs"]
    ]
    start = graph.nodes[sampler]["inputs"].get("start_at_step")
    if isinstance(start, int) and start > 0:
        unread.append(line("Start at step", start))
    _add_picture(graph, sampler, fields)
    return Found(fields, unread)


def _add_picture(graph: Graph, sampler: str, fields: dict[str, Any]) -> None:
    """The size of an empty latent, or what image to image and inpainting need."""
    masked = any(node["class_type"] in MASKED for node in _along(graph, sampler, frozenset()))
    for node in _along(graph, _source(graph, sampler, "latent_image", "samples"), LOADERS):
        width, height = node["inputs"].get("width"), node["inputs"].get("height")
        if "Empty" in node["class_type"] and isinstance(width, int) and isinstance(height, int):
            fields |= {"width": width, "height": height}
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
    if isinstance(steps, int) and 0.001 < strength < 1 and steps < 10_000:
        fields["steps"] = min(int(steps / strength), 1000)


def _pass_before(graph: Graph, sampler: str) -> str | None:
    """The sampler whose latents this one goes on from."""
    start = _source(graph, sampler, "latent_image", "samples")
    return next((name for name in _names_along(graph, start) if name != sampler and _samples(graph.nodes[name])), None)


def _conditioning(graph: Graph, sampler: str, sign: str) -> str | None:
    """Where the prompt of this sign comes in: at the sampler itself or at the guider it is given."""
    for name in graph.upwards(sampler, frozenset({"latent_image", "samples", "model"})):
        found = _source(graph, name, sign, *(("conditioning",) if sign == "positive" else ()))
        if found is not None:
            return found
    return None


def _source(graph: Graph, name: str, *inputs: str) -> str | None:
    given = graph.nodes[name]["inputs"]
    return next((link for key in inputs if (link := graph.linked(given.get(key))) is not None), None)


def _along(graph: Graph, start: str | None, leave: frozenset[str] = ASIDE) -> Iterator[Node]:
    return (graph.nodes[name] for name in _names_along(graph, start, leave))


def _names_along(graph: Graph, start: str | None, leave: frozenset[str] = frozenset({"model"})) -> Iterator[str]:
    return graph.upwards(start, leave) if start is not None else iter(())


def _samples(node: Node) -> bool:
    inputs = node["inputs"]
    return "Sampler" in node["class_type"] and not {"latent_image", "samples", "noise_seed", "seed"}.isdisjoint(inputs)


def _saves(node: Node) -> bool:
    return "images" in node["inputs"] or "Save" in node["class_type"]
