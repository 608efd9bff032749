"""Figures from features and verdicts: what a report says of a set of pictures against real ones."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ddpm.evaluation.distance import coverage, frechet_distance, nearest
from ddpm.evaluation.referee import Verdict

DOUBLE = 1e-3  # of the usual distance: two files of one picture
RARE = 0.01  # share of pictures never trained on that lie nearer to a real one than the threshold


def compared(made: Tensor, real: Tensor) -> dict[str, float]:
    """Fréchet distance, precision and recall of features (N, D) against (M, D)."""
    precision, recall = coverage(made, real)
    return {
        "frechet_distance": round(frechet_distance(made, real), 3),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
    }


def memorisation(made: Tensor, real: Tensor, held_out: Tensor | None) -> tuple[dict[str, str | float], Tensor, Tensor]:
    """How near made pictures are to their nearest real one, against pictures that no training saw.

    The threshold is the first percentile of the held-out pictures' distances; without any, of each real picture's to
    the nearest other one, which is what another picture of the same kind would have (0 where there is no other, so that
    copies alone count). Also: distance and place of the
    nearest real picture of each made one.
    """
    far, place = nearest(made, real)
    usual, _ = nearest(real, real, themselves=True) if held_out is None else nearest(held_out, real)
    if held_out is None:  # doubles say nothing of how far apart different pictures are
        usual = usual[usual > DOUBLE * usual.median()]
    usual = usual if len(usual) else usual.new_zeros(1)
    threshold = float(usual.quantile(RARE))
    report: dict[str, str | float] = {
        "against": "each real picture and the others" if held_out is None else "held-out pictures",
        "real": len(real),
        "first_percentile": round(threshold, 4),
        "share_below": round(float((far <= threshold).double().mean()), 4),
        "median_made": round(float(far.median()), 4),
        "median_usual": round(float(usual.median()), 4),
    }
    return report, far, place


def tallied(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Shares of what the referee saw."""
    count = len(verdicts)
    return {
        "one_face": round(sum(each.faces == 1 for each in verdicts) / count, 4),
        "eyes_in_frame": round(sum(each.in_frame for each in verdicts) / count, 4),
        "no_face": round(sum(each.faces == 0 for each in verdicts) / count, 4),
    }
