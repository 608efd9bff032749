"""CLIP's text encoder, which Stable Diffusion reads. transformers is imported here and nowhere else in models."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.models.chunks import Token, chunks, sections
from ddpm.models.model import Text
from ddpm.models.prompt_weights import parse_weights, token_weights
from ddpm.models.text import KEPT_PROMPTS


class CLIP:
    """A CLIPTextModel and its tokenizer: chunks padded to the encoder's length.

    `attends_padding`: all positions attend to all before them, as Stable Diffusion was trained; False: tokens alone do.
    `empty_is_zero`: the empty prompt is all zeros instead of what the encoder makes of it.
    """

    cuts = False

    def __init__(
        self, module: nn.Module, tokenizer: Any, *, attends_padding: bool = True, empty_is_zero: bool = False
    ) -> None:
        self.attends_padding, self.empty_is_zero = attends_padding, empty_is_zero
        self.module, self._tokenizer = module.eval().requires_grad_(False), tokenizer
        config: Any = module.config
        self.width: int = config.hidden_size
        self.max_tokens: int = min(tokenizer.model_max_length, config.max_position_embeddings)
        self._states = functools.lru_cache(KEPT_PROMPTS)(self._encode_one)

    def encode(self, prompts: list[str]) -> Text:
        """(B, T, width) float32, T a multiple of max_tokens; what a shorter prompt lacks of it is False in the mask.

        The padding within a chunk is True: it is part of what was learnt.
        """
        rows = [self._states(prompt) for prompt in prompts]
        states = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows], device=states.device)
        return Text(states, torch.arange(states.shape[1], device=states.device) < lengths[:, None])

    def count(self, prompt: str) -> int:
        """Tokens of the prompt, the two that frame it included."""
        return sum(len(tokens) for tokens in self._tokens(prompt)) + 2

    @torch.inference_mode(False)
    @torch.no_grad()
    def _encode_one(self, prompt: str) -> Tensor:
        """(T, width) of all chunks, one after the other."""
        device = next(self.module.parameters()).device
        if self.empty_is_zero and not prompt.strip():
            return torch.zeros(self.max_tokens, self.width, device=device)
        parts = chunks(self._tokens(prompt), self.max_tokens - 2)
        ids = torch.tensor([self._framed([token.id for token in part]) for part in parts], device=device)
        lengths = torch.tensor([len(part) + 2 for part in parts], device=device)
        inside = None if self.attends_padding else torch.arange(self.max_tokens, device=device) < lengths[:, None]
        states = self._read(ids, inside).float()
        return torch.cat([self._weighed(each, part) for each, part in zip(states, parts, strict=True)])

    def _read(self, ids: Tensor, inside: Tensor | None) -> Tensor:
        """ids: (chunks, max_tokens) -> the encoder's states (chunks, max_tokens, width)."""
        return self.module(ids, attention_mask=inside).last_hidden_state

    def _weighed(self, states: Tensor, part: list[Token]) -> Tensor:
        """states: (max_tokens, width) of one chunk. AUTOMATIC1111 restores their mean; so weights mean the same."""
        if all(token.weight == 1 for token in part):
            return states
        weights = torch.ones(len(states), device=states.device)
        weights[1 : len(part) + 1] = torch.tensor([token.weight for token in part], device=states.device)
        weighted = states * weights[:, None]
        mean = weighted.mean()
        return weighted * (states.mean() / mean) if mean else weighted

    def _framed(self, ids: list[int]) -> list[int]:
        """Start, tokens, end, and padding to the encoder's length."""
        special = self._tokenizer
        missing = self.max_tokens - 2 - len(ids)
        return [special.bos_token_id, *ids, special.eos_token_id, *[special.pad_token_id] * missing]

    def _tokens(self, prompt: str) -> list[list[Token]]:
        """The tokens between BREAKs. Cut into tokens without brackets, so weights change no token."""
        stretches = parse_weights(prompt)
        text = "".join(stretch.text for stretch in stretches)
        return [self._section(start, section, stretches) for start, section in sections(text)]

    def _section(self, start: int, text: str, stretches: list[Any]) -> list[Token]:
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        spans = [(start + first, start + last) for first, last in encoded.offset_mapping]
        commas = [text[first:last].strip() == "," for first, last in encoded.offset_mapping]
        weights = token_weights(stretches, spans)
        return [Token(*each) for each in zip(encoded.input_ids, weights, commas, strict=True)]
