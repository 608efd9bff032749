"""Rasterise the free art named in the table of subjects into art.npz; needed once, the result lies beside this file.

    npm i @iconify-json/noto@1.2.9 @lobehub/fluent-emoji-3d@1.1.0 && pip install resvg-py==0.5.0
    python -m ddpm.training.data.scenes.build_art node_modules ddpm/training/data/scenes/art.npz

Noto Emoji (Google) is under Apache-2.0, Fluent Emoji 3D (Microsoft) under MIT, by their packages' licence fields.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ddpm.prompts.subjects import SUBJECTS

SIZE = 144  # longer side of a drawing; the largest is painted at about 120


def fit(image: Image.Image) -> np.ndarray:
    """The drawing cut to what is visible, its longer side SIZE. -> uint8 (h, w, 4), straight alpha."""
    image = image.convert("RGBA")
    image = image.crop(image.getchannel("A").point(lambda value: 255 if value > 12 else 0).getbbox())
    k = SIZE / max(image.size)
    return np.asarray(
        image.resize((max(1, round(image.width * k)), max(1, round(image.height * k))), Image.Resampling.LANCZOS)
    )


def main(node_modules: str, out: str) -> None:
    import resvg_py

    modules = Path(node_modules)
    noto = json.loads((modules / "@iconify-json/noto/icons.json").read_text())
    art: dict[str, Any] = {}
    for subject in SUBJECTS.values():
        for drawing in subject.drawings:
            name = f"{drawing.source}/{drawing.art}"
            if drawing.source == "fluent":
                art[name] = fit(Image.open(modules / f"@lobehub/fluent-emoji-3d/assets/{drawing.art}.webp"))
            elif drawing.source == "noto":
                icon = noto["icons"][drawing.art]
                width, height = (icon.get(side, noto.get(side, 128)) for side in ("width", "height"))
                document = (
                    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                    f'viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
                )
                png = bytes(resvg_py.svg_to_bytes(svg_string=document, width=SIZE * 2))
                art[name] = fit(Image.open(io.BytesIO(png)))
    np.savez_compressed(out, **art)
    print(len(art), "drawings")


if __name__ == "__main__":
    main(*sys.argv[1:3])
