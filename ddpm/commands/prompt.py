"""`prompt`: random prompts that the scenes model understands, one a line."""

from __future__ import annotations

import argparse

from ddpm.prompts import random_prompt

HELP = "draw random prompts for the scenes model"


def arguments(command: argparse.ArgumentParser) -> None:
    words = "Humans, Animals, 'Mythical Beings', Scenery, or a word of theirs: dog, desert"
    command.add_argument("categories", nargs="*", metavar="CATEGORY", help=words)
    which = command.add_mutually_exclusive_group()
    which.add_argument("--seen", action="store_const", dest="seen", const=True, help="as in its training")
    which.add_argument("--new", action="store_const", dest="seen", const=False, help="combinations it has never seen")
    command.add_argument("--parts", type=int, help="1 to 5 of who, where, when, weather and style")
    command.add_argument("--seed", type=int, default=0, help="of the first; the next ones count on (default 0)")
    command.add_argument("--count", type=int, default=1, help="how many (default 1)")


def run(given: argparse.Namespace) -> int:
    """The same arguments print the same prompts."""
    for seed in range(given.seed, given.seed + given.count):
        print(random_prompt(given.categories or None, given.seen, seed, given.parts))
    return 0
