"""Several processes, as `accelerate launch` starts them: the run is the run that one process makes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ddpm.training.loop import train
from tests.training.conftest import saved, small

ROOT = Path(__file__).parents[2]


def launched(*arguments: str | Path, processes: int = 2) -> subprocess.CompletedProcess[str]:
    """`accelerate launch` with that many processes on this machine, on the CPU."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--multi_gpu", "--num_processes", processes, "--num_machines", 1, "--mixed_precision", "no",
               "--dynamo_backend", "no", "--main_process_port", port]  # fmt: skip
    command = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", *options, "-m", "ddpm", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=240, env=environment
    )


@pytest.mark.slow
def test_two_processes_equal_one_and_go_on_as_one(tmp_path: Path) -> None:
    """Each has half of the batch: their losses and weights are those of one process with the whole."""
    from ddpm.training.settings import to_yaml

    one, two = small(tmp_path / "one", batch=8, images=160), small(tmp_path / "two", batch=8, images=80)
    train(one)
    file = tmp_path / "run.yaml"
    file.write_text(to_yaml(two))
    run = launched("train", "--config", file)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "2 process(es)" in run.stdout and run.stdout.count("Finished") == 1
    half = saved(two)
    assert torch.allclose(half["losses"], saved(one)["losses"][:10], rtol=1e-4)
    run = launched("train", "--config", file, "images=160", "--resume")
    assert run.returncode == 0, run.stderr[-2000:]
    straight, joined = saved(one), saved(two)
    assert joined["images"] == 160 and torch.allclose(joined["losses"], straight["losses"], rtol=2e-3)
    for key in (key for key in straight if key.startswith("network.")):
        assert (joined[key] - straight[key]).abs().mean() < 3e-3, key  # Muon enlarges rounding


@pytest.mark.slow
def test_processes_wait_for_the_first_one_for_hours() -> None:
    """It may decode or paint a large set; NCCL would give up after ten minutes, gloo after thirty."""
    code = (
        "import torch; from ddpm.training.config import TrainConfig; from ddpm.training.loop import _accelerator; "
        "_accelerator(TrainConfig(name='a', data='shapes', device='cpu')); "
        "print(torch.distributed.group.WORLD._get_backend(torch.device('cpu')).options._timeout)"
    )
    place = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    environment = {**os.environ, **place, "ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["12:00:00"], done.stderr[-2000:]
