"""What a network of diffusers is handed, on one that only remembers it."""

from types import SimpleNamespace

import torch
from torch import Tensor, nn

from ddpm.models.conditional import conditional
from ddpm.models.model import Text, Told


class Remembering(nn.Module):
    """An inpainting UNet2DConditionModel of 2 latent channels that says nothing."""

    config = SimpleNamespace(addition_embed_type=None, time_cond_proj_dim=None, in_channels=5)

    def forward(self, seen: Tensor, times: Tensor, **told: Tensor) -> SimpleNamespace:
        self.seen = seen
        return SimpleNamespace(sample=0 * seen)


class Shrinking:
    """A codec that counts what it encodes: a quarter of the size, a third of the colours, from -1..1 to 6..8."""

    factor, channels = 4, 2

    def __init__(self) -> None:
        self.encoded: list[tuple[int, ...]] = []

    def encode(self, pixels: Tensor) -> Tensor:
        self.encoded.append(tuple(pixels.shape))
        return pixels[:, :2, ::4, ::4] + 7


def test_without_a_mask_an_inpainting_network_sees_grey_that_is_encoded_once() -> None:
    module, codec = Remembering(), Shrinking()
    network = conditional(module, codec)  # type: ignore[arg-type]
    prompt = Text(torch.zeros(1, 3, 8), torch.ones(1, 3, dtype=torch.bool))
    with torch.inference_mode():
        network(torch.randn(2, 2, 5, 6), 9.0, prompt)
    for batch in (1, 3):
        x_t = torch.randn(batch, 2, 5, 6, requires_grad=True)
        assert network(x_t, 4.0, prompt).shape == x_t.shape
        assert torch.equal(module.seen[:, :2], x_t)
        assert (module.seen[:, 2] == 1).all() and (module.seen[:, 3:] == 7).all() and len(module.seen) == batch
        (module.seen**2).sum().backward()
    assert codec.encoded == [(1, 3, 20, 24)]
    network(torch.randn(1, 2, 6, 6), 4.0, prompt)
    assert codec.encoded == [(1, 3, 20, 24), (1, 3, 24, 24)]
    mask, around = torch.zeros(1, 1, 9, 9), torch.ones(1, 2, 9, 9)
    network(torch.randn(1, 2, 9, 9), 4.0, prompt, Told(mask=mask, around=around))
    assert len(codec.encoded) == 2 and torch.equal(module.seen[:, 2:], torch.cat([mask, around], dim=1))
