"""The one class that samplers see: x0 and eps of every target, clamping, sizes."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule, levels
from ddpm.errors import BadRequest
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.codec import Autoencoder, Pixels
from ddpm.models.model import Finish, Model

CARD = ModelCard("m", "M", "embedded", "hybrid", 8, 3, "eps", "linear", None, "MIT")


def exact(target: Target, x0: torch.Tensor, eps: torch.Tensor, clamp: float | None = None) -> Model:
    """A model that knows the answer and says it in its target's terms."""
    schedule = Schedule.linear()

    def network(x_t, t, text):
        return target.of(x0, eps, schedule.level(t))

    return Model(CARD, schedule, Pixels(), None, network, target, nn.Linear(2, 2), clamp)


@pytest.mark.parametrize("target", list(Target))
def test_every_target_gives_x0_and_eps(target):
    x0, eps = torch.randn(2, 3, 8, 8).double(), torch.randn(2, 3, 8, 8).double()
    model = exact(target, x0, eps)
    level = model.schedule.level(400)
    got = model.denoise(level.alpha * x0 + level.sigma * eps, level, None)
    assert got.x0.dtype == torch.float32
    torch.testing.assert_close(got.x0, x0.float(), atol=1e-4, rtol=0)
    torch.testing.assert_close(got.eps, eps.float(), atol=1e-4, rtol=0)


def test_clamped_x0_keeps_an_eps_networks_eps_and_an_x0_network_stays_consistent():
    x0, eps = 3 * torch.randn(1, 3, 8, 8), torch.randn(1, 3, 8, 8)
    for target in (Target.EPS, Target.X0):
        model = exact(target, x0, eps, clamp=1.0)
        level = model.schedule.level(300)
        x_t = level.alpha * x0 + level.sigma * eps
        got = model.denoise(x_t, level, None)
        assert got.x0.abs().max() <= 1
        if target is Target.EPS:
            assert torch.equal(got.eps, eps)
        else:
            torch.testing.assert_close(level.alpha * got.x0 + level.sigma * got.eps, x_t, atol=1e-5, rtol=0)


def test_a_second_network_is_asked_below_its_share_of_noise_and_counted():
    def saying(value: float):
        return lambda x_t, t, text: torch.full_like(x_t, value)

    linear, finish = nn.Linear(2, 2), Finish(0.4, saying(0.25), nn.Linear(3, 3))
    alone = Model(CARD, Schedule.flow(), Pixels(), None, saying(-0.5), Target.X0, linear)
    model = replace(alone, finish=finish)
    x_t = torch.randn(1, 3, 8, 8)
    for t, said in ((0.9, -0.5), (0.4, -0.5), (0.39, 0.25), (0.0, 0.25)):
        level = model.schedule.level(t)
        assert model.denoise(x_t, level, None).x0.unique().tolist() == [said]
        assert alone.denoise(x_t, level, None).x0.unique().tolist() == [-0.5]
    assert (alone.nbytes, model.nbytes) == (4 * 6, 4 * (6 + 12))


def test_sizes_it_cannot_make_are_refused_with_the_field():
    model = exact(Target.EPS, torch.zeros(1), torch.zeros(1))
    assert replace(model, card=replace(CARD, factor=4)).latent_shape(16, 12) == (3, 12, 16)
    with pytest.raises(BadRequest, match="multiples of 4") as refusal:
        replace(model, card=replace(CARD, factor=4)).latent_shape(16, 13)
    assert refusal.value.field == "height"
    with pytest.raises(BadRequest, match="only makes 8"):
        replace(model, card=replace(CARD, factor=8, fixed_size=True)).latent_shape(16, 8)


def test_levels_honour_offset_and_end():
    card = replace(CARD, defaults=Defaults("ddim", 10, spacing="leading", steps_offset=1, ends_clean=False))
    model = replace(exact(Target.EPS, torch.zeros(1), torch.zeros(1)), card=card)
    ddim = model.levels(10, "ddim")
    assert [level.t for level in ddim[:2]] == [901, 801] and ddim[-1] == model.schedule.level(0)
    assert model.levels(10, "dpmpp_2m")[-1].sigma == 0
    assert model.levels(10, "ddim", "trailing")[0].t == 999


def test_levels_are_those_of_the_samplers_scheduler_where_the_model_says_nothing():
    card = replace(CARD, defaults=Defaults("ddim", 10, spacing=None, steps_offset=1, ends_clean=None))
    model = replace(exact(Target.EPS, torch.zeros(1), torch.zeros(1)), card=card)
    assert [model.levels(10, name)[0].t for name in ("ddim", "pndm", "euler", "lcm")] == [901, 901, 999, 999]
    assert model.levels(10, "ddim")[-1].sigma == 0 and model.levels(10, "pndm")[-1] == model.schedule.level(0)
    assert [level.t for level in model.levels(8, "unipc")[:3]] == [999, 874, 749]
    assert model.levels(8, "unipc", kept=3) == model.levels(8, "unipc")[-4:]


def test_grey_becomes_three_equal_channels_and_back():
    codec = Pixels(1)
    grey = torch.rand(2, 1, 8, 8) * 2 - 1
    assert codec.decode(grey).shape == (2, 3, 8, 8)
    torch.testing.assert_close(codec.encode(codec.decode(grey)), grey)
    assert Pixels().preview(torch.zeros(1, 3, 512, 256)).shape == (1, 3, 128, 64)
    assert Pixels().preview(torch.zeros(1, 3, 8, 2048)).shape == (1, 3, 1, 256)  # no lower than one


class Accelerator(TorchDispatchMode):
    """The device meta as one without float64, as mps is; what comes back from it is zeros."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.ops.aten._to_copy.default and args[0].is_meta and kwargs.get("device") == torch.device("cpu"):
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype", args[0].dtype))
        made = func(*args, **kwargs)
        if isinstance(made, torch.Tensor) and made.is_meta and made.dtype == torch.float64:
            raise TypeError("this device has no float64")
        return made


def test_previews_of_latents_need_no_float64_of_the_device():
    class Halves(nn.Conv2d):
        def encode(self, pixels):
            return SimpleNamespace(latents=self(pixels))

    codec = Autoencoder(Halves(3, 4, 2, stride=2, device="meta"), factor=2, channels=4, scaling=1.0)
    with Accelerator():
        preview = codec.preview(torch.zeros(1, 4, 8, 8, device="meta"))
    assert preview.is_meta and preview.shape == (1, 3, 8, 8)


def test_levels_honour_the_cards_shift_and_last():
    card = replace(CARD, defaults=Defaults("euler", 20, shift=3.0, last=0.2))
    model = replace(exact(Target.X0, torch.zeros(1), torch.zeros(1)), card=card, schedule=Schedule.flow())
    assert model.levels(20, "euler") == levels(Schedule.flow(), 20, last=0.2, shift=3.0)
    assert model.levels(20, "euler") != levels(Schedule.flow(), 20, shift=3.0) != levels(Schedule.flow(), 20)


def test_a_peak_is_divided_by_and_a_dim_picture_left_as_it_is():
    x0 = torch.stack([torch.full((3, 8, 8), 0.5), torch.full((3, 8, 8), 4.0)])
    x0[1, 0, 0, 0] = 1.0
    model = replace(exact(Target.X0, x0, torch.zeros_like(x0), clamp=1.0), peak=True)
    got = model.denoise(torch.zeros_like(x0), model.schedule.level(400), None).x0
    assert torch.equal(got[0], x0[0]) and torch.equal(got[1], x0[1] / 4)
