"""Plain HTTP beside the page: /health, /models and /generate, and below them the dialects of other programs.

POST /generate takes our names or those of the image generator's service; GET /generate answers the picture itself.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ddpm.engine import Engine
from ddpm.errors import BadRequest, UnknownModel
from ddpm.images import open_mask, open_picture
from ddpm.models.card import named
from ddpm.recipe import save_picture
from ddpm.request import Request
from ddpm.ui.dialects import diffusion2, diffusiongen, diffusiongen2, image_generator
from ddpm.ui.http import as_base64, body, finished, from_base64, guarded, in_their_words, notices, results
from ddpm.ui.questions import catalogue

OLD_NAMES = {"num_steps": "steps", "batch_size": "count"}
KINDS: dict[str, Literal["PNG", "JPEG", "WEBP"]] = {"image/jpeg": "JPEG", "image/webp": "WEBP"}  # else PNG
DIALECTS = {
    "/image-generator": image_generator,
    "/diffusion2": diffusion2,
    "/diffusiongen": diffusiongen,
    "/diffusiongen2": diffusiongen2,
}


def routes(engine: Engine) -> list[Route]:
    """All of them, to be put before gradio's."""

    async def health(http: HttpRequest) -> Response:
        return JSONResponse(engine.health())

    async def models(http: HttpRequest) -> Response:
        cards = catalogue(engine)
        return JSONResponse({"status": "success", "models": cards, "count": len(cards)})

    async def generate(http: HttpRequest) -> Response:
        posted = http.method == "POST"
        if http.method == "HEAD":
            return Response(status_code=405, headers={"Allow": "GET, POST"})
        values = await body(http) if posted else _asked_for(http)
        job = await finished(engine, http, await asyncio.to_thread(request_of, engine, values))
        made, told = results(job), notices(job)
        first = made[0]
        if not posted:
            kind = next((kind for kind in KINDS if http.headers.get("Accept", "").startswith(kind)), "image/png")
            kept = {"X-Notices": " ".join(told).encode("ascii", "replace").decode()} if told else {}
            file = await asyncio.to_thread(save_picture, first.image, first.recipe, KINDS.get(kind, "PNG"))
            return Response(file, media_type=kind, headers={"X-Seed": str(first.seed), **kept})
        images = await as_base64(made)
        in_pairs = isinstance(values.get("image_size"), list)
        return JSONResponse({
            "status": "success", "image": images[0], "model_used": first.recipe.get("model"), "seed": first.seed,
            "image_size": [first.image.height, first.image.width] if in_pairs else first.image.width,
            "channels": len(first.image.getbands()), "recipe": first.recipe,
            **({"images": images} if len(images) > 1 else {}), **({"notices": told} if told else {}),
        })  # fmt: skip

    own = [
        Route("/health", guarded(engine, health), methods=["GET"]),
        Route("/models", guarded(engine, models), methods=["GET"]),
        Route("/generate", guarded(engine, generate), methods=["GET", "POST"]),
    ]
    return own + [
        Route(path, guarded(engine, route.endpoint), methods=route.methods)
        for prefix, dialect in DIALECTS.items()
        for route in dialect.routes(engine)
        for path in dict.fromkeys((prefix + route.path, (prefix + route.path).rstrip("/")))
    ]


def _asked_for(http: HttpRequest) -> dict[str, Any]:
    """What an address asks for; styles may be named several times."""
    if http.query_params.get("count", http.query_params.get("batch_size", "1")) not in ("", "1"):
        raise BadRequest("count: an address answers with one picture; POST the same as JSON for several.", "count")
    styles = http.query_params.getlist("styles")
    return dict(http.query_params) | ({"styles": styles} if styles else {})


def request_of(engine: Engine, values: dict[str, Any]) -> Request:
    """Our names, and the image generator's; pictures as base64. null means that it was not given."""
    values = {name: value for name, value in values.items() if value is not None}
    theirs = {OLD_NAMES[name]: name for name in values if name in OLD_NAMES}
    values = {OLD_NAMES.get(name, name): value for name, value in values.items()}
    size, channels = values.pop("image_size", None), values.pop("channels", None)
    cards = engine.cards()
    card = named(cards, values["model"]) if isinstance(values.get("model"), str) else None
    if card is not None:
        values["model"] = card.name
    meant = card or (named(cards, engine.meant(Request())) if (size or channels) and not values.get("model") else None)
    if meant is not None:
        size, channels = image_generator.chosen(meant, size, channels)
    if size is not None:
        theirs |= {"width": "image_size", "height": "image_size"}
        height, width = size if isinstance(size, list) and len(size) == 2 else (size, size)
        values = {"width": width, "height": height, **values}
    for name, opened in (("image", open_picture), ("mask", open_mask)):
        if name in values:
            values[name] = opened(from_base64(values[name], name))
    for name in ("fps", "format", "film"):
        if name in values:
            raise BadRequest(f"{name}: films are made by the endpoint /denoise_video of gradio_client, not here.", name)
    request = in_their_words(theirs, **values)
    if request.model and card is None and "/" not in request.model:
        names = tuple(card.name for card in cards if card.usable)
        raise UnknownModel(f"There is no model {request.model[:60]!r}. There are: {', '.join(names)}.", names)
    card = card or (named(cards, engine.meant(request)) if channels is not None else None)
    if channels is not None and card is not None and str(channels) != str(card.channels):
        raise BadRequest(f"channels is {channels!r}, but {card.name} makes pictures with {card.channels}.", "channels")
    return request
