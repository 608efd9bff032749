"""How two sets of pictures differ, from their features alone: Fréchet distance, precision and recall, neighbours."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

NEIGHBOURS = 3  # Kynkäänniemi et al. 2019 use the third
ROWS = 1024  # of a matrix of distances that are held at once


class Coverage(NamedTuple):
    """Kynkäänniemi et al. 2019: precision is realism, recall variety; both 0..1."""

    precision: float
    recall: float


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Heusel et al. 2017, eq. 6: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of features (N, D) and (M, D), float64.

    tr (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of R C2 R with R R = C1, which is symmetric. The
    distance falls with more pictures: compare only figures of as many.
    """
    (mean1, cov1), (mean2, cov2) = _moments(one), _moments(other)
    values, vectors = torch.linalg.eigh(cov1)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    between = torch.linalg.eigvalsh(root @ cov2 @ root).clamp(min=0).sqrt().sum()
    distance = (mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * between
    return max(0.0, float(distance))  # equal sets miss 0 by rounding


def coverage(made: Tensor, real: Tensor, neighbours: int = NEIGHBOURS) -> Coverage:
    """Share of `made` (N, D) inside the manifold of `real` (M, D), and of `real` inside that of `made`.

    A set's manifold is the union of balls around its points that reach to the `neighbours`-th nearest other point.
    """
    inside_real = _inside(made, real, radii(real, neighbours))
    inside_made = _inside(real, made, radii(made, neighbours))
    return Coverage(float(inside_real.double().mean()), float(inside_made.double().mean()))


def radii(points: Tensor, neighbours: int = NEIGHBOURS) -> Tensor:
    """(N, D) -> (N,): distance to the `neighbours`-th nearest other point; every point itself is passed over."""
    if len(points) <= neighbours:
        raise ValueError(f"{len(points)} points have no {neighbours} neighbours each")
    found = [_distances(rows, points).kthvalue(neighbours + 1).values for rows in points.split(ROWS)]
    return torch.cat(found)


def nearest(points: Tensor, among: Tensor, *, themselves: bool = False) -> tuple[Tensor, Tensor]:
    """(N, D), (M, D) -> distance and place of the nearest of `among`, (N,) each.

    themselves: `points` are the first N of `among`, and none is its own neighbour.
    """
    distances, places = [], []
    points, among = points.double(), among.double()
    for first in range(0, len(points), ROWS):
        rows = points[first : first + ROWS]
        far = torch.cdist(rows, among, compute_mode="use_mm_for_euclid_dist")  # tens of times as fast, and near enough
        if themselves:
            here = torch.arange(len(rows))
            far[here, first + here] = torch.inf
        place = far.argmin(dim=1)
        distances.append((rows - among[place]).norm(dim=1))  # exact again: a copy is at 0
        places.append(place)
    return torch.cat(distances), torch.cat(places)


def spread(points: Tensor) -> float:
    """Mean distance over all pairs of different points, (N, D)."""
    return float(torch.pdist(points.double()).mean())


def _inside(points: Tensor, centres: Tensor, reach: Tensor) -> Tensor:
    return torch.cat([(_distances(rows, centres) <= reach[None]).any(1) for rows in points.split(ROWS)])


def _distances(rows: Tensor, points: Tensor) -> Tensor:
    """Euclidean, float64; not by the product formula, whose rounding would put a point away from itself."""
    return torch.cdist(rows.double(), points.double(), compute_mode="donot_use_mm_for_euclid_dist")


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    if len(features) < 2:
        raise ValueError("a covariance needs two pictures")
    x = features.double()
    return x.mean(0), torch.cov(x.T).reshape(x.shape[1], x.shape[1])
