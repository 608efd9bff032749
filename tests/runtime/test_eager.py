"""The eager runtime: the same numbers in float32, nearly the same in bfloat16."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ddpm.runtime import Eager, fastest, has_bfloat16, pick
from ddpm.runtime.compiled import Compiled


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.SiLU(), nn.Conv2d(32, 3, 3, padding=1))


def outputs(runtime: Eager) -> tuple[Tensor, Tensor]:
    module, x_t = network().requires_grad_(False), torch.randn(2, 3, 16, 16)
    before = module(x_t)
    return before, runtime.compile(module, lambda x_t, t, text: module(x_t))(x_t, 0.5, None)


def test_float32_is_left_as_it_is() -> None:
    before, after = outputs(Eager())
    torch.testing.assert_close(after, before, rtol=0, atol=1e-6)
    assert pick("cpu", "float32").name == "torch cpu float32"


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16 instructions")
def test_bfloat16_is_within_two_percent_and_comes_out_as_float32() -> None:
    before, after = outputs(Eager(dtype=torch.bfloat16))
    assert after.dtype == torch.float32
    assert 0 < float((after - before).norm() / before.norm()) < 0.02
    assert pick("cpu", choice="torch").name == "torch cpu bfloat16"


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_a_gpu_without_bfloat16_of_its_own_takes_float16(
    native: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_bfloat16.cache_clear()
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: native or including_emulation)
    assert fastest("cuda") == dtype and pick("cuda").name == f"torch cuda {str(dtype).removeprefix('torch.')}"
    assert pick("cuda", "float32").name == "torch cuda float32"
    assert pick("cuda", choice="compile").name == f"{pick('cuda').name} compiled"
    has_bfloat16.cache_clear()


def test_what_cannot_be_compiled_runs_as_it_is_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def failing(forward: Callable[..., Tensor], **options: object) -> Callable[..., Tensor]:
        def compiled(*args: Tensor) -> Tensor:
            calls.append(1)
            raise RuntimeError("no C++ compiler.\nmore of it")

        return compiled

    monkeypatch.setattr(torch, "compile", failing)
    module, x_t = network().requires_grad_(False), torch.randn(1, 3, 16, 16)
    expected = module(x_t)
    made = Compiled(Eager()).compile(module, lambda x_t: module(x_t))
    assert made.name == "torch cpu float32 compiled" and list(made.news()) == []
    assert torch.allclose(made(x_t), expected, atol=1e-6) and torch.allclose(made(x_t), expected, atol=1e-6)
    assert list(made.news()) == ["The network could not be compiled and runs as it is: no C++ compiler."]
    assert list(made.news()) == [] and made.name == "torch cpu float32" and len(calls) == 1


def test_what_can_be_compiled_is_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda forward, **options: lambda *args: forward(*args) + 1)
    module, x_t = network().requires_grad_(False), torch.randn(1, 3, 16, 16)
    expected = module(x_t)
    made = Compiled(Eager()).compile(module, lambda x_t: module(x_t))
    assert torch.allclose(made(x_t), expected + 1, atol=1e-6) and list(made.news()) == []
