"""Sixteen drawings such as a child makes: an animal of discs, lines and triangles between two stripes.

Each animal has a shape of its own; all are drawn on 512 x 512 and made smaller. They are what image to image turns into
scenes on the README's sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageColor

SIDE, FINE = 128, 4  # pixels of a drawing, and how much larger it is drawn
INK = "#181818"
Point = tuple[int, int]


class Drawing(NamedTuple):
    """What is drawn, in which colours, and what it is to become."""

    animal: str  # a name of ANIMALS
    colour: str
    sky: str  # or water
    ground: str
    disc: str  # in the sky; "" under water
    prompt: str


class Pen:
    """Draws on one large picture."""

    def __init__(self, colour: str) -> None:
        self.paper = np.full((SIDE * FINE, SIDE * FINE, 3), _rgb(colour), dtype=np.uint8)

    def disc(self, middle: Point, radii: Point, colour: str, turn: int = 0) -> None:
        cv2.ellipse(self.paper, middle, radii, turn, 0, 360, _rgb(colour), -1, cv2.LINE_AA)

    def shape(self, colour: str, *points: Point) -> None:
        cv2.fillPoly(self.paper, [np.array(points, dtype=np.int32)], _rgb(colour), cv2.LINE_AA)

    def line(self, colour: str, width: int, *points: Point) -> None:
        cv2.polylines(self.paper, [np.array(points, dtype=np.int32)], False, _rgb(colour), width, cv2.LINE_AA)

    def legs(self, colour: str, top: int, foot: int, width: int, *xs: int) -> None:
        for x in xs:
            self.line(colour, width, (x, top), (x, foot))

    def eye(self, x: int, y: int, colour: str = INK) -> None:
        self.disc((x, y), (9, 9), colour)

    def image(self) -> Image.Image:
        return Image.fromarray(self.paper).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def horse(pen: Pen, colour: str) -> None:
    pen.legs(colour, 300, 440, 26, 200, 240, 350, 390)
    pen.disc((295, 290), (120, 58), colour)
    pen.shape(colour, (180, 300), (250, 250), (190, 120), (135, 140))  # neck
    pen.disc((140, 150), (70, 32), colour, -25)
    pen.shape(colour, (170, 125), (180, 75), (205, 125))
    pen.line(_other(colour), 18, (190, 110), (225, 160), (240, 220))  # mane
    pen.line(_other(colour), 20, (405, 270), (450, 320), (445, 390))
    pen.eye(150, 140, _other(colour))


def dragon(pen: Pen, colour: str) -> None:
    pen.shape(colour, (270, 270), (230, 60), (330, 130), (360, 50), (400, 150), (450, 110), (370, 280))  # wing
    pen.line(colour, 44, (340, 340), (430, 370), (470, 300), (440, 250))  # tail
    pen.disc((290, 330), (105, 70), colour)
    pen.line(colour, 50, (220, 310), (170, 240), (170, 170))
    pen.disc((140, 150), (72, 38), colour)
    pen.shape(colour, (150, 125), (160, 70), (185, 125))
    pen.legs(colour, 370, 440, 34, 230, 340)
    for x in (215, 190, 175):
        pen.shape(_other(colour), (x, 300 - 2 * (215 - x)), (x + 35, 280 - 2 * (215 - x)), (x + 5, 260 - 2 * (215 - x)))
    pen.eye(135, 140, _other(colour))


def dog(pen: Pen, colour: str) -> None:
    pen.legs(colour, 330, 440, 36, 190, 240, 340, 385)
    pen.disc((285, 310), (125, 65), colour)
    pen.line(colour, 24, (390, 280), (440, 200))
    pen.disc((170, 210), (75, 70), colour)
    pen.disc((110, 235), (50, 34), colour)
    pen.disc((225, 225), (28, 62), _other(colour), 15)  # a hanging ear
    pen.disc((72, 228), (16, 13), INK)
    pen.eye(155, 195)


def cat(pen: Pen, colour: str) -> None:
    pen.disc((275, 340), (90, 100), colour)  # it sits
    pen.line(colour, 26, (350, 410), (430, 390), (440, 300), (405, 260))
    pen.legs(colour, 360, 435, 34, 235, 300)
    pen.disc((250, 190), (88, 78), colour)
    pen.shape(colour, (172, 170), (170, 75), (235, 125))
    pen.shape(colour, (265, 125), (330, 75), (328, 170))
    light = _other(colour)
    pen.eye(218, 180, light)
    pen.eye(282, 180, light)
    pen.shape(light, (240, 210), (260, 210), (250, 222))
    for y in (205, 225):
        pen.line(light, 4, (225, 215), (140, y))
        pen.line(light, 4, (275, 215), (360, y))


def wolf(pen: Pen, colour: str) -> None:
    pen.disc((315, 365), (85, 75), colour)  # it sits and howls
    pen.disc((410, 410), (85, 24), colour, -12)
    pen.disc((330, 428), (62, 18), colour)
    pen.shape(colour, (190, 400), (370, 330), (270, 160), (195, 190))
    pen.legs(colour, 350, 435, 30, 205, 245)
    pen.shape(colour, (250, 215), (205, 130), (165, 40), (140, 60), (185, 215))  # its muzzle points to the sky
    pen.shape(colour, (215, 160), (285, 115), (265, 195))
    pen.disc((255, 180), (20, 20), colour)
    pen.eye(200, 145, _other(colour))


def tiger(pen: Pen, colour: str) -> None:
    pen.legs(colour, 320, 440, 40, 190, 245, 350, 400)
    pen.disc((300, 300), (140, 72), colour)
    pen.line(colour, 26, (425, 270), (475, 220), (460, 150))
    pen.disc((165, 210), (85, 80), colour)
    pen.disc((105, 145), (26, 26), colour)
    pen.disc((220, 140), (26, 26), colour)
    for x in (250, 295, 340, 385):
        pen.line(INK, 14, (x, 236), (x - 8, 300))
    for x in (140, 165, 190):
        pen.line(INK, 10, (x, 136), (x, 165))
    pen.disc((165, 240), (40, 28), "#ffffff")
    pen.disc((165, 228), (14, 10), INK)
    pen.eye(132, 200)
    pen.eye(198, 200)


def panda(pen: Pen, colour: str) -> None:
    for x in (170, 345):
        pen.disc((x, 400), (62, 46), INK)
    pen.disc((256, 345), (120, 105), colour)
    for x, turn in ((150, 30), (362, -30)):
        pen.disc((x, 320), (34, 80), INK, turn)
    for x in (180, 332):
        pen.disc((x, 105), (36, 36), INK)
    pen.disc((256, 185), (115, 98), colour)
    for x, turn in ((210, 25), (302, -25)):
        pen.disc((x, 180), (24, 34), INK, turn)
        pen.eye(x, 178, "#ffffff")
    pen.disc((256, 225), (18, 13), INK)


def rhino(pen: Pen, colour: str) -> None:
    pen.legs(colour, 340, 440, 56, 215, 275, 375, 430)
    pen.disc((320, 290), (160, 95), colour)
    pen.disc((145, 290), (95, 60), colour, 20)
    pen.shape("#f4efe0", (60, 290), (45, 190), (110, 255))
    pen.shape("#f4efe0", (115, 255), (115, 205), (150, 240))
    pen.shape(colour, (190, 240), (200, 175), (230, 235))
    pen.eye(150, 270)


def fish(pen: Pen, colour: str) -> None:
    pen.shape(colour, (350, 256), (455, 160), (430, 256), (455, 350))
    pen.shape(_other(colour), (200, 185), (270, 100), (320, 190))
    pen.disc((235, 256), (145, 88), colour)
    for x in (230, 285):
        pen.line(_other(colour), 22, (x, 180), (x + 8, 256), (x, 332))
    pen.eye(145, 235, "#ffffff")
    pen.disc((145, 235), (5, 5), INK)


def whale(pen: Pen, colour: str) -> None:
    pen.shape(colour, (350, 260), (450, 240), (480, 130), (420, 165), (360, 130), (400, 215))
    pen.disc((225, 285), (180, 105), colour)
    pen.disc((190, 350), (130, 34), "#e8eef2")
    for x in (165, 225):
        pen.line("#e8f4ff", 12, (195, 175), (195, 120), (x, 85))
    pen.shape(_other(colour), (230, 340), (330, 420), (300, 330))
    pen.eye(110, 275, "#ffffff")


def bird(pen: Pen, colour: str) -> None:
    pen.legs("#e09020", 330, 440, 12, 235, 285)
    pen.shape(colour, (340, 270), (470, 330), (450, 250))
    pen.disc((260, 270), (115, 80), colour)
    pen.disc((165, 180), (62, 60), colour)
    pen.shape("#e09020", (108, 165), (50, 190), (110, 205))
    pen.disc((290, 265), (70, 40), _other(colour), -20)  # its wing lies on it
    pen.eye(150, 170)


def phoenix(pen: Pen, colour: str) -> None:
    warm = "#ffb83a"
    for x, y in ((400, 470), (330, 490), (260, 480)):
        pen.line(warm, 24, (275, 330), ((275 + x) // 2 + 20, (330 + y) // 2), (x, y))
    pen.shape(colour, (240, 260), (40, 90), (60, 190), (100, 200), (120, 260), (180, 270))
    pen.shape(colour, (270, 260), (472, 90), (452, 190), (412, 200), (392, 260), (330, 270))
    pen.disc((256, 280), (52, 85), colour)
    pen.disc((256, 165), (42, 42), colour)
    for x in (236, 256, 276):
        pen.line(warm, 10, (256, 130), (x, 70))
    pen.shape("#ffe08a", (246, 170), (266, 170), (256, 200))
    pen.eye(240, 158)
    pen.eye(272, 158)


ANIMALS: dict[str, Callable[[Pen, str], None]] = {
    shape.__name__: shape for shape in (horse, dragon, dog, cat, wolf, tiger, panda, rhino, fish, whale, bird, phoenix)
}
DRAWINGS = (
    Drawing("horse", "#ffffff", "#8ec9ff", "#e8c26a", "#ffd94d", "a white horse on a tropical island by day"),
    Drawing("dragon", "#c8a02a", "#1b2350", "#33472f", "#f4f1d0", "a gold dragon by a mountain lake at night"),
    Drawing("dog", "#8a5a2b", "#9fd3ff", "#d9b25c", "#ffe05e", "a brown dog in the savannah by day"),
    Drawing("cat", "#2b2b2b", "#f0a060", "#d98a4a", "#fff0b0", "a black cat in the desert at sunset"),
    Drawing("wolf", "#8b8f98", "#dcecff", "#ffffff", "#fff6c8", "a grey wolf on a snowy mountain by day"),
    Drawing("dragon", "#c83220", "#3a1c2c", "#3b2a2a", "#ff7a3a", "a red dragon in front of a volcano at night"),
    Drawing("tiger", "#e07b28", "#16384a", "#27553a", "#d8f0e0", "a tiger in the rainforest at night"),
    Drawing("panda", "#f4f4f0", "#bfe6ff", "#9fd0e8", "#ffffff", "a panda near a glacier by day"),
    Drawing("fish", "#2f6fe0", "#2a8fa8", "#d8c690", "", "a blue fish in a coral reef"),
    Drawing("bird", "#d83a2e", "#a8d8ff", "#5c8a3a", "#ffe05e", "a red bird in the rainforest by day"),
    Drawing("rhino", "#8f8f96", "#f2b070", "#c9a04e", "#ffd070", "a rhino in the savannah at sunset"),
    Drawing("whale", "#3f6f9f", "#0f2f5a", "#0a2040", "", "a blue whale in the deep sea"),
    Drawing("phoenix", "#e0601e", "#2a2458", "#3a4a5a", "#f4f1d0", "a phoenix over a mountain lake at night"),
    Drawing("horse", "#3a2a22", "#f4a078", "#7a8a4a", "#ffe0a0", "a black horse in the savannah at sunset"),
    Drawing("fish", "#e8a020", "#1d5f86", "#b8a070", "", "a golden fish in an underwater cave"),
    Drawing("cat", "#f4f0ea", "#9fd3ff", "#6aa04a", "#ffe05e", "a white cat by a mountain lake by day"),
)


def drawn(drawing: Drawing) -> Image.Image:
    """The drawing at the side of a scene."""
    pen = Pen(drawing.sky)
    pen.shape(drawing.ground, (0, 330), (511, 330), (511, 511), (0, 511))
    if drawing.disc:
        pen.disc((435, 65), (36, 36), drawing.disc)
    ANIMALS[drawing.animal](pen, drawing.colour)
    return pen.image()


def _rgb(colour: str) -> tuple[int, ...]:
    return ImageColor.getrgb(colour)


def _other(colour: str) -> str:
    """For what must be seen on it: lighter on dark, darker on light."""
    red, green, blue = _rgb(colour)
    return "#f0e6d0" if red + green + blue < 200 else f"#{red // 2:02x}{green // 2:02x}{blue // 2:02x}"
