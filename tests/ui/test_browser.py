"""The page in a real browser: generate, stop, paint a mask with the mouse, stay local, fit a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TABS = ["Text to image", "Image to image", "Inpaint", "Selfie", "Denoising", "Upscale"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="/usr/bin/chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    """A visitor at 1440 px, whose every request must be local."""
    page, asked = browser.new_page(viewport={"width": 1440, "height": 900}), []
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(60_000)
    opened(page, url)
    yield page
    page.close()
    hosts = {urlsplit(address).hostname for address in asked if address.startswith(("http", "ws"))}
    assert hosts <= {"127.0.0.1", "localhost"}, hosts


def opened(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(".go")
    page.wait_for_timeout(1500)  # events attach after the first paint


def to_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).first.click()
    page.wait_for_timeout(800)


def status(page: Any, words: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(".line:visible output").first).to_contain_text(re.compile(words), timeout=60_000)


def test_generate_shows_the_picture_its_seed_and_next_steps(page: Any) -> None:
    page.locator(".go:visible").click()
    status(page, "Done in")
    assert "/gradio_api/file=" in page.locator(".stage:visible .view").first.evaluate("image => image.src")
    assert page.locator(".strip:visible button").count() == 1
    page.get_by_role("button", name="Keep this seed").locator("visible=true").click()
    page.get_by_role("button", name="More settings").locator("visible=true").click()
    page.wait_for_timeout(800)
    seed = page.get_by_label("Seed").locator("visible=true").first.input_value()
    assert f"Seed {seed}" in page.locator(".strip:visible button").first.inner_text()
    page.get_by_role("button", name="Enlarge", exact=True).locator("visible=true").click()
    page.wait_for_timeout(1000)
    assert page.get_by_role("tab", name="Upscale").first.get_attribute("aria-selected") == "true"


def test_stop_frees_the_page_at_once(page: Any) -> None:
    page.get_by_role("button", name="More settings").locator("visible=true").click()
    steps = page.get_by_label("number input for Steps").locator("visible=true")
    steps.fill("100")
    steps.press("Tab")
    page.wait_for_timeout(400)
    page.locator(".go:visible").click()
    status(page, "Step ")
    page.locator(".halt:visible").click()
    status(page, "Stopped")
    assert page.locator(".go:visible").is_enabled() and page.locator(".halt:visible").is_disabled()


def test_a_mask_painted_with_the_mouse_is_repainted(page: Any) -> None:
    to_tab(page, "Inpaint")
    page.locator(".go:visible").click()
    page.locator("[data-testid=toast-body]").first.wait_for()
    assert "Paint over a part first." in page.locator("[data-testid=toast-body]").first.inner_text()
    box = page.locator("#mask canvas").first.bounding_box()
    x, y = box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=10)
    page.mouse.up()
    page.wait_for_timeout(500)
    page.locator(".go:visible").click()
    status(page, "Done in")


def test_denoising_ends_in_a_film(page: Any) -> None:
    to_tab(page, "Denoising")
    page.locator(".go:visible").click()
    status(page, "Done in")
    page.locator("#film video").wait_for()
    page.wait_for_function("document.querySelector('#film video').duration >= 0.9")  # long enough to be seen


def test_nothing_scrolls_sideways_on_a_phone(browser: Any, url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    opened(page, url)
    for name in TABS:
        to_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.close()
