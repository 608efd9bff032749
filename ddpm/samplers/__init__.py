"""The samplers by name. A name is a value with its numbers filled in, so two names may share a class.

One of your own is a file here, a line in SAMPLERS and one in GRIDS (`ddpm.diffusion.spacing`): then the page, requests
and files of settings know its name, too.
"""

from __future__ import annotations

from difflib import get_close_matches

from ddpm.errors import BadRequest
from ddpm.samplers.ddim import DDIM
from ddpm.samplers.ddpm import DDPM
from ddpm.samplers.deis import DEIS
from ddpm.samplers.dpmpp import DPMpp2M, DPMpp2MSDE
from ddpm.samplers.heun import Heun
from ddpm.samplers.lcm import LCM
from ddpm.samplers.pndm import PNDM
from ddpm.samplers.sampler import Sampler
from ddpm.samplers.unipc import UniPC

SAMPLERS: dict[str, Sampler] = {
    "ddpm": DDPM(),
    "ddim": DDIM(),
    "euler": DDIM(),
    "euler_ancestral": DDIM(eta=1.0),
    "heun": Heun(),
    "dpmpp_2m": DPMpp2M(),
    "dpmpp_2m_sde": DPMpp2MSDE(),
    "unipc": UniPC(),
    "deis": DEIS(),
    "pndm": PNDM(),
    "lcm": LCM(),
}


def get_sampler(name: str) -> Sampler:
    """The sampler of that name, or BadRequest with the nearest."""
    if name not in SAMPLERS:
        near = get_close_matches(name.lower().replace(" ", "_"), SAMPLERS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(SAMPLERS)}."
        raise BadRequest(f"sampler {name!r} is not known; {hint}", "sampler")
    return SAMPLERS[name]
