"""The frame of the training faces: its geometry from a known box, a drawn face found, no face said so."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from ddpm.errors import BadPicture
from ddpm.faces import (  # fmt: skip
    CASCADES,
    EYE_DISTANCE,
    EYE_LINE,
    NO_CASCADE,
    NO_FACE,
    Frame,
    _cascade,
    cut,
    find_frame,
    frame_face,
    frame_of,
)

needs_cascades = pytest.mark.skipif(
    not all(_cascade(cascade.file) for cascade in CASCADES),
    reason="this opencv (5) has no Haar cascades: requirements.txt asks for one below 5",
)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def drawn_face(side: int = 240, canvas: tuple[int, int] = (480, 420), at: tuple[int, int] = (150, 90)) -> Image.Image:
    """A simple portrait whose eyes stand where the training frame of this side at this place has them."""
    image = Image.new("RGB", canvas, (150, 160, 170))
    draw = ImageDraw.Draw(image)
    left, top = at

    def oval(x: float, y: float, w: float, h: float, colour: tuple[int, int, int]) -> None:
        x, y, w, h = left + x * side, top + y * side, w * side, h * side
        draw.ellipse((x - w / 2, y - h / 2, x + w / 2, y + h / 2), fill=colour)

    oval(0.5, 0.38, 1.0, 1.1, (60, 40, 30))
    oval(0.5, 0.48, 0.78, 1.06, (224, 180, 150))
    for x in (0.5 - EYE_DISTANCE / 2, 0.5 + EYE_DISTANCE / 2):
        oval(x, EYE_LINE, 0.24, 0.15, (186, 136, 110))
        oval(x, EYE_LINE - 0.12, 0.24, 0.05, (70, 45, 35))
        oval(x, EYE_LINE, 0.17, 0.08, (240, 240, 240))
        oval(x, EYE_LINE, 0.08, 0.08, (40, 30, 30))
    oval(0.5, 0.47, 0.09, 0.22, (236, 196, 168))
    oval(0.5, 0.56, 0.17, 0.06, (180, 125, 100))
    oval(0.5, 0.685, 0.3, 0.08, (150, 60, 60))
    return image.filter(ImageFilter.GaussianBlur(side / 90))


@needs_cascades
def test_a_face_is_found_where_it_is():
    frame = find_frame(drawn_face())
    assert frame is not None
    assert frame.side == pytest.approx(240, rel=0.2)
    assert frame.left + frame.side / 2 == pytest.approx(270, abs=24)
    assert frame.top + frame.side / 2 == pytest.approx(210, abs=24)
    framed = frame_face(drawn_face(), 64)
    assert framed.found and framed.notice is None and framed.image.size == (64, 64)


@needs_cascades
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_a_turned_photo_is_framed_like_the_upright_one(turn):
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    upright, turned = drawn_face(), drawn_face().transpose(back[turn])
    turned.getexif()[0x0112] = turn
    got = frame_face(turned, 64)
    assert got.found and got.image.tobytes() == frame_face(upright, 64).image.tobytes()


@needs_cascades
def test_of_two_faces_the_larger_is_framed():
    image = drawn_face(240, (800, 420), (500, 90))
    image.paste(drawn_face(120, (240, 240), (60, 60)), (20, 80))
    frame = find_frame(image)
    assert frame is not None and frame.side == pytest.approx(240, rel=0.2) and frame.left > 400


@pytest.mark.parametrize("image", [Image.new("RGB", (90, 60), "teal"), noise(80, 120), Image.new("L", (8, 8))])
def test_without_a_face_the_middle_is_used_and_said_so(image):
    framed = frame_face(image, 32)
    assert not framed.found and framed.image.size == (32, 32) and framed.image.mode == "RGB"
    assert framed.notice in (NO_FACE, NO_CASCADE)


@pytest.mark.parametrize("cascade", CASCADES)
def test_the_frame_follows_the_box(cascade):
    left, top, side = frame_of((100, 50, 200, 200), cascade)
    assert side == pytest.approx(200 * cascade.side)
    assert left + side / 2 == 200 and top + side / 2 == pytest.approx(150 + 200 * cascade.down)
    shifted, larger = frame_of((130, 60, 200, 200), cascade), frame_of((200, 100, 400, 400), cascade)
    assert shifted == pytest.approx((left + 30, top + 10, side))
    assert larger == pytest.approx((2 * left, 2 * top, 2 * side))


def test_cutting_inside_is_exact_and_outside_mirrors():
    image = noise(100, 80)
    assert cut(image, Frame(20, 10, 64), 64).tobytes() == image.crop((20, 10, 84, 74)).tobytes()
    got = np.asarray(cut(image, Frame(-10, 30, 64), 64))
    want = np.pad(np.asarray(image), ((0, 40), (20, 0), (0, 0)), "reflect")[30:94, 10:74]
    assert (got == want).all()
    assert cut(image, Frame(-300.5, -200.25, 700), 16).size == (16, 16)


def test_a_bad_picture_is_refused():
    with pytest.raises(BadPicture, match="at least 8"):
        frame_face(Image.new("RGB", (1, 1)), 64)
