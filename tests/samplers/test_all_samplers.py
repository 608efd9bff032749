"""Laws that every sampler keeps, whatever its name: any number of steps, any kind of path, ends at pictures."""

from __future__ import annotations

import copy

import pytest
import torch

from ddpm.diffusion.schedule import Schedule, levels
from ddpm.samplers import SAMPLERS

PATHS = {
    "linear": Schedule.linear(),
    "scaled_linear": Schedule.scaled_linear(),
    "cosine": Schedule.cosine(),
    "zero_snr": Schedule.scaled_linear().zero_terminal_snr(),
    "flow": Schedule.flow(),
    "flow_shift": Schedule.flow(shift=3.0),
}
NOISY = ("ddpm", "euler_ancestral", "dpmpp_2m_sde", "lcm")  # between levels, so they follow no path
SHAPE = (1, 1, 64, 64)  # 4,096 pixels: a mean is known to 0.008, a deviation to 0.006 (one sigma)


@pytest.fixture
def ends(gaussian, trajectory):
    """Where a sampler ends from noise that fills the first level, float32 as in the application."""

    def run(name, path, steps):
        random = torch.Generator().manual_seed(9)
        visited = levels(PATHS[path], steps)
        x = gaussian.draw(visited[0], SHAPE, seed=8).float()
        return trajectory(SAMPLERS[name], gaussian, x, visited, lambda: torch.randn(SHAPE, generator=random))[-1]

    return run


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", SAMPLERS)
def test_any_number_of_steps_ends_near_the_data(name, path, steps, ends, gaussian):
    """With few steps the spread may be far too small, and PNDM's is a little too large, but none of them flies away."""
    end = ends(name, path, steps)
    assert end.isfinite().all() and end.shape == SHAPE and end.dtype == torch.float32
    assert end.mean().item() == pytest.approx(gaussian.mu, abs=0.05)
    assert end.std().item() < 1.3 * gaussian.s


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "lcm"])
def test_fifty_steps_end_in_the_data_distribution(name, path, ends, gaussian):
    """Not LCM: a consistency model jumps to a picture, the denoiser of these tests to a mean."""
    assert ends(name, path, 50).std().item() == pytest.approx(gaussian.s, rel=0.15)


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in NOISY])
def test_converges_with_the_order_it_claims(name, measured_order):
    assert measured_order(SAMPLERS[name]) == pytest.approx(SAMPLERS[name].order, abs=0.1)


@pytest.mark.parametrize("name", SAMPLERS)
def test_more_steps_than_training_times(name, ends):
    assert ends(name, "cosine", 1003).isfinite().all()


@pytest.mark.parametrize("name", SAMPLERS)
def test_nothing_is_kept_outside_memory(name, gaussian, trajectory):
    """A step is a function: two runs interleaved through one sampler value end as each does alone."""
    sampler, visited = SAMPLERS[name], levels(PATHS["cosine"], 6)
    before = copy.deepcopy(sampler)
    starts = [gaussian.draw(visited[0], SHAPE, seed=seed) for seed in (1, 2)]
    alone = [trajectory(sampler, gaussian, x, visited, lambda: torch.ones(SHAPE)) for x in starts]
    states = [(x, None) for x in starts]
    path = sampler.path(visited)
    for now, then in zip(path, path[1:], strict=False):
        for i, (x, memory) in enumerate(states):
            step = sampler.step(gaussian, x, now, then, memory, lambda: torch.ones(SHAPE))
            states[i] = (step.x, step.memory)
    for (x, _), run in zip(states, alone, strict=True):
        assert torch.equal(x, run[-1])
    assert sampler == before


@pytest.mark.parametrize("name", SAMPLERS)
def test_pictures_of_a_batch_do_not_meet(name, gaussian, trajectory):
    """A picture ends the same alone and in company."""
    visited = levels(PATHS["cosine"], 5)
    x = gaussian.draw(visited[0], (3, 1, 8, 8), seed=3)
    noise = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    together = trajectory(SAMPLERS[name], gaussian, x, visited, lambda: noise)[-1]
    alone = trajectory(SAMPLERS[name], gaussian, x[1:2], visited, lambda: noise[1:2])[-1]
    torch.testing.assert_close(together[1:2], alone, rtol=0, atol=1e-12)
