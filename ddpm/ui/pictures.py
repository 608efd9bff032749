"""Pictures on their way in and out of the page: uploads read safely, results as files with their recipe.

Results are PNG files written here and served as they are: gradio would re-encode a PIL picture without its recipe.
"""

from __future__ import annotations

import base64
import io
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import gradio as gr
import numpy as np
from PIL import Image

from ddpm.errors import BadRequest, DDPMError
from ddpm.events import Result
from ddpm.images import open_mask, open_picture, open_whole
from ddpm.recipe import save_png, strip
from ddpm.ui.own_folders import drop_unfinished, own_folder

KEPT_SECONDS = 24 * 3600  # result files are the visitor's until they are this old
KEPT_BYTES = 4 << 30  # of all result files; beyond it the oldest go sooner
SHELVES = "ddpm-pictures-"  # how the folders of results begin, in the system's folder for temporary files
T = TypeVar("T")


class Made(NamedTuple):
    """One finished picture as the page keeps it: its file, and what made it."""

    path: str
    seed: int
    recipe: dict[str, Any]
    partial: bool
    note: str

    @property
    def alt(self) -> str:
        """What it shows, as far as words know it: its prompt, else its seed."""
        prompt = self.recipe.get("request", self.recipe).get("prompt")
        return str(prompt or (f"seed {self.seed}" if self.seed >= 0 else ""))


def refuse(error: DDPMError) -> gr.Error:
    """The package's sentence as a notice on the page and as the text of a client's exception."""
    return gr.Error(str(error), title="That did not work", print_exception=False, duration=12)


def told(call: Callable[..., T], *args: Any, **fields: Any) -> T:
    """Call, with the package's refusals turned into notices."""
    try:
        return call(*args, **fields)
    except DDPMError as error:
        raise refuse(error) from None


class SafeImage(gr.Image):
    """`gr.Image` that hands over an upright RGB picture, whatever was uploaded, or refuses in words of ours."""

    is_template = True  # keeps gr.Image's front end

    def preprocess(self, payload: Any) -> Image.Image | None:  # type: ignore[override]
        return None if payload is None or not payload.path else told(open_picture, payload.path)


class Whole(NamedTuple):
    """A picture as it was uploaded, upright, and the file it came in."""

    image: Image.Image
    path: str


class WholeImage(gr.Image):
    """`gr.Image` for a picture that keeps its alpha, its grey or its 16 bits; hands over a `Whole`."""

    is_template = True

    def preprocess(self, payload: Any) -> Whole | None:  # type: ignore[override]
        if payload is None or not payload.path:
            return None
        return Whole(told(open_whole, payload.path), payload.path)


class SafeMask(gr.Image):
    """A mask from a file: white, or any alpha, is repainted."""

    is_template = True

    def preprocess(self, payload: Any) -> Image.Image | None:  # type: ignore[override]
        return None if payload is None or not payload.path else told(open_mask, payload.path)


class Shelf:
    """The folder of this process's result files, and their addresses on the page. It goes when the process ends."""

    def __init__(self) -> None:
        self.folder = own_folder(SHELVES)

    def path(self, name: str) -> Path:
        """A fresh file name nobody can guess the folder of; old folders go first, and the oldest of too many."""
        drop_unfinished()
        self.folder.mkdir(mode=0o700, exist_ok=True)  # where nothing locks it, another process may have deleted it
        kept = 0
        for age, size, old in sorted(map(_aged, self.folder.iterdir())):
            kept += size
            if age > KEPT_SECONDS or kept > KEPT_BYTES:
                shutil.rmtree(old, ignore_errors=True)
        place = self.folder / secrets.token_urlsafe(12)
        place.mkdir()
        return place / name

    def keep(self, result: Result, name: str = "") -> Made:
        """The result as a file of this name (without ending), else named after its model and seed."""
        path = self.path(f"{name or result_name(result)}.png")
        path.write_bytes(save_png(result.image, result.recipe))
        return Made(str(path), result.seed, result.recipe, result.partial, sentence(result))

    def bare(self, path: str) -> str:
        """A copy of a result without a word of how it was made."""
        place = Path(path).with_name(f"{Path(path).stem}-bare{Path(path).suffix}")
        if place.parent.parent != self.folder:  # an example of ours
            place = self.path(place.name)
        if not place.exists():
            place.write_bytes(strip(Path(path).read_bytes()))
        return str(place)

    def zip(self, made: Sequence[Made]) -> str:
        """All pictures in one stored archive (PNG does not shrink further)."""
        path = self.path("pictures.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for index, one in enumerate(still_there(made), 1):
                archive.write(one.path, f"{index:02d}-{Path(one.path).name}")
        return str(path)


def _aged(folder: Path) -> tuple[float, int, Path]:
    """A folder of the shelf behind its age in seconds and the bytes in it; the file that locks the shelf has none."""
    with suppress(OSError):  # another thread deletes it just now
        age = time.time() - folder.stat().st_mtime
        return age, sum(file.stat().st_size for file in folder.iterdir()), folder
    return 0.0, 0, folder


def still_there(made: Sequence[Made]) -> list[Made]:
    """Those that are not too old for the shelf yet: a page may stay open for days."""
    return [one for one in made if Path(one.path).exists()]


def result_name(result: Result) -> str:
    """Model and seed; what was not drawn from a seed has none."""
    name = file_name(str(result.recipe.get("model") or "picture"))
    return name if result.seed < 0 else f"{name}-{result.seed}"


def enlarged_name(path: str, scale: int | str) -> str:
    """photo.jpg made four times larger is photo-x4."""
    return f"{file_name(Path(path).stem)}-x{scale}"


def file_name(text: str) -> str:
    """Letters, digits and dashes of `text`: safe as part of a file name."""
    return "".join(c if c.isalnum() else "-" for c in text).strip("-")[:60] or "picture"


def sentence(result: Result) -> str:
    """What stands under a picture: its seed, steps and size."""
    request = result.recipe.get("request", result.recipe)
    steps = request.get("steps") if isinstance(request, dict) else None
    return recipe_line(result.seed, steps, result.image.size)


def recipe_line(seed: int, steps: int | None, size: tuple[int, int]) -> str:
    """Markdown: the seed, where there is one, steps and size in pixels."""
    parts = [f"**Seed {seed}**" if seed >= 0 else "**Example**", f"{steps} steps" if steps else "",
             f"{size[0]} × {size[1]}"]  # fmt: skip
    return " · ".join(part for part in parts if part)


def address(path: str | Path) -> str:
    """A served file's address relative to the page, so that it holds behind a proxy or a share link too."""
    return f"gradio_api/file={path}"


def inline(image: Image.Image) -> str:
    """A small picture as a data address. PNG up to 128 px: JPEG's blocks would show when the page scales it up."""
    buffer, small = io.BytesIO(), max(image.size) <= 128
    if small:
        image.convert("RGB").save(buffer, "PNG", compress_level=1)
    else:
        image.convert("RGB").save(buffer, "JPEG", quality=80)
    return f"data:image/{'png' if small else 'jpeg'};base64," + base64.b64encode(buffer.getvalue()).decode()


def drawn_mask(editor: dict[str, Any] | None, size: tuple[int, int]) -> Image.Image | None:
    """The painted part of an ImageEditor's value as L (255 = repaint) at `size`; None when nothing was painted.

    Read from the layers' alpha: colours and `composite` depend on the picture behind.
    """
    layers = (editor or {}).get("layers") or []
    painted = np.zeros((size[1], size[0]), dtype=bool)
    for layer in layers:
        painted |= np.asarray(layer.convert("RGBA").resize(size, Image.Resampling.NEAREST))[..., 3] > 127
    return Image.fromarray((painted * 255).astype("uint8")) if painted.any() else None


def for_editor(image: Image.Image, max_side: int = 1024) -> dict[str, Any]:
    """An ImageEditor value that shows `image`: small, because the browser sends every stroke's layer back whole."""
    shown = image.copy()
    shown.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return {"background": shown, "layers": [], "composite": None}


def required(image: T | None, what: str = "picture") -> T:
    if image is None:
        raise refuse(BadRequest(f"Add a {what} first.", "image"))
    return image
