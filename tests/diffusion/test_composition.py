"""Several conditions at once reduce to what is known: one is classifier-free guidance, weights add up."""

from __future__ import annotations

import torch

from ddpm.diffusion.composition import composed
from ddpm.diffusion.guidance import classifier_free
from ddpm.diffusion.prediction import Prediction
from ddpm.diffusion.schedule import Level

LEVEL = Level(0.5, 0.6, 0.8)
X = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
A, B, NONE = torch.tensor([1.0, 2.0]), torch.tensor([-3.0, 0.5]), torch.tensor([0.1, 0.2])


def painter(x_t: torch.Tensor, level: Level, cond: torch.Tensor) -> Prediction:
    x0 = torch.tanh(x_t * cond[:, None, None, None])
    return Prediction(x0, (x_t - level.alpha * x0) / level.sigma)


def join(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    return torch.cat([one, two])


def x0(conds: list[torch.Tensor], weights: list[list[float]], scale: float = 3.0) -> torch.Tensor:
    return composed(painter, conds, torch.tensor(weights), NONE, scale, join=join)(X, LEVEL).x0


def test_one_condition_is_classifier_free_guidance() -> None:
    known = classifier_free(painter, A, NONE, 3.0, join=join)(X, LEVEL)
    made = composed(painter, [A], torch.ones(1, 2), NONE, 3.0, join=join)(X, LEVEL)
    torch.testing.assert_close(made.x0, known.x0)
    torch.testing.assert_close(made.eps, known.eps)


def test_outside_its_interval_the_scale_is_one() -> None:
    said = {"weights": torch.tensor([[0.7, 0.7], [-0.4, -0.4]]), "uncond": NONE, "join": join}
    resting = composed(painter, [A, B], scale=3.0, interval=(0.6, 1.0), **said)(X, LEVEL)  # LEVEL has 4/7 of noise
    assert torch.equal(resting.x0, composed(painter, [A, B], scale=1.0, **said)(X, LEVEL).x0)
    at_work = composed(painter, [A, B], scale=3.0, interval=(0.5, 1.0), **said)(X, LEVEL)
    assert torch.equal(at_work.x0, composed(painter, [A, B], scale=3.0, **said)(X, LEVEL).x0)


def test_pulls_add_up() -> None:
    without = painter(X, LEVEL, NONE).x0
    pulls = [painter(X, LEVEL, cond).x0 - without for cond in (A, B)]
    torch.testing.assert_close(x0([A, B], [[0.7, 0.7], [-0.4, -0.4]]), without + 3 * (0.7 * pulls[0] - 0.4 * pulls[1]))
    torch.testing.assert_close(x0([A, A], [[0.5, 0.5], [0.5, 0.5]]), x0([A], [[1.0, 1.0]]))
    torch.testing.assert_close(x0([A, B], [[0.0, 0.0], [0.0, 0.0]]), without)


def test_each_picture_has_its_own_weights() -> None:
    both = x0([A, B], [[1.0, 0.0], [0.0, 1.0]])
    torch.testing.assert_close(both[:1], x0([A], [[1.0, 1.0]])[:1])
    torch.testing.assert_close(both[1:], x0([B], [[1.0, 1.0]])[1:])


def test_x0_and_eps_stay_one_path() -> None:
    made = composed(painter, [A, B], torch.ones(2, 2), NONE, 2.0, join=join)(X, LEVEL)
    torch.testing.assert_close(LEVEL.alpha * made.x0 + LEVEL.sigma * made.eps, X)


def test_outside_its_interval_no_scale_below_one_is_raised() -> None:
    said = {"weights": torch.ones(1, 2), "uncond": NONE, "join": join}
    resting = composed(painter, [A], scale=0.3, interval=(0.6, 1.0), **said)(X, LEVEL)
    assert torch.equal(resting.x0, composed(painter, [A], scale=0.3, **said)(X, LEVEL).x0)
