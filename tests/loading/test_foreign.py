"""Checkpoints of other systems: their network written from its description (foreign.py), saved as they save, read here.

Equal outputs, the right branch and step, the right refusal. denoising-diffusion-pytorch is tested by its own package.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from ddpm.errors import CannotLoad
from ddpm.loading import load, single_file
from tests.loading import foreign
from tests.loading.foreign import Weights

MINI = dict(down=[16, 16, 24, 32], mid=[32, 32, 24], sampled=[True, True, False])
T = 321.0


def grey(size: int, channels: int = 3, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, channels, size, size, generator=torch.Generator().manual_seed(1))


def same(model, x: torch.Tensor, expected: torch.Tensor, t: float = T) -> None:
    assert expected.std() > 1e-3
    with torch.no_grad():
        torch.testing.assert_close(model.network(x, t, None), expected, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(model.network(x, t - 200, None), expected, atol=1e-5)  # the time is read


def times(batch: int = 2) -> torch.Tensor:
    return torch.full((batch,), T)


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


def test_missing_companions_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    w = Weights(1)
    foreign.diffusion_gen(w, grey(8, 4), torch.full((2,), 7), torch.randn(2, 77, 32), [16, 24, 32], 1)
    torch.save({"model_state_dict": dict(w)}, tmp_path / "d.pth")
    with pytest.raises(CannotLoad, match="--download openai/clip-vit-base-patch32"):
        load(tmp_path / "d.pth")


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


def test_an_unknown_network_gets_every_reason(tmp_path):
    torch.save({"a.weight": torch.ones(2), "b.weight": torch.ones(2)}, tmp_path / "odd.pt")
    with pytest.raises(CannotLoad) as refusal:
        load(tmp_path / "odd.pt")
    said = str(refusal.value)
    assert all(family.NAME in said for family in single_file.families()) and "begin with a.weight" in said


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("tmesteps: 3\n", r"odd.yaml beside it has an unknown key 'tmesteps'; did you mean timesteps\?"),
        ("size: big\n", "size is 'big', but must be of type int"),
        ("use: best\n", "say ema or raw"),
        ("model: {im_size: 28}\ntrianing: {}\n", "did you mean training"),
    ],
)
def test_wrong_settings_beside_a_file(tmp_path, settings, sentence):
    torch.save({"a": torch.ones(2)}, tmp_path / "odd.pt")
    (tmp_path / "odd.yaml").write_text(settings)
    with pytest.raises(CannotLoad, match=sentence):
        load(tmp_path / "odd.pt")


class Trainer:
    """Somebody's class, pickled whole."""

    def __init__(self):
        self.weight = torch.ones(2)


def test_a_pickle_that_needs_code_is_refused_with_the_way_out(tmp_path):
    torch.save({"model": Trainer(), "state_dict": {"a": torch.ones(1)}}, tmp_path / "whole.pt")
    with pytest.raises(CannotLoad, match=r"(?s)Trainer.*nothing in it was executed.*save_file\(model.state_dict"):
        load(tmp_path / "whole.pt")


def test_skimming_reads_shapes_of_every_kind_of_file(tmp_path):
    from safetensors.torch import save_file

    from ddpm.loading.skim import skim

    state = {"a": torch.zeros(2, 3, dtype=torch.float16), "b": torch.nn.Parameter(torch.zeros(4))}
    torch.save({"state_dict": state, "epoch": 2}, tmp_path / "new.pt")
    torch.save({"state_dict": state, "epoch": 2}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    save_file({"a": state["a"]}, tmp_path / "s.safetensors")
    for name in ("new.pt", "old.pt"):
        content = skim(tmp_path / name)
        assert {key: value.shape for key, value in content["state_dict"].items()} == {"a": (2, 3), "b": (4,)}
        assert content["epoch"] == 2
    assert skim(tmp_path / "s.safetensors")["a"].shape == (2, 3)
    for broken in (b"", b"PK\x03\x04 nothing", b"\x80\x02}q\x00.", b"\xff" * 64):
        (tmp_path / "broken.pt").write_bytes(broken)
        with pytest.raises(CannotLoad, match="broken.pt"):
            skim(tmp_path / "broken.pt")
