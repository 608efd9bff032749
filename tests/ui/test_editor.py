"""Masks painted in the page, in gradio's editor."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from tests.ui.visitor import downloaded, generated, in_a_browser, settled, to_tab, upload

WEBGL = True
pytestmark = in_a_browser


def test_the_editor_is_never_an_empty_square(page: Any) -> None:
    """Its picture stands over it until gradio has drawn it; then nothing does."""
    page.get_by_role("tab", name="Inpaint", exact=True).first.click()
    page.wait_for_function("document.querySelector('.curtain img')?.naturalWidth > 0")
    page.wait_for_function("!document.querySelector('.curtain img')")
    assert page.locator("#mask [aria-label=Undo]").is_enabled()


def test_a_mask_painted_with_the_mouse_is_repainted(page: Any, tmp_path: Path) -> None:
    to_tab(page, "Inpaint")
    generated(page)  # what is pink is repainted
    Image.new("RGB", (96, 80), "teal").save(tmp_path / "own.png")
    upload(page, tmp_path / "own.png")  # nothing of which is pink
    page.locator(".go:visible").click()
    page.locator("[data-testid=toast-body]", has_text="Paint over a part first.").first.wait_for()
    box = page.locator("#mask canvas").first.bounding_box()
    x, y = box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=2)
    page.mouse.up()
    settled(page, 500)
    generated(page)
    _, data = downloaded(page, "Download")
    with Image.open(io.BytesIO(data)) as made:
        assert made.size == (96, 80) and made.convert("RGB").getpixel((1, 1)) == (0, 128, 128)
