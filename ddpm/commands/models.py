"""python -m ddpm models: what can be used, what it is, and fetching more."""

from __future__ import annotations

import argparse
import sys

from ddpm.commands.terminal import weights_argument
from ddpm.errors import DDPMError

HELP = "list the models that can be used"


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--download", metavar="ID", help="fetch a model of the Hugging Face Hub, owner/name")
    command.add_argument("--yes", action="store_true", help="fetch without being asked (licence and size are printed)")
    weights_argument(command)


def run(given: argparse.Namespace) -> int:
    """One line a model; of one that cannot be used, why. --download fetches one first."""
    from ddpm.engine import Engine

    if not given.download and not given.weights.is_dir():
        raise DDPMError(f"There is no folder {given.weights}.")
    engine = Engine(given.weights)
    if given.download:
        entry = engine.catalogue.curated.get(given.download)
        stopped = fetch(given.download, entry.revision if entry else None, entry.only if entry else (), given.yes)
        if stopped:
            return stopped
    cards = engine.cards()
    for card in cards:
        reads = {"text": "text", "part": "part"}.get(card.kind, "no text")
        size, said = f"{card.bytes / 1e6:.1f} MB", card.title if card.usable else f"(not usable) {card.note}"
        said += "" if card.checked or not card.usable else " (not checked)"
        came = card.weights + (f" step {card.step}" if card.step is not None else "")
        print(f"{card.name:32} {card.size:4} px  {reads:8} {size:>11}  {card.licence:16} {came:10} {said}")
    if not given.download and not any(card.usable for card in cards):
        raise DDPMError(f"There is no model in {given.weights} yet; models --download ID fetches one.")
    return 0


def fetch(name: str, revision: str | None, only: tuple[str, ...], agreed: bool) -> int:
    """Say what it is and what it costs, ask on a terminal, fetch with progress. Ctrl-C stops; the next try goes on."""
    from ddpm.loading.download import Download, check_disk, offer

    wanted = offer(name, revision, only)
    size = f"{wanted.bytes / 1e6:,.1f} MB in {len(wanted.files)} files"
    print(f"{name}: {size}, licence {wanted.licence}, {wanted.which}", flush=True)
    check_disk(wanted)
    if not agreed and sys.stdin.isatty() and input("Fetch it? [y/N] ").strip().lower() not in ("y", "yes"):
        return 1
    going = Download(name, revision, only).start()
    try:
        for download in going.follow():
            if sys.stderr.isatty():
                print(f"\r{download.done / 1e6:,.1f} of {download.total / 1e6:,.1f} MB", end="", file=sys.stderr)
    except KeyboardInterrupt:
        going.cancel()
        going.wait(30)
        print("\nStopped. What is there stays; the same command goes on.", file=sys.stderr)
        raise
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if going.state == "failed":
        raise DDPMError(going.error)
    return 0
