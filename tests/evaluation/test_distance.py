"""Distances held to closed forms and to sets whose answer can be read off a sketch."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ddpm.evaluation.distance import coverage, frechet_distance, nearest, radii, spread


def gaussian(mean: Tensor, covariance: Tensor, count: int = 50, seed: int = 0) -> Tensor:
    """Points whose sample mean and covariance are exactly these."""
    x = torch.randn(count, len(mean), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    x = x - x.mean(0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T
    return mean + white @ torch.linalg.cholesky(covariance).T


def test_frechet_distance_of_two_gaussians() -> None:
    """For 2 x 2 matrices tr (AB)^(1/2) = (tr AB + 2 det(AB)^(1/2))^(1/2), by Cayley and Hamilton."""
    a = torch.tensor([[2.0, 0.6], [0.6, 0.5]], dtype=torch.float64)
    b = torch.tensor([[0.7, -0.3], [-0.3, 1.9]], dtype=torch.float64)
    m, n = torch.tensor([1.0, -2.0], dtype=torch.float64), torch.tensor([0.5, 0.25], dtype=torch.float64)
    product = a @ b
    between = math.sqrt(product.trace() + 2 * math.sqrt(torch.linalg.det(product)))
    exact = float((m - n).square().sum() + a.trace() + b.trace()) - 2 * between
    found = frechet_distance(gaussian(m, a), gaussian(n, b, count=70, seed=1))
    assert found == pytest.approx(exact, rel=1e-9)
    assert found == pytest.approx(frechet_distance(gaussian(n, b, seed=2), gaussian(m, a, seed=3)), rel=1e-9)


def test_frechet_distance_with_fewer_points_than_dimensions() -> None:
    """Rank-deficient covariances: tr (C1 C2)^(1/2) is then the sum of the singular values of the centred product."""
    one, other = torch.randn(6, 40, dtype=torch.float64), torch.randn(9, 40, dtype=torch.float64)
    x, y = (one - one.mean(0)) / math.sqrt(5), (other - other.mean(0)) / math.sqrt(8)
    between = torch.linalg.svdvals(x @ y.T).sum()
    exact = (one.mean(0) - other.mean(0)).square().sum() + x.square().sum() + y.square().sum() - 2 * between
    assert frechet_distance(one, other) == pytest.approx(float(exact), rel=1e-6)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-5)


def cluster(x: float, count: int = 30, seed: int = 0) -> Tensor:
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) + torch.tensor([x, 0.0])


def test_precision_and_recall_of_dropped_and_invented_modes() -> None:
    two, left = torch.cat([cluster(0), cluster(100, seed=1)]), cluster(0)
    assert coverage(left, two) == (1.0, 0.5)  # one mode dropped: all it makes is real, half of what is real is missing
    assert coverage(two, left) == (0.5, 1.0)  # one invented
    assert coverage(cluster(50), two) == (0.0, 0.0)
    assert coverage(two, two) == (1.0, 1.0)


def test_radii_reach_the_third_neighbour() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0], [15.0]])
    assert radii(line).tolist() == [7, 6, 4, 7, 14]
    with pytest.raises(ValueError, match="3 points"):
        radii(line[:3])


def test_nearest_passes_over_the_point_itself() -> None:
    points = torch.randn(1500, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)  # two blocks of rows
    far, place = nearest(points, points)
    assert (far == 0).all() and (place == torch.arange(1500)).all()
    far, place = nearest(points, points, themselves=True)
    all_distances = torch.cdist(points, points).fill_diagonal_(torch.inf)
    assert (place == all_distances.argmin(1)).all() and torch.allclose(far, all_distances.amin(1))


def test_spread_is_the_mean_over_pairs() -> None:
    assert spread(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]])) == pytest.approx((5 + 4 + 3) / 3)
