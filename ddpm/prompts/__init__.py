"""Words: what the embedded scenes model was taught, random prompts made of it, and suggestions while one types."""

from ddpm.prompts.random_prompt import random_prompt
from ddpm.prompts.suggest import suggest
from ddpm.prompts.vocabulary import CATEGORIES

__all__ = ["CATEGORIES", "random_prompt", "suggest"]
