"""The thirteen places: the table from a name to its two painters."""

from __future__ import annotations

from ddpm.training.data.scenes.cold_places import (
    aurora_borealis,
    glacier,
    meadow_front,
    mountain_lake,
    mountain_lake_front,
    night_sky,
    nothing,
    snow_front,
    snowy_mountain,
)
from ddpm.training.data.scenes.rainforest import rainforest, rainforest_front
from ddpm.training.data.scenes.undersea import cave, cave_front, deep, deep_front, reef, reef_front
from ddpm.training.data.scenes.warm_places import (
    desert,
    desert_front,
    savannah,
    savannah_front,
    tropical_front,
    tropical_island,
    volcano,
    volcano_front,
)

PLACES = {
    "desert": (desert, desert_front),
    "rainforest": (rainforest, rainforest_front),
    "mountain lake": (mountain_lake, mountain_lake_front),
    "snowy mountain": (snowy_mountain, snow_front),
    "tropical island": (tropical_island, tropical_front),
    "deep sea": (deep, deep_front),
    "night sky": (night_sky, meadow_front),
    "glacier": (glacier, nothing),
    "volcano": (volcano, volcano_front),
    "aurora borealis": (aurora_borealis, snow_front),
    "underwater cave": (cave, cave_front),
    "savannah": (savannah, savannah_front),
    "coral reef": (reef, reef_front),
}
