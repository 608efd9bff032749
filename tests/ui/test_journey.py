"""What the row of a selfie's way shows after each event, and that a new photo begins it anew."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from ddpm.events import Begun, Event, Framed, Nearest, Notice
from ddpm.ui.journey import SHOWN, STATIONS, departing, journey, reached


def picture(src: str) -> Image.Image:
    assert src.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(src.partition(",")[2])))


@pytest.mark.parametrize(
    ("event", "station", "words"),
    [
        (Framed(Image.new("RGB", (64, 64), "red"), True), "framed", "Framed face"),
        (Framed(Image.new("RGB", (64, 64), "red"), False), "framed", "no face found"),
        (Begun(Image.new("RGB", (64, 64), "red")), "noise", ""),
        (Nearest(2, Image.new("RGB", (64, 64), "red")), "nearest", "face 3"),
    ],
)
def test_every_event_shows_its_own_picture(event: Event, station: str, words: str) -> None:
    part = reached(event)[station]
    assert part is not None and words in part["text"]
    assert picture(part["src"]).getpixel((3, 3)) == (255, 0, 0)


def test_a_new_run_takes_away_what_the_last_one_reached() -> None:
    value = reached(Framed(Image.new("RGB", (8, 8)), True))
    assert value["noise"] is None and value["nearest"] is None and "photo" not in value
    assert reached(Notice("a word")) == {}


def test_a_photo_goes_to_the_page_small_and_as_it_is() -> None:
    photo = Image.new("RGB", (3000, 2000), "blue")
    value = departing(photo, Image.new("RGB", (128, 128)), True)
    assert list(value) == list(STATIONS) and photo.size == (3000, 2000)
    shown = value["photo"]
    assert shown is not None and max(picture(shown["src"]).size) == SHOWN


def test_the_page_begins_with_the_way_of_its_own_photo() -> None:
    assert journey("photo.png", "framed.png").value == {
        "photo": {"src": "photo.png", "text": ""}, "framed": {"src": "framed.png", "text": ""},
    }  # fmt: skip
    assert journey().value == {}
