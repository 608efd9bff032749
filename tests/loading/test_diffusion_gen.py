"""Checkpoints of DiffusionGen, with the text encoder and the codec that lie beside them; every mode on such a file."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from ddpm.errors import CannotLoad
from ddpm.loading import load
from tests.loading import foreign
from tests.loading.checks import MINI, grey, times
from tests.loading.foreign.layers import Weights


@pytest.fixture
def companions(tmp_path):
    """The prompt encoder and the autoencoder that DiffusionGen's files rely on, tiny, beside them."""
    from tests.loading.pipelines import tiny_clip, tiny_vae

    folder = tmp_path / "clip"
    folder.mkdir()
    encoder, tokenizer = tiny_clip(folder)
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    tiny_vae().save_pretrained(tmp_path / "vae")
    return SimpleNamespace(encoder=encoder, tokenizer=tokenizer)


SETTINGS = "text_encoder: clip\nvae: vae\n"


def test_diffusion_gen_1(tmp_path, companions):
    w, x, states = Weights(1), grey(8, 4), torch.randn(2, 77, 32)
    expected = foreign.diffusion_gen(w, x.transpose(-1, -2), torch.full((2,), 7), states, [16, 24, 32], 1)
    content = {"model_state_dict": dict(w), "optimizer_state_dict": {}, "training_params": {"lr": 1e-4},
               "unet_params": {"n_heads": 4, "n_groups": 8, "channels": (16, 24, 32)},
               "diffusion_params": {"guidance_scale": 4.5}}  # fmt: skip
    torch.save(content, tmp_path / "epoch_375_model_tl_1_vl_2.pth")
    (tmp_path / "epoch_375_model_tl_1_vl_2.yaml").write_text(SETTINGS + "size: 32\n")
    model = load(tmp_path / "epoch_375_model_tl_1_vl_2.pth")
    from ddpm.models.model import Text

    text = Text(states, torch.ones(2, 77, dtype=torch.bool))
    with torch.no_grad():  # its pictures are transposed, ours are not
        torch.testing.assert_close(model.network(x, 7.0, text), expected.transpose(-1, -2), atol=1e-5, rtol=1e-4)
        pixels = torch.rand(1, 3, 16, 32) * 2 - 1
        inner = model.codec.inner
        torch.testing.assert_close(model.codec.encode(pixels).mT, inner.encode(pixels.mT))
        tokens = companions.tokenizer(["a fox"], return_tensors="pt", padding="max_length", truncation=True)
        torch.testing.assert_close(model.text.encode(["a fox"]).states, companions.encoder(**tokens).last_hidden_state)
    assert not model.text.encode([""]).states.any()  # nothing is zeros, not the empty prompt
    assert model.card.defaults.guidance_scale == 4.5 and model.start is None
    (tmp_path / "epoch_375_model_tl_1_vl_2.yaml").write_text(SETTINGS + "size: 32\nlegacy_noise: true\n")
    model = load(tmp_path / "epoch_375_model_tl_1_vl_2.pth")
    torch.testing.assert_close(model.start(x), 0.18215 * x.transpose(-1, -2))


def test_diffusion_gen_2_with_its_settings_as_objects(tmp_path, companions, monkeypatch):
    import sys
    from types import ModuleType

    w, x, states = Weights(1), grey(8, 4), torch.randn(2, 77, 32)
    expected = foreign.diffusion_gen(w, x, torch.full((2,), 7), states, [16, 24, 32], 2)
    table = torch.linspace(0.99, 0.01, 10)
    module = ModuleType("diffusiongen2.configs")  # as its own package has them, while saving only

    def settings(name: str, **values):
        kind = type(name, (), {"__module__": "diffusiongen2.configs"})
        setattr(module, name, kind)
        made = kind()
        made.__dict__.update(values)
        return made

    config = settings(
        "ProjectConfig",
        unet=settings("UNetConfig", n_heads=4, n_groups=8, channels=[16, 24, 32]),
        diffusion=settings("DiffusionConfig", prediction_type="velocity", schedule="cosine"),
    )
    content = {"model_state_dict": {**w, "alpha_bar": table}, "ema_state_dict": {**w, "alpha_bar": table},
               "config": config, "epoch": 49, "train_losses": [1.0], "val_losses": [1.0]}  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "diffusiongen2", ModuleType("diffusiongen2"))
        patch.setitem(sys.modules, "diffusiongen2.configs", module)
        torch.save(content, tmp_path / "epoch_49.pt")
    (tmp_path / "epoch_49.yaml").write_text(SETTINGS + "size: 32\n")
    model = load(tmp_path / "epoch_49.pt")
    from ddpm.models.model import Text

    text = Text(states, torch.ones(2, 77, dtype=torch.bool))
    with torch.no_grad():
        torch.testing.assert_close(model.network(x, 7.0, text), expected, atol=1e-5, rtol=1e-4)
    assert model.schedule.alphas_bar == pytest.approx(table.tolist())
    assert (model.card.target, model.card.weights, model.card.epoch) == ("v", "EMA", 49)


@pytest.mark.parametrize("version", [1, 2])
def test_a_longer_prompt_beside_it_changes_nothing(tmp_path, companions, version):
    w, x, states = Weights(1), grey(8, 4), torch.randn(2, 77, 32)
    foreign.diffusion_gen(w, x, torch.full((2,), 7), states, [16, 24, 32], version)
    torch.save({"model_state_dict": {**w, "alpha_bar": torch.linspace(0.99, 0.01, 10)}}, tmp_path / "d.pth")
    (tmp_path / "d.yaml").write_text(SETTINGS + "size: 32\nheads: 4\ngroups: 8\n")
    model = load(tmp_path / "d.pth")
    from ddpm.models.model import join
    from ddpm.runtime.calls import recorded

    long, short = model.text.encode(["a fox " * 40]), model.text.encode(["a fox"])
    assert long.states.shape[1] > short.states.shape[1] == 77
    with torch.no_grad():
        together = model.network(x, 7.0, join(long, short))
        alone = [model.network(x[i : i + 1], 7.0, text) for i, text in enumerate((long, short))]
        torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)
    signature, _ = recorded(model.module, lambda: model.network(x, 7.0, short))
    assert signature.positions == 3 and not signature.names  # without a mask where none is needed


@pytest.mark.parametrize(("diffusion", "target"), [({"schedule": "linear"}, "eps"), (None, "v")])
def test_diffusion_gen_2_before_its_settings_said_what_it_predicts(tmp_path, companions, diffusion, target):
    """The first version of its DiffusionConfig has no prediction_type and predicted noise; no settings: its default."""
    from ddpm.loading.diffusion_gen import _target
    from ddpm.loading.skim import Settings
    from ddpm.loading.unwrap import Found

    config = Settings()
    config.__setstate__({"diffusion": diffusion} if diffusion else {})
    assert _target(Found(tmp_path / "x.pt", {}, "EMA", extra={"config": config})) == target
    assert _target(Found(tmp_path / "x.pt", {}, "EMA")) == "v"


def test_missing_companions_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    w = Weights(1)
    foreign.diffusion_gen(w, grey(8, 4), torch.full((2,), 7), torch.randn(2, 77, 32), [16, 24, 32], 1)
    torch.save({"model_state_dict": dict(w)}, tmp_path / "d.pth")
    with pytest.raises(CannotLoad, match="--download openai/clip-vit-base-patch32"):
        load(tmp_path / "d.pth")


@pytest.mark.slow
def test_every_mode_works_on_foreign_files(tmp_path, companions):
    """The engine, the one loop and every source, on a network of each kind."""
    from PIL import Image

    from ddpm.engine import Engine
    from ddpm.events import Film, Result
    from ddpm.request import Request

    files = {"mini.pth": Weights(1), "celeba.pt": Weights(1), "ema_0.9999_1.pt": Weights(1)}
    foreign.mini(files["mini.pth"], grey(28, 1), times(), share=1.0, **MINI)
    foreign.celeba(files["celeba.pt"], grey(16), times(), 32, [1, 2, 2], {8}, False)
    foreign.openai(files["ema_0.9999_1.pt"], grey(16), times(), 32, [1, 2, 2], {4}, 4, False)
    for name, w in files.items():
        torch.save({"model": dict(w)} if name == "celeba.pt" else dict(w), tmp_path / name)
    (tmp_path / "celeba.yaml").write_text("size: 16\n")
    (tmp_path / "ema_0.9999_1.yaml").write_text("size: 16\nheads: 4\n")
    words = Weights(1)
    foreign.diffusion_gen(words, grey(8, 4), torch.full((2,), 7), torch.randn(2, 77, 32), [16, 24, 32], 1)
    words["unet.time_encoder.te"] = words["unet.time_encoder.te"].repeat(100, 1)
    torch.save({"model_state_dict": dict(words), "unet_params": {"n_heads": 4, "n_groups": 8}}, tmp_path / "dg.pth")
    (tmp_path / "dg.yaml").write_text(SETTINGS + "size: 32\n")
    engine = Engine(tmp_path, precision="float32", choice="torch")
    try:
        for name, side in {"mini.pth": 28, "celeba.pt": 16, "ema_0.9999_1.pt": 16, "dg.pth": 32}.items():
            photo = Image.effect_mandelbrot((side, side), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB")
            mask = Image.new("L", (side, side))
            mask.paste(255, (0, 0, side // 2, side))
            common = {"model": name, "steps": 3, "seed": 1} | ({"prompt": "a fox"} if name == "dg.pth" else {})
            painted = []
            for more in ({}, {"image": photo, "strength": 0.6}, {"image": photo, "mask": mask, "mask_blur": 0}):
                events = list(engine.run(Request.checked(**common, **more)))
                painted += [event.image for event in events if isinstance(event, Result)]
            assert [picture.size for picture in painted] == [(side, side)] * 3
            right = (side // 2, 0, side, side)
            assert painted[2].crop(right).tobytes() == photo.crop(right).tobytes()
            assert painted[2].tobytes() != photo.tobytes()
            film = list(engine.run(Request.checked(**common, fps=5, format="gif")))
            assert any(isinstance(event, Film) for event in film)
    finally:
        engine.close()
