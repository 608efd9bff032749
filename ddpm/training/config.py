"""What a training run is: one YAML file maps onto `TrainConfig`. All defaults are here; amounts are in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ddpm.loading.place import weights_folder

SHORT = {"data": "kind"}  # a section may be written as one word: `data: shapes`
# settings that mean nothing to a codec
DENOISING = ("network", "finish", "target", "schedule", "loss", "times", "subject_weight", "drop_captions",
             "caption_noise")  # fmt: skip
PAINTED, SETS = ("scenes", "shapes"), ("celeba", "cifar10", "caltech101")
ONLY: dict[str, tuple[str, ...]] = {  # settings of data that mean something to these kinds alone
    "path": ("folder", "archive", *SETS), "download": SETS, "classes": ("folder", "archive", *SETS[1:]),
    "count": PAINTED, "seed": PAINTED, "processes": PAINTED, "grow": PAINTED,
    "plain": PAINTED[:1], "arranged": PAINTED[:1], "captions_each": PAINTED[:1],
}  # fmt: skip


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Network(Section):
    """The shape of a Hybrid; its size, channels and text width follow from the data."""

    patch: int = Field(default=4, ge=1)  # pixels (or latent positions) per side of one position
    widths: tuple[int, ...] = (128, 256)  # one per stage, multiples of 16
    res_blocks: int = Field(default=2, ge=1)
    blocks: int = Field(default=5, ge=1)
    heads: int = Field(default=4, ge=1)
    detail: int = Field(default=0, ge=0)  # width of a last stage at half resolution, a multiple of 16; 0: none
    residual: bool = False  # adds what it makes to x_t: for networks of little noise

    @model_validator(mode="after")
    def _divides(self) -> Network:
        if not self.widths or any(width % 16 for width in self.widths) or self.widths[-1] % self.heads:
            raise ValueError(f"widths are multiples of 16, the last one of heads; got {self.widths}, {self.heads}")
        if self.detail and (self.detail % 16 or self.patch % 2):
            raise ValueError(f"detail is a multiple of 16 and wants an even patch; got {self.detail}, {self.patch}")
        return self


class Finishing(Section):
    """Train a second network for little noise; the model that is written paints with the first one of `of` above."""

    of: Path  # a model folder of ours, on the flow schedule
    below: float = Field(default=0.5, gt=0, lt=1)  # noise share under which the second one paints


class Autoencoder(Section):
    """The shape and the losses of a codec; with this section a run trains a codec, not a denoising network."""

    widths: tuple[int, ...] = (48, 64, 96, 128)  # from the pixels inwards, multiples of 16; each next one at half size
    layers: int = Field(default=1, ge=1)  # residual blocks in each of them
    channels: int = Field(default=8, ge=1)  # of the latents
    kl: float = Field(default=1e-6, ge=0)  # weight of the distance to a normal distribution
    adversary: float = Field(default=0.0, ge=0)  # weight of the patch adversary; 0: none
    adversary_from: int = Field(default=0, ge=0)  # pictures seen before it joins

    @model_validator(mode="after")
    def _divides(self) -> Autoencoder:
        if not self.widths or any(width % 16 for width in self.widths):
            raise ValueError(f"autoencoder.widths are multiples of 16; got {self.widths}")
        return self

    @property
    def factor(self) -> int:
        return 2 ** (len(self.widths) - 1)


class Data(Section):
    """Where pictures come from and what is done to them."""

    kind: Literal["folder", "archive", "scenes", "shapes", "celeba", "cifar10", "caltech101"]
    path: tuple[Path, ...] = ()  # folders or archives; of celeba, cifar10 and caltech101 the folder that holds the set
    download: bool = False  # fetch celeba, cifar10 or caltech101 where it is not there
    classes: tuple[str, ...] = ()  # of a set in class folders: these only
    size: int = Field(default=64, ge=8, le=1024)  # pixels a side; pictures are cropped to the centre square and scaled
    channels: Literal[1, 3] = 3  # 1: grey
    captions: bool = True  # read captions, where there are any, and train on them; False: unconditional
    captions_each: int = Field(default=2, ge=1)  # captions kept of each picture that is painted
    count: int = Field(default=2000, ge=1)  # pictures that scenes or shapes paint
    seed: int = 11  # of scenes and shapes
    plain: bool = False  # scenes: each creature in one drawing, near, alone, in the middle: learnt far sooner
    arranged: float = Field(default=0.0, ge=0, le=1)  # share of scenes with two or three, or one at a side, plain else
    processes: int = Field(default=1, ge=1)  # that paint scenes or shapes
    grow: bool = False  # scenes, shapes: train on what is painted already while the rest is painted
    cache: Path | None = None  # folder that keeps pictures ready for the next start; one run at a time fills it
    flip: bool = False  # mirror half of the pictures
    zoom: float = Field(default=1.0, ge=1, le=2)  # > 1: kept so much larger, and a random square is cut each time
    colour: float = Field(default=0.0, ge=0, le=1)  # how far colours vary where no caption names one

    @model_validator(mode="before")
    @classmethod
    def _one_path(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("path"), str):
            values = {**values, "path": [values["path"]]}
        return values

    @model_validator(mode="after")
    def _has_path(self) -> Data:
        if self.kind in ("folder", "archive") and not self.path:
            raise ValueError(f"data.kind {self.kind} needs data.path")
        for name, kinds in ONLY.items():
            if self.kind not in kinds and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"data.{name} is for {', '.join(kinds)}; {self.kind} makes no use of it")
        return self

    @property
    def kept(self) -> int:
        """Pixels a side as they are kept in memory."""
        return round(self.size * self.zoom)


class Previews(Section):
    """Grids of pictures made by the current EMA weights with the application's own sampling loop.

    From `sampler` to `shift`: what the finished model's card says, too. None: as in start, or as in the comment.
    """

    every: int = Field(default=20_000, ge=0)  # pictures between two grids; 0: only at the end
    count: int = Field(default=8, ge=1, le=64)
    sampler: str | None = None  # heun
    steps: int | None = Field(default=None, ge=1)  # 20
    guidance_scale: float | None = None  # 3 where prompts are read
    guidance_until: float | None = Field(default=None, ge=0, le=1)  # noise share at which guidance ends; 0: never
    last: float | None = Field(default=None, ge=0, lt=1)  # noise share of the last question (flow); 0: evenly to none
    shift: float | None = Field(default=None, ge=1)  # 1 (flow); more: steps nearer to all noise, for light
    prompts: tuple[str, ...] = ()  # empty: captions of the data
    film: Literal["mp4", "gif", "none"] = "mp4"  # of the grids, then of the denoising of the last one

    @field_validator("sampler")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        """Here, not at the first grid, when hours of training would be lost."""
        if name is not None:
            from ddpm.samplers import get_sampler

            get_sampler(name)
        return name


class TrainConfig(Section):
    """One run."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")  # of the model: weights/NAME
    title: str = ""  # in the menu; empty: the name
    licence: str = "see the data's"
    note: str = ""  # a sentence for the menu
    card: Path | None = None  # Markdown for the model's README.md
    out: Path | None = None  # state, previews and curves; None: runs/NAME
    weights: Path | None = None  # the finished model is written to a folder NAME in here; None: where the menu looks

    data: Data
    start: Path | None = None  # model folder to begin from; with `network`, only what fits that shape is taken
    network: Network | None = None  # None: as in start, or the defaults
    codec: Path | None = None  # folder of an AutoencoderKL (or of a model with one): train on its latents
    autoencoder: Autoencoder | None = None  # train a codec
    finish: Finishing | None = None  # train a second network; `times` are then shares of the way up to `finish.below`

    target: Literal["x0", "v", "eps", "flow"] | None = None  # None: as in start, or x0
    schedule: Literal["flow", "linear", "scaled_linear", "cosine"] | None = None  # None: as in start, or flow
    only: tuple[str, ...] = ()  # train the parameters whose names begin so (detail), freeze the others; empty: all

    # mean and deviation of logit t (1 is noise); None: evenly; auto: (0.6, 0.8) on flow, else evenly
    times: tuple[float, float] | Literal["auto"] | None = "auto"
    stratified: bool = True  # the times of a batch lie one in each of as many equal shares: the loss varies less
    loss: Literal["auto", "velocity", "plain", "min_snr", "p2"] = "auto"  # auto: min_snr of eps, else velocity
    sigma_floor: float = Field(default=0.05, gt=0, le=1)  # velocity: errors under less noise than this weigh no more
    subject_weight: float = Field(default=0.0, ge=0)  # so much more on the subject, where it is marked
    perceptual: float = Field(default=0.0, ge=0)  # weight of the distance in features of a fixed network
    perceptual_between: tuple[float, float] | None = None  # noise shares where it counts, fully; None: by alpha squared
    features: Literal["efficientnet-lite0", "efficientnet-lite1"] | Path | None = None  # or a VGG's file of torchvision
    drop_captions: float = Field(default=0.1, ge=0, le=1)  # share trained without its caption, for guidance
    caption_noise: float = Field(default=0.0, ge=0)  # on token states, as a share of their size: ridge regression

    images: int = Field(default=1_000_000, ge=1)  # pictures to see in all
    minutes: float | None = Field(default=None, gt=0)  # a start stops after so many; None: no limit
    batch: int = Field(default=32, ge=1)  # pictures a step, of all processes together
    accumulate: int = Field(default=1, ge=1)  # a batch in so many parts, where memory is short
    learning_rate: float = Field(default=6e-4, gt=0)  # AdamW's
    muon_rate: float = Field(default=0.01, ge=0)  # Muon's, for the matrices of the transformer blocks; 0: AdamW for all
    weight_decay: float = Field(default=0.0, ge=0)
    warm_up: int = Field(default=5_000, ge=0)  # pictures over which the rates rise
    decay: int = Field(default=100_000, ge=0)  # the last pictures, at most half, over which they fall; 0: constant
    decay_minutes: float = Field(default=0.0, ge=0)  # the same before `minutes` are over
    clip: float = Field(default=1.0, gt=0)  # largest norm of the gradient
    ema: tuple[float, ...] = Field(default=(0.9993,), min_length=1)  # one or several; the first is the model
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"  # auto: bf16 where the device multiplies it natively
    compile: bool = False  # torch.compile: a minute at the start, then faster on a GPU
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int | None = Field(default=None, ge=1)  # of the CPU, in each process; None: torch decides
    seed: int = Field(default=0, ge=0, lt=2**63)
    save_every: int = Field(default=20_000, ge=1)  # pictures between two saved states
    snapshot_minutes: float = Field(default=0.0, ge=0)  # write the model so often, too; 0: with the state
    tensorboard: bool = False  # scalars and grids for TensorBoard (pip install tensorboard)
    previews: Previews = Field(default_factory=lambda: Previews.model_validate({}))

    @property
    def folder(self) -> Path:
        return self.out or Path("runs") / self.name

    @property
    def model_folder(self) -> Path:
        """Of the finished model."""
        return (self.weights or weights_folder()) / self.name

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, values: Any) -> Any:
        """`ema: 0.999` and `only: detail` for lists of one, `data: shapes` for a section of one key."""
        if isinstance(values, dict):
            values = dict(values)
            if isinstance(values.get("ema"), int | float):
                values["ema"] = [values["ema"]]
            if isinstance(values.get("only"), str):
                values["only"] = [values["only"]]
            for section, key in SHORT.items():
                if isinstance(values.get(section), str):
                    values[section] = {key: values[section]}
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> TrainConfig:
        if self.batch % self.accumulate:
            raise ValueError(f"batch ({self.batch}) must be a multiple of accumulate ({self.accumulate})")
        if any(not 0 <= decay < 1 for decay in self.ema):
            raise ValueError(f"ema ({', '.join(map(str, self.ema))}) must lie in 0..1, below 1")
        if self.decay_minutes and self.minutes is None:
            raise ValueError(f"decay_minutes ({self.decay_minutes:g}) needs an end: set minutes, or decay in pictures")
        if self.minutes is not None and self.decay_minutes > self.minutes:
            raise ValueError(
                f"decay_minutes ({self.decay_minutes:g}) is longer than minutes ({self.minutes:g}): "
                f"add decay_minutes={self.minutes / 10:g}"
            )
        if self.perceptual and self.features is None:
            raise ValueError(
                "perceptual needs features: efficientnet-lite1, or the file of a VGG as torchvision publishes it "
                "(vgg16-397923af.pth)"
            )
        if isinstance(self.times, tuple) and self.times[1] <= 0:
            raise ValueError(f"times {self.times} are mean and deviation of logit t: the deviation must be above 0")
        low, high = self.perceptual_between or (0.0, 1.0)
        if not 0 <= low < high <= 1:
            raise ValueError(f"perceptual_between ({low:g}, {high:g}) are two noise shares in 0..1, the lower first")
        self._fits_network()
        return self

    def _fits_network(self) -> None:
        size = self.data.size
        if self.autoencoder is not None:
            if self.start or self.codec:
                raise ValueError("autoencoder trains a codec; leave out start and codec")
            given = [key for key in DENOISING if getattr(self, key) != type(self).model_fields[key].default]
            if given:
                raise ValueError(f"autoencoder trains a codec, which does not denoise: leave out {', '.join(given)}")
            if self.data.channels != 3:
                raise ValueError("a codec is for colours: with autoencoder data.channels must be 3")
            if size % self.autoencoder.factor:
                raise ValueError(f"data.size ({size}) must be a multiple of {self.autoencoder.factor} for this codec")
            return
        if self.finish is not None and (self.codec or self.target or self.schedule):
            raise ValueError("finish takes codec, target and schedule from finish.of; leave them out")
        if self.codec is not None:
            if self.perceptual:
                raise ValueError("perceptual compares pictures; it does not go with codec, where latents are compared")
            if self.data.zoom > 1 or self.data.colour or self.subject_weight or self.data.grow:
                raise ValueError("with codec the latents are made once: leave out zoom, colour, grow, subject_weight")
            if self.data.channels != 3:
                raise ValueError("a codec reads colours: with codec data.channels must be 3")
            return
        if self.start is None or self.network is not None:
            shape = self.network or Network.model_validate({})
            smallest = shape.patch * 2 ** (len(shape.widths) - 1)
            if size % smallest:
                raise ValueError(f"data.size ({size}) must be a multiple of {smallest} for this network")


SECTIONS: dict[str, type[BaseModel]] = {
    "data": Data, "network": Network, "previews": Previews, "autoencoder": Autoencoder, "finish": Finishing,
}  # fmt: skip
