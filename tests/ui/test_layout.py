"""All tabs as they look and are named, the editor of masks included: on a desk and on a phone."""

from __future__ import annotations

from typing import Any

from tests.ui.visitor import TABS, in_a_browser, opened, to_tab

WEBGL = True
SHIFTS = """() => { window.shift = 0; const add = entry => { if (!entry.hadRecentInput) window.shift += entry.value; };
  new PerformanceObserver(list => list.getEntries().forEach(add)).observe({type: 'layout-shift', buffered: true}); }"""
NAMELESS = """() => [...document.querySelectorAll('button, input, textarea, select, video')]
  .filter(one => one.offsetParent && one.type != 'file')
  .filter(one => !one.ariaLabel && !one.title && !one.innerText.trim() && !(one.labels && one.labels.length))
  .filter(one => !one.getAttribute('aria-labelledby') && !one.querySelector('img[alt]'))
  .map(one => one.outerHTML.slice(0, 200))"""
pytestmark = in_a_browser


def test_every_control_has_a_name_and_nothing_jumps(page: Any) -> None:
    page.evaluate(SHIFTS)
    for name in TABS:
        to_tab(page, name)
        nameless = page.evaluate(NAMELESS)
        assert not nameless, (name, nameless)
    assert page.evaluate("window.shift") < 0.1  # "good" by web.dev/cls


def test_nothing_scrolls_sideways_on_a_phone(browser: Any, url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    opened(page, url)
    for name in TABS:
        to_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert page.locator(".registry table").evaluate("table => table.scrollWidth <= table.clientWidth")
    row = page.locator("#tabs .tab-container")  # scrolled to its end; a line of its own would have gone along
    assert row.evaluate("row => row.scrollLeft > 0 && getComputedStyle(row, '::after').display == 'none'")
    assert "1px" in row.evaluate("row => getComputedStyle(row.parentElement).boxShadow")
    page.close()
