"""The menu: what lies in the folder now, what is broken and why, names that lead nowhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ddpm.errors import CannotLoad, TooMuch, UnknownModel
from ddpm.loading import embedded
from ddpm.loading.catalogue import Catalogue
from ddpm.loading.curated import read_curated
from ddpm.loading.download import Download
from ddpm.models.card import ModelCard
from ddpm.models.hybrid import Hybrid, HybridConfig

ROOT = Path(__file__).parents[2]
CONFIG = HybridConfig(size=16, patch=2, widths=(16, 32), res_blocks=1, blocks=1, heads=2)


def put_model(folder: Path) -> None:
    card = ModelCard(folder.name, "Tiny", "embedded", "hybrid", 16, 3, "x0", "flow", None, "MIT")
    embedded.save(folder, Hybrid(CONFIG), card)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    put_model(tmp_path / "weights" / "tiny")
    return tmp_path / "weights"


def test_the_list_is_of_now(weights):
    catalogue = Catalogue(weights)
    assert [card.name for card in catalogue.cards()] == ["tiny"]
    put_model(weights / "another")
    assert [card.name for card in catalogue.cards()] == ["another", "tiny"]
    put_model(weights / "scenes")  # what came with the application stays the first of its kind
    assert [card.name for card in catalogue.cards()] == ["scenes", "another", "tiny"]
    assert catalogue.find("another") == weights / "another"
    assert catalogue.load("tiny").card.name == "tiny"


def test_a_broken_model_says_why_and_hides_none(weights):
    (weights / "broken").mkdir()
    (weights / "broken" / "model_index.json").write_text("{")
    (weights / "odd").mkdir()
    (weights / "odd" / "model_index.json").write_text(json.dumps({"ddpm_format": 1, "defaults": 3}))
    (weights / "loose.safetensors").write_bytes(b"0")
    torch.save({"a": torch.ones(1)}, weights / "strange.pt")
    cards = {card.name: card for card in Catalogue(weights).cards()}
    assert cards["tiny"].usable and not cards["tiny"].note
    for name in ("broken", "odd", "loose.safetensors", "strange.pt"):
        assert not cards[name].usable and name in cards[name].note
    assert "cannot be read as JSON" in cards["broken"].note
    assert "not of the minimal DDPM repository: no t_proj" in cards["strange.pt"].note


def test_upscalers_and_other_things_are_not_models(weights):
    for name in ("RealESRGAN_x4plus.pth", "realesr-animevideov3.pth", "notes.txt", ".hidden.pt"):
        (weights / name).write_bytes(b"0")
    (weights / "pictures").mkdir()
    assert [card.name for card in Catalogue(weights).cards()] == ["tiny"]


@pytest.mark.parametrize(
    "name",
    [
        "../tiny",
        "..",
        ".",
        "",
        "/etc",
        "tiny/../tiny",
        "a\0b",
        "C:\\x",
        "..\\tiny",
        "tiny/network",
        "x" * 5000,
        "tinny",
    ],
)
def test_names_that_lead_nowhere(weights, name):
    with pytest.raises(UnknownModel, match="there are tiny") as refusal:
        Catalogue(weights).find(name)
    assert refusal.value.available == ("tiny",)
    assert len(str(refusal.value)) < 400


def test_the_nearest_name_is_offered(weights):
    with pytest.raises(UnknownModel, match="Did you mean tiny"):
        Catalogue(weights).find("tinny")


def test_hub_models_wait_to_be_asked_for(weights, monkeypatch):
    catalogue = Catalogue(weights, ROOT / "configs" / "models.yaml")
    cards = {card.name: card for card in catalogue.cards()}
    assert not cards["google/ddpm-celebahq-256"].usable
    assert "--download google/ddpm-celebahq-256" in cards["google/ddpm-celebahq-256"].note
    with pytest.raises(UnknownModel, match="not on this machine"):
        catalogue.find("google/ddpm-celebahq-256")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    going = Download("google/ddpm-cifar10-32").start().wait()
    assert going.state == "failed" and "the Hub cannot be reached" in going.error and "Go online" in going.error


def test_a_hub_model_in_the_cache_is_used_from_there(weights, tmp_path):
    repository = tmp_path / "hub" / "models--someone--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    put_model(repository / "snapshots" / "abc")
    model = Catalogue(weights).load("someone/tiny")
    assert (model.card.name, model.card.origin) == ("someone/tiny", "hub")


def test_a_typo_in_the_list_is_named_with_file_and_nearest_key(tmp_path):
    path = tmp_path / "models.yaml"
    path.write_text("models:\n  - {id: a/b, titel: x, licence: MIT, bytes: 1, size: 32}\n")
    with pytest.raises(CannotLoad, match=r"models.yaml: unknown key 'titel'; did you mean title\?"):
        read_curated(path)


def test_listing_needs_no_torch(weights):
    code = (
        "import sys; from pathlib import Path; from ddpm.loading.catalogue import Catalogue;"
        f"print([c.name for c in Catalogue(Path({str(weights)!r})).cards()], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tiny'] False"


def test_curated_settings_reach_the_loaded_model(weights, tmp_path):
    repository = tmp_path / "hub" / "models--a--b" / "snapshots"
    put_model(repository / "main")
    path = tmp_path / "models.yaml"
    path.write_text("models:\n  - {id: a/b, title: B, licence: MIT, bytes: 1, size: 16, defaults: {steps: 3}}\n")
    model = Catalogue(weights, path).load("a/b")
    assert (model.card.title, model.card.defaults.steps) == ("B", 3)
    assert torch.isfinite(next(model.module.parameters())).all()


def test_a_weights_file_is_a_model_with_its_facts(weights):
    """Listed without torch, from names and shapes; its YAML beside it counts, and is followed when it changes."""
    from tests.loading import foreign

    w = foreign.Weights(1)
    foreign.celeba(w, torch.randn(1, 3, 16, 16), torch.ones(1), 32, [1, 2, 2], {8}, False)
    content = {"model": dict(w), "ema": {"decay": 0.9, "shadow": list(w.values())}, "step": 12, "extra": {"epoch": 3}}
    torch.save(content, weights / "celeba.pt")
    catalogue = Catalogue(weights)
    before = catalogue.stamp()
    card = {card.name: card for card in catalogue.cards()}["celeba.pt"]
    assert (card.usable, card.weights, card.step, card.epoch, card.kind) == (True, "EMA", 12, 3, "unconditional")
    assert card.format == "CelebA DDPM/DDIM" and card.bytes == (weights / "celeba.pt").stat().st_size
    assert not card.checked and "no real weights of it could be tried" in card.note
    (weights / "celeba.yaml").write_text("title: Faces\nlicence: MIT\nuse: raw\n")
    card = {card.name: card for card in catalogue.cards()}["celeba.pt"]
    assert (card.title, card.licence, card.weights) == ("Faces", "MIT", "raw")
    assert catalogue.stamp() != before
    code = (
        "import sys; from pathlib import Path; from ddpm.loading.catalogue import Catalogue;"
        f"print([c.name for c in Catalogue(Path({str(weights)!r})).cards() if c.usable], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "['celeba.pt', 'tiny'] False"


def test_one_that_failed_to_load_says_what_failed_until_it_changes(weights):
    catalogue = Catalogue(weights)
    path = next((weights / "tiny" / "network").glob("*.safetensors"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CannotLoad):
        catalogue.load("tiny")
    (card,) = catalogue.cards()
    assert not card.usable and "damaged or cut short" in card.note
    path.write_bytes(whole)
    (card,) = catalogue.cards()
    assert card.usable and not card.note
    assert catalogue.load("tiny").card.name == "tiny"


@pytest.mark.parametrize("given", [False, True])
def test_settings_put_right_are_followed(weights, tmp_path, given):
    """Those beside the file, or those given for it: the card follows them, and a failure of theirs is forgotten."""
    from tests.loading import foreign
    from tests.loading.checks import MINI, grey, times

    w = foreign.Weights(1)
    foreign.mini(w, grey(28, 1), times(), share=1.0, **MINI)
    torch.save(dict(w), weights / "mini.pth")
    path = tmp_path / "settings.yaml" if given else weights / "mini.yaml"
    catalogue = Catalogue(weights, settings={"mini.pth": path} if given else {})

    def card(text: str, written: int) -> ModelCard:
        path.write_text(text)
        os.utime(path, (written, written))
        return {card.name: card for card in catalogue.cards()}["mini.pth"]

    assert card("heads: 5\ntitle: A\n", 1).title == "A"
    with pytest.raises(CannotLoad):
        catalogue.load("mini.pth")
    assert not card("heads: 5\ntitle: A\n", 1).usable
    after = card("heads: 4\ntitle: B\n", 2)
    assert after.usable and after.title == "B" and catalogue.load("mini.pth").card.title == "B"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
        CannotLoad("x cannot be read as plain weights (MemoryError); nothing in it was executed."),
    ],
)
def test_short_memory_is_no_fault_of_the_model(weights, monkeypatch, error):
    def load(*given: object) -> None:
        raise error

    monkeypatch.setattr("ddpm.loading.load", load)
    catalogue = Catalogue(weights)
    with pytest.raises(TooMuch, match="too little memory to load tiny; close other programs"):
        catalogue.load("tiny")
    assert [(card.name, card.usable) for card in catalogue.cards()] == [("tiny", True)]


def test_parts_of_others_are_no_models(weights):
    (weights / "vae").mkdir()
    (weights / "vae" / "config.json").write_text(json.dumps({"_class_name": "AutoencoderKL"}))
    (weights / "clip").mkdir()
    (weights / "clip" / "config.json").write_text(json.dumps({"architectures": ["CLIPTextModel"]}))
    assert [card.name for card in Catalogue(weights).cards()] == ["tiny"]


def test_what_could_not_be_tried_says_so(weights, tmp_path):
    """Every model of the Hub, here or not; and which of them are not pinned, where size and licence are told."""
    catalogue = Catalogue(weights, ROOT / "configs" / "models.yaml")
    cards = {card.name: card for card in catalogue.cards()}
    assert cards.pop("tiny").checked
    assert cards and all(not card.checked and "Not tried here" in card.note for card in cards.values())
    loose = {name for name, card in cards.items() if "licence" in card.note and "not pinned" in card.note}
    assert loose == {name for name, entry in catalogue.curated.items() if entry.revision is None}
    assert "CompVis/ldm-celebahq-256" in loose and "google/ddpm-celebahq-256" not in loose


def test_an_unpinned_model_of_the_list_is_found_after_its_download(weights, tmp_path):
    repository = tmp_path / "hub" / "models--CompVis--ldm-celebahq-256"
    put_model(repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    catalogue = Catalogue(weights, ROOT / "configs" / "models.yaml")
    (card,) = (card for card in catalogue.cards() if card.name == "CompVis/ldm-celebahq-256")
    assert card.usable and not card.checked and "Not tried here" in card.note
    assert catalogue.find("CompVis/ldm-celebahq-256").name == "abc"


def test_weights_files_of_every_ending_and_place_are_listed(weights):
    """In capitals, as .bin; what cannot be read or lies too deep says why instead of being left out."""
    from tests.loading import foreign
    from tests.loading.checks import MINI, grey, times

    w = foreign.Weights(1)
    foreign.mini(w, grey(28, 1), times(), share=1.0, **MINI)
    (weights / "mine").mkdir()
    for name in ("UP.PTH", "plain.bin", "mine/deep.ckpt"):
        torch.save(dict(w), weights / name)
    for name in ("q4.gguf", "net.onnx", "waifu.param", "waifu.bin", "RealESRGAN_x4.bin", "mine/.DS_Store"):
        (weights / name).write_bytes(b"0")
    (weights / "pictures").mkdir()
    (weights / "pictures" / "notes.txt").write_bytes(b"0")
    (weights / "judge").mkdir()
    (weights / "judge" / "judge.safetensors").write_bytes(b"0")
    catalogue = Catalogue(weights)
    cards = {card.name: card for card in catalogue.cards()}
    assert cards.keys() == {"tiny", "UP.PTH", "plain.bin", "mine", "q4.gguf", "net.onnx"}
    assert cards["UP.PTH"].usable and cards["plain.bin"].usable
    assert catalogue.load("UP.PTH").card.name == "UP.PTH"
    assert "deep.ckpt is not looked for in a folder; move it into weights/ itself" in cards["mine"].note
    assert "quantised, for stable-diffusion.cpp, which is not read here" in cards["q4.gguf"].note
    for name in ("mine", "q4.gguf", "net.onnx"):
        assert not cards[name].usable
        with pytest.raises(CannotLoad):
            catalogue.load(name)
