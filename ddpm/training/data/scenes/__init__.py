"""A renderer of captioned storybook pictures: same index and seed, same picture. It needs skia-python (training only).

pixels, captions, facts, mask = render(index, seed)
"""

from ddpm.training.data.scenes.compose import render

__all__ = ["render"]
