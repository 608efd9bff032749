"""Bad files on the page: each is refused in words as it is chosen, in every tab that takes one; the page goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ui.bad import FILES, REFUSED, write
from tests.ui.visitor import given, in_a_browser, more_settings, set_number, status, to_tab, upload

pytestmark = in_a_browser
TOASTS = "[data-testid=toast-body]"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("bad"))


def no_toasts(page: Any) -> None:
    """Close those of the file before; they fade away."""
    page.evaluate("document.querySelectorAll('[data-testid=toast-close]').forEach(one => one.click())")
    page.wait_for_function("!document.querySelector('[data-testid=toast-body]')")


def test_every_file_is_refused_at_once_or_read(page: Any, files: Path) -> None:
    to_tab(page, "Image to image")
    set_number(page, "How much to change", 0)
    made = 0
    for name in FILES:
        upload(page, files / name)
        if name in REFUSED:
            page.locator(TOASTS, has_text=REFUSED[name]).first.wait_for()
            no_toasts(page)
            continue
        assert page.locator(TOASTS).count() == 0, name
        page.locator(".go:visible").click()
        page.wait_for_function(f"document.querySelectorAll('.strip button').length > {made}")
        made += 1
        status(page, "Done in")


def test_the_other_tabs_say_it_at_upload_too(page: Any, files: Path) -> None:
    for tab in ("Inpaint", "Selfie", "Upscale"):
        to_tab(page, tab)
        upload(page, files / "truncated.png")
        page.locator(TOASTS, has_text="damaged or cut off").first.wait_for()
        no_toasts(page)
    to_tab(page, "Inpaint")
    more_settings(page)
    given(page, page.locator(".more:visible .drop input[type=file]").first, files / "truncated.png")
    page.locator(TOASTS, has_text="damaged or cut off").first.wait_for()
