"""The two CLIP encoders of Stable Diffusion XL, side by side. Podell et al. 2023, section 2.1."""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn

from ddpm.models.chunks import chunks
from ddpm.models.clip import CLIP
from ddpm.models.model import Text
from ddpm.models.text import KEPT_PROMPTS


class Penultimate(CLIP):
    """A CLIP encoder whose states are those before its last layer; one with a projection also has a pooled state."""

    def _read(self, ids: Tensor, inside: Tensor | None) -> Tensor:
        return self.module(ids, attention_mask=inside, output_hidden_states=True).hidden_states[-2]

    @torch.inference_mode(False)
    @torch.no_grad()
    def pooled(self, prompt: str) -> Tensor:
        """(projection,) float32: what the whole prompt says, from its first chunk; weights do not move it."""
        device = next(self.module.parameters()).device
        first = chunks(self._tokens(prompt), self.max_tokens - 2)[0]
        states = self.module(torch.tensor([self._framed([token.id for token in first])], device=device)).text_embeds[0]
        return torch.zeros_like(states).float() if self.empty_is_zero and not prompt.strip() else states.float()


class CLIPPair:
    """Both encoders' states along the width, and the second one's pooled state."""

    cuts = False

    def __init__(self, first: Penultimate, second: Penultimate) -> None:
        self.first, self.second = first, second
        self.module = nn.ModuleList([first.module, second.module])
        self.width = first.width + second.width
        self.max_tokens = min(first.max_tokens, second.max_tokens)
        self._pooled = functools.lru_cache(KEPT_PROMPTS)(second.pooled)

    def encode(self, prompts: list[str]) -> Text:
        """(B, T, width of both) float32, and pooled (B, projection)."""
        one, two = self.first.encode(prompts), self.second.encode(prompts)
        pooled = torch.stack([self._pooled(prompt) for prompt in prompts])
        return Text(torch.cat([one.states, two.states], dim=-1), one.mask, pooled)

    def count(self, prompt: str) -> int:
        """Tokens of the prompt, the two that frame it included; both cut it alike."""
        return self.first.count(prompt)
