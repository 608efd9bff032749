"""The page in a real browser: every tab makes something by one click, what is made can be taken away and handed on,
Stop and a reload lose nothing, two visitors do not meet, and all of it stays local, fits a phone and has names."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from ddpm.recipe import read_recipe

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # fmt: skip
EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
TABS = ["Text to image", "Image to image", "Inpaint", "Selfie", "Denoising", "Upscale", "Models"]
CLEAR = re.compile("^(Clear|Remove Image)$")
SHIFTS = """() => { window.shift = 0; const add = entry => { if (!entry.hadRecentInput) window.shift += entry.value; };
  new PerformanceObserver(list => list.getEntries().forEach(add)).observe({type: 'layout-shift', buffered: true}); }"""
NAMELESS = """() => [...document.querySelectorAll('button, input, textarea, select, video')]
  .filter(one => one.offsetParent && one.type != 'file')
  .filter(one => !one.ariaLabel && !one.title && !one.innerText.trim() && !(one.labels && one.labels.length))
  .filter(one => !one.getAttribute('aria-labelledby') && !one.querySelector('img[alt]'))
  .map(one => one.outerHTML.slice(0, 200))"""
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


def downloaded(page: Any, name: str | re.Pattern[str]) -> tuple[str, bytes]:
    with page.expect_download() as kept:
        page.get_by_role("button", name=name, exact=isinstance(name, str)).locator("visible=true").click()
    return kept.value.suggested_filename, Path(kept.value.path()).read_bytes()


def set_number(page: Any, label: str, value: int) -> None:
    field = page.get_by_label(f"number input for {label}").locator("visible=true")
    field.fill(str(value))
    field.press("Tab")
    page.wait_for_timeout(400)


def more_settings(page: Any) -> None:
    page.get_by_role("button", name="More settings").locator("visible=true").click()
    page.wait_for_timeout(600)


@pytest.mark.parametrize("tab", ["Text to image", "Image to image", "Inpaint", "Denoising", "Upscale"])
def test_an_example_is_made_by_one_click(page: Any, tab: str) -> None:
    to_tab(page, tab)
    page.locator(".cards:visible button").last.click()
    page.wait_for_function("[...document.querySelectorAll('.go')].find(b => b.offsetParent).innerText == 'Working'")
    status(page, "Done in")
    if tab != "Upscale":
        assert page.locator(".strip:visible button").count() >= 1


def test_five_faces_by_webcam_and_all_of_them_in_one_file(page: Any) -> None:
    to_tab(page, "Selfie")
    page.get_by_label("Capture from camera").locator("visible=true").first.click()
    page.get_by_text("Click to Access Webcam").locator("visible=true").click()
    page.locator("video:visible").wait_for()
    page.wait_for_function("[...document.querySelectorAll('video')].some(one => one.videoWidth && one.currentTime)")
    page.locator("button[aria-label='capture photo']:visible").click()
    page.get_by_text("No face found").locator("visible=true").wait_for()  # the fake camera shows a test pattern
    page.locator(".go:visible").click()
    status(page, "Done in")
    name, data = downloaded(page, "Download all")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [archive.read(file) for file in archive.namelist()]
    assert name.endswith(".zip") and len(files) == 5
    seeds = [read_recipe(file)[0]["seed"] for file in files]
    assert seeds == list(range(seeds[0], seeds[0] + 5))


def upload(page: Any, file: Path) -> None:
    """Into the first picture input that is seen, in place of what is there."""
    clear = page.get_by_label(CLEAR).locator("visible=true")
    if clear.count():
        clear.first.click()
    page.locator(".drop:visible input[type=file]").first.set_input_files(file)
    page.wait_for_timeout(1500)


def test_a_mask_painted_with_the_mouse_is_repainted(page: Any, tmp_path: Path) -> None:
    to_tab(page, "Inpaint")
    Image.new("RGB", (96, 80), "teal").save(tmp_path / "own.png")
    upload(page, tmp_path / "own.png")  # which takes the example's strokes away
    page.locator(".go:visible").click()
    page.locator("[data-testid=toast-body]", has_text="Paint over a part first.").first.wait_for()
    box = page.locator("#mask canvas").first.bounding_box()
    x, y = box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=10)
    page.mouse.up()
    page.wait_for_timeout(500)
    page.locator(".go:visible").click()
    status(page, "Done in")
    _, data = downloaded(page, "Download")
    with Image.open(io.BytesIO(data)) as made:
        assert made.size == (96, 80) and made.convert("RGB").getpixel((1, 1)) == (0, 128, 128)


def test_a_mask_from_a_file_is_repainted_and_the_rest_kept(page: Any, tmp_path: Path) -> None:
    to_tab(page, "Inpaint")
    more_settings(page)
    mask = Image.new("L", (64, 64))
    mask.paste(255, (40, 40, 60, 60))
    mask.save(tmp_path / "mask.png")
    page.locator(".more:visible .drop input[type=file]").first.set_input_files(tmp_path / "mask.png")
    page.wait_for_timeout(1500)
    page.locator(".go:visible").click()
    status(page, "Done in")
    _, data = downloaded(page, "Download")
    with Image.open(io.BytesIO(data)) as made, Image.open(EXAMPLES / "horse.png") as was:
        part = (0, 0, made.width // 2, made.height // 2)
        assert made.convert("RGB").crop(part).tobytes() == was.convert("RGB").crop(part).tobytes()


def test_denoising_ends_in_a_film_that_can_be_kept_and_its_steps(page: Any) -> None:
    to_tab(page, "Denoising")
    more_settings(page)
    set_number(page, "Steps", 12)
    page.locator(".go:visible").click()
    status(page, "Done in")
    page.locator("#film video").wait_for()
    page.wait_for_function("document.querySelector('#film video').duration >= 1.9")  # 12 steps alone last 0.2 s
    name, data = downloaded(page, re.compile("Download the film"))
    assert name == "denoising.mp4" and data[4:8] == b"ftyp"
    assert page.locator(".steps:visible button").count() == 13  # the film and its steps
    page.locator(".steps:visible button").nth(3).click()
    status(page, "Step 3")
    noisy, seen = page.locator("#film .view").evaluate_all("views => views.map(view => view.src)")
    assert "x_t" in noisy and "x0" in seen and page.locator("#film video").count() == 0
    page.locator(".steps:visible button").first.click()
    page.locator("#film video").wait_for()
    page.get_by_label("GIF").locator("visible=true").check()
    page.locator(".go:visible").click()
    page.get_by_role("button", name="Download the film (GIF)").locator("visible=true").wait_for()
    assert downloaded(page, re.compile("Download the film"))[0] == "denoising.gif"


def test_a_reload_finds_its_job_and_stop_keeps_what_is_there(page: Any) -> None:
    more_settings(page)
    set_number(page, "Steps", 100)
    set_number(page, "Pictures", 3)
    page.locator(".go:visible").click()
    page.locator(".strip:visible button").first.wait_for()  # one is finished
    page.reload()
    status(page, "Step ")
    page.locator(".strip:visible button").first.wait_for()
    assert page.locator(".go:visible").is_disabled()
    page.locator(".halt:visible").click()
    status(page, "Stopped. Keeping what was there.")
    assert page.locator(".strip:visible button").count() >= 1 and page.locator(".go:visible").is_enabled()


def test_two_visitors_wait_in_one_line_and_do_not_meet(page: Any, browser: Any, url: str) -> None:
    other = browser.new_context().new_page()
    other.set_default_timeout(60_000)
    opened(other, url)
    for visitor, seed in ((page, "21"), (other, "22")):
        more_settings(visitor)
        set_number(visitor, "Steps", 60)
        visitor.get_by_label("Seed").locator("visible=true").fill(seed)
    page.locator(".go:visible").click()
    status(page, "Step ")
    other.locator(".go:visible").click()
    status(other, "In line: 1 person before you|Step ")
    for visitor, seed in ((page, "21"), (other, "22")):
        status(visitor, "Done in")
        assert visitor.locator(".strip:visible button").all_inner_texts() == [f"Seed {seed}"]
    other.context.close()


def test_a_picture_with_a_recipe_fills_the_fields(page: Any, tmp_path: Path) -> None:
    page.locator("#head input[type=file]").set_input_files(EXAMPLES / "night.png")
    page.wait_for_function(
        "document.querySelector('button[role=tab][aria-selected=true]').innerText == 'Image to image'"
    )
    words = read_recipe(EXAMPLES / "night.png")[0]
    assert page.get_by_label("What should it become?").locator("visible=true").input_value() == words["prompt"]
    more_settings(page)
    assert page.get_by_label("Seed").locator("visible=true").input_value() == str(words["seed"])
    Image.new("RGB", (20, 20)).save(tmp_path / "plain.png")
    page.evaluate("""async bytes => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], 'plain.png', {type: 'image/png'}));
        const options = {dataTransfer: files, bubbles: true, cancelable: true};
        document.querySelector('.stage').dispatchEvent(new DragEvent('drop', options)); }""",
                  list((tmp_path / "plain.png").read_bytes()))  # fmt: skip
    page.locator("[data-testid=toast-body]", has_text="no recipe").wait_for()


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
    page.close()


def test_the_page_refuses_bad_files_and_numbers_in_words(page: Any, tmp_path: Path) -> None:
    to_tab(page, "Image to image")
    (tmp_path / "text.png").write_bytes(b"hello, I am no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    for name, sentence in (
        ("text.png", "could not be read as a picture"), ("empty.png", "is empty"), ("dot.png", "is 1x1 pixels"),
    ):  # fmt: skip
        upload(page, tmp_path / name)
        page.locator(".go:visible").click()
        page.locator("[data-testid=toast-body]", has_text=sentence).first.wait_for()
        assert page.locator(".go:visible").is_enabled()
    to_tab(page, "Text to image")
    page.get_by_label("Prompt").locator("visible=true").fill("x" * 10_000)
    page.locator(".go:visible").click()
    page.locator("[data-testid=toast-body]", has_text="10,000 characters; the most is 2,000").first.wait_for()
    page.get_by_label("Prompt").locator("visible=true").fill("A lake")
    more_settings(page)
    page.get_by_label("Seed").locator("visible=true").fill("seven")
    page.locator(".go:visible").click()
    page.locator("[data-testid=toast-body]", has_text="Seed must be a whole number").first.wait_for()
    page.get_by_label("Seed").locator("visible=true").fill("7")
    page.locator(".go:visible").click()
    status(page, "Done in")
