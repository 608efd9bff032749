"""The picture of diffusers' pipeline: every sampler by its name, whatever the folder's scheduler and spacing.

The whole way is taken, from a request through the engine to the finished picture, and compared with what diffusers'
own pipeline and scheduler make of the same folder. Pictures of whole grey levels are 0.25 from pictures that are not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm.compat import ensure_torchvision

ensure_torchvision()
import diffusers  # noqa: E402

from ddpm.engine import Engine  # noqa: E402
from ddpm.events import Result  # noqa: E402
from ddpm.request import Request  # noqa: E402
from tests.loading.pipelines import stable_diffusion  # noqa: E402
from tests.schedulers import SCHEDULERS  # noqa: E402

# diffusers hands torch tensors to numpy in ways numpy 2 warns about, and sets the folders right with a warning
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The configuration file of this scheduler:FutureWarning"),
]

EXTRA = {"dpmpp_2m_sde": {"algorithm_type": "sde-dpmsolver++"}, "pndm": {"skip_prk_steps": True}}
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# scheduler_config.json as it is written by hand (the published ones of Stable Diffusion 1 name no spacing) or saved
DDIM = {"_class_name": "DDIMScheduler", **BETAS, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
FOLDERS = {
    "silent": DDIM,
    "leading": {**DDIM, "timestep_spacing": "leading"},
    "trailing": {**DDIM, "timestep_spacing": "trailing"},
    "karras": {"_class_name": "DPMSolverMultistepScheduler", **BETAS, "use_karras_sigmas": True},
}
KARRAS = ("euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "unipc", "deis")
SWAPS = [(name, said) for said in FOLDERS for name in SCHEDULERS if said != "karras" or name in KARRAS]
ASKED = {"prompt": "a red fox", "negative_prompt": "sea", "guidance_scale": 5.0}


class Pair:
    """Small Stable Diffusion models that differ in their scheduler alone, for an engine and for diffusers."""

    def __init__(self, folder: Path) -> None:
        self.weights = folder / "weights"
        self.weights.mkdir()
        made = stable_diffusion(folder / "made", diffusers.DDIMScheduler())
        made.save_pretrained(folder / "saved")
        self.parts, self.saved = made.components, folder / "saved"
        self.engine = Engine(self.weights, "cpu", choice="torch", precision="float32")

    def folder(self, name: str, config: dict[str, object]) -> Path:
        """A model folder with this scheduler_config.json and, linked, everything else."""
        folder = self.weights / name
        if not folder.exists():
            (folder / "scheduler").mkdir(parents=True)
            (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
            for path in self.saved.iterdir():
                if path.name != "scheduler":
                    (folder / path.name).symlink_to(path)
        return folder

    def ours(self, folder: Path, sampler: str, steps: int) -> np.ndarray:
        request = Request(model=folder.name, sampler=sampler, steps=steps, seed=11, **ASKED)
        (result,) = (event for event in self.engine.run(request) if isinstance(event, Result))
        return np.asarray(result.image, float)

    def theirs(self, folder: Path, swap: Callable | None, steps: int) -> np.ndarray:
        """The pipeline as from_pretrained builds it, and with its scheduler swapped as its users swap it."""
        config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
        scheduler = getattr(diffusers, config["_class_name"]).from_pretrained(folder, subfolder="scheduler")
        parts = {**self.parts, "scheduler": scheduler}
        pipeline = diffusers.StableDiffusionPipeline(**parts, requires_safety_checker=False)
        pipeline.set_progress_bar_config(disable=True)
        if swap:
            pipeline.scheduler = swap(pipeline.scheduler.config)
        return 255 * pipeline(
            **ASKED, num_inference_steps=steps, height=32, width=32, generator=torch.Generator().manual_seed(11),
            output_type="np",
        ).images[0]  # fmt: skip


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    both = Pair(tmp_path_factory.mktemp("pair"))
    yield both
    both.engine.close()


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean, in grey levels."""
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize("name", SCHEDULERS)
def test_of_a_folder_that_the_samplers_own_scheduler_saved(name, pair):
    scheduler = SCHEDULERS[name](**BETAS, **EXTRA.get(name, {}))
    folder = pair.folder(name, json.loads(scheduler.to_json_string()))
    assert difference(pair.ours(folder, name, 8), pair.theirs(folder, None, 8)) <= 0.5


@pytest.mark.parametrize(("name", "said"), SWAPS, ids=map("-".join, SWAPS))
def test_of_a_folder_whose_sampler_is_swapped(name, said, pair):
    folder = pair.folder(said, FOLDERS[said])

    def swap(config):
        return SCHEDULERS[name].from_config(config, **EXTRA.get(name, {}))

    theirs = pair.theirs(folder, swap, 9)
    assert difference(pair.ours(folder, name, 9), theirs) <= 0.5
    if said == "silent":
        assert difference(pair.ours(folder, name, 8), theirs) > 1  # so that the line above says something
