"""A slider whose number field may go beyond it: the slider covers everyday values, the request says what is too much.

gradio's own changes a typed 100000 to the slider's end without a word, and refuses in words that are not the request's.
assets/page.js keeps what was typed in the field, and here it is handed over as it is.
"""

from __future__ import annotations

import gradio as gr


class Slider(gr.Slider):
    """`gr.Slider` without limits of its own; `Request` has them."""

    is_template = True  # keeps gr.Slider's front end

    def preprocess(self, payload: float) -> float:
        return payload
