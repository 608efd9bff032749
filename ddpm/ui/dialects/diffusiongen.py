"""DiffusionGen's Flask service: a form with files, strength and mask the other way round, progress out of 1000.

There, strength 0.9 stays close to the picture and white in the mask is kept; here strength 0.1 does, and black is.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from PIL import Image, ImageOps
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ddpm.engine import Engine
from ddpm.errors import BadPicture, BadRequest
from ddpm.events import Film
from ddpm.images import open_mask, open_picture
from ddpm.models.card import named
from ddpm.prompts import random_prompt
from ddpm.prompts.suggest import complete, phrases
from ddpm.prompts.vocabulary import CATEGORIES
from ddpm.request import LIMITS, Request
from ddpm.ui.http import as_base64, finished, form, in_their_words, results, to_base64

SECRET = secrets.token_hex(16)  # of this process: a caller of gradio's may say which session they are
FPS = 60  # of a film whose form does not say
UPSCALE = {"None": 1, "2x": 2, "4x": 4}
DEFAULTS = {"prompt": "", "batch_size": 1, "denoising_steps": 5, "cfg_scale": 4.5, "strength": 0.5, "esrgan": "2x"}

THEIRS = {"count": "batch_size", "steps": "denoising_steps", "guidance_scale": "cfg_scale", "fps": "video_fps"}


def routes(engine: Engine) -> list[Route]:
    """Its paths; the pages among them lead to ours."""

    async def generate(http: HttpRequest) -> Response:
        asked, warnings = await _asked(engine, await form(http))
        job = await finished(engine, http, asked, session_of(http, "diffusiongen"))
        images = await as_base64(results(job))
        films = [to_base64(event.data) for event in job.events if isinstance(event, Film)]
        more = ({"images": images} if len(images) > 1 else {}) | ({"video": films[0]} if films else {})
        return JSONResponse({"image": images[0], **warnings, **more})

    async def progress(http: HttpRequest) -> Response:
        return JSONResponse({"progress": round(1000 * share_done(engine, session_of(http, "diffusiongen")))})

    async def a_random_prompt(http: HttpRequest) -> Response:
        seen = http.query_params.get("use_training_prompts", "false").lower() == "true"
        names = _categories(http.query_params.getlist("categories"))
        return JSONResponse({"prompt": random_prompt(names, seen, secrets.randbelow(2**32))})

    async def autocomplete(http: HttpRequest) -> Response:
        return JSONResponse(complete(http.query_params.get("q", "")))

    async def vocabulary(http: HttpRequest) -> Response:
        return JSONResponse(list(phrases()))

    async def page(http: HttpRequest) -> Response:
        return RedirectResponse("../")

    return [
        Route("/generate", generate, methods=["POST"]),
        Route("/progress", progress),
        Route("/random_prompt", a_random_prompt),
        Route("/autocomplete", autocomplete),
        Route("/get_vocab", vocabulary),
        *[Route(path, page) for path in ("/editor", "/help")],
    ]


def session_of(http: HttpRequest, dialect: str) -> str:
    """These services know one user; here each address is one, and sees no other's progress."""
    return f"{SECRET} {dialect} {http.client.host if http.client else ''}"


def share_done(engine: Engine, session: str) -> float:
    """How much of the session's newest job is done, 0..1."""
    jobs = engine.line.of_session(session)
    if not jobs:
        return 0.0
    newest = jobs[-1].newest
    return 1.0 if jobs[-1].over else newest.step / max(newest.steps, 1) if newest else 0.0


async def _asked(engine: Engine, sent: FormData) -> tuple[Request, dict[str, str]]:
    values: dict[str, Any] = {name: sent.get(name) or default for name, default in DEFAULTS.items()}
    seed, model = str(sent.get("seed") or "").strip(), sent.get("diffusion_model_type")
    steps, upscale = values["denoising_steps"], str(values["esrgan"])
    if upscale not in UPSCALE:
        raise BadRequest(f"esrgan is {upscale[:60]!r}, but must be one of {', '.join(UPSCALE)}.", "esrgan")
    asked: dict[str, Any] = {
        "prompt": values["prompt"], "count": values["batch_size"], "steps": steps, "upscale": UPSCALE[upscale],
        "guidance_scale": values["cfg_scale"], "seed": int(seed[:20]) if seed.isdecimal() else -1,
        "model": _model(engine, model), "sampler": "ddpm" if sent.get("sampling_method") == "ddpm" else "ddim",
    }  # fmt: skip
    if "realtime_denoise" in sent:
        asked |= {"fps": sent.get("video_fps") or FPS, "format": "mp4"}
    pictures, warnings = await _pictures(sent)
    if pictures:
        asked |= pictures | {"strength": _turned(values["strength"])}
    return await asyncio.to_thread(in_their_words, THEIRS, **asked), warnings


async def _pictures(sent: FormData) -> tuple[dict[str, Image.Image], dict[str, str]]:
    """The picture and the turned mask. As there, one that cannot be used is left out with a warning."""
    found, warnings = dict[str, Image.Image](), dict[str, str]()
    if data := await _file(sent, "image"):
        try:
            found["image"] = await asyncio.to_thread(open_picture, data)
        except BadPicture as error:
            warnings["img_warning"] = f"Warning: {error} The picture is made from noise instead."
    if data := await _file(sent, "mask"):
        try:
            turned = ImageOps.invert(await asyncio.to_thread(open_mask, data))
            if "image" not in found:
                warnings["msk_warning"] = "Warning: a mask needs a picture. The mask is not used."
            elif turned.getbbox() is None:
                warnings["msk_warning"] = "Warning: the mask keeps everything, as it is all white. It is not used."
            else:
                found["mask"] = turned
        except BadPicture as error:
            warnings["msk_warning"] = f"Warning: {error} The mask is not used."
    return found, warnings


async def _file(sent: FormData, name: str) -> bytes:
    file = sent.get(name)
    return await file.read() if isinstance(file, UploadFile) and file.filename else b""


def _model(engine: Engine, said: Any) -> str | None:
    """A model of ours by its name or by its file's; else None, the first text model."""
    card = named([card for card in engine.cards() if card.usable], str(said))
    return card.name if card else None


def _turned(strength: Any) -> float:
    """Ours out of theirs; refused as it was sent."""
    low, high = LIMITS["strength"]
    try:
        theirs = float(strength)
    except (TypeError, ValueError):
        raise BadRequest(f"strength is {str(strength)[:60]!r}, but must be a number.", "strength") from None
    if not low <= theirs <= high:
        raise BadRequest(f"strength is {theirs:g}, but must be a number from {low:g} to {high:g}.", "strength")
    return 1 - theirs


def _categories(labels: list[str]) -> list[str]:
    """Their labels are written with capitals ("Mountain Lake")."""
    ours = {name.lower(): name for group, names in CATEGORIES.items() for name in (group, *names)}
    return [ours.get(label.strip().lower(), label.strip()) for label in labels]
