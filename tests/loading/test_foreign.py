"""Checkpoints of other pixel models: their network written from its description (foreign/), saved as they save.

Equal outputs, the right branch and step.
"""

from __future__ import annotations

import pytest
import torch

from ddpm.errors import CannotLoad
from ddpm.loading import load, single_file
from tests.loading import foreign
from tests.loading.checks import MINI, T, grey, same, times
from tests.loading.foreign.layers import Weights


def test_minimal_repository(tmp_path):
    raw, ema, x = Weights(1), Weights(2), grey(28, 1)
    expected = foreign.mini(ema, x, times(), share=0.5, **MINI)
    other = foreign.mini(raw, x, times(), share=0.5, **MINI)
    content = {"unet": dict(raw), "ema_unet": dict(ema), "optimizer": {"state": {}, "param_groups": []}, "epochs": 4}
    torch.save(content, tmp_path / "a.pth")
    (tmp_path / "a.yaml").write_text(
        "model: {im_channels: 1, im_size: 28, num_heads: 8}\ndiffusion: {timesteps: 500}\n"
    )
    model = load(tmp_path / "a.pth")
    same(model, x, expected)
    card = model.card
    assert (card.weights, card.epoch, card.size, card.channels, card.factor) == ("EMA", 4, 28, 1, 4)
    assert len(model.schedule.alphas_bar) == 500 and not card.checked and "never saw" in card.note
    assert model.schedule.alphas_bar[250] == pytest.approx(0.4943, abs=2e-3)  # its own cosine, half way
    (tmp_path / "a.yaml").write_text("model: {image_size: 28, in_channels: 1, base_channels: 64}\n")  # the older YAML
    assert load(tmp_path / "a.pth").card.size == 28
    (tmp_path / "a.yaml").write_text("use: raw\nschedule: linear\ntimesteps: 1000\n")
    model = load(tmp_path / "a.pth")
    same(model, x, other)
    assert (model.card.weights, model.card.schedule, len(model.schedule.alphas_bar)) == ("raw", "linear", 1000)


def test_flat_file_of_the_same_layout_adds_the_whole_time(tmp_path):
    w, x = Weights(1), grey(28, 1)
    expected = foreign.mini(w, x, times(), share=1.0, **MINI)
    torch.save({f"module.{key}": value for key, value in w.items()}, tmp_path / "ddpm_ckpt.pth")
    model = load(tmp_path / "ddpm_ckpt.pth")
    same(model, x, expected)
    assert (model.card.weights, model.card.schedule) == ("as saved", "linear")


def test_lightning_file_with_its_settings_in_its_name(tmp_path):
    w, x = Weights(3), grey(16)
    expected = foreign.mini(w, x, times(), share=1.0, **MINI)
    inner = {f"model.{key}": value for key, value in w.items()}
    name = "cifar10_model_16_16_500steps_60000samples_varSelfattn_False_weights.pth"
    torch.save(inner, tmp_path / name)
    model = load(tmp_path / name)
    same(model, x, expected)
    assert (model.card.size, len(model.schedule.alphas_bar)) == (16, 500)
    content = {"state_dict": inner, "hyper_parameters": {"learning_rate": 1e-4}, "epoch": 3, "global_step": 77,
               "pytorch-lightning_version": "2.5"}  # fmt: skip
    torch.save(content, tmp_path / "last.ckpt")
    model = load(tmp_path / "last.ckpt")
    same(model, x, expected)
    card = model.card
    assert (card.weights, card.epoch, card.step) == ("raw", 3, 77)


def test_what_trainers_leave_beside_the_weights_is_read_as_nothing(tmp_path, monkeypatch):
    """Callbacks by their class, settings as objects, losses as numpy numbers: the weights can be had all the same."""
    import sys
    from types import ModuleType

    import numpy as np

    w, x = Weights(3), grey(16)
    expected = foreign.mini(w, x, times(), share=1.0, **MINI)
    module = ModuleType("pytorch_lightning.callbacks")
    module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": module.__name__})
    settings = module.ModelCheckpoint()
    settings.best = 0.5
    content = {"state_dict": {f"model.{key}": value for key, value in w.items()}, "epoch": 3, "losses": [np.float64(2)],
               "callbacks": {module.ModelCheckpoint: {"best": settings}}}  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pytorch_lightning", ModuleType("pytorch_lightning"))
        patch.setitem(sys.modules, "pytorch_lightning.callbacks", module)
        torch.save(content, tmp_path / "last.ckpt")
    same(load(tmp_path / "last.ckpt"), x, expected)


@pytest.mark.parametrize("earlier", [False, True])
def test_celeba_repository_in_both_generations(tmp_path, earlier):
    settings = dict(base=32, mults=[1, 2, 2], attends={8, 16} if earlier else {8}, earlier=earlier)
    x, raw, ema = grey(16), Weights(1), Weights(2)
    foreign.celeba(raw, x, times(), **settings)
    with_frozen = [value if name != "out_norm.weight" else None for name, value in ema.items()]
    expected = foreign.celeba(ema, x, times(), **settings)
    with_frozen = list(ema.values())
    with_frozen[3] = None  # frozen in training: the model's own is used
    content = {"model": dict(raw), "optimizer": {}, "scaler": {}, "ema": {"decay": 0.9999, "shadow": with_frozen},
               "step": 1200, "extra": {"epoch": 25, "global_step": 1200}}  # fmt: skip
    content["model"][list(ema)[3]] = ema[list(ema)[3]]
    torch.save(content, tmp_path / "celeba.pt")
    model = load(tmp_path / "celeba.pt")
    same(model, x, expected)
    assert (model.card.weights, model.card.step, model.card.epoch) == ("EMA", 1200, 25)
    content["ema"]["shadow"] = with_frozen[1:]
    torch.save(content, tmp_path / "celeba.pt")
    with pytest.raises(CannotLoad, match="use: raw"):
        load(tmp_path / "celeba.pt")


def test_dividing_by_the_peak_instead_of_cutting(tmp_path):
    w, x = Weights(1), 3 * grey(16)
    foreign.celeba(w, x, times(), 32, [1, 2, 2], {8}, False)
    torch.save({"model": dict(w), "ema": {"decay": 0.9, "shadow": list(w.values())}}, tmp_path / "hq.pt")
    level = load(tmp_path / "hq.pt").schedule.level(T)
    cut = load(tmp_path / "hq.pt").denoise(x, level, None).x0
    (tmp_path / "hq.yaml").write_text("bound: peak\n")
    divided = load(tmp_path / "hq.pt").denoise(x, level, None).x0
    assert cut.abs().max() == 1 and (cut.abs() == 1).sum() > 10
    assert divided.abs().amax((1, 2, 3)).tolist() == pytest.approx([1, 1]) and (divided.abs() == 1).sum() <= 2


@pytest.mark.parametrize("updown", [False, True])
def test_openai_repositories(tmp_path, updown):
    x, w = grey(16), Weights(1)
    scale = 1000 / 4000  # improved-diffusion tells its network times of 1000
    settings = dict(width=32, mults=[1, 2, 2], attends={2, 4}, count=4, updown=updown)
    expected = foreign.openai(w, x, times() * scale, **settings)[:, :3]
    torch.save(dict(w), tmp_path / "ema_0.9999_050000.pt")
    (tmp_path / "ema_0.9999_050000.yaml").write_text("heads: 4\ntimesteps: 4000\nschedule: cosine\n")
    model = load(tmp_path / "ema_0.9999_050000.pt")
    same(model, x, expected)
    assert (model.card.weights, model.card.step) == ("EMA", 50000) and "4 attention heads" in model.card.note
    w["label_emb.weight"] = torch.zeros(10, 128)
    torch.save(dict(w), tmp_path / "ema_0.9999_050000.pt")
    with pytest.raises(CannotLoad, match="class labels"):
        load(tmp_path / "ema_0.9999_050000.pt")


@pytest.mark.parametrize("kind", ["mini", "celeba", "openai"])
def test_what_paints_neither_grey_nor_colours_is_refused_before_the_menu(tmp_path, kind):
    x, w = grey(16, 4), Weights(1)
    if kind == "mini":
        foreign.mini(w, x, times(), share=1.0, **MINI)
    elif kind == "celeba":
        foreign.celeba(w, x, times(), 32, [1, 2, 2], {8}, False)
    else:
        foreign.openai(w, x, times(), width=32, mults=[1, 2, 2], attends={2, 4}, count=4, updown=False)
    torch.save({"model": dict(w)}, tmp_path / "latents.pt")
    with pytest.raises(CannotLoad, match="paints 4 channels; read are 1 and 3, of grey and RGB pictures"):
        single_file.describe(tmp_path / "latents.pt")
