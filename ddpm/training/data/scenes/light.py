"""Light: what each time of day and weather, or the water above, does to the colours of a picture."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from ddpm.training.data.scenes.draw import Colour, mix, mul

SUNNY = ("clear", "clouds", "rainbow")  # weathers in which the sun or the stars are seen


@dataclass
class Light:
    top: tuple
    mid: tuple
    low: tuple  # sky at the horizon
    ambient: tuple  # multiplies every land and subject colour
    haze: tuple  # far things fade to this
    glow: tuple  # colour of the sun or moon light
    dark: float  # 0 bright day .. 1 night
    sun_y: float  # 0 zenith .. 1 at the horizon

    def lit(self, c: Colour, depth: float = 0.0) -> Colour:
        """surface colour under this light, at a depth 0 (near) .. 1 (horizon)"""
        return mix(mul(c, self.ambient), self.haze, depth)


TIMES = {
    "dawn": [
        Light(
            (92, 116, 186),
            (236, 172, 178),
            (255, 224, 178),
            (1.0, 0.88, 0.86),
            (240, 200, 196),
            (255, 240, 208),
            0.15,
            0.86,
        ),
        Light(
            (120, 150, 200),
            (214, 190, 214),
            (255, 226, 206),
            (0.98, 0.9, 0.94),
            (226, 206, 222),
            (255, 236, 220),
            0.12,
            0.82,
        ),
    ],
    "day": [
        Light(
            (48, 126, 214),
            (126, 190, 240),
            (216, 240, 248),
            (1.04, 1.03, 0.98),
            (194, 222, 238),
            (255, 252, 232),
            0.0,
            0.25,
        ),
        Light(
            (38, 148, 206),
            (122, 206, 226),
            (228, 246, 238),
            (1.04, 1.05, 0.98),
            (200, 230, 232),
            (255, 252, 226),
            0.0,
            0.2,
        ),
    ],
    "sunset": [
        Light(
            (70, 58, 128),
            (236, 110, 86),
            (255, 204, 112),
            (1.06, 0.80, 0.64),
            (246, 160, 110),
            (255, 226, 150),
            0.3,
            0.84,
        ),
        Light(
            (46, 70, 140),
            (222, 104, 128),
            (255, 176, 120),
            (1.0, 0.76, 0.74),
            (232, 142, 140),
            (255, 214, 166),
            0.34,
            0.88,
        ),
        Light(
            (120, 60, 60),
            (246, 142, 52),
            (255, 220, 120),
            (1.12, 0.84, 0.56),
            (250, 176, 96),
            (255, 236, 160),
            0.25,
            0.76,
        ),
    ],
    "dusk": [
        Light(
            (28, 34, 88),
            (108, 74, 146),
            (230, 138, 148),
            (0.68, 0.60, 0.86),
            (152, 112, 164),
            (255, 214, 214),
            0.6,
            0.9,
        ),
        Light(
            (18, 44, 92), (60, 96, 150), (222, 160, 158), (0.62, 0.66, 0.88), (124, 126, 172), (255, 226, 210), 0.6, 0.9
        ),
    ],
    "night": [
        Light(
            (12, 18, 56), (28, 48, 108), (74, 106, 164), (0.56, 0.62, 0.90), (62, 84, 136), (226, 236, 255), 0.9, 0.3
        ),
        Light(
            (22, 14, 58), (58, 40, 114), (116, 90, 168), (0.60, 0.57, 0.90), (88, 74, 142), (236, 230, 255), 0.88, 0.3
        ),
        Light(
            (6, 28, 54), (16, 62, 102), (56, 124, 148), (0.52, 0.66, 0.84), (48, 100, 128), (220, 246, 255), 0.9, 0.28
        ),
    ],
}


GREY = (176, 184, 194)


def light_for(time: str, weather: str, rng: random.Random) -> Light:
    light = rng.choice(TIMES[time])
    j = rng.uniform(0.93, 1.07), rng.uniform(0.93, 1.07), rng.uniform(0.93, 1.07)
    light = replace(light, top=mul(light.top, j), mid=mul(light.mid, j), low=mul(light.low, j), haze=mul(light.haze, j))
    if weather in ("rain", "storm", "snow", "overcast", "fog"):
        k = {"rain": 0.6, "storm": 0.75, "snow": 0.6, "overcast": 0.62, "fog": 0.55}[weather]
        g = mul(GREY, {"rain": 0.78, "storm": 0.52, "snow": 1.08, "overcast": 0.95, "fog": 1.1}[weather])
        g = mul(mix(g, mul(g, light.ambient), 0.9), 1 - 0.35 * light.dark)
        d = {"storm": 0.72, "rain": 0.86}.get(weather, 0.95)
        light = replace(
            light,
            top=mix(light.top, mul(g, 0.8), k),
            mid=mix(light.mid, g, k),
            low=mix(light.low, mul(g, 1.12), k * 0.8),
            haze=mix(light.haze, g, k),
            ambient=mul(mix(light.ambient, (0.9, 0.92, 0.96), 0.35 * (1 - light.dark)), d),
        )
    return light


# water the scene is under: surface colour, depth colour, ambient, haze
WATERS = {
    "shallow": [
        ((150, 236, 232), (16, 116, 158), (0.86, 1.04, 1.06)),
        ((170, 240, 250), (22, 92, 170), (0.84, 0.98, 1.1)),
        ((178, 244, 214), (12, 118, 128), (0.84, 1.06, 1.0)),
    ],
    "deep": [
        ((46, 130, 182), (4, 18, 58), (0.55, 0.76, 0.98)),
        ((40, 150, 160), (2, 24, 50), (0.5, 0.8, 0.9)),
        ((70, 96, 190), (10, 10, 56), (0.62, 0.68, 1.0)),
    ],
    "cave": [((150, 240, 238), (6, 34, 62), (0.62, 0.84, 0.96)), ((130, 206, 255), (10, 22, 70), (0.62, 0.76, 1.02))],
}


def water_light(kind: str, rng: random.Random) -> Light:
    top, deep, amb = rng.choice(WATERS[kind])
    mid = mix(top, deep, 0.55)
    return Light(
        top,
        mid,
        deep,
        amb,
        mix(top, deep, 0.5),
        (220, 255, 250),
        {"shallow": 0.1, "deep": 0.7, "cave": 0.55}[kind],
        0.1,
    )
