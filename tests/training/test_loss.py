"""The loss keeps the algebra of targets and velocities."""

from __future__ import annotations

import pytest
import torch

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Level, Schedule
from ddpm.training.loss import SNR_LIMIT, Loss

SCHEDULES = {"flow": Schedule.flow(), "cosine": Schedule.cosine(), "linear": Schedule.linear()}


def drawn(seed: int = 0) -> tuple[torch.Tensor, torch.Generator]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((6, 3, 8, 8), generator=generator) * 2 - 1, generator


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("target", list(Target))
def test_a_network_that_is_right_has_no_loss_and_x_t_is_on_the_path(target: Target, schedule: str) -> None:
    x0, generator = drawn()
    loss = Loss(target, SCHEDULES[schedule], "velocity", None)
    noisy = loss.noisy(x0, generator)
    assert loss.of(noisy.target, noisy) == 0
    assert noisy.time.min() >= 0 and noisy.time.max() <= 1
    for i in range(len(x0)):  # the sampler's own reading of a right output gives back x0
        level = Level(0.0, noisy.alpha[i].item(), noisy.sigma[i].item())
        read = target.read(noisy.target[i : i + 1], noisy.x_t[i : i + 1], level)
        if level.alpha > 0.05:
            assert torch.allclose(read.x0, x0[i : i + 1], atol=1e-3)


@pytest.mark.parametrize("kind", ["velocity", "min_snr"])
@pytest.mark.parametrize("schedule", ["flow", "cosine"])
def test_the_same_wrong_x0_costs_the_same_whatever_the_network_predicts(schedule: str, kind: str) -> None:
    costs = []
    for target in Target:
        x0, generator = drawn()
        loss = Loss(target, SCHEDULES[schedule], kind, (0.0, 0.5))
        noisy = loss.noisy(x0, generator)
        wrong = x0 + 0.1
        eps = (noisy.x_t - noisy.alpha * wrong) / noisy.sigma
        level = Level(0.0, noisy.alpha, noisy.sigma)  # type: ignore[arg-type]
        costs.append(loss.of(target.of(wrong, eps, level), noisy).item())
    assert costs == pytest.approx([costs[0]] * len(costs), rel=1e-3)


def test_the_velocity_loss_of_an_x0_network_is_the_error_of_its_velocity() -> None:
    x0, generator = drawn()
    loss = Loss(Target.X0, Schedule.flow(), "velocity", (0.0, 0.5))
    noisy = loss.noisy(x0, generator)
    guess = x0 + 0.3 * torch.randn(x0.shape, generator=generator)
    v, v_guess = (noisy.x_t - x0) / noisy.sigma, (noisy.x_t - guess) / noisy.sigma
    assert loss.of(guess, noisy).item() == pytest.approx(((v - v_guess) ** 2).mean().item(), rel=1e-5)


def test_min_snr_of_eps_is_the_papers_weight() -> None:
    x0, generator = drawn()
    loss = Loss(Target.EPS, Schedule.cosine(), "min_snr", None)
    noisy = loss.noisy(x0, generator)
    snr = (noisy.alpha / noisy.sigma) ** 2
    weight = snr.clamp(max=SNR_LIMIT) / snr  # Hang et al. 2023, eq. 7 in terms of eps
    assert loss.of(noisy.target + 0.1, noisy).item() == pytest.approx((0.01 * weight).mean().item(), rel=1e-3)


def test_logit_normal_times_have_their_median() -> None:
    loss = Loss(Target.X0, Schedule.flow(), "velocity", (0.6, 0.8))
    noisy = loss.noisy(torch.zeros(4000, 1, 1, 1), torch.Generator().manual_seed(1))
    assert noisy.time.median().item() == pytest.approx(torch.tensor(0.6).sigmoid().item(), abs=0.02)
