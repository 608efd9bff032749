"""Where training pictures come from: folders, archives, known sets, and two that are painted."""

from __future__ import annotations

from ddpm.training.config import Data
from ddpm.training.data.pictures import Pictures

__all__ = ["Pictures", "open_data"]


def open_data(data: Data) -> Pictures:
    """The whole set, in memory or mapped from data.cache."""
    match data.kind:
        case "folder":
            from ddpm.training.data.folders import read_folder

            return read_folder(data)
        case "archive":
            from ddpm.training.data.archives import read_archives

            return read_archives(data)
        case "celeba":
            from ddpm.training.data.known_sets import read_celeba

            return read_celeba(data)
        case "cifar10":
            from ddpm.training.data.known_sets import read_cifar10

            return read_cifar10(data)
        case "caltech101":
            from ddpm.training.data.known_sets import read_caltech101

            return read_caltech101(data)
        case "scenes":
            from ddpm.training.data.painted_scenes import paint_scenes

            return paint_scenes(data)
        case "shapes":
            from ddpm.training.data.shapes import paint_shapes

            return paint_shapes(data)
