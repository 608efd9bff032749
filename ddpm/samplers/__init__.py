"""The samplers by name. A name is a value with its numbers filled in, so two names may share a class."""

from __future__ import annotations

from dataclasses import replace
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


def get_sampler(name: str, eta: float | None = None) -> Sampler:
    """The sampler of that name; `eta`, how much noise DDIM puts back per step, may be set where there is one."""
    if name not in SAMPLERS:
        near = get_close_matches(name.lower().replace(" ", "_"), SAMPLERS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(SAMPLERS)}."
        raise BadRequest(f"sampler {name!r} is not known; {hint}", "sampler")
    sampler = SAMPLERS[name]
    if eta is None:
        return sampler
    if not isinstance(sampler, DDIM):
        raise BadRequest(f"eta = {eta} has no meaning for the sampler {name}; leave it out, or use ddim.", "eta")
    if not 0 <= eta <= 1:
        raise BadRequest(f"eta = {eta} is outside 0..1.", "eta")
    return replace(sampler, eta=eta)
