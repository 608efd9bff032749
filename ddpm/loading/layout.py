"""What the JSON files of a diffusers folder say: which family it is, and its card. No torch, no weights.

A component lies in its own folder or, in the oldest repositories (google/ddpm-*), in the root.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddpm.diffusion.spacing import Spacing
from ddpm.errors import CannotLoad
from ddpm.loading.card import STEM, read_json, weight_files
from ddpm.models.card import PICTURES, Defaults, ModelCard

CONFIGS = ("config.json", "unet_config.json")  # the second in the oldest repositories
TARGETS = {"epsilon": "eps", "v_prediction": "v", "sample": "x0"}
# scheduler class -> the sampler that does the same, the steps people use with it,
# whether it clips x0; its own spacing stands with the sampler in ddpm.diffusion.spacing
SCHEDULERS: dict[str, tuple[str, int, bool]] = {
    "DDPMScheduler": ("ddim", 50, True),  # the same network in a twentieth of the steps; "ddpm" can be chosen
    "GaussianDDPMScheduler": ("ddim", 50, True),
    "DDIMScheduler": ("ddim", 50, True),
    "PNDMScheduler": ("pndm", 25, False),
    "EulerDiscreteScheduler": ("euler", 25, False),
    "EulerAncestralDiscreteScheduler": ("euler_ancestral", 30, False),
    "HeunDiscreteScheduler": ("heun", 15, False),
    "DPMSolverMultistepScheduler": ("dpmpp_2m", 20, False),
    "UniPCMultistepScheduler": ("unipc", 20, False),
    "DEISMultistepScheduler": ("deis", 20, False),
    "LCMScheduler": ("lcm", 5, False),
    "DDPMParallelScheduler": ("ddim", 50, True),
    "DDIMParallelScheduler": ("ddim", 50, True),
}
NEAREST: dict[str, tuple[str, int, bool]] = {  # what is not built here: as good an order, and as random
    "LMSDiscreteScheduler": ("dpmpp_2m", 20, False),
    "KDPM2DiscreteScheduler": ("heun", 15, False),
    "KDPM2AncestralDiscreteScheduler": ("euler_ancestral", 30, False),
    "DPMSolverSinglestepScheduler": ("dpmpp_2m", 20, False),
    "DPMSolverSDEScheduler": ("dpmpp_2m_sde", 20, False),
    "SASolverScheduler": ("dpmpp_2m_sde", 20, False),
    "TCDScheduler": ("lcm", 5, True),
}
BETAS = ("beta_schedule", "beta_start", "trained_betas")
UNCHECKED = "Its layout was tested on small models that diffusers' own classes made, not on this one."


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts are and what their configs say."""

    folder: Path
    unet: Path
    unet_config: dict[str, Any]
    scheduler_config: dict[str, Any]
    codec: Path | None  # vae or vqvae; None: the network paints pixels
    codec_config: dict[str, Any]

    @property
    def conditional(self) -> bool:
        """Whether the network reads a prompt."""
        return self.unet_config.get("_class_name") == "UNet2DConditionModel"

    @property
    def two_encoders(self) -> bool:
        """Whether it is a Stable Diffusion XL model."""
        return self.unet_config.get("addition_embed_type") == "text_time"

    @property
    def corrected(self) -> bool:
        """Whether diffusers' pipeline sets its scheduler right (Stable Diffusion 1 and 2): offset 1, no clipping."""
        return self.conditional and not self.two_encoders

    @property
    def inpaints(self) -> bool:
        """Whether the network takes a mask and the picture round it beside x_t."""
        takes, gives = self.unet_config.get("in_channels", 4), codec_channels(self.codec_config)
        return self.conditional and takes == 2 * gives + 1

    @property
    def zero_without_prompt(self) -> bool:
        """Whether an empty prompt is zeros instead of what the encoders make of it."""
        index = read_json(self.folder / "model_index.json") if (self.folder / "model_index.json").is_file() else {}
        return bool(index.get("force_zeros_for_empty_prompt", False))

    @property
    def codec_factor(self) -> int:
        """Pixels per latent position."""
        return codec_factor(self.codec_config)

    @property
    def clamp(self) -> float | None:
        """The bound of |x0| that its scheduler keeps."""
        if self.corrected:
            return None
        clips = solver(self.scheduler_config)[2] and self.scheduler_config.get("clip_sample", True)
        return float(self.scheduler_config.get("clip_sample_range", 1.0)) if clips else None


def codec_factor(config: dict[str, Any]) -> int:
    """Pixels per latent position and side of an autoencoder with this config."""
    return 2 ** (len(config.get("block_out_channels", config.get("encoder_block_out_channels", [0]))) - 1)


def codec_channels(config: dict[str, Any]) -> int:
    """Channels of its latents; where the config does not say, diffusers' default of that class."""
    return int(config.get("latent_channels", 3 if config.get("_class_name") == "VQModel" else 4))


def read_layout(folder: Path) -> Layout:
    """The parts of a folder that holds one of the three families; CannotLoad says why it does not."""
    index = read_json(folder / "model_index.json") if (folder / "model_index.json").is_file() else {}
    if "ddpm_format" in index:
        raise CannotLoad("its model_index.json says that it is our own format")
    unet = folder / "unet" if (folder / "unet").is_dir() else folder
    described = next((unet / name for name in CONFIGS if (unet / name).is_file()), None)
    if described is None:
        found = index.get("_class_name", "none")
        raise CannotLoad(f"no unet/config.json and no config.json in it (its pipeline class: {found})")
    config = read_json(described)
    _check_network(config)
    codec = next((folder / name for name in ("vae", "vqvae") if (folder / name / "config.json").is_file()), None)
    layout = Layout(folder, unet, config, _scheduler(folder), codec, read_json(codec / "config.json") if codec else {})
    if layout.conditional:
        _check_text_to_image(layout)
    else:
        _check_unconditional(layout)
    return layout


def _check_network(config: dict[str, Any]) -> None:
    known = ("UNet2DModel", "UNet2DConditionModel", "UNetModel", "UNetUnconditionalModel")
    if config.get("_class_name") not in known:
        raise CannotLoad(f"its network is a {config.get('_class_name')}; read are UNet2DModel and UNet2DConditionModel")
    if config.get("num_class_embeds") or config.get("class_embed_type"):
        raise CannotLoad("its network wants class labels, which this application does not ask for")
    if config.get("addition_embed_type") not in (None, "text_time"):
        raise CannotLoad(f"its network wants {config['addition_embed_type']}; read are Stable Diffusion 1, 2 and XL")


def _check_unconditional(layout: Layout) -> None:
    """It takes what it paints, and gives as much; a learnt variance may come with it."""
    takes, gives = layout.unet_config.get("in_channels", 3), layout.unet_config.get("out_channels", 3)
    paints = (codec_channels(layout.codec_config),) if layout.codec else PICTURES
    if takes not in paints or gives not in (takes, 2 * takes):
        read = f"{paints[0]}, as its codec makes" if layout.codec else "1 and 3, of grey and RGB pictures"
        raise CannotLoad(f"its network takes {takes} channels and gives {gives}; read are {read}")


def _check_text_to_image(layout: Layout) -> None:
    if layout.codec is None:
        raise CannotLoad("it reads prompts but has no vae folder")
    parts: tuple[str, ...] = ("text_encoder", "tokenizer")
    if layout.two_encoders:
        parts = (*parts, "text_encoder_2", "tokenizer_2")
    for part in parts:
        if not (layout.folder / part).is_dir():
            raise CannotLoad(f"it reads prompts but has no {part} folder")
    takes, gives = layout.unet_config.get("in_channels", 4), codec_channels(layout.codec_config)
    if takes not in (gives, 2 * gives + 1):
        raise CannotLoad(f"its network takes {takes} channels, its codec makes {gives}; read are {gives} and "
                         f"{2 * gives + 1} (inpainting)")  # fmt: skip


def _scheduler(folder: Path) -> dict[str, Any]:
    for place in (folder / "scheduler", folder):
        if (place / "scheduler_config.json").is_file():
            config = read_json(place / "scheduler_config.json")
            if "timesteps" in config and "num_train_timesteps" not in config:  # the oldest repositories
                config = {**config, "num_train_timesteps": config["timesteps"]}
            return config
    raise CannotLoad("no scheduler_config.json in it, so its noise levels are unknown")


def diffusers_card(folder: Path) -> ModelCard:
    """The card of a diffusers folder."""
    layout = read_layout(folder)
    config, scheduler = layout.unet_config, layout.scheduler_config
    prediction = scheduler.get("prediction_type", "epsilon")
    if prediction not in TARGETS:
        raise CannotLoad(f"its scheduler's prediction_type is {prediction!r}; read are {', '.join(TARGETS)}")
    factor = layout.codec_factor if layout.codec else 1
    side = config.get("sample_size") or config.get("image_size") or 64
    sides = side if isinstance(side, list) else [side]
    if not all(isinstance(each, int) and 1 <= each <= 4096 for each in sides):
        raise CannotLoad(f"its unet's sample_size is {side!r}, which is no number of pixels")
    parts = [(layout.unet, STEM)] + ([(layout.codec, STEM)] if layout.codec else [])
    if layout.conditional:
        encoders = ("text_encoder", "text_encoder_2") if layout.two_encoders else ("text_encoder",)
        parts += [(folder / encoder, "model") for encoder in encoders]
    return ModelCard(
        name=folder.name,
        title=folder.name.replace("-", " ").replace("_", " "),
        origin="folder",
        format="diffusers",
        size=max(sides) * factor,
        channels=3 if layout.codec else int(config.get("in_channels", 3)),
        target=TARGETS[prediction],
        schedule=str(scheduler.get("beta_schedule", "linear")),
        text="clip" if layout.conditional else None,
        licence=_licence(folder),
        defaults=_defaults(scheduler, layout),
        kind="text" if layout.conditional else "unconditional",
        latent=layout.codec is not None,
        bytes=sum(path.stat().st_size for where, stem in parts for path in component_files(where, stem)),
        inpaints=layout.inpaints,
        embeds_guidance=bool(config.get("time_cond_proj_dim")),
        factor=factor if layout.conditional else factor * 2 ** (len(config.get("block_out_channels", [0])) - 1),
        note=f"{_said_of(scheduler)}{UNCHECKED}",
        checked=False,
    )


def component_files(folder: Path, stem: str) -> list[Path]:
    """The weights of a component; a text encoder's torch file is called pytorch_model.bin."""
    try:
        return weight_files(folder, stem)
    except CannotLoad:
        if stem == "model" and any(folder.glob("pytorch_model*")):
            return weight_files(folder, "pytorch_model")
        raise


def _named(scheduler: dict[str, Any]) -> str:
    return str(scheduler.get("_class_name", "DDPMScheduler"))


def solver(scheduler: dict[str, Any]) -> tuple[str, int, bool]:
    """Our sampler for a scheduler, its steps, whether it clips. One that is unknown but has betas is of a network that
    any sampler serves; without betas the noise levels are unknown."""
    name = _named(scheduler)
    known = SCHEDULERS.get(name) or NEAREST.get(name)
    if known is None and all(scheduler.get(key) is None for key in BETAS):
        raise CannotLoad(f"its scheduler is a {name} and says no betas; read are {', '.join((*SCHEDULERS, *NEAREST))}")
    return known or ("dpmpp_2m", 20, "clip_sample" in scheduler)


def _said_of(scheduler: dict[str, Any]) -> str:
    name = _named(scheduler)
    return "" if name in SCHEDULERS else f"Its scheduler {name} is not built here; {solver(scheduler)[0]} is used. "


def _defaults(scheduler: dict[str, Any], layout: Layout) -> Defaults:
    name = _named(scheduler)
    sampler, steps, _ = solver(scheduler)
    if "sde" in str(scheduler.get("algorithm_type", "")):
        sampler = "dpmpp_2m_sde"
    spacing: Spacing | None = "karras" if scheduler.get("use_karras_sigmas") else scheduler.get("timestep_spacing")
    guidance = 7.5 if layout.conditional else 1.0
    if name.startswith("Euler") and spacing == "trailing" and scheduler.get("prediction_type") != "v_prediction":
        steps, guidance = 2, 1.0  # SD Turbo and SDXL Turbo: made for one to four steps without guidance
    if sampler == "lcm":
        guidance = 8.0 if layout.unet_config.get("time_cond_proj_dim") else 1.0
    return Defaults(
        sampler=sampler,
        steps=steps,
        guidance_scale=guidance,
        spacing=spacing,
        steps_offset=1 if layout.corrected else int(scheduler.get("steps_offset", 0)),
        ends_clean=scheduler.get("set_alpha_to_one"),
    )


def _licence(folder: Path) -> str:
    """The licence that the YAML head of its README names."""
    readme = folder / "README.md"
    if readme.is_file():
        for line in readme.read_text(encoding="utf-8", errors="replace").splitlines()[:40]:
            key, _, value = line.partition(":")
            if key.strip() == "license" and value.strip():
                return value.strip().strip("\"'")
    return "not stated"
