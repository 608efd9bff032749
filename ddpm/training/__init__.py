"""Training: one YAML file, one readable loop. `python -m ddpm train --config configs/train/tiny.yaml` calls `main`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """The command `train`. A DDPMError is the caller's to show; 0 when the run is finished, 130 when it was stopped."""
    parser = argparse.ArgumentParser(prog="python -m ddpm train", description="Train a model from a YAML file.")
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="for example configs/train/tiny.yaml"
    )
    parser.add_argument("changes", nargs="*", metavar="key=value", help="override settings: batch=16 network.blocks=2")
    parser.add_argument("--resume", action="store_true", help="go on from the state in the run's folder")
    parser.add_argument("--prepare", action="store_true", help="fill data.cache (pictures, captions, latents) and stop")
    parser.add_argument("--dry-run", action="store_true", help="print the settings in full and stop")
    args = parser.parse_intermixed_args(argv)

    from ddpm.training.settings import load_config, to_yaml

    config = load_config(args.config, args.changes)
    if os.environ.get("RANK", "0") == "0":  # of several processes the first speaks
        print(to_yaml(config), end="")
    if args.dry_run:
        return 0
    if args.prepare:
        from ddpm.training.loop import prepare

        prepare(config)
        return 0
    from ddpm.training.loop import train

    return 0 if train(config, resume=args.resume) else 130
