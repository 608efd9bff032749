"""The page: seven tabs over one engine. `build_app` makes it, `launch_options` says how it wants to be launched.

Nothing here imports torch: the page answers first, and the engine's thread loads it.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from ddpm.ui import stubs

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
stubs.leave_out()

import gradio as gr  # noqa: E402  (after the two lines above, which change what its import does)
from PIL import Image  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from ddpm.engine import Engine  # noqa: E402
from ddpm.ui import api, denoising, image_to_image, inpaint, refill, selfie, text_to_image, upscale  # noqa: E402
from ddpm.ui.controls import ASSETS, TELL, heading, script  # noqa: E402
from ddpm.ui.easel import Easel, Page  # noqa: E402
from ddpm.ui.first_look import FirstLook  # noqa: E402
from ddpm.ui.own_folders import own_uploads  # noqa: E402
from ddpm.ui.pictures import Made, Shelf  # noqa: E402
from ddpm.ui.registry import registry_panel  # noqa: E402
from ddpm.ui.routes import routes  # noqa: E402
from ddpm.ui.styles import follow_file  # noqa: E402
from ddpm.ui.theme import Studio  # noqa: E402

HEADER = """<div class="mark" aria-hidden="true"><i></i><i></i><i></i><i></i></div>
<h1>ddpm</h1><p>A small diffusion studio</p><button type="button" class="mode">Light or dark</button>"""


def build_app(engine: Engine, model: str | None = None) -> Queued:
    """The page and its endpoints. `model` stands first in the menus."""
    own_uploads()
    page = Page(engine, Shelf(), model)
    with Queued(title="ddpm", analytics_enabled=False, fill_width=True, delete_cache=(900, 7200)) as demo:
        with gr.Row(elem_id="head"):
            wiring = "".join(map(script, ("page", "files", "kept")))
            gr.HTML(HEADER, elem_id="top", apply_default_css=False, js_on_load=wiring)
            recipe = refill.button()
        unused = refill.panel()
        with gr.Tabs(overflow_behavior="wrap", elem_id="tabs") as tabs:
            with gr.Tab("Text to image", id="text_to_image"):
                text = text_to_image.build(page)
            with gr.Tab("Image to image", id="image_to_image"):
                changed = image_to_image.build(page)
            with gr.Tab("Inpaint", id="inpaint"):
                repainted = inpaint.build(page)
            with gr.Tab("Selfie", id="selfie"):
                faces = selfie.build(page)
            with gr.Tab("Denoising", id="denoising"):
                film = denoising.build(page)
            with gr.Tab("Upscale", id="upscale"):
                small = upscale.build(page)
            with gr.Tab("Models", id="models"), gr.Column(elem_classes="models"):
                heading("What this studio can paint with.")
                registry_panel(engine)
        for easel in (text, changed, repainted, faces, film):
            _next_steps(easel, tabs, changed, repainted, small)
        modes = {"text": text, "image": changed, "mask": repainted, "selfie": faces, "film": film}
        refill.wire(recipe, unused, page, tabs, modes)
        follow_file(demo, page, [text, changed, repainted, faces, film])
        api.endpoints(page)
    # Served in place: a copy in gradio's cache would be swept while the page still offers it. Not before the page is
    # built, since what a page begins with stays in the cache for good, and on the shelf for a day.
    gr.set_static_paths([page.shelf.folder, ASSETS])
    demo.shelf, demo.seen = page.shelf, threading.Event()
    return demo


class Queued(gr.Blocks):
    """A page whose queue is ours from the beginning: every call of `queue` builds gradio's web application anew."""

    shelf: Shelf
    seen: threading.Event  # set once somebody has got the page

    def queue(self, *args: Any, **options: Any) -> Any:
        return super().queue(*args, **{"max_size": 64, "default_concurrency_limit": None, **options})


def _next_steps(easel: Easel, tabs: gr.Tabs, changed: Easel, repainted: Easel, small: gr.Image) -> None:
    """Change it, Repaint a part, Enlarge: the shown picture goes to another tab, which opens."""

    def send(tab: str) -> Any:
        return lambda made, chosen: [gr.Tabs(selected=tab), easel.file(made, chosen)]

    def repaint(made: list[Made], chosen: int) -> list[Any]:
        path = easel.file(made, chosen)
        with Image.open(path) as image:
            return [gr.Tabs(selected="inpaint"), path, *inpaint.afresh(image.convert("RGB"))]

    state, canvas = [easel.made, easel.chosen], repainted.fields
    easel.change.click(send("image_to_image"), state, [tabs, changed.fields["image"]], **TELL)
    easel.repaint.click(repaint, state, [tabs, canvas["image"], canvas["painted"], canvas["mask"]], **TELL)
    easel.enlarge.click(send("upscale"), state, [tabs, small], **TELL)


def launch_options(demo: Queued, engine: Engine) -> dict[str, Any]:
    """Arguments of `demo.launch`: the look, the routes, and nothing that calls outside."""
    own = {"routes": routes(engine), "middleware": [Middleware(FirstLook, seen=demo.seen)]}
    return {
        "theme": Studio(), "css_paths": [ASSETS / "style.css"], "footer_links": ["api", "settings"],
        "app_kwargs": own, "max_file_size": "20mb", "show_error": False,
        "run_history": False, "ssr_mode": False, "enable_monitoring": False,
    }  # fmt: skip
