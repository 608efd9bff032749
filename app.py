"""Start the page: python app.py [--host --port --share --auth USER:PASS --model NAME --engine NAME
--weights DIR --settings FILE].

The page answers before any model is loaded; torch is imported in the engine's thread, behind it.
"""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ddpm.engine import Engine


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.py", description="A small diffusion studio in the browser.")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1, or GRADIO_SERVER_NAME)")
    parser.add_argument("--port", type=port, default=os.environ.get("PORT") or None,
                        help="port (default 7860, or PORT)")  # fmt: skip
    parser.add_argument("--share", action="store_true", default=None, help="also make a public gradio.live link")
    parser.add_argument("--auth", metavar="USER:PASS", help="ask for this name and password")
    parser.add_argument("--model", metavar="NAME", help="model that stands first and is loaded at the start")
    parser.add_argument("--engine", choices=("auto", "torch", "openvino", "compile"), default="auto",
                        help="what runs the networks (auto: what is measured fastest; compile: for GPUs)")  # fmt: skip
    parser.add_argument("--weights", metavar="DIR", type=Path, help="folder of the models (default weights, or "
                        "DDPM_WEIGHTS)")  # fmt: skip
    parser.add_argument("--settings", metavar="FILE", type=Path, help="YAML to count as NAME.yaml of --model")
    return parser.parse_args(argv)


def port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text[:6]) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 1 to 65535")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    args = arguments(argv)
    user, colon, password = (args.auth or "").partition(":")
    if args.auth and not (user and colon and password):
        return failed("--auth wants USER:PASS, both not empty.")
    if args.settings and not args.model:
        return failed("--settings is for one model; name it with --model.")
    for flag, path, there in (("--settings", args.settings, Path.is_file), ("--weights", args.weights, Path.is_dir)):
        if path and not there(path):
            return failed(f"{flag}: there is no {path}.")
    from ddpm.engine import Engine
    from ddpm.errors import DDPMError
    from ddpm.loading.place import weights_folder
    from ddpm.ui import build_app, launch_options

    end_as_ctrl_c_does()
    try:
        settings = {args.model: args.settings} if args.settings else {}
        engine = Engine(args.weights or weights_folder(), "auto", choice=args.engine, settings=settings)
        if args.model and (reason := unfit(engine, args.model, bool(args.settings))):
            return failed(reason)
        demo = build_app(engine, args.model)
        auth = (user, password) if args.auth else None
        demo.launch(server_name=args.host, server_port=args.port, share=args.share, auth=auth,
                    prevent_thread_lock=True, **launch_options(demo, engine))  # fmt: skip
    except (DDPMError, OSError) as error:
        return failed(str(error))
    except KeyboardInterrupt:
        return 130
    if args.model or any(card.usable for card in engine.cards()):  # some are only offered, to be downloaded
        engine.keep_warm(args.model, demo.seen)
    demo.block_thread()
    once = {number: signal.signal(number, signal.SIG_IGN) for number in ending_signals()}
    if not engine.close():  # some calls of a network take long; Python would crash with a thread in one
        atexit._run_exitfuncs()
        os._exit(0)
    for number, handler in once.items():
        signal.signal(number, handler)
    return 0


def unfit(engine: Engine, name: str, settings: bool) -> str:
    """Why the model of --model cannot be the first, or ""."""
    cards = {card.name: card for card in engine.cards()}
    if name not in cards:
        usable = ", ".join(card.name for card in cards.values() if card.usable)
        return f"There is no model {name!r} in {engine.weights}. There are: {usable or 'none'}."
    if not cards[name].usable:  # the page's Models tab may fetch it
        print(f"app.py: {name} cannot be used yet. {cards[name].note}", file=sys.stderr)
    if settings and (engine.weights / name).is_dir():
        return f"{name} is a folder, which says all of itself; --settings is for a single weights file."
    return ""


def end_as_ctrl_c_does() -> None:
    """After SIGTERM (a container's stop) and SIGHUP (a closed terminal, unless under nohup): leave no pictures."""
    for number in ending_signals():
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def ending_signals() -> list[int]:
    """Those of them, and Ctrl-C, that this system has."""
    return [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def failed(sentence: str) -> int:
    print(f"app.py: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
