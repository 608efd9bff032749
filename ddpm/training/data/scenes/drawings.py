"""The table from a scene's subject to what draws it in a 128 x 128 box, feet at (64, 126)."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.animals import WOLF, panda, running_wolf, walking_panda, wolf
from ddpm.training.data.scenes.beasts import DRAGON, winged_dragon
from ddpm.training.data.scenes.bust import bust
from ddpm.training.data.scenes.figure import figure
from ddpm.training.data.scenes.flights import flying_dragon, soaring_phoenix
from ddpm.training.data.scenes.leviathan import rising_leviathan, swimming_leviathan
from ddpm.training.data.scenes.people import portrait
from ddpm.training.data.scenes.qilin import qilin
from ddpm.training.data.scenes.scene import Creature, Scene
from ddpm.training.data.scenes.sprites import coat, sprite
from ddpm.training.data.scenes.wildlife import CAT, WHALE, breaching_whale, charging_rhino, sleeping_cat

CUBIC = skia.SamplingOptions(skia.CubicResampler.Mitchell())


def draw_subject(c: skia.Canvas, scene: Scene) -> None:
    """Its four-legged, winged, finned or human shape; colours before any light."""
    if scene.person:
        if scene.view == "portrait":
            portrait(c, scene.person)
        else:
            figure(c, scene.person, scene.deed)
        return
    creature = scene.creature
    assert creature is not None
    match creature.art:
        case "wolf":
            wolf(c, WOLF[str(creature.colour)], scene.deed == "howl")
        case "panda":
            panda(c)
        case "walking_panda":
            walking_panda(c)
        case "running_wolf":
            running_wolf(c, WOLF[str(creature.colour)])
        case "flying_dragon":
            flying_dragon(c, DRAGON[str(creature.colour)], scene.deed == "breathe fire")
        case "soaring_phoenix":
            soaring_phoenix(c, str(creature.colour))
        case "leviathan":
            (rising_leviathan if scene.afloat else swimming_leviathan)(c, DRAGON[str(creature.colour)])
        case "winged_dragon":
            winged_dragon(c, DRAGON[str(creature.colour)])
        case "qilin":
            qilin(c, DRAGON[str(creature.colour)], leaping=False)
        case "leaping_qilin":
            qilin(c, DRAGON[str(creature.colour)], leaping=True)
        case "charging_rhino":
            charging_rhino(c)
        case "breaching_whale":
            breaching_whale(c, WHALE[str(creature.colour)])
        case "sleeping_cat":
            sleeping_cat(c, CAT[str(creature.colour)])
        case _:
            _sprite(c, creature)


def _sprite(c: skia.Canvas, creature: Creature) -> None:
    image = sprite(creature.source, creature.art, creature.recolour, creature.hues)
    if creature.pose == "head":
        bust(c, image, *coat(creature.source, creature.art, creature.recolour, creature.hues))
        return
    k = 124 / max(image.width(), image.height())
    w, h = image.width() * k, image.height() * k
    c.drawImageRect(image, skia.Rect.MakeXYWH(64 - w / 2, 126 - h, w, h), CUBIC)
