"""The two prompts of a ComfyUI graph: from where they enter the sampler, up to the texts that were typed.

A node with inputs of both signs is left by the one that is meant. What is on the way and is no text (ControlNets,
areas, nodes of others that make up words) is not guessed at: its kind is told.
"""

from __future__ import annotations

import re
from typing import Any

from ddpm.recipe.comfyui_graph import FURTHEST, Graph, Link, Node
from ddpm.recipe.found import line

DEEPEST = 100  # nodes that one text may have passed
LONGEST = 20_000  # characters of a text that is put together
# What encoders and nodes of texts call their text; the first group of which a node has one is what it says.
TEXTS = (("populated_text",), ("text_g", "text_l"), ("clip_g", "clip_l", "t5xxl"), ("bert", "mt5xl"), ("text",),
         ("prompt",), ("string",), ("value",), ("wildcard_text",), ("positive", "negative", "text_positive",
         "text_negative", "positive_prompt", "negative_prompt", "prompt_positive", "prompt_negative"))  # fmt: skip
PIECE = re.compile(r"(?:string|text|str|prompt)_?(?:[a-h]|\d{1,2})")  # string_a, text1, ... of nodes that join them
JOINT = ("delimiter", "separator")
CHANGES = re.compile("Replace|Regex|Substring|Trim|Case|Format")  # of a text: not done here
OTHER = {"positive": "negative", "negative": "positive"}
MODELS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name")
NO_WORDS = frozenset({"model", "clip", "vae", "image", "images", "pixels", "mask", "control_net", "latent", "samples",
                      "latent_image", "clip_vision", "clip_vision_output", "style_model"})  # fmt: skip
PLAIN = frozenset({"ConditioningCombine", "ConditioningConcat", "InpaintModelConditioning", "Reroute"})


class Prompts:
    """A walk for the texts of one sign. `lost` names the kinds of nodes whose words could not be found."""

    def __init__(self, graph: Graph, sign: str) -> None:
        self.graph, self.sign = graph, sign
        self.met: dict[tuple[str, str], list[str]] = {}  # (node, sign) -> its texts; [] while it is being read
        self.lost: list[str] = []
        self.heard = False  # whether anything spoke, were it an empty text

    def texts(self, start: Link | None) -> list[str]:
        """The texts that `start` is made of, nearest first; [] where it says nothing."""
        return [] if start is None else self._said(start, self.sign, 0)

    def unused(self) -> list[str]:
        """Sentences about what changes the conditioning on the way and is not done here."""
        nodes = [self.graph.nodes[name] for name in dict.fromkeys(name for name, _ in self.met)]
        return [_told(self.graph, node) for node in nodes if _conditions(node) and node["class_type"] not in PLAIN]

    def _said(self, link: Link, sign: str, depth: int) -> list[str]:
        node = self.graph.nodes[link.node]
        key = (link.node, _sign(node, link.slot, sign))
        if node["class_type"] == "ConditioningZeroOut":
            self.heard = True
            return []
        if key not in self.met:
            self.met[key] = []
            if depth > DEEPEST or len(self.met) > FURTHEST:
                self.lost.append("too many nodes")
                return []
            self.met[key] = list(dict.fromkeys(text for text in self._of(node, key[1], depth + 1) if text.strip()))
        return self.met[key]

    def _of(self, node: Node, sign: str, depth: int) -> list[str]:
        """The texts of a node: what it goes on from, then its own, or those of the nodes that its words come from."""
        inputs = {key.lower(): value for key, value in node["inputs"].items() if OTHER[sign] not in key.lower()}
        before = [link for key, value in inputs.items() if _conditioning(key) and (link := self.graph.link(value))]
        found = [text for link in before for text in self._said(link, sign, depth)]
        if pieces := _pieces(node, inputs):
            return found + self._joined(inputs, pieces, sign, depth)
        named = next((group for group in TEXTS if any(_speaks(self.graph, inputs.get(key)) for key in group)), ())
        if named and CHANGES.search(node["class_type"]):
            self.lost.append(node["class_type"])
        if named or before:
            return found + [text for key in named for text in self._value(inputs.get(key), sign, depth)]
        further = [link for key, value in inputs.items() if key not in NO_WORDS and (link := self.graph.link(value))]
        if not further and any(isinstance(value, str) for value in inputs.values()):  # numbers alone make no words
            self.lost.append(node["class_type"])
        return [text for link in further for text in self._said(link, sign, depth)]

    def _joined(self, inputs: dict[str, Any], pieces: list[str], sign: str, depth: int) -> list[str]:
        """The pieces in one text; two texts of one piece cannot be told apart, so its first is meant."""
        between = next((inputs[key] for key in JOINT if isinstance(inputs.get(key), str)), "")
        texts = ["".join(self._value(inputs[key], sign, depth)[:1]) for key in pieces]
        return [between.replace("\\n", "\n").join(text for text in texts if text)[:LONGEST]]

    def _value(self, value: Any, sign: str, depth: int) -> list[str]:
        if isinstance(value, str):
            self.heard = True
            return [value]
        link = self.graph.link(value)
        return self._said(link, sign, depth) if link else []


def _pieces(node: Node, inputs: dict[str, Any]) -> list[str]:
    """The inputs that a node joins to one text, in their order; [] for a node that does not."""
    named = sorted((key for key in inputs if PIECE.fullmatch(key)), key=lambda key: (len(key), key))
    joins = bool(set(JOINT) & inputs.keys()) or re.search("Concat|Join|Append", node["class_type"]) is not None
    return named if joins and len(named) > 1 else []


def _speaks(graph: Graph, value: Any) -> bool:
    return isinstance(value, str) or graph.link(value) is not None


def _conditioning(key: str) -> bool:
    return key.startswith("conditioning")


def _conditions(node: Node) -> bool:
    """Whether a node changes what others have encoded."""
    inputs = node["inputs"]
    signs = all(isinstance(inputs.get(sign), list) for sign in OTHER)
    return signs or any(_conditioning(key) and isinstance(value, list) for key, value in inputs.items())


def _sign(node: Node, slot: int, sought: str) -> str:
    """Which sign an output is of: nodes of both signs give the positive one first, after the model if they take one."""
    inputs = node["inputs"]
    if not OTHER.keys() <= inputs.keys():
        return sought
    first = int(any(key in inputs for key in ("model", *MODELS)))
    return {first: "positive", first + 1: "negative"}.get(slot, sought)


def _told(graph: Graph, node: Node) -> str:
    """'ControlNet: canny.safetensors, strength 0.8', or the node's kind."""
    if "ControlNet" not in node["class_type"]:
        return line("Node", node["class_type"])
    loader = graph.link(node["inputs"].get("control_net"))
    above = (graph.nodes[name]["inputs"] for name in graph.upwards(loader.node if loader else None))
    names = (inputs.get("control_net_name") for inputs in above)
    name = next((name for name in names if isinstance(name, str)), node["class_type"])
    strength = node["inputs"].get("strength")
    return line("ControlNet", f"{name}, strength {strength:g}" if isinstance(strength, int | float) else name)
