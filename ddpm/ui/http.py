"""What all plain HTTP routes share: the page's login, bodies of a bounded size, the line, and refusals as JSON.

Routes stand before gradio's own, which is also outside its login: `_admitted` asks for the same one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from ddpm.engine import Engine
from ddpm.errors import BadRequest, DDPMError, LineFull, TooMuch, UnknownModel
from ddpm.events import Notice, Result
from ddpm.jobs import Job
from ddpm.recipe import save_png
from ddpm.request import Request

LARGEST = 20 * 2**20  # bytes of a request's body, as for uploads on the page
Answer = Callable[[HttpRequest], Awaitable[Response]]


class TooLarge(BadRequest):
    """The request's body is larger than an upload may be."""


def guarded(engine: Engine, answer: Answer) -> Answer:
    """The page's login, and refusals as JSON with their status."""

    async def guard(http: HttpRequest) -> Response:
        if not _admitted(http):
            message = {"status": "error", "message": "Log in first: send the page's name and password as HTTP Basic."}
            return JSONResponse(message, 401, headers={"WWW-Authenticate": 'Basic realm="ddpm"'})
        try:
            return await answer(http)
        except ClientDisconnect:  # while it was sending; nobody reads this
            return Response(status_code=400)
        except DDPMError as error:
            told = {"status": "error", "message": str(error), "detail": str(error)}  # `detail` is FastAPI's word for it
            named = isinstance(error, UnknownModel) or getattr(error, "field", None) == "model"
            names = {"available_models": [card.name for card in engine.cards() if card.usable]} if named else {}
            return JSONResponse(told | names, status_of(error))

    return guard


def status_of(error: DDPMError) -> int:
    match error:
        case TooLarge() | TooMuch():
            return 413
        case BadRequest():
            return 400
        case UnknownModel():
            return 404
        case LineFull():
            return 429
    return 500


async def body(http: HttpRequest) -> dict[str, Any]:
    """The JSON object that was posted."""
    try:
        values = json.loads(await raw(http) or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    if not isinstance(values, dict):
        raise BadRequest(f'The body must be a JSON object like {{"prompt": "a lake"}}, not a {type(values).__name__}.')
    return values


async def form(http: HttpRequest) -> FormData:
    """The fields and files of a form that was posted."""
    data = await raw(http)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data, "more_body": False}

    try:
        return await HttpRequest(http.scope, receive).form(max_files=4, max_fields=100)
    except HTTPException as error:
        raise BadRequest(f"The form could not be read: {error.detail}") from None


async def raw(http: HttpRequest) -> bytes:
    """What was posted. Refused while it comes in, so that a huge one is never held."""
    data = bytearray()
    async for chunk in http.stream():
        data += chunk
        if len(data) > LARGEST:
            raise TooLarge(f"The request has more than {LARGEST // 2**20} MB; send a smaller picture.")
    return bytes(data)


def from_base64(text: Any, name: str) -> bytes:
    """A file sent as base64, with or without a data address in front."""
    try:
        return base64.b64decode(str(text).partition("base64,")[2] or str(text), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"{name} must be a picture file as base64 text.", name) from None


def to_base64(file: bytes) -> str:
    return base64.b64encode(file).decode()


async def as_base64(made: Sequence[Result]) -> list[str]:
    """Results as files. In a thread: a large one takes seconds, in which the event loop would answer nobody."""
    return await asyncio.to_thread(lambda: [to_base64(save_png(one.image, one.recipe)) for one in made])


def in_their_words(names: dict[str, str], /, **values: Any) -> Request:
    """The request, where a refusal calls its field as the sender did. `names`: ours -> theirs."""
    try:
        return Request.checked(**values)
    except BadRequest as error:
        theirs = names.get(error.field or "")
        if theirs is None:
            raise
        raise BadRequest(re.sub(rf"\b{error.field}\b", theirs, str(error), count=1), theirs) from None


async def finished(engine: Engine, http: HttpRequest, request: Request, session: str = "") -> Job:
    """The job of this request, done in line like everybody's; a caller who goes away leaves the line.

    Whoever can name a session can stop its jobs: it is none, or one that nobody outside can know.
    """
    job = engine.submit(request, session)
    try:
        while not job.done.is_set():
            await asyncio.sleep(0.02)
            if await http.is_disconnected():
                break
    finally:
        if not job.over:
            job.stop()
    if isinstance(job.exception, DDPMError):
        raise job.exception
    return job


def results(job: Job) -> list[Result]:
    """Its pictures; there is at least one."""
    found = [event for event in job.events if isinstance(event, Result) and not event.partial]
    if not found:
        raise DDPMError(
            "Nothing was made: the job was stopped." if job.exception is None else "Something broke on our side."
        )
    return found


def notices(job: Job) -> list[str]:
    """What its caller should know although it was done; not that a model was loaded for it."""
    told = [event.text for event in job.events if isinstance(event, Notice)]
    return [text for text in told if not text.startswith("Loading ")]


def _admitted(http: HttpRequest) -> bool:
    """Whether the page's login, where there is one, was passed: its cookie, or the same words as HTTP Basic."""
    app = http.app
    known = getattr(app, "auth", None)
    if known is None:
        return True
    cookie = getattr(app, "cookie_id", "")
    tokens = (http.cookies.get(f"access-token-{cookie}"), http.cookies.get(f"access-token-unsecure-{cookie}"))
    if any(token and token in app.tokens for token in tokens):
        return True
    scheme, _, words = http.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(words).decode().partition(":")
    except ValueError:
        return False
    if scheme.lower() != "basic":
        return False
    if callable(known):
        return bool(known(user, password))
    right = known.get(user, "") if isinstance(known, dict) else ""
    return bool(right) and hmac.compare_digest(str(right).encode(), password.encode())
