"""The minimal DDPM repository's service: GET / says that it is there, GET /generate answers a PNG."""

from __future__ import annotations

import asyncio

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ddpm.engine import Engine
from ddpm.recipe import save_png
from ddpm.request import Request
from ddpm.ui.http import finished, results


def routes(engine: Engine) -> list[Route]:
    """Its two paths."""

    async def home(http: HttpRequest) -> Response:
        return JSONResponse(engine.health())

    async def generate(http: HttpRequest) -> Response:
        """The first model without prompts paints, unless ?model= names another."""
        cards = [card for card in engine.cards() if card.usable and card.kind == "unconditional"]
        asked = {"model": cards[0].name if cards else None, **http.query_params}
        first = results(await finished(engine, http, Request.checked(**asked)))[0]
        file = await asyncio.to_thread(save_png, first.image, first.recipe)
        return Response(file, media_type="image/png")

    return [Route("/", home), Route("/generate", generate)]
