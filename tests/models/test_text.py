"""MiniLM against transformers' BertModel, prompt weights, and what a prompt's states may not depend on."""

import hashlib
import subprocess
import sys

import pytest
import torch

from ddpm.models.model import Text, join
from ddpm.models.prompt_weights import parse_weights
from ddpm.models.text import minilm

PUBLISHED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def encoder():
    return minilm()


def test_weights_are_the_published_file(encoder):
    assert hashlib.sha256((encoder.folder / "model.safetensors").read_bytes()).hexdigest() == PUBLISHED


def test_equals_transformers(encoder):
    from ddpm.compat import ensure_torchvision

    ensure_torchvision()
    from transformers import BertModel

    bert = BertModel.from_pretrained(encoder.folder).eval()
    for prompt in ("", "a red dragon over a volcano at night", "puppy " * 70):
        ids = torch.tensor([encoder._tokens(prompt)[0][:64]])
        with torch.no_grad():
            expected = bert(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        got = encoder.encode([prompt])
        assert got.mask.all()
        assert (got.states - expected).abs().max() < 1e-5


def test_a_row_does_not_depend_on_its_neighbours(encoder):
    both = encoder.encode(["a fox", "a very long sentence about a whale in the deep sea"])
    alone = encoder.encode(["a fox"])
    length = alone.states.shape[1]
    assert torch.equal(both.states[:1, :length], alone.states)
    assert not both.states[0, length:].any() and both.mask[0].sum() == length


def test_long_prompts_are_cut_and_counted(encoder):
    assert encoder.encode(["whale " * 500]).states.shape == (1, 64, 384)
    assert encoder.count("whale " * 500) == 502
    assert encoder.count("") == 2


def test_a_weight_scales_the_states_of_its_words_only(encoder):
    plain, heavy = encoder.encode(["a red fox"]).states[0], encoder.encode(["a (red:1.5) fox"]).states[0]
    factors = (heavy / plain).mean(dim=1)
    assert torch.allclose(factors, torch.tensor([1.0, 1.0, 1.5, 1.0, 1.0]), atol=1e-4)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a fox", [("a fox", 1.0)]),
        ("a (red:1.3) fox", [("a ", 1.0), ("red", 1.3), (" fox", 1.0)]),
        ("((big)) [small]", [("big", 1.21), (" ", 1.0), ("small", 1 / 1.1)]),
        (r"\(plain\)", [("(plain)", 1.0)]),
        ("never opened) at 12:30", [("never opened) at 12:30", 1.0)]),
        ("(never closed", [("never closed", 1.1)]),
        ("", []),
    ],
)
def test_grammar_of_weights(prompt, expected):
    got = parse_weights(prompt)
    assert [text for text, _ in got] == [text for text, _ in expected]
    assert [weight for _, weight in got] == pytest.approx([weight for _, weight in expected])


@pytest.mark.slow
def test_loading_needs_no_transformers():
    code = "import sys; from ddpm.models.text import minilm; minilm(); print('transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_join_pads_the_shorter():
    one = Text(torch.ones(1, 2, 3), torch.ones(1, 2, dtype=torch.bool))
    two = Text(torch.ones(2, 4, 3), torch.ones(2, 4, dtype=torch.bool))
    joined = join(one, two)
    assert joined.states.shape == (3, 4, 3) and joined.mask.sum(1).tolist() == [2, 4, 4]
    assert not joined.states[0, 2:].any()
    assert join(None, None) is None
    with pytest.raises(ValueError, match="empty prompt"):
        join(one, None)
