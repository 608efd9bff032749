"""A milestone of denoising-diffusion-pytorch, trained and saved by the package itself."""

from __future__ import annotations

import pytest
import torch

from ddpm.loading import load

pytestmark = pytest.mark.slow


def test_milestone_by_the_package_itself(tmp_path, monkeypatch):
    """Three steps of its own trainer's parts, its own save layout, its own sampling: the same pictures here."""
    from ddpm.compat import ensure_torchvision

    ensure_torchvision()
    package = pytest.importorskip("denoising_diffusion_pytorch", reason="pip install denoising-diffusion-pytorch")
    from ema_pytorch import EMA

    from ddpm.samplers import get_sampler
    from ddpm.samplers.loop import Plan, sample

    torch.manual_seed(0)
    diffusion = package.GaussianDiffusion(
        package.Unet(dim=16, dim_mults=(1, 2), flash_attn=False), image_size=16, timesteps=100, sampling_timesteps=100
    )
    average = EMA(diffusion, beta=0.9, update_every=1, update_after_step=0)
    optimiser = torch.optim.Adam(diffusion.parameters(), lr=1e-3)
    for _ in range(3):
        optimiser.zero_grad()
        diffusion(torch.rand(4, 3, 16, 16)).backward()
        optimiser.step()
        average.update()
    content = {"step": 3, "model": diffusion.state_dict(), "opt": optimiser.state_dict(), "ema": average.state_dict(),
               "scaler": None, "version": "2.3.4"}  # fmt: skip
    torch.save(content, tmp_path / "model-1.pt")
    (tmp_path / "model-1.yaml").write_text("size: 16\n")
    model = load(tmp_path / "model-1.pt")
    assert (model.card.target, model.card.weights, model.card.step, model.card.checked) == ("v", "EMA", 3, True)
    theirs = average.ema_model.eval()
    x_T, steps = torch.randn(1, 3, 16, 16), 100
    draws = [torch.randn(1, 3, 16, 16) for _ in range(steps)]
    queue = iter([*draws])
    monkeypatch.setattr(torch, "randn_like", lambda *args, **kwargs: next(queue).clone())
    with torch.no_grad():
        x = x_T
        for t in reversed(range(steps)):
            x, _ = theirs.p_sample(x, t)
    queue = iter([*draws])
    levels = [model.schedule.level(t) for t in reversed(range(steps))]
    from ddpm.diffusion.schedule import CLEAN

    plan = Plan(x_T, [*levels, CLEAN], lambda x_t, level: model.denoise(x_t, level, None), get_sampler("ddpm"),
                lambda: next(queue))  # fmt: skip
    *_, last = sample(plan)
    assert (last.x - x).abs().max() * 127.5 <= 0.5
    assert x.std() > 0.1


def saved(path, kind, **settings) -> None:
    """A milestone with a network of these settings, untrained."""
    from ddpm.compat import ensure_torchvision

    ensure_torchvision()
    package = pytest.importorskip("denoising_diffusion_pytorch", reason="pip install denoising-diffusion-pytorch")
    diffusion = getattr(package, kind)(
        package.Unet(dim=16, dim_mults=(1, 2), flash_attn=False, **settings), image_size=16, timesteps=100
    )
    torch.save({"step": 1, "model": diffusion.state_dict(), "version": "2.3.4"}, path)


def test_what_reads_its_own_guess_says_that_it_is_told_none(tmp_path):
    saved(tmp_path / "model-1.pt", "GaussianDiffusion", self_condition=True)
    model = load(tmp_path / "model-1.pt")
    assert not model.card.checked and "self_condition" in model.card.note
    assert model.network(torch.randn(1, 3, 32, 32), 5.0, None).shape == (1, 3, 32, 32)


def test_a_learnt_variance_is_refused_by_name(tmp_path):
    from ddpm.errors import CannotLoad

    saved(tmp_path / "model-1.pt", "LearnedGaussianDiffusion", learned_variance=True)
    with pytest.raises(CannotLoad, match=r"learns its variance, too \(learned_variance\)"):
        load(tmp_path / "model-1.pt")
