"""Two repairs at import time, nothing else: torchvision beside a torch it was not built for, and a module it dropped.

The wheel of torchvision on PyPI is linked against CUDA. Beside a CPU build of torch its compiled operators cannot load;
it swallows that, then fails on `torchvision::nms does not exist`, and with it fail transformers, diffusers and basicsr,
none of which needs those operators here. The proper cure is to take torch and torchvision from the same index.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

FUNCTIONAL_TENSOR = "torchvision.transforms.functional_tensor"


def ensure_torchvision() -> bool:
    """Make `import torchvision` work; call it before transformers, diffusers or basicsr. True if the repair was needed.

    Where torchvision is not installed there is nothing to repair: transformers and diffusers do without it.
    """
    try:
        import torchvision  # noqa: F401
    except ModuleNotFoundError:
        return False
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    else:
        return _declared_operators.cache_info().currsize > 0
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # what the failed import left behind, half made
    _declared_operators()
    import torchvision  # noqa: F401

    return True


def alias_functional_tensor() -> None:
    """Give basicsr 1.4.2 the one name it takes from a module that torchvision removed in 0.17; it moved, unchanged."""
    ensure_torchvision()
    import torchvision.transforms.functional as functional

    module = types.ModuleType(FUNCTIONAL_TENSOR, "Alias for basicsr, made by ddpm.compat.")
    module.__dict__["rgb_to_grayscale"] = functional.rgb_to_grayscale
    sys.modules.setdefault(FUNCTIONAL_TENSOR, module)


@functools.cache  # a Library's declarations vanish when it is collected, so the cache is what keeps it
def _declared_operators() -> torch.library.Library:
    """The schemas torchvision's Python side expects to find; without the compiled side they say so when called."""
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
