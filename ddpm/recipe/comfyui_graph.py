"""ComfyUI's graph: {node: {class_type, inputs: {name: value or [node, slot]}}}. Every walk along it is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Node = dict[str, Any]
ASIDE = frozenset({"latent_image", "samples", "image", "images", "pixels", "positive", "negative", "conditioning"})
FURTHEST = 500  # nodes of one walk
REROUTES = 8  # nodes on the way to a number
MOST = 16  # saved pictures that are followed


class Link(NamedTuple):
    """Where an input comes from: a node, and which of its outputs."""

    node: str
    slot: int


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
            if samples(self.nodes[name]):
                return name
        return next((name for name, node in self.nodes.items() if samples(node)), None)

    def upwards(self, start: str | None, leave: frozenset[str] = frozenset()) -> Iterator[str]:
        """`start` and what it is made of, nearest first; not along inputs called as in `leave`."""
        if start is None:
            return
        line, met = [start], {start}
        while line and len(met) < FURTHEST:
            name = line.pop(0)
            yield name
            for key, value in self.nodes[name]["inputs"].items():
                source = self.link(value)
                if key not in leave and source is not None and source.node not in met:
                    met.add(source.node)
                    line.append(source.node)

    def link(self, value: Any) -> Link | None:
        """What a value leads to, if it is a link."""
        match value:
            case [str() | int() as name, slot] if str(name) in self.nodes:
                return Link(str(name), slot if isinstance(slot, int) else 0)
        return None

    def source(self, name: str, *inputs: str) -> Link | None:
        """Where the first of these inputs that is linked comes from."""
        given = self.nodes[name]["inputs"]
        return next((link for key in inputs if (link := self.link(given.get(key))) is not None), None)

    def nearest(self, start: str, names: tuple[str, ...], kinds: type | tuple[type, ...]) -> Any:
        """The first plain value of one of these names, on the way up from `start`; links to a number node count."""
        for name in self.upwards(start, ASIDE):
            for wanted in names:
                if (value := self.value(name, wanted, kinds)) is not None:
                    return value
        return None

    def value(self, name: str, wanted: str, kinds: type | tuple[type, ...]) -> Any:
        """A node's plain value of this name, or what the node it is linked to has under the same name or at all."""
        told = [self.nodes[name]["inputs"].get(wanted)]
        for _ in range(REROUTES):
            found = [each for each in told if isinstance(each, kinds) and not isinstance(each, bool)]
            links = [link for each in told if (link := self.link(each)) is not None]
            if found or len(links) != 1:
                return found[0] if found else None
            given = self.nodes[links[0].node]["inputs"]
            told = [given.get(wanted), *(value for key, value in given.items() if key != wanted)]
        return None


def samples(node: Node) -> bool:
    """Whether the node is a sampler."""
    inputs = node["inputs"]
    return "Sampler" in node["class_type"] and not {"latent_image", "samples", "noise_seed", "seed"}.isdisjoint(inputs)


def _saves(node: Node) -> bool:
    return "images" in node["inputs"] or "Save" in node["class_type"]
