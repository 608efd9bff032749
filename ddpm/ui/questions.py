"""Endpoints of gradio_client that answer at once: the catalogue, a picture's recipe, a prompt, and Stop."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from pydantic import BeforeValidator

from ddpm.engine import Engine
from ddpm.errors import BadRequest
from ddpm.prompts import random_prompt, suggest
from ddpm.recipe import read_recipe, strip
from ddpm.request import PROMPT_LIMIT, Checked, alone
from ddpm.ui.answers import path_of, session_of
from ddpm.ui.easel import Page
from ddpm.ui.pictures import refuse, told


def catalogue(engine: Engine) -> list[dict[str, Any]]:
    """The catalogue as plain data: no path, nothing of this machine."""
    loaded = engine.health().get("loaded", [])
    return [asdict(card) | {"loaded": card.name in loaded} for card in engine.cards()]


class Drawn(Checked):
    """What a prompt is drawn from."""

    categories: Annotated[tuple[str, ...], BeforeValidator(alone)] = ()
    seen: bool | None = None
    seed: int = -1
    parts: int | None = None


def text(value: Any, field: str) -> str:
    """gr.api hands over whatever was sent."""
    if not isinstance(value, str | None):
        raise refuse(BadRequest(f"{field} must be text, not {type(value).__name__}.", field))
    return value or ""


class Questions:
    """One method per endpoint."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def read_recipe(self, image: gr.FileData) -> tuple[dict, list]:
        """Read how a picture was made, from files of this and of other programs.

        Args:
            image: A picture with text chunks.

        Returns:
            The fields that could be read, and a list of what could not.
        """
        fields, unread = told(read_recipe, path_of(image))
        return fields, unread

    def models(self) -> list:
        """The catalogue: names, titles, kinds, sizes, defaults, licences, and which are loaded."""
        return catalogue(self.page.engine)

    def stop(self, job: str = "", request: gr.Request = None) -> str:  # type: ignore[assignment]
        """Stop your jobs, running or in line; what is finished stays.

        Args:
            job: The id from a progress report stops that one alone.

        Returns:
            What was stopped.
        """
        line = self.page.engine.line
        named = line.find(text(job, "job")) if job else None
        going = [
            one for one in ([named] if named else [] if job else line.of_session(session_of(request))) if not one.over
        ]
        for one in going:
            one.stop()
        return f"Stopped {len(going)} job{'' if len(going) == 1 else 's'}."

    def random_prompt(
        self, categories: list[str] | None = None, seen: bool | None = None, seed: int = -1, parts: int | None = None
    ) -> str:
        """Draw a prompt that the scenes model understands.

        Args:
            categories: Some of Humans, Animals, Mythical Beings, Scenery and their parts; all unless given.
            seen: True: combinations from its training; False: new ones; both unless given.
            seed: -1 draws one.
            parts: 1 to 5 of who, where, when, weather and style; as it comes unless given.

        Returns:
            The prompt.
        """
        given = {"categories": categories, "seen": seen, "seed": seed, "parts": parts}
        asked = told(Drawn, **{name: value for name, value in given.items() if value is not None})
        number = secrets.randbelow(2**32) if asked.seed < 0 else asked.seed
        return told(random_prompt, list(asked.categories) or None, asked.seen, number, asked.parts)

    def suggest(self, typed: str = "") -> list:
        """Go on with a prompt: its last words completed or mended, or the next phrase, from the words it understands.

        Args:
            typed: The prompt so far.

        Returns:
            Five prompts at most.
        """
        return suggest(text(typed, "typed")[:PROMPT_LIMIT])

    def strip(self, image: gr.FileData) -> gr.FileData:
        """Take everything out of a picture's file that is not the picture: recipes, camera, place, time, names.

        Args:
            image: A picture file.

        Returns:
            The file without it. PNG, JPEG and WebP keep their pixels bit for bit, and which way is up; other formats
            become PNG, upright, with alpha and 16 bits of grey.
        """
        data = told(strip, Path(path_of(image)).read_bytes())
        kind = "jpg" if data.startswith(b"\xff\xd8") else "webp" if data[8:12] == b"WEBP" else "png"
        path = self.page.shelf.path(f"picture.{kind}")
        path.write_bytes(data)
        return gr.FileData(path=str(path))
