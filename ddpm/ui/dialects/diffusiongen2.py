"""DiffusionGen 2's FastAPI service: pictures as base64, white is repainted, progress in per cent, previews."""

from __future__ import annotations

import asyncio
import io
import secrets
import time
from typing import Any

from PIL import Image
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ddpm.engine import Engine
from ddpm.errors import BadRequest
from ddpm.images import open_mask, open_picture
from ddpm.prompts import random_prompt
from ddpm.request import Request
from ddpm.ui.dialects.diffusiongen import session_of, share_done
from ddpm.ui.http import as_base64, body, finished, from_base64, in_their_words, results, to_base64

NAME = "diffusiongen2"
THEIRS = {"count": "batch_size", "guidance_scale": "cfg", "strength": "img2img_strength"}
SPLITS = {"train": True, "val": False}  # prompts like those of the training data, or new ones


def routes(engine: Engine) -> list[Route]:
    """Its paths; the page among them leads to ours."""

    async def health(http: HttpRequest) -> Response:
        own = engine.health()
        ready = any(card.usable for card in engine.cards())
        told = {
            "model_loaded": ready,
            "vae_loaded": ready,
            "clip_loaded": ready,
        }  # or will be, when asked
        return JSONResponse({"status": "ok" if ready else "error", "device": own["device"], **told})

    async def generate(http: HttpRequest) -> Response:
        asked = await asyncio.to_thread(_asked, await body(http))
        made = results(await finished(engine, http, asked, session_of(http, NAME)))
        return JSONResponse({"images": await as_base64(made), "prompt": asked.prompt, "seed": made[0].seed})

    async def progress(http: HttpRequest) -> Response:
        return JSONResponse({"progress": int(100 * share_done(engine, session_of(http, NAME)))})

    async def preview(http: HttpRequest) -> Response:
        """The newest preview of this address's newest job; asking is what makes the next one have a picture."""
        jobs = engine.line.of_session(session_of(http, NAME))
        newest = None
        if jobs:
            jobs[-1].looked_at, newest = time.monotonic(), jobs[-1].newest
        shown = to_base64(_png(newest.x0)) if newest is not None and newest.x0 is not None else None
        steps = (newest.step, newest.steps) if newest is not None else (None, None)
        return JSONResponse({"image": shown, "step": steps[0], "total_steps": steps[1]})

    async def a_random_prompt(http: HttpRequest) -> Response:
        split, category = http.query_params.get("split", ""), http.query_params.get("category", "any")
        if split not in SPLITS:
            raise BadRequest(f"split is {split[:60]!r}, but must be train or val.", "split")
        names = None if category == "any" else [category]
        return JSONResponse({"prompt": random_prompt(names, SPLITS[split], secrets.randbelow(2**32))})

    async def page(http: HttpRequest) -> Response:
        return RedirectResponse("../")

    return [
        Route("/health", health),
        Route("/generate", generate, methods=["POST"]),
        Route("/progress", progress),
        Route("/preview", preview),
        Route("/random_prompt", a_random_prompt),
        Route("/editor", page),
    ]


def _asked(values: dict[str, Any]) -> Request:
    """Its names as ours. The EMA weights are what is loaded here; matching prompts to its training set is not."""
    if values.get("second_prompt"):
        raise BadRequest("second_prompt: pictures of two prompts, one upside down, are not made here.", "second_prompt")
    asked: dict[str, Any] = {
        "prompt": values.get("prompt"), "negative_prompt": values.get("negative_prompt"),
        "count": values.get("batch_size"), "steps": values.get("steps"), "guidance_scale": values.get("cfg"),
        "seed": values.get("seed"), "sampler": "ddpm" if values.get("use_ddpm") else "ddim",
        "upscale": 2 if values.get("use_real_esrgan") else 1,
    }  # fmt: skip
    image = values.get("b64_image") or values.get("b64_inpaint_image")
    if image:
        asked |= {"image": open_picture(from_base64(image, "image")), "strength": values.get("img2img_strength")}
        if mask := values.get("b64_inpaint_mask"):
            asked["mask"] = open_mask(from_base64(mask, "mask"))
    elif values.get("b64_inpaint_mask"):
        raise BadRequest("b64_inpaint_mask needs its picture: send b64_inpaint_image as well.", "b64_inpaint_mask")
    return in_their_words(THEIRS, **asked)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
