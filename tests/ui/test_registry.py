"""The registry panel: what its table says, that it follows the weights folder, loading and unloading."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from ddpm.engine import Engine
from ddpm.loading.download import Download, Offer
from ddpm.ui.questions import catalogue
from ddpm.ui.registry import CHOOSE, COLUMNS, ELSEWHERE, described, markup, may_fetch, progress, registry_panel, rows
from tests.ui.conftest import tiny_models


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    made = Engine(tiny_models(tmp_path / "weights"), precision="float32", choice="torch")
    yield made
    made.close()


def callbacks(engine: Engine) -> dict:
    """The panel's own functions, by name, from the Blocks it is built in; of those that say more, the last word."""
    with gr.Blocks() as demo:
        registry_panel(engine)
    return {function.name: _last_word(function.fn) for function in demo.fns.values()}


def _last_word(function):
    if not inspect.isgeneratorfunction(function):
        return function
    return lambda *given: list(function(*given))[-1]


def test_what_takes_a_while_is_said_to_have_begun(engine):
    with gr.Blocks() as demo:
        registry_panel(engine)
    begun = {function.name: function.fn for function in demo.fns.values()}
    assert next(begun["loading"]("faces"))[0] == "Loading faces ..."
    assert next(begun["asking"]("not an id"))[0] == "Asking the Hub ..."


def test_the_table_says_what_each_model_is(engine):
    table = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows(engine)}
    scenes, fox = table["scenes"], table["google/ddpm-cifar10-32"]
    assert (scenes["Kind"], scenes["Size"], scenes["Licence"], scenes["Loaded"]) == (
        "reads prompts",
        "32 px",
        "MIT",
        "no",
    )
    assert (
        fox["Loaded"] == "cannot be used" and "--download" in fox["Note"] and fox["Source"].startswith("Hugging Face")
    )
    assert table["madebyollin/taesd"]["Kind"] == "a part of others"


def test_what_could_not_be_tried_is_told_on_the_page_and_over_http(engine):
    (engine.weights / "sd").mkdir()
    (engine.weights / "sd" / "config.json").write_text('{"_class_name": "UNet2DModel", "sample_size": 16}')
    (engine.weights / "sd" / "scheduler_config.json").write_text('{"_class_name": "DDIMScheduler"}')
    (engine.weights / "sd" / "diffusion_pytorch_model.safetensors").write_bytes(b"0")
    notes = {row[0]: row[-1] for row in rows(engine)}
    answered = {card["name"]: card for card in catalogue(engine)}
    for name, words in {"sd": "tested on small models", "google/ddpm-cifar10-32": "Not tried here"}.items():
        assert words in notes[name] and words in markup(rows(engine))
        assert words in answered[name]["note"] and not answered[name]["checked"]
    assert answered["faces"]["checked"]


def test_a_file_put_into_the_folder_appears_and_a_broken_one_says_why(engine):
    act = callbacks(engine)
    *_, seen = act["look"](None)
    *answers, seen = act["look"](seen)
    assert all(isinstance(answer, dict) for answer in answers)  # nothing has changed: nothing is sent
    shutil.copytree(engine.weights / "faces", engine.weights / "faces-2")
    (engine.weights / "broken.safetensors").write_bytes(b"0" * 30)
    _, table, _, _ = act["look"](seen)
    shown = {row[0]: row[-1] for row in rows(engine)}
    assert "faces-2" in shown and "damaged" in shown["broken.safetensors"] and table == markup(rows(engine))


def test_what_a_file_is_called_is_text_on_the_page():
    row = ["<b>x</b>", "no prompts", "8 px", "1.0 MB", "weights folder, hybrid", "MIT", "", "cannot be used", "<i>"]
    assert "&lt;b&gt;x" in markup([row]) and "<i>" not in markup([row]) and "not here" in markup([row])


def test_loading_and_unloading(engine):
    act = callbacks(engine)
    said, table, _ = act["loading"]("faces")
    assert said == "faces is loaded." and "loaded</span>" in table
    assert {row[0]: row[7] for row in rows(engine)}["faces"] == "yes"
    said, table, _ = act["unloading"]("faces")
    assert said == "faces is unloaded." and "loaded</span>" not in table
    assert {row[0]: row[7] for row in rows(engine)}["faces"] == "no"
    assert act["loading"]("nobody")[0].startswith("No model is called 'nobody'")


@pytest.mark.parametrize("chosen", [None, ""])
def test_without_a_name_nothing_is_done(engine, chosen):
    act, request = callbacks(engine), SimpleNamespace(username="ann", client=None, headers={})
    for name in ("loading", "unloading", "asking"):
        assert act[name](chosen)[0] == CHOOSE
    assert act["fetching"](chosen, request)[0] == CHOOSE
    assert not engine.models.names()


def test_every_visitor_sees_what_changes_and_how_a_download_ended(engine, monkeypatch):
    going = Download("a/b")
    monkeypatch.setattr(Download, "start", lambda self: going)
    act, ann = callbacks(engine), SimpleNamespace(username="ann", client=None, headers={})
    seen = {name: act["look"](None)[-1] for name in ("ann", "bob")}

    def told(name):
        said, table, _, seen[name] = act["look"](seen[name])
        return [None if isinstance(answer, dict) else answer for answer in (said, table)]

    going.state, going.done, going.total = "running", 3_000_000, 12_000_000
    act["fetching"]("a/b", ann)
    assert told("ann") == told("bob") == ["Fetching a/b: 3.0 of 12.0 MB.", None]
    assert act["look"](None)[0] == "Fetching a/b: 3.0 of 12.0 MB."
    going.state = "finished"
    assert told("ann") == told("bob") == ["a/b is here (12.0 MB).", markup(rows(engine))]
    assert told("ann") == told("bob") == [None, None]
    act["loading"]("faces")
    assert told("ann") == told("bob") == [None, markup(rows(engine))]
    said, table, *_ = act["look"](None)
    assert isinstance(said, dict) and table == markup(rows(engine))  # who comes now sees today's table, no old news


def test_licence_and_size_are_shown_before_anything_is_fetched(engine):
    wanted = Offer("a/b", "0123456789abcdef", "mit", (("x.safetensors", 12_000_000), ("config.json", 500)))
    assert described(wanted).startswith("**a/b**: 12.0 MB in 2 files, licence **mit**")
    act = callbacks(engine)
    text, button = act["asking"]("not an id")
    assert "is not a Hub id" in text and not button.interactive
    going = Download("a/b")
    going.state, going.done, going.total = "running", 3_000_000, 12_000_500
    assert progress(going) == "Fetching a/b: 3.0 of 12.0 MB."
    going.state = "stopped"
    assert "goes on from there" in progress(going)


@pytest.mark.parametrize(
    ("caller", "host", "username", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1:7860", None, True),
        ("::1", "[::1]:7860", None, True),
        ("127.0.0.1", "abc123.gradio.live", None, False),  # a share link: its tunnel calls from this machine
        ("192.168.0.9", "localhost:7860", None, False),  # a host can be claimed
        ("192.168.0.9", "192.168.0.5:7860", None, False),
        ("127.0.0.1", "", None, False),
        ("192.168.0.9", "192.168.0.5:7860", "ann", True),
    ],
)
def test_only_the_machines_own_people_may_fill_its_disk(engine, monkeypatch, caller, host, username, allowed):
    request = SimpleNamespace(client=SimpleNamespace(host=caller), headers={"host": host}, username=username)
    assert may_fetch(request) == allowed
    started = []
    monkeypatch.setattr(Download, "start", lambda self: started.append(self.name) or self)
    said, _ = callbacks(engine)["fetching"]("a/b", request)
    assert started == (["a/b"] if allowed else []) and (said == ELSEWHERE) != allowed
