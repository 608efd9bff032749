"""How an endpoint takes values and pictures, and what it yields while its job runs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from ddpm.errors import BadRequest, DDPMError
from ddpm.events import Film, Framed, Notice, Result
from ddpm.images import open_mask, open_picture
from ddpm.jobs import Job
from ddpm.request import Request
from ddpm.ui.easel import Page
from ddpm.ui.pictures import refuse, told
from ddpm.ui.stream import complaint, follow

Json = dict[str, Any]


class Answer(NamedTuple):
    """Files so far, and progress or, at the end, the recipe."""

    files: list[gr.FileData]
    detail: Json
    framed: gr.FileData | None = None
    film: gr.FileData | None = None


async def answers(page: Page, asked: Request, request: gr.Request) -> AsyncIterator[Answer]:
    """Put the request in the line and follow it."""
    async for answer in followed(page, told(page.engine.submit, asked, session_of(request))):
        yield answer


async def followed(page: Page, job: Job, name: str = "") -> AsyncIterator[Answer]:
    """Progress while it runs, the recipe at the end; a refusal is raised with its own sentence.

    `name` is that of the result's file, where it is not the model and the seed.
    """
    files: list[gr.FileData] = []
    results: list[Result] = []
    notices: list[str] = []
    framed: gr.FileData | None = None
    film: gr.FileData | None = None
    async for update in follow(page.engine, job, look=False):
        for event in update.events:
            match event:
                case Result():
                    results.append(event)
                    made = await asyncio.to_thread(page.shelf.keep, event, name)
                    files = [*files, gr.FileData(path=made.path)]
                case Film():
                    film = await asyncio.to_thread(_file, page, f"denoising.{event.format}", event.data)
                case Framed():
                    framed = await asyncio.to_thread(_file, page, "framed.png", event.image)
                case Notice(text=text):
                    notices.append(text)
        if job.state == "failed" and update.over:
            raise refuse(DDPMError(complaint(job)))
        detail = {"job": job.id, "progress": update.status["p"], "text": update.status["text"]}
        if update.over:
            detail = {
                **(results[0].recipe if results else {}),
                "seeds": [one.seed for one in results],
                "state": job.state,
                "notices": notices,
            }
        yield Answer(files, detail, framed, film)


def _file(page: Page, name: str, content: bytes | Image.Image) -> gr.FileData:
    path = page.shelf.path(name)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.save(path)
    return gr.FileData(path=str(path))


async def checked(**values: Any) -> Request:
    """The request, or its refusal as gradio_client shows it."""
    return await asyncio.to_thread(lambda: told(Request.checked, **values))


def path_of(file: Any, what: str = "image") -> str:
    """Where gradio put an uploaded file; no other file of this machine is read.

    gradio looks at a path itself only where the value says `meta`, which a script may leave out.
    """
    path = file.get("path") if isinstance(file, dict) else getattr(file, "path", None)
    if not path:
        raise refuse(BadRequest(f"A picture is missing: send {what}.", what))
    if not _uploaded(Path(str(path))):
        raise refuse(BadRequest(f"{what} is no uploaded file: send it with handle_file(...) of gradio_client.", what))
    return str(path)


def _uploaded(path: Path) -> bool:
    """Whether it is a file in the folder of uploads."""
    try:
        return path.resolve().is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file()
    except (OSError, ValueError):  # a NUL or half a character in it, or too long
        return False


async def picture_of(file: Any) -> Image.Image:
    """An uploaded file as an upright RGB picture."""
    return await asyncio.to_thread(told, open_picture, path_of(file))


async def mask_of(file: Any) -> Image.Image:
    """An uploaded file as a mask."""
    return await asyncio.to_thread(told, open_mask, path_of(file, "mask"))


def session_of(request: gr.Request | None) -> str:
    """Whose job it is: one Client object, or one browser tab."""
    return (request.session_hash if request is not None else None) or secrets.token_hex(8)
