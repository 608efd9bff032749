"""Where training pictures come from: folders, archives, and two sets that paint themselves."""

from __future__ import annotations

from ddpm.training.config import Data
from ddpm.training.data.pictures import Pictures

__all__ = ["Pictures", "open_data"]


def open_data(data: Data) -> Pictures:
    """The whole set, in memory."""
    match data.kind:
        case "folder":
            from ddpm.training.data.folders import read_folder

            return read_folder(data)
        case "archive":
            from ddpm.training.data.archives import read_archives

            return read_archives(data)
        case "scenes":
            from ddpm.training.data.rendered import paint_scenes

            return paint_scenes(data)
        case "shapes":
            from ddpm.training.data.shapes import paint_shapes

            return paint_shapes(data)
