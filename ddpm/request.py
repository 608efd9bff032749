"""What a caller may ask for: names and ranges of every way in (page, HTTP, command line, Python).

A value outside its range raises `BadRequest` with one sentence that names the field, the value and the range, whether
it is met in `Request(...)`, in a source, or in `Request.checked(...)`, which takes the flat names of the interfaces.
What depends on the model (its sizes, its largest count) is checked where the model is known, in `plan.py`;
what a model's own files may say, where they are read (`loading/said.py`).
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Annotated, Any, Literal

from PIL import Image
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ddpm.diffusion.spacing import GRIDS
from ddpm.errors import BadRequest
from ddpm.images import open_mask, open_picture

PROMPT_LIMIT = 2000
LIMITS: dict[str, tuple[float, float]] = {  # both ends are allowed; the page's sliders read them too
    "steps": (1, 1000),
    "guidance_scale": (0.0, 30.0),
    "guidance_until": (0.0, 1.0),
    "pag_scale": (0.0, 10.0),
    "seed": (-1, 2**63 - 1),
    "count": (1, 16),
    "width": (8, 4096),
    "height": (8, 4096),
    "strength": (0.0, 1.0),
    "likeness": (0.0, 1.0),
    "mask_blur": (0, 64),
    "mask_grow": (-64, 64),
    "padding": (0, 256),
    "fps": (1, 120),
}
SAMPLER_NAMES = tuple(GRIDS)
UPSCALER_NAMES = ("x4plus", "x4plus-anime", "animevideov3")
SELFIE_COUNT = 5  # pictures of a selfie request that does not say how many
SELFIE_STRENGTH = 0.9  # starts so far out that likeness 0 is a stranger: at 0.6 the start alone decides who it is


def _within(name: str) -> Any:
    low, high = LIMITS[name]
    return Field(ge=low, le=high)


def _one_of(what: str, names: tuple[str, ...]) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is None or value in names:
            return value
        raise BadRequest(f"{value[:60]!r} is no {what} of ours.{nearest(value, names)} There are: {', '.join(names)}.",
                         what)  # fmt: skip

    return AfterValidator(check)


def nearest(word: str, names: tuple[str, ...]) -> str:
    """' Did you mean NAME?' for the most alike of the names, of equals the first; '' when none is."""
    plain = {name.lower().replace("_", "").replace("-", ""): name for name in names}
    said = word[:60].lower().replace("_", "").replace("-", "")
    alike = {name: SequenceMatcher(None, name, said).ratio() for name in plain}
    found = max(alike, key=alike.__getitem__)
    return f" Did you mean {plain[found]!r}?" if alike[found] >= 0.5 else ""


def alone(value: Any) -> Any:
    """One name where a list is meant."""
    return (value,) if isinstance(value, str) else value


def _number(value: Any) -> Any:
    """A number that came as text, as in an address; what pydantic does by itself but for one of a few."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else value


Prompt = Annotated[str, Field(max_length=PROMPT_LIMIT)]
Strength = Annotated[float, _within("strength")]
Picture = Annotated[Image.Image, AfterValidator(open_picture)]
Mask = Annotated[Image.Image, AfterValidator(open_mask)]


class Checked(BaseModel):
    """A frozen model whose refusals are `BadRequest` sentences."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True)

    @model_validator(mode="wrap")
    @classmethod
    def _in_words(cls, values: Any, handler: Any) -> Any:
        try:
            return handler(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = next((part for part in reversed(first["loc"]) if isinstance(part, str)), "request")
            raise BadRequest(_sentence(field, first, tuple(cls.model_fields)), field) from None


class FromNoise(Checked):
    """Text to image."""

    mode: Literal["text"] = "text"


class FromImage(Checked):
    """Image to image (Meng et al. 2021, SDEdit): 0 gives the picture back bit for bit, 1 ignores it."""

    mode: Literal["image"] = "image"
    image: Picture
    strength: Strength = 0.6


class FromMask(Checked):
    """Inpainting: white in the mask is repainted; distances are pixels of the picture."""

    mode: Literal["mask"] = "mask"
    image: Picture
    mask: Mask
    strength: Strength = 1.0
    mask_blur: Annotated[int, _within("mask_blur")] = 4
    mask_grow: Annotated[int, _within("mask_grow")] = 0
    fill: Literal["original", "fill", "noise"] = "original"
    only_masked: bool = False
    padding: Annotated[int, _within("padding")] = 32

    @model_validator(mode="after")
    def _painted(self) -> FromMask:
        if self.mask.getbbox() is None:
            raise BadRequest("The mask is empty: paint over a part first.", "mask")
        return self


class FromSelfie(Checked):
    """Portraits guided by the face in a picture; `likeness` says how hard."""

    mode: Literal["selfie"] = "selfie"
    image: Picture
    likeness: Annotated[float, _within("likeness")] = 0.5
    strength: Strength = SELFIE_STRENGTH
    through_network: bool = False  # take the outlines' gradient through the network: dearer, and it has a say in them


class FilmRequest(Checked):
    """Also make a film of the denoising."""

    fps: Annotated[int, _within("fps")] = 60
    format: Annotated[
        Literal["mp4", "gif", "png"],
        BeforeValidator(lambda value: "png" if value in ("png strip", "strip") else value),
    ] = "mp4"


Source = FromNoise | FromImage | FromMask | FromSelfie
MODES: dict[str, type[FromNoise] | type[FromImage] | type[FromMask] | type[FromSelfie]] = {
    "text": FromNoise, "image": FromImage, "mask": FromMask, "selfie": FromSelfie}  # fmt: skip


class Request(Checked):
    """One request. None means: what the model's card says."""

    model: Annotated[str, Field(max_length=200)] | None = None
    prompt: Prompt = ""
    negative_prompt: Prompt = ""
    styles: Annotated[tuple[str, ...], BeforeValidator(alone)] = ()  # of styles.csv; the first is put on first
    source: Source = Field(default=FromNoise(), discriminator="mode")
    sampler: Annotated[str | None, _one_of("sampler", SAMPLER_NAMES)] = None
    steps: Annotated[int, _within("steps")] | None = None
    guidance_scale: Annotated[float, _within("guidance_scale")] | None = None
    guidance_until: Annotated[float, _within("guidance_until")] | None = None  # a noise share; 0: to the end
    pag_scale: Annotated[float, _within("pag_scale")] | None = None
    seed: Annotated[int, _within("seed")] = -1
    count: Annotated[int, _within("count")] = 1
    width: Annotated[int, _within("width")] | None = None
    height: Annotated[int, _within("height")] | None = None
    upscale: Annotated[Literal[1, 2, 4], BeforeValidator(_number)] = 1
    upscaler: Annotated[str | None, _one_of("upscaler", UPSCALER_NAMES)] = None
    film: FilmRequest | None = None

    @model_validator(mode="before")
    @classmethod
    def _five_selfies(cls, values: Any) -> Any:
        source = values.get("source") if isinstance(values, dict) else None
        mode = source.get("mode") if isinstance(source, dict) else getattr(source, "mode", None)
        if mode == "selfie" and values.get("count") is None:
            return {**values, "count": SELFIE_COUNT}
        return values

    @model_validator(mode="after")
    def _last_seed(self) -> Request:
        last = int(LIMITS["seed"][1])
        if self.seed + self.count - 1 > last:  # else the last picture's recipe could not be sent back
            raise BadRequest(f"seed is {self.seed}, which leaves no seeds for {self.count} pictures: the last of them "
                             f"is seed + {self.count - 1}, at most {_plain(last)}.", "seed")  # fmt: skip
        return self

    @classmethod
    def checked(cls, /, **values: Any) -> Request:
        """A request from its own fields or from the flat names of the interfaces (image, strength, fps, ...).

        None means not given. A mask makes it inpainting, a likeness a selfie, an image alone image to image, fps or
        format ask for a film; `mode` ("text", "image", "mask", "selfie") says it outright.
        """
        values = {name: value for name, value in values.items() if value is not None}
        for name in values.keys() - set(FLAT_NAMES):
            raise BadRequest(f"{name!r} is not a setting.{nearest(name, FLAT_NAMES)}", name)
        if "film" not in values and (film := _taken(values, tuple(FilmRequest.model_fields))):
            values["film"] = FilmRequest(**film)
        if "source" not in values:
            values["source"] = _source(values)
        return cls(**values)

    def settings(self) -> dict[str, Any]:
        """Every setting under its flat name, without pictures: what a recipe keeps and `checked` takes back."""
        own = self.model_dump(exclude={"source", "film", *(() if self.styles else ("styles",))})
        film = self.film.model_dump() if self.film else {}
        return own | self.source.model_dump(exclude={"image", "mask"}) | film


FLAT_NAMES = tuple(dict.fromkeys(
    name for model in (Request, *MODES.values(), FilmRequest) for name in model.model_fields))  # fmt: skip
_SOURCE_NAMES = tuple(dict.fromkeys(name for model in MODES.values() for name in model.model_fields))


def _taken(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values.pop(name) for name in names if name in values}


def _source(values: dict[str, Any]) -> Source:
    """Takes the source's settings out of the flat values; a setting that the mode does not have is refused."""
    given = _taken(values, _SOURCE_NAMES)
    guess = "mask" if "mask" in given else "selfie" if "likeness" in given else "image" if "image" in given else "text"
    mode = given.pop("mode", guess)
    if mode not in tuple(MODES):  # a tuple: what was sent may not be hashable
        raise BadRequest(f"mode is {_shown(mode)}, but must be one of {', '.join(MODES)}.", "mode")
    for name in given.keys() - set(MODES[mode].model_fields):
        if mode == "text" and name not in ("image", "mask"):
            raise BadRequest(f"{name} needs an input picture: send image as well, or leave {name} out.", name)
        raise BadRequest(f"{name} has no meaning in mode {mode!r}: leave it out.", name)
    return MODES[mode](**given)


def _sentence(field: str, error: ErrorDetails, names: tuple[str, ...]) -> str:
    """pydantic's first complaint as one sentence with the field, the value and what would do."""
    value = error["input"]
    shown = _shown(value)
    match error["type"]:
        case "extra_forbidden":
            return f"{field!r} is not a setting.{nearest(field, names)}"
        case "string_too_long" if field == "model":
            return f"model is {shown}, which is longer than any model's name."
        case "string_too_long":
            return f"{field} has {len(value):,} characters; the most is {PROMPT_LIMIT:,}. Shorten it."
        case "missing" if field in ("image", "mask"):
            return f"A picture is missing: send {field}."
        case "missing":
            return f"{field} is missing."
        case "literal_error" | "enum":
            return f"{field} is {shown}, but must be one of {error['ctx']['expected'].replace(' or ', ', ')}."
        case "is_instance_of":
            return f"{field} must be a picture, not {type(value).__name__}."
    if field in LIMITS:
        low, high = LIMITS[field]
        whole = "a whole number" if isinstance(low, int) else "a number"
        return f"{field} is {shown}, but must be {whole} from {low:g} to {_plain(high)}."
    return f"{field} is {shown}: {error['msg'][0].lower()}{error['msg'][1:]}."


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out a number of more than 4,300 digits
        return "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(limit: float) -> str:
    return "2**63 - 1" if limit == 2**63 - 1 else f"{limit:g}"
