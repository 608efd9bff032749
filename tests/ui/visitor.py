"""What a visitor of the page does in a browser: opens it, goes to a tab, sets a number, takes a file away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
TABS = ["Text to image", "Image to image", "Inpaint", "Selfie", "Denoising", "Upscale", "Models"]
SETTLED = """([most, quiet]) => new Promise(resolve => {
  const done = () => { watch.disconnect(); resolve(); };
  let calm = setTimeout(done, quiet);
  const watch = new MutationObserver(() => { clearTimeout(calm); calm = setTimeout(done, quiet); });
  watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  setTimeout(done, most); })"""
CLEAR = re.compile("^(Clear|Remove Image)$")
in_a_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="/usr/bin/chromium is not installed"),
]


def settled(page: Any, most: int = 1500, quiet: int = 200) -> None:
    """Until nothing on the page has changed for `quiet` milliseconds, `most` at the most."""
    page.evaluate(SETTLED, [most, quiet])


def opened(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(".go")
    settled(page, quiet=300)  # events attach after the first paint


def to_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).first.click()
    settled(page, 800)


def at_tab(page: Any, name: str) -> None:
    """Until the page has gone there by itself."""
    page.locator("#tabs button[role=tab][aria-selected=true]", has_text=re.compile(f"^{name}$")).first.wait_for()


def status(page: Any, words: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(".line:visible output").first).to_contain_text(re.compile(words), timeout=60_000)


def generated(page: Any, button: Any = None) -> None:
    """Made by this button, else by Generate, from its beginning to its end, whatever was made before."""
    (button or page.locator(".go:visible")).click()
    page.wait_for_function("[...document.querySelectorAll('.go')].find(b => b.offsetParent).innerText == 'Working'")
    status(page, "Done in")


def downloaded(page: Any, name: str | re.Pattern[str]) -> tuple[str, bytes]:
    with page.expect_download() as kept:
        page.get_by_role("button", name=name, exact=isinstance(name, str)).locator("visible=true").click()
    return kept.value.suggested_filename, Path(kept.value.path()).read_bytes()


def number_of(page: Any, label: str) -> Any:
    """The number field of a slider."""
    return page.get_by_label(f"number input for {label}").locator("visible=true")


def set_number(page: Any, label: str, value: float) -> None:
    field = number_of(page, label)
    field.fill(f"{value:g}" if value < 1e5 else str(value))
    field.press("Tab")
    settled(page, 400)


def more_settings(page: Any) -> None:
    page.get_by_role("button", name="More settings").locator("visible=true").click()
    settled(page, 600)


def upload(page: Any, file: Path) -> None:
    """Into the first picture input that is seen, in place of what is there."""
    clear = page.get_by_label(CLEAR).locator("visible=true")
    if clear.count():
        clear.first.click()
    given(page, page.locator(".drop:visible input[type=file]").first, file)


def given(page: Any, field: Any, file: Path) -> None:
    """Until the file is with the server and the page has said what there is to say."""
    with page.expect_response(lambda response: "/gradio_api/upload" in response.url):
        field.set_input_files(file)
    settled(page, quiet=400)
