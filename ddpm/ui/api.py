"""For gradio_client: typed endpoints through the same line as the page. Names, order and defaults are public API.

gr.api checks nothing, so every value goes through `Request.checked`; None means what the model's card says. While a
job runs, its endpoint yields the files so far and its progress; the last thing it yields is files and recipe.
"""

from __future__ import annotations

import asyncio

import gradio as gr

from ddpm.images import open_whole
from ddpm.ui.answers import answers, checked, followed, mask_of, path_of, picture_of, session_of
from ddpm.ui.easel import Page
from ddpm.ui.pictures import enlarged_name, told
from ddpm.ui.questions import Questions


class Endpoints:
    """The endpoints that make pictures; they differ in what they ask for and in what they return."""

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
        pag_scale: float | None = None,
        guidance_until: float | None = None,
        styles: list[str] | None = None,
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
            pag_scale: Perturbed-attention guidance, 0 to 10: firmer shapes, a further call a step; 0 is off.
            guidance_until: Noise share, 0 to 1, at which guidance ends; 0 guides to the last step.
            styles: Names of styles.csv, whose texts are put around the prompts.

        Returns:
            The PNG files, each with its recipe inside, and the recipe of the first with all seeds.
        """
        asked = await checked(
            mode="text", prompt=prompt, negative_prompt=negative_prompt, model=model, sampler=sampler, steps=steps,
            guidance_scale=guidance_scale, seed=seed, count=count, width=width, height=height, upscale=upscale,
            pag_scale=pag_scale, guidance_until=guidance_until, styles=styles,
        )  # fmt: skip
        async for answer in answers(self.page, asked, request):
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
        pag_scale: float | None = None,
        guidance_until: float | None = None,
        styles: list[str] | None = None,
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
        asked = await checked(
            mode="image", image=await picture_of(image), strength=strength, prompt=prompt,
            negative_prompt=negative_prompt, model=model, sampler=sampler, steps=steps,
            guidance_scale=guidance_scale, seed=seed, count=count, width=width, height=height, upscale=upscale,
            pag_scale=pag_scale, guidance_until=guidance_until, styles=styles,
        )  # fmt: skip
        async for answer in answers(self.page, asked, request):
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
        pag_scale: float | None = None,
        guidance_until: float | None = None,
        styles: list[str] | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[list[gr.FileData], dict]:
        """Repaint a part of a picture; beyond the soft edge (`mask_blur`) the rest comes back bit for bit.

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
        asked = await checked(
            mode="mask", image=await picture_of(image), mask=await mask_of(mask), strength=strength,
            mask_blur=mask_blur, mask_grow=mask_grow, fill=fill, only_masked=only_masked, padding=padding,
            prompt=prompt, negative_prompt=negative_prompt, model=model, sampler=sampler, steps=steps,
            guidance_scale=guidance_scale, seed=seed, count=count, width=width, height=height, upscale=upscale,
            pag_scale=pag_scale, guidance_until=guidance_until, styles=styles,
        )  # fmt: skip
        async for answer in answers(self.page, asked, request):
            yield answer.files, answer.detail

    async def selfie(  # type: ignore[misc]  # gr.api wants what is yielded
        self,
        image: gr.FileData,
        likeness: float = 0.5,
        strength: float = 0.9,
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
        pag_scale: float | None = None,
        guidance_until: float | None = None,
        styles: list[str] | None = None,
        through_network: bool = False,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[list[gr.FileData], gr.FileData | None, dict]:
        """Make faces that remember the one in a photo.

        Args:
            image: A photo with a face; no recipe holds it. The face as it was framed is a file, for a day.
            likeness: 0 is a stranger, 1 is nearly the face in the photo.
            strength: How far the result may move from the photo, 0 to 1.
            count: Faces, 1 to 16.
            through_network: Draw outlines by the gradient through the network: about five times slower.

        Returns:
            The PNG files, the face as it was framed, and the recipe.
        """
        asked = await checked(
            mode="selfie", image=await picture_of(image), likeness=likeness, strength=strength, count=count,
            prompt=prompt or None, negative_prompt=negative_prompt or None, model=model, sampler=sampler,
            steps=steps, guidance_scale=guidance_scale, seed=seed, width=width, height=height, upscale=upscale,
            pag_scale=pag_scale, guidance_until=guidance_until, styles=styles, through_network=through_network,
        )  # fmt: skip
        async for answer in answers(self.page, asked, request):
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
        pag_scale: float | None = None,
        guidance_until: float | None = None,
        styles: list[str] | None = None,
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
        asked = await checked(
            mode="text", prompt=prompt, fps=60 if fps is None else fps, format=format or "mp4",
            negative_prompt=negative_prompt, model=model, sampler=sampler, steps=steps,
            guidance_scale=guidance_scale, seed=seed, width=width, height=height,
            pag_scale=pag_scale, guidance_until=guidance_until, styles=styles,
        )  # fmt: skip
        async for answer in answers(self.page, asked, request):
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
            image: Any picture file; alpha, grey and 16-bit grey stay.
            scale: 2 or 4.
            upscaler: x4plus, x4plus-anime or animevideov3.

        Returns:
            The PNG file and the recipe.
        """
        path = path_of(image)
        picture = await asyncio.to_thread(told, open_whole, path)
        job = told(self.page.engine.submit_upscale, picture, scale, upscaler, session=session_of(request))
        async for answer in followed(self.page, job, enlarged_name(path, scale)):
            yield answer.files[0] if answer.files else None, answer.detail


def endpoints(page: Page) -> None:
    """Register them; inside `gr.Blocks`."""
    own = Endpoints(page)
    streaming = (own.text_to_image, own.image_to_image, own.inpaint, own.selfie, own.denoise_video, own.upscale)
    for stream in streaming:
        gr.api(stream, api_name=stream.__name__, concurrency_limit=None)
    asks = Questions(page)
    gr.api(asks.read_recipe, api_name="read_recipe")
    gr.api(asks.models, api_name="models", queue=False)
    gr.api(asks.stop, api_name="stop", queue=False)
    gr.api(asks.random_prompt, api_name="random_prompt")
    gr.api(asks.suggest, api_name="suggest", queue=False)
    gr.api(asks.strip, api_name="strip")
