"""How a network is called, as a flat list of tensors: what a graph needs, whatever the network's own signature.

`recorded` learns it from one call; `Flat` is the network with that signature. Sinusoids of the time are an input of
their own: inside a bfloat16 graph they would be rounded, which doubles the error of a call (diffusers' UNets compute
them in a part called `time_proj`; ours get them from outside anyway).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

TOKENS = 32  # most prompts have fewer; each multiple is a graph of its own, and reading 64 takes 4 % of a call more


class Unconvertible(Exception):
    """The network is called with something that is not a tensor."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Positions and names of a call's tensors."""

    positions: int
    names: tuple[str, ...]

    def flat(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor] | None:
        """The call's tensors in order, or None where it is another kind of call."""
        if len(args) != self.positions or tuple(kwargs) != self.names:
            return None
        values = [*args, *kwargs.values()]
        return values if all(isinstance(value, Tensor) for value in values) else None

    def unflat(self, tensors: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        return tensors[: self.positions], dict(zip(self.names, tensors[self.positions :], strict=True))


class _Called(Exception):
    """Carries a call's arguments out of it; never leaves this module."""


def recorded(module: nn.Module, example: Callable[[], object]) -> tuple[Signature, list[Tensor]]:
    """How `example()` calls the module, without the module doing any work."""

    def listen(*args: Any, **kwargs: Any) -> None:
        raise _Called(args, kwargs)

    module.forward = listen
    try:
        example()
    except _Called as called:
        args, kwargs = called.args
    finally:
        del module.forward  # the class's own again
    signature = Signature(len(args), tuple(kwargs))
    tensors = signature.flat(args, kwargs)
    if tensors is None:
        raise Unconvertible(f"{type(module).__name__} is called with more than tensors")
    return signature, tensors


def time_features(module: nn.Module, tensors: list[Tensor]) -> Tensor | None:
    """The sinusoids that the network would make of its second argument; None if it makes none."""
    projection = getattr(module, "time_proj", None)
    if not isinstance(projection, nn.Module) or any(True for _ in projection.parameters()):
        return None
    return projection(tensors[1].expand(len(tensors[0]))).float()


class _Given(nn.Module):
    """Stands where sinusoids were made, and puts out those that were given."""

    features: Tensor

    def forward(self, times: Tensor) -> Tensor:
        return self.features


class Flat(nn.Module):
    """A network as a function of the tensors alone, time features last if it makes some; puts out a tensor."""

    def __init__(self, module: nn.Module, signature: Signature, features: bool) -> None:
        super().__init__()
        self.module, self.signature = module, signature
        self.wrapped = False  # known after the first call
        self.given = _Given() if features else None
        if self.given is not None:
            module.time_proj = self.given

    def forward(self, *tensors: Tensor) -> Tensor:
        if self.given is not None:
            *tensors, self.given.features = tensors  # type: ignore[assignment]
        args, kwargs = self.signature.unflat(tuple(tensors))
        output = self.module(*args, **kwargs)
        self.wrapped = not isinstance(output, Tensor)
        return output.sample if self.wrapped else output


def reads_tokens(tensors: list[Tensor]) -> list[bool]:
    """Which tensors run over a prompt's tokens in dimension 1: where a mask is among them, it and the states."""
    masked = any(tensor.dtype == torch.bool for tensor in tensors)
    return [masked and (tensor.dtype == torch.bool or tensor.ndim == 3) for tensor in tensors]


def padded(tensors: list[Tensor], shapes: list[tuple[int, ...]]) -> list[Tensor] | None:
    """The tensors in these shapes but for the batch, or None where one does not fit.

    Fewer tokens fit, padded to the next multiple of `TOKENS`: a prompt's states are zero where there is no token.
    """
    fitted = []
    for tensor, shape, tokens in zip(tensors, shapes, reads_tokens(tensors), strict=True):
        rest = shape[1:]
        if tokens:
            rest = (min(-(-tensor.shape[1] // TOKENS) * TOKENS, shape[1]), *shape[2:])
            if (missing := rest[0] - tensor.shape[1]) > 0:
                tensor = torch.cat([tensor, tensor.new_zeros(len(tensor), missing, *tensor.shape[2:])], 1)
        if tuple(tensor.shape[1:]) != rest:
            return None
        fitted.append(tensor)
    return fitted


def wants_gradient(tensors: list[Tensor]) -> bool:
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
