"""For gradio_client: typed endpoints through the same line as the page. Names, order and defaults are public API.

gr.api checks nothing, so every value goes through `Request.checked`; None means what the model's card says. While a
job runs, its endpoint yields the files so far and its progress; the last thing it yields is files and recipe.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any, NamedTuple

import gradio as gr

from ddpm.engine import Engine
from ddpm.errors import BadRequest, DDPMError
from ddpm.events import Film, Framed, Notice, Result
from ddpm.images import open_mask, open_picture
from ddpm.jobs import Job
from ddpm.recipe import read_recipe
from ddpm.request import Request
from ddpm.ui.easel import Page
from ddpm.ui.pictures import refuse, told
from ddpm.ui.routes import routes
from ddpm.ui.stream import complaint, follow

__all__ = ["Endpoints", "endpoints", "models", "routes"]

Json = dict[str, Any]


class Answer(NamedTuple):
    """Files so far, and progress or, at the end, the recipe."""

    files: list[gr.FileData]
    detail: Json
    framed: gr.FileData | None = None
    film: gr.FileData | None = None


def models(engine: Engine) -> list[Json]:
    """The catalogue as plain data: no path, nothing of this machine."""
    loaded = engine.health().get("loaded", [])
    return [asdict(card) | {"loaded": card.name in loaded} for card in engine.cards()]


class Endpoints:
    """One method per endpoint; they differ in what they ask for and in what they return."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def text_to_image(  # type: ignore[misc]  # gr.api wants what is yielded
        self,
        prompt: str = "",
        negative_prompt: str = "",
        model: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        seed: int = -1,
        count: int = 1,
        width: int | None = None,
        height: int | None = None,
        upscale: int = 1,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[list[gr.FileData], dict]:
        """Make pictures from a prompt.

        Args:
            prompt: What to draw, up to 2,000 characters; weights as (word:1.3). Empty: whatever the model likes.
            negative_prompt: What you would rather not see.
            model: A name of /models; the first text model unless given.
            sampler: heun, dpmpp_2m, dpmpp_2m_sde, unipc, deis, euler, euler_ancestral, ddim, ddpm, pndm or lcm.
            steps: Sampler steps, 1 to 1000.
            guidance_scale: How closely to follow the prompt, 0 to 30; 1 is off.
            seed: -1 draws one; picture i uses seed + i.
            count: Pictures, 1 to 16.
            width: The model's unless given.
            height: The model's unless given.
            upscale: Enlarge every result 1, 2 or 4 times.

        Returns:
            The PNG files, each with its recipe inside, and the recipe of the first with all seeds.
        """
        asked = _checked(
            mode="text",
            prompt=prompt,
            negative_prompt=negative_prompt,
            model=model,
            sampler=sampler,
            steps=steps,
            guidance_scale=guidance_scale,
            seed=seed,
            count=count,
            width=width,
            height=height,
            upscale=upscale,
        )
        async for answer in self._answers(asked, request):
            yield answer.files, answer.detail

    async def image_to_image(  # type: ignore[misc]  # gr.api wants what is yielded
        self,
        image: gr.FileData,
        prompt: str = "",
        strength: float = 0.6,
        negative_prompt: str = "",
        model: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        seed: int = -1,
        count: int = 1,
        width: int | None = None,
        height: int | None = None,
        upscale: int = 1,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[list[gr.FileData], dict]:
        """Change a picture.

        Args:
            image: Any picture file.
            prompt: What it should become.
            strength: 0 gives the picture back bit for bit, 1 ignores it.

        Returns:
            The PNG files and the recipe.
        """
        asked = _checked(
            mode="image",
            image=_picture(image),
            strength=strength,
            prompt=prompt,
            negative_prompt=negative_prompt,
            model=model,
            sampler=sampler,
            steps=steps,
            guidance_scale=guidance_scale,
            seed=seed,
            count=count,
            width=width,
            height=height,
            upscale=upscale,
        )
        async for answer in self._answers(asked, request):
            yield answer.files, answer.detail

    async def inpaint(  # type: ignore[misc]  # gr.api wants what is yielded
        self,
        image: gr.FileData,
        mask: gr.FileData,
        prompt: str = "",
        strength: float = 1.0,
        mask_blur: int = 4,
        mask_grow: int = 0,
        fill: str = "original",
        only_masked: bool = False,
        padding: int = 32,
        negative_prompt: str = "",
        model: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        seed: int = -1,
        count: int = 1,
        width: int | None = None,
        height: int | None = None,
        upscale: int = 1,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[list[gr.FileData], dict]:
        """Repaint a part of a picture; the rest comes back bit for bit.

        Args:
            image: Any picture file.
            mask: A picture of the same shape; white, or any alpha, is repainted.
            prompt: What should be there instead.
            strength: How much the masked part may change, 0 to 1.
            mask_blur: Softened edge, 0 to 64 px of the input.
            mask_grow: Grow (or, negative, shrink) the mask, -64 to 64 px.
            fill: What stands under the mask at the start: original, fill or noise.
            only_masked: Work on the mask's box at the model's size and paste it back.
            padding: Room around that box, 0 to 256 px.

        Returns:
            The PNG files and the recipe.
        """
        asked = _checked(
            mode="mask",
            image=_picture(image),
            mask=told(open_mask, _path(mask, "mask")),
            strength=strength,
            mask_blur=mask_blur,
            mask_grow=mask_grow,
            fill=fill,
            only_masked=only_masked,
            padding=padding,
            prompt=prompt,
            negative_prompt=negative_prompt,
            model=model,
            sampler=sampler,
            steps=steps,
            guidance_scale=guidance_scale,
            seed=seed,
            count=count,
            width=width,
            height=height,
            upscale=upscale,
        )
        async for answer in self._answers(asked, request):
            yield answer.files, answer.detail

    async def selfie(  # type: ignore[misc]  # gr.api wants what is yielded
        self,
        image: gr.FileData,
        likeness: float = 0.5,
        strength: float = 0.6,
        count: int = 5,
        prompt: str = "",
        negative_prompt: str = "",
        model: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        seed: int = -1,
        width: int | None = None,
        height: int | None = None,
        upscale: int = 1,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[list[gr.FileData], gr.FileData | None, dict]:
        """Make faces that remember the one in a photo.

        Args:
            image: A photo with a face; it goes into no file that is made.
            likeness: 0 is a stranger, 1 is nearly the face in the photo.
            strength: How far the result may move from the photo, 0 to 1.
            count: Faces, 1 to 16.

        Returns:
            The PNG files, the face as it was framed, and the recipe.
        """
        asked = _checked(
            mode="selfie",
            image=_picture(image),
            likeness=likeness,
            strength=strength,
            count=count,
            prompt=prompt or None,
            negative_prompt=negative_prompt or None,
            model=model,
            sampler=sampler,
            steps=steps,
            guidance_scale=guidance_scale,
            seed=seed,
            width=width,
            height=height,
            upscale=upscale,
        )
        async for answer in self._answers(asked, request):
            yield answer.files, answer.framed, answer.detail

    async def denoise_video(  # type: ignore[misc]  # gr.api wants what is yielded
        self,
        prompt: str = "",
        fps: int = 60,
        format: str = "mp4",
        negative_prompt: str = "",
        model: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        seed: int = -1,
        width: int | None = None,
        height: int | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[gr.FileData | None, gr.FileData | None, dict]:
        """Film how noise becomes a picture.

        Args:
            prompt: What to draw.
            fps: Frames per second, 1 to 120.
            format: mp4, gif or png (a strip).

        Returns:
            The film, the last picture, and the recipe.
        """
        asked = _checked(
            mode="text",
            prompt=prompt,
            fps=fps,
            format=format,
            negative_prompt=negative_prompt,
            model=model,
            sampler=sampler,
            steps=steps,
            guidance_scale=guidance_scale,
            seed=seed,
            width=width,
            height=height,
        )
        async for answer in self._answers(asked, request):
            yield answer.film, answer.files[-1] if answer.files else None, answer.detail

    async def upscale(  # type: ignore[misc]  # gr.api wants what is yielded
        self,
        image: gr.FileData,
        scale: int = 4,
        upscaler: str | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[gr.FileData | None, dict]:
        """Enlarge a picture with Real-ESRGAN.

        Args:
            image: Any picture file.
            scale: 2 or 4.
            upscaler: x4plus, x4plus-anime or animevideov3.

        Returns:
            The PNG file and the recipe.
        """
        check_enlarging(scale, upscaler)
        job = told(self.page.engine.submit_upscale, _picture(image), scale, upscaler, session=_session(request))
        async for answer in self._followed(job):
            yield answer.files[0] if answer.files else None, answer.detail

    def read_recipe(self, image: gr.FileData) -> tuple[dict, list]:
        """Read how a picture was made, from files of this and of other programs.

        Args:
            image: A picture with text chunks.

        Returns:
            The fields that could be read, and a list of what could not.
        """
        fields, unread = told(read_recipe, _path(image))
        return fields, unread

    def models(self) -> list:
        """The catalogue: names, titles, kinds, sizes, defaults, licences, and which are loaded."""
        return models(self.page.engine)

    def stop(self, job: str = "", request: gr.Request = None) -> str:  # type: ignore[assignment]
        """Stop your jobs, running or in line; what is finished stays.

        Args:
            job: The id from a progress report stops that one alone.

        Returns:
            What was stopped.
        """
        line = self.page.engine.line
        named = line.find(job) if job else None
        going = [
            one for one in ([named] if named else [] if job else line.of_session(_session(request))) if not one.over
        ]
        for one in going:
            one.stop()
        return f"Stopped {len(going)} job{'' if len(going) == 1 else 's'}."

    def random_prompt(self, categories: list[str] | None = None, seen: bool | None = None, seed: int = -1) -> str:
        """Draw a prompt that the scenes model understands.

        Args:
            categories: Some of scenery, animals, humans, mythical_beings; all unless given.
            seen: True: combinations from its training; False: new ones; both unless given.
            seed: -1 draws one.

        Returns:
            The prompt.
        """
        from ddpm.prompts import random_prompt

        return told(random_prompt, categories or None, seen, secrets.randbelow(2**32) if seed < 0 else seed)

    async def _answers(self, asked: Request, request: gr.Request) -> AsyncIterator[Answer]:
        job = told(self.page.engine.submit, asked, _session(request))
        async for answer in self._followed(job):
            yield answer

    async def _followed(self, job: Job) -> AsyncIterator[Answer]:
        """Progress while it runs, the recipe at the end; a refusal is raised with its own sentence."""
        files: list[gr.FileData] = []
        results: list[Result] = []
        notices: list[str] = []
        framed: gr.FileData | None = None
        film: gr.FileData | None = None
        async for update in follow(self.page.engine, job, look=False):
            for event in update.events:
                match event:
                    case Result():
                        results.append(event)
                        files = [*files, gr.FileData(path=self.page.shelf.keep(event).path)]
                    case Film():
                        film = self._file(f"denoising.{event.format}", event.data)
                    case Framed():
                        path = self.page.shelf.path("framed.png")
                        event.image.save(path)
                        framed = gr.FileData(path=str(path))
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

    def _file(self, name: str, data: bytes) -> gr.FileData:
        path = self.page.shelf.path(name)
        path.write_bytes(data)
        return gr.FileData(path=str(path))


def endpoints(page: Page) -> None:
    """Register them; inside `gr.Blocks`."""
    own = Endpoints(page)
    streaming = (own.text_to_image, own.image_to_image, own.inpaint, own.selfie, own.denoise_video, own.upscale)
    for stream in streaming:
        gr.api(stream, api_name=stream.__name__, concurrency_limit=None)
    gr.api(own.read_recipe, api_name="read_recipe")
    gr.api(own.models, api_name="models", queue=False)
    gr.api(own.stop, api_name="stop", queue=False)
    if find_spec("ddpm.prompts"):
        gr.api(own.random_prompt, api_name="random_prompt")


def check_enlarging(scale: int, upscaler: str | None) -> None:
    """The two values of an enlarging, by the request's own rules."""
    _checked(upscale=scale, upscaler=upscaler)
    if scale == 1:
        raise refuse(BadRequest("scale is 1, but must be 2 or 4.", "scale"))


def _checked(**values: Any) -> Request:
    return told(Request.checked, **values)


def _path(file: Any, what: str = "image") -> str:
    path = file.get("path") if isinstance(file, dict) else getattr(file, "path", None)
    if not path:
        raise refuse(BadRequest(f"A picture is missing: send {what}.", what))
    return str(path)


def _picture(file: Any) -> Any:
    return told(open_picture, _path(file))


def _session(request: gr.Request | None) -> str:
    return (request.session_hash if request is not None else None) or secrets.token_hex(8)
