"""The way of a selfie, a row below the stage: the photo, the framed face, the noise it starts from, the nearest look.

The results stand between the last two, as their own row below. Pictures go to the page as they are shown, small, and
into no file.
"""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from ddpm.events import Begun, Event, Framed, Nearest
from ddpm.ui.controls import script
from ddpm.ui.pictures import inline

SHOWN = 128  # px
STATIONS = {"photo": "Your photo", "framed": "Framed face", "noise": "Starts from", "nearest": "Most like you"}

Value = dict[str, dict[str, str] | None]


def journey(photo: str | None = None, framed: str | None = None) -> gr.HTML:
    """The row, to be rendered where it belongs; nothing is seen of it before there is noise.

    photo, framed: addresses of the pictures that the page begins with.
    """
    first = {name: {"src": src, "text": ""} for name, src in (("photo", photo), ("framed", framed)) if src}
    figures = "".join(
        f'<figure data-name="{name}" hidden><img alt=""><figcaption>{escape(words)}</figcaption></figure>'
        for name, words in STATIONS.items()
    )
    return gr.HTML(first, html_template=figures, js_on_load=script("journey"), elem_classes="journey", render=False)


def departing(photo: Image.Image, face: Image.Image, found: bool) -> Value:
    """A new photo: its way begins anew."""
    return {"photo": _station(photo, ""), "framed": _framed(face, found), "noise": None, "nearest": None}


def reached(event: Event) -> Value:
    """The station that an event of a running job tells of, if it does."""
    match event:
        case Framed():
            return {"framed": _framed(event.image, event.found), "noise": None, "nearest": None}
        case Begun():
            return {"noise": _station(event.image, "")}
        case Nearest():
            return {"nearest": _station(event.image, f"Most like you: face {event.index + 1}")}
    return {}


def _framed(face: Image.Image, found: bool) -> dict[str, str]:
    return _station(face, "Framed face" if found else "The middle: no face found")


def _station(image: Image.Image, text: str) -> dict[str, Any]:
    small = image.copy()
    small.thumbnail((SHOWN, SHOWN), Image.Resampling.LANCZOS)
    return {"src": inline(small), "text": text}
