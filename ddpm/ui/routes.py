"""Plain HTTP beside the page: GET /health, GET /models, POST and GET /generate, through the same line as the page.

They stand before gradio's own routes, which is also outside its login: `_admitted` asks for the same one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ddpm.engine import Engine
from ddpm.errors import BadRequest, DDPMError, LineFull, TooMuch, UnknownModel
from ddpm.events import Result
from ddpm.images import open_mask, open_picture
from ddpm.jobs import Job
from ddpm.recipe import save_png
from ddpm.request import Request
from ddpm.ui.questions import catalogue

LARGEST = 20 * 2**20  # bytes of a request's body, as for uploads on the page
OLD_NAMES = {"num_steps": "steps", "batch_size": "count"}  # of the HTTP service this one follows
Answer = Callable[[HttpRequest], Awaitable[Response]]


class TooLarge(BadRequest):
    """The request's body is larger than an upload may be."""


def routes(engine: Engine) -> list[Route]:
    async def health(http: HttpRequest) -> Response:
        return JSONResponse(engine.health())

    async def models(http: HttpRequest) -> Response:
        return JSONResponse({"models": catalogue(engine)})

    async def generate(http: HttpRequest) -> Response:
        posted = http.method == "POST"
        values = await body(http) if posted else dict(http.query_params)
        results = await made(engine, http, request_of(engine, values))
        files = [save_png(one.image, one.recipe) for one in results]
        if not posted:
            return Response(files[0], media_type="image/png", headers={"X-Seed": str(results[0].seed)})
        images = [base64.b64encode(file).decode() for file in files]
        first = results[0]
        return JSONResponse({
            "status": "success", "image": images[0], "model_used": first.recipe.get("model"), "seed": first.seed,
            "image_size": first.image.width, "channels": len(first.image.getbands()), "recipe": first.recipe,
            **({"images": images} if len(images) > 1 else {}),
        })  # fmt: skip

    return [
        Route("/health", guarded(engine, health), methods=["GET"]),
        Route("/models", guarded(engine, models), methods=["GET"]),
        Route("/generate", guarded(engine, generate), methods=["GET", "POST"]),
    ]


def guarded(engine: Engine, answer: Answer) -> Answer:
    """The page's login, and refusals as JSON with their status."""

    async def guard(http: HttpRequest) -> Response:
        if not _admitted(http):
            message = {"status": "error", "message": "Log in first: send the page's name and password as HTTP Basic."}
            return JSONResponse(message, 401, headers={"WWW-Authenticate": 'Basic realm="ddpm"'})
        try:
            return await answer(http)
        except UnknownModel as error:
            names = [card.name for card in engine.cards() if card.usable]
            return JSONResponse({"status": "error", "message": str(error), "available_models": names}, 404)
        except DDPMError as error:
            return JSONResponse({"status": "error", "message": str(error)}, status_of(error))

    return guard


def status_of(error: DDPMError) -> int:
    match error:
        case TooLarge() | TooMuch():
            return 413
        case BadRequest():
            return 400
        case LineFull():
            return 429
    return 500


async def body(http: HttpRequest) -> dict[str, Any]:
    """The JSON object that was posted. Refused while it comes in, so that a huge one is never held."""
    data = bytearray()
    async for chunk in http.stream():
        data += chunk
        if len(data) > LARGEST:
            raise TooLarge(f"The request has more than {LARGEST // 2**20} MB; send a smaller picture.")
    try:
        values = json.loads(bytes(data) or b"{}")
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    if not isinstance(values, dict):
        raise BadRequest(f'The body must be a JSON object like {{"prompt": "a lake"}}, not a {type(values).__name__}.')
    return values


def request_of(engine: Engine, values: dict[str, Any]) -> Request:
    """Our names, and the older service's; pictures as base64."""
    values = {OLD_NAMES.get(name, name): value for name, value in values.items()}
    size, channels = values.pop("image_size", None), values.pop("channels", None)
    if size is not None:
        values = {"width": size, "height": size, **values}
    for name, opened in (("image", open_picture), ("mask", open_mask)):
        if name in values:
            values[name] = opened(_decoded(values[name], name))
    for name in ("fps", "format", "film"):
        if name in values:
            raise BadRequest(f"{name}: films are made by the endpoint /denoise_video of gradio_client, not here.", name)
    request = Request.checked(**values)
    cards = {card.name: card for card in engine.cards()}
    card = cards.get(request.model) if request.model else None
    if request.model and card is None and "/" not in request.model:
        raise UnknownModel(f"There is no model {request.model[:60]!r}. There are: {', '.join(cards)}.", tuple(cards))
    if channels is not None and card is not None and str(channels) != str(card.channels):
        raise BadRequest(f"channels is {channels!r}, but {card.name} makes pictures with {card.channels}.", "channels")
    return request


def _decoded(text: Any, name: str) -> bytes:
    try:
        return base64.b64decode(str(text).partition("base64,")[2] or str(text), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"{name} must be a picture file as base64 text.", name) from None


async def made(engine: Engine, http: HttpRequest, request: Request) -> list[Result]:
    """The results, in line like everybody; a caller who goes away leaves the line."""
    job = engine.submit(request, "http")
    try:
        while not job.done.is_set():
            await asyncio.sleep(0.02)
            if await http.is_disconnected():
                break
    finally:
        if not job.over:
            job.stop()
    return _results(job)


def _results(job: Job) -> list[Result]:
    if isinstance(job.exception, DDPMError):
        raise job.exception
    results = [event for event in job.events if isinstance(event, Result) and not event.partial]
    if not results:
        raise DDPMError(
            "Nothing was made: the job was stopped." if job.exception is None else "Something broke on our side."
        )
    return results


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
