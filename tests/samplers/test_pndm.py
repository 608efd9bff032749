"""PNDM (PLMS): diffusers' numbers, its repeated level, the order, and both ends of a path."""

from __future__ import annotations

import pytest
import torch

from ddpm.diffusion.schedule import CLEAN, Level
from ddpm.samplers.pndm import ADAMS_BASHFORTH, PNDM

STEPS = [1, 2, 3, 4, 7, 20, 50]


@pytest.mark.parametrize("config", [{"set_alpha_to_one": True}, {}, {"steps_offset": 1}], ids=str)
@pytest.mark.parametrize("steps", STEPS)
def test_equals_diffusers_in_float64(steps, config, toy, trajectory):
    """The scheduler's own `step` on its table read as float64, ending without noise or, as diffusers does unless told
    otherwise, at the table's first level."""
    from diffusers import PNDMScheduler

    scheduler = PNDMScheduler(skip_prk_steps=True, **config)
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
    scheduler.final_alpha_cumprod = scheduler.final_alpha_cumprod.double()
    scheduler.set_timesteps(steps)

    def level(t, alpha_bar):
        return Level(t, alpha_bar.sqrt().item(), (1 - alpha_bar).sqrt().item())

    times = list(dict.fromkeys(scheduler.timesteps.tolist()))
    levels = [*(level(t, scheduler.alphas_cumprod[t]) for t in times), level(0, scheduler.final_alpha_cumprod)]
    assert [visited.t for visited in PNDM().path(levels)][:-1] == scheduler.timesteps.tolist()
    x = toy.start()
    ours = trajectory(PNDM(), toy.predict, x, levels)
    for t, arrived in zip(scheduler.timesteps.tolist(), ours[1:], strict=True):
        x = scheduler.step(toy.eps(x, t), t, x).prev_sample
        torch.testing.assert_close(arrived, x, rtol=0, atol=1e-10)


def test_the_second_level_is_visited_twice():
    a, b, c = (Level(t, 1 - t, t) for t in (0.9, 0.6, 0.3))
    assert PNDM().path([a, b, c, CLEAN]) == [a, b, b, c, CLEAN]
    assert PNDM().path([a, CLEAN]) == [a, CLEAN]


def test_a_first_step_without_signal_is_not_done_over(toy, trajectory):
    """Noise alone says nothing of x0, so the first attempt stands; with signal the second look changes it."""
    rest = [Level(0.6, 0.4, 0.6), Level(0.3, 0.7, 0.3), CLEAN]
    _, once, again, *_ = trajectory(PNDM(), toy.predict, toy.start(), [Level(1.0, 0.0, 1.0), *rest])
    assert torch.equal(again, once)
    _, once, again, *_ = trajectory(PNDM(), toy.predict, toy.start(), [Level(0.9, 0.1, 0.9), *rest])
    assert not torch.equal(again, once)


def test_weights_sum_to_one():
    assert [sum(weights) for weights in ADAMS_BASHFORTH] == pytest.approx([1, 1, 1, 1])


@pytest.mark.parametrize("steps", [1, 2, 3, 10])
def test_from_no_signal_to_no_noise(steps, gaussian, trajectory):
    levels = [Level(1 - i / steps, i / steps, 1 - i / steps) for i in range(steps)] + [CLEAN]
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    end = trajectory(PNDM(), gaussian, x, levels)[-1]
    assert end.isfinite().all() and end.dtype == torch.float32
    if steps == 1:
        torch.testing.assert_close(end, torch.full_like(x, gaussian.mu))
