"""A file's own colour profile -> sRGB, the colours of screens, which every model here learnt."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

NEAR = 3  # grey levels; so far off sRGB a profile may be and still be one of it


def in_srgb(image: Image.Image) -> Image.Image:
    """Colours as on a screen: a CMYK, grey or wide-gamut file's own profile is applied; sRGB files stay bit for bit."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("L", "LA", "P", "PA", "RGB", "RGBA", "CMYK"):
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return image if _is_srgb(own) else _converted(image, own)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken profile is no reason to refuse
        return image


def _is_srgb(own: ImageCms.ImageCmsProfile) -> bool:
    """By what it does to colours: the names of wide and linear profiles contain "sRGB", too."""
    if own.profile.xcolor_space.strip() != "RGB":
        return False
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    there = ImageCms.profileToProfile(Image.fromarray(cube), own, ImageCms.createProfile("sRGB"))
    return bool(np.abs(np.asarray(there).astype(int) - cube).max() <= NEAR)


def _converted(image: Image.Image, own: ImageCms.ImageCmsProfile) -> Image.Image:
    """The picture's colours out of its profile into sRGB; grey stays grey, alpha is put back as it was."""
    bare = "L" if image.mode in ("L", "LA") else "CMYK" if image.mode == "CMYK" else "RGB"
    image = image.convert("RGBA") if image.has_transparency_data else image
    colours = image.convert(bare)
    colours = ImageCms.profileToProfile(colours, own, ImageCms.createProfile("sRGB"), outputMode="RGB") or colours
    colours = colours.convert("L") if bare == "L" else colours
    colours.info.pop("icc_profile", None)  # what has none is sRGB, and grey could not have that of RGB
    if image.mode == "RGBA":
        colours.putalpha(image.getchannel("A"))
    return colours
