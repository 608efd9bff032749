"""Visits in a real browser: Stop and a reload lose nothing, visitors do not meet, it refuses in words."""

from __future__ import annotations

from typing import Any

from tests.ui.visitor import in_a_browser, more_settings, number_of, opened, set_number, settled, status, to_tab

pytestmark = in_a_browser


def test_stop_frees_the_page_at_once(page: Any) -> None:
    more_settings(page)
    set_number(page, "Steps", 100)
    set_number(page, "Pictures", 4)
    page.locator(".go:visible").click()
    status(page, "Step ")
    page.locator(".halt:visible").click()
    status(page, "Stopped")
    assert page.locator(".go:visible").is_enabled() and page.locator(".halt:visible").is_disabled()


def test_a_reload_finds_its_job_and_stop_keeps_what_is_there(page: Any) -> None:
    more_settings(page)
    set_number(page, "Steps", 40)
    set_number(page, "Pictures", 16)
    page.locator(".go:visible").click()
    page.locator(".strip:visible button").first.wait_for()  # one is finished
    page.reload()
    status(page, "Step ")
    page.locator(".strip:visible button").first.wait_for()
    assert page.locator(".go:visible").is_disabled()
    page.locator(".halt:visible").click()
    status(page, "Stopped. Keeping what was there.")
    assert page.locator(".strip:visible button").count() >= 1 and page.locator(".go:visible").is_enabled()


def test_a_reload_whose_job_is_forgotten_changes_nothing(page: Any) -> None:
    """The line keeps some jobs for some minutes; a restarted server knows none."""
    page.evaluate("for (const tab of ['text_to_image', 'upscale', 'selfie'])"
                  " sessionStorage.setItem(`ddpm-job-${tab}`, '0'.repeat(16))")  # fmt: skip
    page.reload()
    for tab in ("Text to image", "Upscale", "Selfie"):
        to_tab(page, tab)
        settled(page)
        assert page.locator(".go:visible").inner_text() in ("Generate", "Enlarge", "Make 5 faces")
        assert page.locator(".halt:visible").inner_text() == "Stop"


def test_a_reload_finds_an_enlarging_too(page: Any) -> None:
    to_tab(page, "Upscale")
    page.locator(".go:visible").click()
    status(page, "Starting|Getting ready|Step |Done in")
    page.reload()
    to_tab(page, "Upscale")
    status(page, "Done in")
    assert page.get_by_role("button", name="Download").locator("visible=true").count() == 1


def test_two_visitors_wait_in_one_line_and_do_not_meet(page: Any, browser: Any, url: str) -> None:
    other = browser.new_context().new_page()
    other.set_default_timeout(60_000)
    opened(other, url)
    for visitor, seed, steps in ((page, "21", 60), (other, "22", 10)):
        more_settings(visitor)
        set_number(visitor, "Steps", steps)
        visitor.get_by_label("Seed").locator("visible=true").fill(seed)
    page.locator(".go:visible").click()
    status(page, "Step ")
    other.locator(".go:visible").click()
    status(other, "In line: 1 person before you|Step ")
    for visitor, seed in ((page, "21"), (other, "22")):
        status(visitor, "Done in")
        assert visitor.locator(".strip:visible button").all_inner_texts() == [f"Seed {seed}"]
    other.context.close()


def test_the_page_refuses_words_and_numbers_in_words(page: Any) -> None:
    def refused(sentence: str) -> None:
        page.locator(".go:visible").click()
        page.locator("[data-testid=toast-body]", has_text=sentence).first.wait_for()
        assert page.locator(".go:visible").is_enabled()

    prompt = page.get_by_label("Prompt").locator("visible=true")
    prompt.fill("x" * 10_000)
    refused("10,000 characters; the most is 2,000")
    prompt.fill("A lake")
    more_settings(page)
    seed = page.get_by_label("Seed").locator("visible=true")
    seed.fill("seven")
    refused("Seed must be a whole number")
    seed.fill("7")
    for label, number, sentence in (
        ("Steps", 0, "steps is 0, but must be a whole number from 1 to 1000"),
        ("Follow the words", -1, "guidance_scale is -1"), ("Follow the words", 31, "guidance_scale is 31"),
        ("Pictures", 1000, "count is 1000"), ("Steps", 100_000, "steps is 100000"),
    ):  # fmt: skip
        before = number_of(page, label).input_value()
        set_number(page, label, number)
        assert number_of(page, label).input_value() == str(number)  # what was typed is what stands there
        refused(sentence)
        set_number(page, label, float(before))
    set_number(page, "Steps", 130)  # beyond the slider, within the request's limits
    page.locator(".go:visible").click()
    status(page, "Step .* of 130")
    page.locator(".halt:visible").click()
    status(page, "Stopped")
