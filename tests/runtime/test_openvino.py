"""The OpenVINO runtime: the same numbers from a graph, and torch wherever the graph does not fit or was not made."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import pytest
import torch
from torch import Tensor, nn

from ddpm.compat import ensure_torchvision
from ddpm.models.hybrid import Hybrid, HybridConfig, time_features
from ddpm.runtime import Network, cores, has_bfloat16, openvino, pick, threads_kept
from ddpm.runtime.cache import Verdict, cache_folder, publish, read_verdict, workshop, write_verdict
from ddpm.runtime.openvino import Conversion, fitting, installed

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not installed(), reason="needs the package openvino")]
CONFIG = HybridConfig(size=32, widths=(32, 160), res_blocks=1, blocks=2, text_width=48)
TOKENS = 48


class Crashes(nn.Module):
    """A network that takes its process down when it is converted, as OpenVINO's compiler has been seen to."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1024, 1024))
        self.home = os.getpid()

    def forward(self, x_t: Tensor) -> Tensor:
        if os.getpid() != self.home:
            os.abort()
        return x_t * self.weight.mean()


def hybrid() -> Hybrid:
    torch.manual_seed(3)
    module = Hybrid(CONFIG)
    for parameter in module.parameters():  # zero-initialised parts as well, or much of the graph would have no say
        if not parameter.any():
            nn.init.normal_(parameter, std=0.05)
    return module.eval().requires_grad_(False)


def inputs(batch: int, tokens: int = TOKENS, words: int = 9) -> tuple[Tensor, ...]:
    noise = torch.Generator().manual_seed(1)
    mask = (torch.arange(tokens) < words).expand(batch, -1)
    text = torch.randn(batch, tokens, 48, generator=noise) * mask[..., None]
    return torch.randn(batch, 3, 32, 32, generator=noise), time_features(torch.full((batch,), 0.4)), text, mask


def far(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    with threads_kept():
        yield


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert cache_folder().is_relative_to(tmp_path)
    return cache_folder()


def compiled(module: nn.Module, example: Callable[[], object]):
    return pick("cpu", choice="openvino").compile(module, lambda *args: module(*args), example)


def test_a_graph_gives_the_networks_numbers_and_torch_does_the_rest(own_cache: Path) -> None:
    exact, module = hybrid(), hybrid()
    network = compiled(module, lambda: module(*inputs(1)))
    torch_says = network(*inputs(2))
    assert network.name.startswith("torch") and far(torch_says, exact(*inputs(2))) < 0.02
    said = list(network.news())
    assert [word in said[0] for word in ("Preparing", "once")] == [True, True]
    if len(said) > 1:
        assert "times as fast as torch" in said[1]  # measured on a busy machine; nothing else may keep it from use
        pytest.skip(said[1])
    assert network.name == f"openvino cpu {'bfloat16' if has_bfloat16() else 'float32'}"
    with torch.inference_mode():  # a graph that is first met here runs elsewhere, too
        network(*inputs(1))
    for batch in (1, 2, 1):
        made = network(*inputs(batch))
        assert made.dtype == torch.float32 and 0 < far(made, exact(*inputs(batch))) < 0.02
        assert torch.get_num_threads() == 1  # what is done between two calls wakes no thread that spins beside them
    kept = made.clone()
    network(*(value.flip(0) if value.dtype == torch.bool else -value for value in inputs(1)))
    assert torch.equal(made, kept)  # a later call writes elsewhere
    x_t, time, text, mask = inputs(2, words=9)
    short = network(x_t, time, text[:, :9], mask[:, :9])
    assert torch.equal(short, network(x_t, time, text[:, :32], mask[:, :32]))  # the graph of 32 tokens
    assert far(short, network(x_t, time, text, mask)) < 0.01 and far(short, exact(x_t, time, text, mask)) < 0.02
    assert torch.equal(network(*inputs(2)), network(*inputs(2))) and not torch.equal(network(*inputs(2)), torch_says)

    others = [inputs(3), inputs(2, tokens=50)]  # a larger batch, a longer prompt
    x_t = inputs(1)[0].requires_grad_()
    network(x_t, *inputs(1)[1:]).sum().backward()
    assert x_t.grad is not None and x_t.grad.any()
    assert torch.get_num_threads() == cores()
    made = [network(*call) for call in others]
    del module.forward  # torch alone again
    assert all(torch.equal(network(*call), one) for call, one in zip(others, made, strict=True))
    assert far(network(*inputs(2)), torch_says) == 0

    again_module = hybrid()
    again = compiled(again_module, lambda: again_module(*inputs(1)))
    assert list(again.news()) == [] and again.name == network.name  # the second start converts nothing
    (next(own_cache.iterdir()) / "graph.xml").write_text("damaged")
    third_module = hybrid()
    third = compiled(third_module, lambda: third_module(*inputs(1)))
    assert "cannot be used" in next(iter(third.news())) and torch.equal(third(*inputs(2)), torch_says)

    assert sorted(path.name for path in own_cache.glob("*/*")) == ["graph.bin", "graph.xml", "verdict.json"]


@pytest.mark.parametrize("first", ["ddpm.runtime.graph", "ddpm.runtime.convert"])
def test_importing_it_reports_to_nobody(tmp_path: Path, first: str) -> None:
    """OpenVINO sends a note at its import, from a process that it forks for that, and keeps a number of the user."""
    code = f"""
import os, socket, sys
def forbidden(*_): raise AssertionError("it asks for the network, or forks")
os.fork = socket.getaddrinfo = socket.socket.connect = forbidden
from {first} import openvino_package
assert openvino_package().Core().available_devices
assert not [name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module]
"""
    inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    env = inherited | {"HOME": str(tmp_path)}  # in CI it would keep silent of itself
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert not list(tmp_path.rglob("*openvino*"))


def test_a_crash_while_converting_is_a_sentence_and_is_remembered(own_cache: Path) -> None:
    for first in (True, False):
        module = Crashes()
        x_t = torch.ones(1, 3, 8, 8)
        network = compiled(module, lambda module=module, x_t=x_t: module(x_t))
        said = list(network.news())
        assert ("Preparing" in said[0]) == first and "torch is: its conversion failed" in said[-1]
        assert torch.equal(network(x_t), x_t) and network.name.startswith("torch")
        assert len(list(own_cache.iterdir())) == 1
    openvino._told.clear()  # as in another start of the program
    said = [list(later().news()) for _ in range(2)]
    assert len(said[0]) == 1 and "its conversion failed" in said[0][0] and said[1] == []


def ended(entry: Path, code: str, log: IO[bytes]) -> Conversion:
    """A conversion whose process has run other code; FOLDER in it is where it works."""
    with workshop(entry) as folder:
        pass
    command = [sys.executable, "-c", code.replace("FOLDER", repr(str(folder)))]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    process.wait()
    return Conversion(process, folder, entry, log)


def test_a_process_that_dies_when_its_work_is_done_has_done_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A library's teardown may crash."""
    entry = tmp_path / "cache" / "entry"
    conversion = ended(entry, "raise SystemExit(3)", tempfile.TemporaryFile())
    write_verdict(conversion.folder, Verdict(True, "", seconds=0.01))
    publish(conversion.folder, entry)
    assert conversion.over(wait=True) and read_verdict(entry) == Verdict(True, "", seconds=0.01)
    assert not caplog.records


def test_a_failure_is_told_though_the_cache_was_emptied_meanwhile(tmp_path: Path) -> None:
    entry = tmp_path / "cache" / "entry"
    code = "import shutil, pathlib; shutil.rmtree(pathlib.Path(FOLDER).parent); raise SystemExit('no room')"
    assert ended(entry, code, tempfile.TemporaryFile()).over(wait=True)
    verdict = read_verdict(entry)
    assert verdict is not None and verdict.failed and "no room" in verdict.why
    assert [path.name for path in entry.parent.iterdir()] == ["entry"]
    log = tempfile.TemporaryFile()
    entry.parent.parent.joinpath("other").write_text("where the cache's folder would have to be")
    conversion = ended(entry, "raise SystemExit(3)", log)
    lost = replace(conversion, entry=tmp_path / "other" / "entry")  # and where even that cannot be written
    assert lost.over(wait=True) and log.closed


def test_a_full_disk_leaves_torch(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(work: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")

    monkeypatch.setattr(torch, "save", fill)
    module, x_t = Crashes(), torch.ones(1, 3, 8, 8)
    network = compiled(module, lambda: module(x_t))
    assert torch.equal(network(x_t), x_t) and list(network.news()) == []
    assert not network.preparing and list(own_cache.iterdir()) == []


def later() -> Network:
    """The same network again, where OpenVINO was not asked for by name."""
    module, x_t = Crashes(), torch.ones(1, 3, 8, 8)
    return pick("cpu").compile(module, lambda x_t: module(x_t), lambda: module(x_t))


def test_diffusers_networks_run_as_graphs(own_cache: Path) -> None:
    """Their times have one dimension, their sinusoids come from outside and their answer is wrapped."""
    ensure_torchvision()
    from diffusers import UNet2DModel

    torch.manual_seed(4)
    module = UNet2DModel(
        sample_size=32, block_out_channels=(64, 128), layers_per_block=1, norm_num_groups=16,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    ).eval().requires_grad_(False)  # fmt: skip
    asked = [(torch.randn(batch, 3, 32, 32), torch.full((batch,), 7.5)) for batch in (1, 2, 1)]
    exact = [module(*call).sample for call in asked]
    network = pick("cpu", choice="openvino").compile(
        module, lambda *args: module(*args).sample, lambda: module(*asked[0])
    )
    said = list(network.news())
    if len(said) > 1:
        assert "times as fast as torch" in said[1]
        pytest.skip(said[1])
    assert network.name.startswith("openvino")
    for call, wanted in zip(asked, exact, strict=True):
        assert 0 < far(network(*call), wanted) < 0.02


def test_sizes_that_the_graph_was_not_made_for_are_torchs() -> None:
    shapes = [(-1, *tensor.shape[1:]) for tensor in inputs(1)]
    graph, module = SimpleNamespace(shapes=shapes), nn.Identity()
    square = list(inputs(2))
    assert fitting(graph, module, square) is not None
    for width, height in ((40, 32), (32, 24), (64, 64), (31, 33)):
        assert fitting(graph, module, [torch.zeros(2, 3, height, width), *square[1:]]) is None
    assert fitting(graph, module, list(inputs(3))) is None and fitting(graph, module, None) is None


def test_small_networks_are_not_worth_a_conversion(own_cache: Path) -> None:
    module = nn.Conv2d(3, 3, 3, padding=1)
    network = compiled(module, lambda: module(torch.ones(1, 3, 8, 8)))
    assert network.name.startswith("torch") and not own_cache.exists()


def test_what_is_not_installed_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from ddpm.errors import Missing

    monkeypatch.setattr(openvino, "installed", lambda: False)
    assert pick("cpu").name.startswith("torch")
    with pytest.raises(Missing, match="pip install openvino"):
        pick("cpu", choice="openvino")
