"""The page in a real browser: every tab makes something by one click, and it can be taken away and handed on."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin
from playwright.sync_api import expect

from ddpm.recipe import read_recipe
from tests.ui.visitor import (
    EXAMPLES,
    at_tab,
    downloaded,
    generated,
    given,
    in_a_browser,
    more_settings,
    set_number,
    settled,
    status,
    to_tab,
    upload,
)

pytestmark = in_a_browser


def test_generate_shows_the_picture_its_seed_and_next_steps(page: Any) -> None:
    page.locator(".go:visible").click()
    status(page, "Done in")
    assert "/gradio_api/file=" in page.locator(".stage:visible .view").first.evaluate("image => image.src")
    assert page.locator(".strip:visible button").count() == 1
    seed = page.locator(".strip:visible button").first.inner_text().removeprefix("Seed ")
    page.get_by_role("button", name="Keep this seed").locator("visible=true").click()
    more_settings(page)
    expect(page.get_by_label("Seed").locator("visible=true").first).to_have_value(seed)
    page.get_by_role("button", name="Enlarge", exact=True).locator("visible=true").click()
    at_tab(page, "Upscale")


def test_a_picture_goes_on_to_be_changed_repainted_and_taken_away_bare(page: Any) -> None:
    page.locator(".go:visible").click()
    status(page, "Done in")
    seed = int(page.locator(".strip:visible button").first.inner_text().removeprefix("Seed "))
    page.get_by_role("button", name=re.compile("^Recipe")).locator("visible=true").click()
    settled(page, 500)
    _, whole = downloaded(page, "Download")
    _, bare = downloaded(page, "Download without it")
    with Image.open(io.BytesIO(whole)) as one, Image.open(io.BytesIO(bare)) as other:
        assert one.tobytes() == other.tobytes() and one.info and not other.info
    assert read_recipe(whole)[0]["seed"] == seed
    for button, tab in (("Change it", "Image to image"), ("Repaint a part", "Inpaint")):
        to_tab(page, "Text to image")
        page.get_by_role("button", name=button, exact=True).locator("visible=true").click()
        at_tab(page, tab)
        settled(page)
        page.locator(".go:visible").click()
        if tab == "Inpaint":  # the picture is there, what to repaint is not
            page.locator("[data-testid=toast-body]", has_text="Paint").first.wait_for()
        else:
            status(page, "Done in")


def test_a_sketch_follows_the_typing_and_enter_makes_its_seed_in_full(page: Any) -> None:
    page.get_by_label("Sketch while I type").check()
    prompt = page.get_by_label("Prompt", exact=True).locator("visible=true").first
    prompt.fill("")
    prompt.press_sequentially("a lake at night", delay=40)
    page.get_by_alt_text("Sketch of the prompt").wait_for()
    page.get_by_text(re.compile("6 steps, .* s. Enter makes it in full")).wait_for()
    prompt.press("Enter")
    status(page, "Done in")
    assert prompt.input_value() == "a lake at night"  # Enter went to the picture, not into the text
    more_settings(page)
    seed = page.get_by_label("Seed").locator("visible=true").first.input_value()
    assert page.locator(".strip:visible button").first.inner_text() == f"Seed {seed}"


def test_an_example_is_made_by_one_click(page: Any) -> None:
    for tab in ("Text to image", "Image to image", "Inpaint", "Denoising", "Upscale"):
        to_tab(page, tab)
        generated(page, page.locator(".cards:visible button").last)
        if tab != "Upscale":
            assert page.locator(".strip:visible button").count() >= 1, tab


def test_five_faces_by_webcam_and_all_of_them_in_one_file(page: Any) -> None:
    to_tab(page, "Selfie")
    page.get_by_label("Capture from camera").locator("visible=true").first.click()
    page.get_by_text("Click to Access Webcam").locator("visible=true").click()
    page.locator("video:visible").wait_for()
    page.wait_for_function("[...document.querySelectorAll('video')].some(one => one.videoWidth && one.currentTime)")
    page.locator("button[aria-label='capture photo']:visible").click()
    page.get_by_text("No face found").locator("visible=true").wait_for()  # the fake camera shows a test pattern
    more_settings(page)
    set_number(page, "Steps", 4)
    page.locator(".go:visible").click()
    status(page, "Done in")
    name, data = downloaded(page, "Download all")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [archive.read(file) for file in archive.namelist()]
    assert name.endswith(".zip") and len(files) == 5
    seeds = [read_recipe(file)[0]["seed"] for file in files]
    assert seeds == list(range(seeds[0], seeds[0] + 5))


def test_selfie_shows_five_faces_first_and_its_button_counts(page: Any) -> None:
    to_tab(page, "Selfie")
    row = page.locator(".strip:visible button")
    assert row.all_inner_texts() == [f"Seed {seed}" for seed in range(1, 6)]
    row.nth(2).click()
    status(page, "Picture 3 of 5")
    assert "Seed 3" in page.locator(".note:visible").first.inner_text()
    more_settings(page)
    go = page.locator(".go:visible")
    assert go.inner_text() == "Make 5 faces"
    for count, words in ((1, "Make 1 face"), (1000, "Make faces"), (2, "Make 2 faces")):
        set_number(page, "Pictures", count)
        page.get_by_role("button", name=words, exact=True).locator("visible=true").wait_for()
    set_number(page, "Steps", 2)
    go.click()
    status(page, "Done in")
    expect(go).to_have_text("Make 2 faces")
    assert row.count() == 2


def test_upscale_keeps_what_the_file_has_and_its_name(page: Any, tmp_path: Path) -> None:
    image = Image.linear_gradient("L").resize((40, 30)).convert("LA")
    image.putalpha(Image.radial_gradient("L").resize((40, 30)))
    image.save(tmp_path / "moon 7.png")
    to_tab(page, "Upscale")
    upload(page, tmp_path / "moon 7.png")
    page.get_by_label("2 times").locator("visible=true").check()
    page.locator(".go:visible").click()
    page.get_by_text(re.compile("^Done in")).locator("visible=true").wait_for()
    name, data = downloaded(page, "Download")
    with Image.open(io.BytesIO(data)) as made:
        assert (made.mode, made.size) == ("LA", (80, 60)) and name == "moon-7-x2.png"


def test_without_webgl_a_mask_from_a_file_is_repainted_and_the_rest_kept(page: Any, tmp_path: Path) -> None:
    to_tab(page, "Inpaint")
    expect(page.locator(".curtain:visible figcaption")).to_contain_text("give the mask as a file")
    more_settings(page)
    mask = Image.new("L", (64, 64))
    mask.paste(255, (40, 40, 60, 60))
    mask.save(tmp_path / "mask.png")
    given(page, page.locator(".more:visible .drop input[type=file]").first, tmp_path / "mask.png")
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


def test_a_picture_with_a_recipe_fills_the_fields(page: Any, tmp_path: Path) -> None:
    page.locator("#head input[type=file]").set_input_files(EXAMPLES / "sunset.png")
    at_tab(page, "Image to image")
    words = read_recipe(EXAMPLES / "sunset.png")[0]
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


def test_what_a_recipe_could_not_use_is_all_there_to_unfold(page: Any, tmp_path: Path) -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text(
        "parameters", "a fox <lora:ink:1>\nSteps: 5, Seed: 1, Size: 512x768, Model: vaedancer, Clip skip: 2"
    )
    Image.new("RGB", (20, 20)).save(tmp_path / "theirs.png", pnginfo=chunks)
    more_settings(page)
    before = page.get_by_label("number input for Width").locator("visible=true").count()
    page.locator("#head input[type=file]").set_input_files(tmp_path / "theirs.png")
    summary = page.locator(".unused summary")
    summary.wait_for()
    assert summary.inner_text() == "Not used: There is no model 'vaedancer' here. And 3 more"
    assert page.get_by_text("Size: 512x768").is_visible() is False
    summary.click()
    for sentence in ("Size: 512x768", "Clip skip: 2", "LoRA: ink:1"):
        assert page.get_by_text(sentence).is_visible()
    assert page.get_by_label("Prompt", exact=True).locator("visible=true").first.input_value() == "a fox"
    assert page.get_by_label("number input for Width").locator("visible=true").count() == before
    page.locator("#head input[type=file]").set_input_files(EXAMPLES / "sunset.png")
    summary.wait_for(state="hidden")
