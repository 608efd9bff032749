"""How much memory a network's call would hold, without computing it.

It is called once on torch's "meta" device, where tensors have shapes and no numbers, and what is alive at the same
time is added up. That counts float32, so it is a little more than what bfloat16 takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


class _Alive(TorchDispatchMode):
    """Adds up the bytes of tensors that are alive at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._seen: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                self._seen[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self._seen = {key: entry for key, entry in self._seen.items() if not entry[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._seen.values()))
        return made


class _Attention(torch.autograd.Function):
    """What it holds for the way back, which nobody goes: its inputs and its output."""

    @staticmethod
    def forward(context: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        made = query.new_empty(*query.shape[:-1], value.shape[-1])
        context.save_for_backward(query, key, value, made)
        return made


class _Fused(TorchFunctionMode):
    """Attention as the fused kernels do it, which never hold the matrix of all pairs."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.scaled_dot_product_attention:
            return _Attention.apply(*args[:3])
        return func(*args, **(kwargs or {}))


class _Called(nn.Module):
    """A module and a function that calls it, for functional_call to put other parameters into."""

    def __init__(self, module: nn.Module, call: Callable[..., Tensor]) -> None:
        super().__init__()
        self.module, self.call = module, call

    def forward(self, *args: Any) -> Tensor:
        return self.call(*args)


def held(module: nn.Module, call: Callable[..., Tensor], *args: Any) -> int:
    """Most bytes beside the parameters that `call(*args)`, which calls `module`, would hold, in float32. args: meta.

    Of arguments that require a gradient, what the way back needs is held as well.
    """
    numbers = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    empty = {}
    for name, value in numbers.items():
        dtype = torch.float32 if value.is_floating_point() else value.dtype
        empty[f"module.{name}"] = torch.empty_like(value, device="meta", dtype=dtype)
    gradient = any(isinstance(each, Tensor) and each.requires_grad for each in args)
    with torch.set_grad_enabled(gradient), _Alive() as alive, _Fused():
        functional_call(_Called(module, call), empty, args)
    return alive.peak
