"""The Flask service of the DDPM Image Generator: GET /, /models, /config, and POST /generate with a model's name."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ddpm.engine import Engine
from ddpm.errors import BadRequest, UnknownModel
from ddpm.models.card import ModelCard, named
from ddpm.request import Request
from ddpm.ui.http import as_base64, body, finished, in_their_words, results

DEFAULTS: dict[str, Any] = {"image_size": [64, 64], "channels": 3, "num_steps": 50}
THEIRS = {"steps": "num_steps", "height": "image_size", "width": "image_size"}
LONGEST = 255  # letters of a model's name


def routes(engine: Engine) -> list[Route]:
    """Its four paths."""

    def usable() -> list[ModelCard]:
        return [card for card in engine.cards() if card.usable]

    async def home(http: HttpRequest) -> Response:
        return JSONResponse({
            "status": "online", "models_available": len(usable()), "device": engine.health()["device"],
            "cache_enabled": True, "image_size": DEFAULTS["image_size"], "channels": DEFAULTS["channels"],
        })  # fmt: skip

    async def models(http: HttpRequest) -> Response:
        told = [
            {"name": card.name, "path": card.name, "extension": "", "size_mb": round(card.bytes / 2**20, 2)}
            for card in usable()
        ]
        return JSONResponse({"status": "success", "models": told, "count": len(told)})

    async def config(http: HttpRequest) -> Response:
        health, names = engine.health(), [card.name for card in usable()]
        return JSONResponse({
            "device": health["device"], "cache_enabled": True,
            "cache_info": {"cached_models": len(health["loaded"]), "model_names": health["loaded"]},
            "models_directory": "weights", "models_available": names,
            "default_image_size": DEFAULTS["image_size"], "default_channels": DEFAULTS["channels"],
        })  # fmt: skip

    async def generate(http: HttpRequest) -> Response:
        values = await body(http)
        card = _card(usable(), values.get("model"))
        first = results(await finished(engine, http, _request(card, values)))[0]
        (image,) = await as_base64([first])
        return JSONResponse({
            "status": "success", "image": image, "mode": "model", "model_used": card.name,
            "image_size": [first.image.height, first.image.width],
            "channels": len(first.image.getbands()), "seed": first.seed,
        })  # fmt: skip

    return [
        Route("/", home),
        Route("/models", models),
        Route("/config", config),
        Route("/generate", generate, methods=["POST"]),
    ]


def _card(cards: list[ModelCard], name: Any) -> ModelCard:
    """The model by its name, with or without the ending of the file it was in."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST or any(part in name for part in ("..", "\\", "\0")):
        raise BadRequest("model must be the name of one of the models.", "model")
    found = named(cards, name)
    if found is None:
        names = tuple(card.name for card in cards)
        raise UnknownModel(f"There is no model {name[:60]!r}. There are: {', '.join(names)}.", names)
    return found


def _request(card: ModelCard, values: dict[str, Any]) -> Request:
    """Sizes of [height, width]."""
    size, channels = chosen(card, values.get("image_size"), values.get("channels"))
    if size is not None and (not isinstance(size, list) or len(size) != 2):
        raise BadRequest(f"image_size is {str(size)[:60]}, but must be [height, width].", "image_size")
    if str(channels) not in ("None", str(card.channels)):
        raise BadRequest(f"channels is {channels!r}, but {card.name} makes pictures with {card.channels}.", "channels")
    height, width = size or (None, None)
    return in_their_words(THEIRS, model=card.name, steps=values.get("num_steps", DEFAULTS["num_steps"]), height=height,
                          width=width, seed=values.get("seed"), prompt=values.get("prompt"))  # fmt: skip


def chosen(card: ModelCard, size: Any, channels: Any) -> tuple[Any, Any]:
    """What was chosen of size and channels. The front end always sends its defaults; on a model that is different they
    say nothing, and None is what the model has."""
    return (
        None if size == DEFAULTS["image_size"] and card.size not in size else size,
        None if channels == DEFAULTS["channels"] != card.channels else channels,
    )
