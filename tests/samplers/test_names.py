"""Samplers are found by name; a wrong name is answered with the right one."""

from __future__ import annotations

import pytest

from ddpm.diffusion.spacing import GRIDS
from ddpm.errors import BadRequest
from ddpm.samplers import SAMPLERS, get_sampler


def test_all_promised_names_are_there():
    promised = "ddpm ddim euler euler_ancestral heun dpmpp_2m dpmpp_2m_sde unipc deis pndm lcm"
    assert set(promised.split()) <= set(SAMPLERS)
    assert set(GRIDS) == set(SAMPLERS)
    assert all(get_sampler(name) is sampler for name, sampler in SAMPLERS.items())


def test_a_typo_is_answered_with_the_nearest_name():
    with pytest.raises(BadRequest, match="'eular' is not known; did you mean euler?") as refusal:
        get_sampler("eular")
    assert refusal.value.field == "sampler"
    with pytest.raises(BadRequest, match="did you mean euler_ancestral?"):
        get_sampler("Euler Ancestral")
    with pytest.raises(BadRequest, match="use one of ddpm, ddim"):
        get_sampler("qqq")
