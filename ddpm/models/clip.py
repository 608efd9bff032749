"""CLIP's text encoder, which Stable Diffusion reads. transformers is imported here and nowhere else in models."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.models.model import Text
from ddpm.models.prompt_weights import parse_weights, token_weights
from ddpm.models.text import KEPT_PROMPTS


class CLIP:
    """A CLIPTextModel and its tokenizer: prompts padded to the encoder's length, all positions attended, as trained."""

    def __init__(self, module: nn.Module, tokenizer: Any) -> None:
        self.module, self._tokenizer = module.eval().requires_grad_(False), tokenizer
        config: Any = module.config
        self.width: int = config.hidden_size
        self.max_tokens: int = min(tokenizer.model_max_length, config.max_position_embeddings)
        self._states = functools.lru_cache(KEPT_PROMPTS)(self._encode_one)

    def encode(self, prompts: list[str]) -> Text:
        """(B, max_tokens, width) float32; the mask is True throughout: the padding is part of what was learnt."""
        states = torch.stack([self._states(prompt) for prompt in prompts])
        return Text(states, torch.ones(states.shape[:2], dtype=torch.bool, device=states.device))

    def count(self, prompt: str) -> int:
        """Tokens of the prompt, the two that frame it included."""
        return len(self._tokenizer("".join(stretch.text for stretch in parse_weights(prompt))).input_ids)

    def to(self, device: str) -> CLIP:
        """The same encoder, moved: it belongs to one model."""
        self.module.to(device)
        self._states.cache_clear()
        return self

    @torch.inference_mode(False)
    @torch.no_grad()
    def _encode_one(self, prompt: str) -> Tensor:
        stretches = parse_weights(prompt)
        text = "".join(stretch.text for stretch in stretches)
        encoded = self._tokenizer(
            text, padding="max_length", max_length=self.max_tokens, truncation=True, return_offsets_mapping=True
        )
        device = next(self.module.parameters()).device
        states = self.module(torch.tensor([encoded.input_ids], device=device)).last_hidden_state[0].float()
        if all(stretch.weight == 1 for stretch in stretches):
            return states
        weights = torch.tensor(token_weights(stretches, encoded.offset_mapping), device=device)
        weighted = states * weights[:, None]
        return weighted * (states.mean() / weighted.mean())  # AUTOMATIC1111 restores the mean; so weights mean the same
