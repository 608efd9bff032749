"""Random prompts by category, of combinations that the scenes model was trained on or has never seen.

The renderer decides what is a trained combination: the same tables, so a prompt with seen=True has pictures like it in
the training data, and one with seen=False has none. Creatures are said as data.plain draws them, which the embedded
model was trained on.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Sequence

from ddpm.errors import BadRequest
from ddpm.prompts.deeds import deed, fits, plainest
from ddpm.prompts.phrases import article, preposition
from ddpm.prompts.subjects import SUBJECTS, VIVID, Drawing
from ddpm.prompts.vocabulary import (
    CATEGORIES,
    CLOTHES_COLOURS,
    DEED_WORDS,
    GARMENTS,
    HAIR_COLOURS,
    HELD_OUT,
    HUMANS,
    LAND,
    NIGHT_ONLY,
    NO_SNOW,
    PLACE_WORDS,
    PLACES,
    STYLE_WORDS,
    SYNONYMS,
    TIME_WORDS,
    UNDERWATER,
    WATERSIDE,
    WEATHER_WORDS,
    habitat,
)

PARTS = ("who", "where", "when", "weather", "style")
UNSEEN_HAIR = ("green", "purple", "orange")  # never painted on a head


def random_prompt(
    categories: Sequence[str] | None = None, seen: bool | None = None, seed: int = 0, parts: int | None = None
) -> str:
    """A prompt, always the same for the same arguments.

    categories: names of CATEGORIES ("Animals") or of what is in them ("dog", "desert"); None or empty: any. A place
    beside a creature says where it is to stand. seen: True, a combination with renders in the training data; False, one
    without; None, either. parts: how many of PARTS it says, 1..5, fewer where a place has no more of them; None: as it
    comes.
    """
    if parts is not None and not 1 <= parts <= len(PARTS):
        raise BadRequest(f"parts is {parts}, but must be from 1 to {len(PARTS)} ({', '.join(PARTS)}).", "parts")
    rng = random.Random(seed)
    subjects, places, landscape = _chosen(categories or list(CATEGORIES))
    if seen is None:
        seen = rng.random() < 0.8
    if not subjects or (landscape and rng.random() < 0.25):
        return _landscape(rng, rng.choice(places), seen, parts)
    if not seen and parts != 1:
        pairs = [pair for pair in sorted(HELD_OUT) if pair[0] in subjects and pair[1] in places]
        if pairs:  # the pair is the news; everything else is familiar
            return _scene(rng, *rng.choice(pairs), seen=True, parts=parts)
    subject = rng.choice(subjects)
    drawn = [place for place in places if place in usual_places(subject)]
    if seen and not drawn:
        return _landscape(rng, rng.choice(places), seen, parts)
    under_a_sky = [place for place in drawn if place not in UNDERWATER and place not in NIGHT_ONLY]
    if parts is not None and parts > 2 and under_a_sky:
        drawn = under_a_sky
    return _scene(rng, subject, rng.choice(drawn or places), seen=seen, parts=parts)


def usual_places(subject: str) -> tuple[str, ...]:
    """Where the renderer commonly paints this subject; held-out pairs are not among them."""
    there = (*UNDERWATER, *WATERSIDE) if habitat(subject) == "water" else LAND
    return tuple(place for place in there if (subject, place) not in HELD_OUT)


def _chosen(names: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """-> subjects, places they may stand in, and whether landscapes without a subject are asked for."""
    subjects: list[str] = []
    places: list[str] = []
    landscape = False
    for name in names:
        if name == "Scenery":
            landscape = True
        elif name in CATEGORIES:
            subjects += CATEGORIES[name]
        elif name in PLACES:
            places.append(name)
        elif name in HUMANS or name in SUBJECTS:
            subjects.append(name)
        else:
            known = [*CATEGORIES, *HUMANS, *SUBJECTS, *PLACES]
            near = difflib.get_close_matches(name, known, 1, 0.0)[0]
            raise BadRequest(f"categories: {name!r} is not one of them; the nearest is {near!r}.", "categories")
    return subjects, places or list(PLACES), landscape


def _scene(rng: random.Random, subject: str, place: str, *, seen: bool, parts: int | None) -> str:
    afloat = habitat(subject) == "water" and place in WATERSIDE
    water = {"underwater": place in UNDERWATER, "afloat": afloat}
    if subject in HUMANS:
        who, doing, perched = _person(rng, subject, seen), "", False
    else:
        drawing = plainest([each for each in SUBJECTS[subject].drawings if fits(each, **water)])
        who = _creature(rng, subject, drawing, seen)
        doing = rng.choice(DEED_WORDS[deed(rng, subject, drawing, **water)])
        perched = drawing.pose != "body"
    where = f"{preposition(place, subject, afloat=afloat, perched=perched)} {PLACE_WORDS[place][0]}"
    return _told(rng, [who, f"{doing} {where}".strip(), *_sky(rng, place)], parts)


def _landscape(rng: random.Random, place: str, seen: bool, parts: int | None) -> str:
    said = rng.choice(PLACE_WORDS[place])
    if seen:
        return _told(rng, ["", said, *_sky(rng, place)], parts)
    # The renderer paints day under water, night at these two, no snow where it is hot, and one place a picture.
    if place in UNDERWATER:
        news = rng.choice(TIME_WORDS["night"])
    elif place in NIGHT_ONLY:
        news = rng.choice(TIME_WORDS["dawn"])
    elif place in NO_SNOW:
        news = rng.choice(WEATHER_WORDS["snow"])
    else:
        news = "under the northern lights"
    return _told(rng, ["", f"{said} {news}", "", ""], parts)


def _told(rng: random.Random, said: list[str], parts: int | None) -> str:
    """What `said` holds of who, where, when and weather, and a style: as many as wished, or as it comes."""
    style = rng.choice(STYLE_WORDS[rng.choice(list(STYLE_WORDS))])
    if parts is None:
        kept = [part for part, share in zip(said, (1, 1, 0.75, 0.2), strict=True) if rng.random() < share]
        return " ".join(part for part in kept if part) + (f", {style}" if rng.random() < 0.2 else "")
    there = [part for part in said if part]
    return " ".join(there[:parts]) + (f", {style}" if len(there) < parts else "")


def _sky(rng: random.Random, place: str) -> tuple[str, str]:
    """Words for a time and a weather that the renderer paints there together; none where there is no sky or day."""
    if place in UNDERWATER or place in NIGHT_ONLY:
        return "", ""
    time = rng.choice(list(TIME_WORDS))
    dark = time in ("dusk", "night")
    weathers = [
        weather
        for weather, words in WEATHER_WORDS.items()
        if words
        and not (weather == "snow" and place in NO_SNOW)
        and not (weather == "fog" and (place == "desert" or dark))
        and not (weather == "storm" and time == "night")
        and not (weather == "rainbow" and (place == "rainforest" or dark))
    ]
    return rng.choice(TIME_WORDS[time]), rng.choice(WEATHER_WORDS[rng.choice(weathers)])


def _person(rng: random.Random, kind: str, seen: bool) -> str:
    hair = rng.choice(HAIR_COLOURS[:4] if seen else UNSEEN_HAIR)
    said = article(rng.choice(SYNONYMS.get(kind, (kind,)))) + f" with {hair} hair"
    if rng.random() < 0.6:
        said += f" wearing {article(rng.choice(CLOTHES_COLOURS) + ' ' + rng.choice(GARMENTS))}"
    return said


def _creature(rng: random.Random, name: str, drawing: Drawing, seen: bool) -> str:
    subject = SUBJECTS[name]
    colour = rng.choice(drawing.colours) or drawing.own
    if not seen:
        painted = {
            word for each in subject.drawings for said in (*each.colours, each.own) if said for word in said.split()
        }
        colour = rng.choice([word for word in (*VIVID, "pink", "orange") if word not in painted])
    noun = rng.choice(drawing.names if drawing.names and rng.random() < 0.6 else SYNONYMS.get(name, (name,)))
    words = [rng.choice(subject.adjectives)] if rng.random() < 0.3 else []
    if seen and drawing.also:  # its colour is that of a dress or a tail
        return f"{article(' '.join([*words, noun]))} {drawing.also.format(colour)}"
    return article(" ".join([*words, *([colour] if colour else []), noun]))
