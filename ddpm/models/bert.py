"""BERT's encoder, as small as it can be said: loading a prompt encoder must not cost the import of transformers."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BertEncoder(nn.Module):
    """BERT without its pooler, for one unpadded sequence. Devlin et al. 2019. Names as in transformers."""

    def __init__(self, *, vocabulary: int, positions: int, width: int, inner: int, layers: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(vocabulary, width),
                "position_embeddings": nn.Embedding(positions, width),
                "token_type_embeddings": nn.Embedding(2, width),
                "LayerNorm": nn.LayerNorm(width, eps=1e-12),
            }
        )
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(_bert_layer(width, inner) for _ in range(layers))})

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.parameters()).device

    def forward(self, ids: Tensor) -> Tensor:
        """ids: (B, T) without padding -> (B, T, width)."""
        batch, length = ids.shape
        e: Any = self.embeddings
        layers: Any = self.encoder["layer"]
        positions = torch.arange(length, device=ids.device)
        h = e["word_embeddings"](ids) + e["position_embeddings"](positions) + e["token_type_embeddings"].weight[0]
        h = e["LayerNorm"](h)
        for layer in layers:
            attention, out = layer["attention"], layer["output"]
            q, k, v = (
                attention["self"][name](h).view(batch, length, self.heads, -1).transpose(1, 2)
                for name in ("query", "key", "value")
            )
            mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, -1)
            h = attention["output"]["LayerNorm"](h + attention["output"]["dense"](mixed))
            h = out["LayerNorm"](h + out["dense"](F.gelu(layer["intermediate"]["dense"](h))))
        return h


def _bert_layer(width: int, inner: int) -> nn.ModuleDict:
    norm = functools.partial(nn.LayerNorm, width, eps=1e-12)
    attention = {name: nn.Linear(width, width) for name in ("query", "key", "value")}
    return nn.ModuleDict(
        {
            "attention": nn.ModuleDict(
                {
                    "self": nn.ModuleDict(attention),
                    "output": nn.ModuleDict({"dense": nn.Linear(width, width), "LayerNorm": norm()}),
                }
            ),
            "intermediate": nn.ModuleDict({"dense": nn.Linear(width, inner)}),
            "output": nn.ModuleDict({"dense": nn.Linear(inner, width), "LayerNorm": norm()}),
        }
    )
