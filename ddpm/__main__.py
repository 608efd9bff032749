"""The command line: python -m ddpm COMMAND. Each command imports what it needs when it runs, so --help is immediate.

Exit codes: 0 done, 1 a clear sentence on stderr, 2 wrong usage, 130 interrupted (what was finished is saved).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from ddpm.commands import bench, evaluate, models, prompt, recipe, sample, upscale
from ddpm.commands.their_config import with_their_config
from ddpm.errors import DDPMError

INTERRUPTED = 130
COMMANDS = {"sample": sample, "upscale": upscale, "evaluate": evaluate, "models": models, "prompt": prompt,
            "recipe": recipe, "bench": bench}  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments; the ranges of settings live in ddpm/request.py alone."""
    top = argparse.ArgumentParser(prog="python -m ddpm", description="A small diffusion studio.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.arguments(commands.add_parser(name, help=module.HELP))
    for name, (words, _) in PASSED_ON.items():
        commands.add_parser(name, help=words, add_help=False)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        argv = with_their_config(argv)
        if argv and argv[0] in PASSED_ON:  # these have their own arguments, --help included
            return PASSED_ON[argv[0]][1](argv[1:])
        given = parser().parse_args(argv)
        return COMMANDS[given.command].run(given)
    except DDPMError as error:
        print(f"ddpm: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, a folder that may not be written to
        print(f"ddpm: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ddpm: interrupted", file=sys.stderr)
        return INTERRUPTED


def train(argv: list[str]) -> int:
    from ddpm.training import main as run

    return int(run(argv) or 0)


def serve(argv: list[str]) -> int:
    import app  # beside the package, not in it: it is what Spaces start

    return app.main(argv)


PASSED_ON: dict[str, tuple[str, Callable[[list[str]], int]]] = {
    "train": ("train a model from a YAML file", train),
    "serve": ("start the page (the same as python app.py)", serve),
}

if __name__ == "__main__":
    sys.exit(main())
