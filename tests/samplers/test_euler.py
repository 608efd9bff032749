"""DDIM under its k-diffusion names: the same numbers as diffusers' Euler schedulers, which work in x / alpha."""

from __future__ import annotations

import pytest
import torch
from diffusers import EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule, levels
from ddpm.diffusion.spacing import GRIDS
from ddpm.samplers import SAMPLERS

# diffusers hands torch tensors to numpy in ways numpy 2 warns about; nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPACINGS = [("leading", 12), ("trailing", 20), ("linspace", 10), ("linspace", 8), ("linspace", 20)]

CASES = [
    *(("euler", EulerDiscreteScheduler, {"timestep_spacing": spacing}, spacing, steps) for spacing, steps in SPACINGS),
    ("euler", EulerDiscreteScheduler, {"use_karras_sigmas": True}, "karras", 15),
    *(
        ("euler_ancestral", EulerAncestralDiscreteScheduler, {"timestep_spacing": spacing}, spacing, steps)
        for spacing, steps in SPACINGS
    ),
]


@pytest.mark.parametrize(
    "name, scheduler, flags, spacing, steps", CASES, ids=[f"{case[0]}-{case[3]}-{case[4]}" for case in CASES]
)
def test_equals_diffusers(toy, trajectory, name, scheduler, flags, spacing, steps):
    reference = scheduler(**flags)
    reference.set_timesteps(steps)
    path, x = levels(Schedule.linear(), steps, spacing, grid=GRIDS[name]), toy.start()
    exact = torch.tensor([level.sigma / level.alpha for level in path], dtype=torch.float64)
    torch.testing.assert_close(reference.sigmas.double(), exact, rtol=1e-4, atol=0)
    reference.sigmas = exact  # the same numbers in float64; they still step in float32
    mine, theirs = (torch.Generator().manual_seed(3) for _ in range(2))
    ours = trajectory(
        SAMPLERS[name], toy.predict, x, path, lambda: torch.randn(x.shape, generator=mine, dtype=torch.float64)
    )
    scaled = x / path[0].alpha
    for t, then, own in zip(reference.timesteps, path[1:], ours[1:], strict=True):
        eps = toy.eps(reference.scale_model_input(scaled, t), float(t))
        scaled = reference.step(eps, t, scaled, generator=theirs).prev_sample
        torch.testing.assert_close(own, then.alpha * scaled.double(), atol=1e-4, rtol=1e-4)


def test_equals_diffusers_on_a_flow(trajectory):
    def velocity(x, t):
        return torch.tanh(1.3 * x + t)

    reference = FlowMatchEulerDiscreteScheduler(shift=3.0)
    reference.set_timesteps(sigmas=[1 - i / 9 for i in range(9)])
    path = levels(Schedule.flow(3.0), 9)
    x = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(7), dtype=torch.float64)

    def predict(x_t, level):
        return Target.FLOW.read(velocity(x_t, level.t), x_t, level)

    ours = trajectory(SAMPLERS["euler"], predict, x, path)
    for t, now, own in zip(reference.timesteps, path, ours[1:], strict=False):
        x = reference.step(velocity(x.double(), now.t), t, x).prev_sample
        torch.testing.assert_close(own, x.double(), atol=1e-4, rtol=1e-4)


def test_heun_names_two_calls_where_euler_has_one(toy, trajectory):
    calls = []

    def predict(x_t, level):
        calls.append(level)
        return toy.predict(x_t, level)

    for sampler, expected in ((SAMPLERS["euler"], 10), (SAMPLERS["heun"], 19)):
        calls.clear()
        trajectory(sampler, predict, toy.start(), levels(Schedule.linear(), 10))
        assert len(calls) == expected and all(level.sigma > 0 for level in calls)
