"""Networks of other repositories, written here from their published descriptions, one module a family."""

from tests.loading.foreign.celeba import celeba
from tests.loading.foreign.diffusion_gen import diffusion_gen
from tests.loading.foreign.layers import Weights
from tests.loading.foreign.minimal import mini
from tests.loading.foreign.openai import openai

__all__ = ["Weights", "celeba", "diffusion_gen", "mini", "openai"]
