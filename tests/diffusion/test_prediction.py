"""Whatever a network is trained to put out, x0 and eps come back from it."""

from __future__ import annotations

import pytest
import torch

from ddpm.diffusion.prediction import Target, eps_of
from ddpm.diffusion.schedule import CLEAN, Level, Schedule

MIDDLE = [Schedule.linear().level(300), Schedule.flow().level(0.7), Level(5.0, 1.0, 14.6)]  # VP, flow, VE
X0, EPS = torch.randn(2, 4, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("level", MIDDLE, ids=["vp", "flow", "ve"])
def test_read_inverts_of(target, level):
    x_t = level.alpha * X0 + level.sigma * EPS
    x0, eps = target.read(target.of(X0, EPS, level), x_t, level)
    torch.testing.assert_close(x0, X0)
    torch.testing.assert_close(eps, EPS)


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("level", MIDDLE, ids=["vp", "flow", "ve"])
def test_any_output_is_read_consistently(target, level):
    output, x_t = EPS * 3, X0
    x0, eps = target.read(output, x_t, level)
    torch.testing.assert_close(level.alpha * x0 + level.sigma * eps, x_t)


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("level", [CLEAN, Level(1.0, 0.0, 1.0)], ids=["no noise", "no signal"])
def test_the_ends_of_the_path_stay_finite(target, level):
    x_t = level.alpha * X0 + level.sigma * EPS
    prediction = target.read(target.of(X0, EPS, level), x_t, level)
    assert prediction.x0.isfinite().all() and prediction.eps.isfinite().all()
    torch.testing.assert_close(level.alpha * prediction.x0 + level.sigma * prediction.eps, x_t)


def test_eps_of_is_the_missing_noise():
    level = MIDDLE[0]
    torch.testing.assert_close(eps_of(level.alpha * X0 + level.sigma * EPS, X0, level), EPS)


def test_a_target_is_its_word():
    assert Target("flow") is Target.FLOW and str(Target.V) == "v" and f"{Target.EPS}" == "eps"
