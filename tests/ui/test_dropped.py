"""Pictures dropped or pasted in a real browser, words that outlive a reload, and keys that mean something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ddpm.ui.pictures import inline
from tests.ui.visitor import in_a_browser, more_settings, set_number, settled, status, to_tab

pytestmark = in_a_browser

SHOWN = "[...document.querySelectorAll('.controls .drop img')].find(one => one.offsetParent)"
PASTE = """async address => {
  const file = new File([await (await fetch(address)).blob()], 'pasted.png', { type: 'image/png' });
  const box = new DataTransfer();
  box.items.add(file);
  document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: box, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dropped") / "wide.png"
    Image.new("RGB", (96, 64), "navy").save(path)
    return path


def drop(page: Any, selector: str, file: Path) -> None:
    """As a hand does it: an event that a script makes would keep its files for longer than a browser does."""
    place = page.locator(selector).locator("visible=true").first
    place.scroll_into_view_if_needed()
    settled(page, 800)  # a box that still moves would be missed
    box = place.bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + min(box["height"] / 2, 120)}
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    hand = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


def shows(page: Any, width: int) -> None:
    page.wait_for_function(f"({SHOWN} || {{}}).naturalWidth === {width}")


@pytest.mark.parametrize("tab", ["Image to image", "Inpaint", "Selfie", "Upscale"])
def test_the_first_drop_takes_the_examples_place(page: Any, tab: str, wide: Path, tmp_path: Path) -> None:
    to_tab(page, tab)
    page.wait_for_function(f"({SHOWN} || {{}}).naturalWidth > 0")
    drop(page, ".controls .drop", wide)
    shows(page, 96)
    if tab in ("Inpaint", "Upscale"):  # what takes no files hands them on
        Image.new("RGB", (80, 64)).save(tmp_path / "other.png")
        drop(page, "#mask" if tab == "Inpaint" else ".compare", tmp_path / "other.png")
        shows(page, 80)
        assert len(page.context.pages) == 1
    (tmp_path / "bad.png").write_text("no picture")
    drop(page, ".controls .drop", tmp_path / "bad.png")
    page.locator("[data-testid=toast-body]", has_text="'bad.png' could not be read").first.wait_for()


def test_a_picture_is_pasted_into_the_tabs_input(page: Any) -> None:
    to_tab(page, "Image to image")
    page.evaluate(PASTE, inline(Image.new("RGB", (40, 30))))
    shows(page, 40)


def test_a_reload_in_the_middle_keeps_words_and_settings_and_escape_closes_a_list_first(page: Any) -> None:
    page.locator("textarea:visible").first.fill("a white horse at dawn")
    more_settings(page)
    set_number(page, "Steps", 300)
    page.locator(".go:visible").focus()
    page.keyboard.press("Enter")
    status(page, "Step ")
    page.get_by_label("Sampler").locator("visible=true").first.click()
    page.locator("ul[role=listbox]").first.wait_for()
    page.keyboard.press("Escape")
    settled(page, 600)
    status(page, "Step ")
    page.reload()
    status(page, "Step ")
    more_settings(page)
    assert page.locator("textarea:visible").first.input_value() == "a white horse at dawn"
    assert page.get_by_label("number input for Steps").locator("visible=true").first.input_value() == "300"
    page.locator(".halt:visible").focus()
    page.keyboard.press("Escape")
    status(page, "Stopped")
    page.wait_for_function("document.activeElement.classList.contains('go')")  # not lost with the button that is off


def test_panels_and_lines_say_to_a_screen_reader_what_they_show(page: Any) -> None:
    panel = page.get_by_role("button", name="More settings").locator("visible=true").first
    assert panel.get_attribute("aria-expanded") == "false"
    panel.click()
    page.wait_for_function("document.querySelector('.controls .label-wrap').ariaExpanded === 'true'")
    prompt = page.locator("textarea:visible").first.input_value()
    page.locator(".go:visible").click()
    status(page, "Step [2-9]")
    assert page.locator(".stage:visible output").get_attribute("aria-live") == "off"
    status(page, "Done in")
    assert page.locator(".stage:visible output").get_attribute("aria-live") == "polite"
    assert page.locator(".stage:visible .view").first.get_attribute("alt") == f"Picture: {prompt}"
    to_tab(page, "Upscale")
    line = page.locator(".compare .outer")
    line.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("+document.querySelector('.compare .outer').ariaValueNow > 50")
