"""python -m ddpm models: what can be used, and fetching more."""

from __future__ import annotations

import argparse
import sys

from ddpm.commands.terminal import weights_argument

HELP = "list the models that can be used"


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--download", metavar="ID", help="fetch a model of the Hugging Face Hub, owner/name")
    weights_argument(command)


def run(given: argparse.Namespace) -> int:
    """One line a model; of one that cannot be used, why. --download fetches one first."""
    from ddpm.engine import Engine

    if given.download:
        from ddpm.loading.hub import download

        print(download(given.download))
    cards = Engine(given.weights).cards()
    for card in cards:
        reads = "text" if card.kind == "text" else "no text"
        size, said = f"{card.bytes / 1e6:.1f} MB", card.title if card.usable else f"(not usable) {card.note}"
        print(f"{card.name:32} {card.size:4} px  {reads:8} {size:>11}  {card.licence:16} {said}")
    if not cards:
        print(f"ddpm: there is no model in {given.weights}", file=sys.stderr)
    return 0 if cards else 1
