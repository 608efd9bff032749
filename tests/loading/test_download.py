"""Fetching from the Hub: huggingface_hub's own code against a small server here that stands in for it (HF_ENDPOINT)."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ddpm.loading import download
from ddpm.loading.catalogue import Catalogue
from ddpm.loading.download import Offer, check_disk

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMMIT = "c0ffee" + "0" * 34
LARGE = "diffusion_pytorch_model.safetensors"


class Server(ThreadingHTTPServer):
    """A Hub with one model, someone/tiny."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.slow, self.asked = files, False, []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:3] == ["api", "models", "someone"] and parts[3] == "tiny":
            siblings = [{"rfilename": name, "size": len(data)} for name, data in self.server.files.items()]
            facts = {"id": "someone/tiny", "sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}}
            data = json.dumps({**facts, "tags": [], "private": False, "downloads": 0}).encode()
            self.answer(data, "application/json", {})
        elif parts[:3] == ["someone", "tiny", "resolve"] and "/".join(parts[4:]) in self.server.files:
            name = "/".join(parts[4:])
            data = self.server.files[name]
            etag = hashlib.sha256(data).hexdigest()
            self.answer(data, "application/octet-stream", {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, name)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def answer(self, data: bytes, kind: str, headers: dict[str, str], name: str = "") -> None:
        began = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if name and self.command == "GET":
            self.server.asked.append((name, began))
        self.send_response(206 if began else 200)
        for key, value in {**headers, "Content-Type": kind, "Content-Length": str(len(data) - began)}.items():
            self.send_header(key, value)
        if began:
            self.send_header("Content-Range", f"bytes {began}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(began, len(data), 2**16):
            try:
                self.wfile.write(data[start : start + 2**16])
            except OSError:  # the other side has gone away
                return
            if self.server.slow and name == LARGE:
                time.sleep(0.02)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    import diffusers

    from tests.loading.pipelines import pixel_unet

    pixel_unet(block_out_channels=(64, 128)).save_pretrained(tmp_path / "made")
    diffusers.DDIMScheduler().save_pretrained(tmp_path / "made")
    files = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    server = Server({**files, "README.md": b"---\nlicense: mit\n---\n", "unneeded.onnx": b"x" * 1000})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # that server is here, whatever the checks' environment says
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    yield server
    server.shutdown()
    server.server_close()


def elsewhere(code: str) -> dict:
    """Run in a fresh process, as huggingface_hub reads HF_ENDPOINT when it is imported; its last line is JSON."""
    start = "import json, time; from ddpm.loading.download import *; from ddpm.errors import *\n"
    done = subprocess.run([sys.executable, "-c", start + code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_offer_cancel_resume_and_load(hub, tmp_path):
    hub.slow = True
    first = elsewhere("""
wanted = offer("someone/tiny")
going = Download("someone/tiny").start()
while going.done < 600_000:
    time.sleep(0.005)
going.cancel(); began = time.monotonic(); going.wait()
print(json.dumps([wanted.licence, wanted.bytes, [f for f, _ in wanted.files], going.state, going.done,
                  time.monotonic() - began]))
""")
    licence, size, files, state, done, seconds = first
    assert licence == "mit" and sorted(files) == sorted(name for name in hub.files if name != "unneeded.onnx")
    assert size == sum(len(data) for name, data in hub.files.items() if name != "unneeded.onnx")
    assert state == "stopped" and 600_000 <= done < size and seconds < 5
    (part,) = (tmp_path / "cache").rglob("*.part")
    had = part.stat().st_size
    assert had > 0
    part.write_bytes(b"x" + part.read_bytes()[1:])  # damaged meanwhile: seen when it is whole
    hub.slow, hub.asked = False, []
    damaged = elsewhere(
        'going = Download("someone/tiny").start().wait(); print(json.dumps([going.state, going.error]))'
    )
    assert damaged[0] == "failed" and "A file came damaged" in damaged[1] and dict(hub.asked)[LARGE] == had
    part.write_bytes(hub.files[LARGE][:had])
    hub.asked = []
    second = elsewhere("""
going = Download("someone/tiny").start()
seen = [(one.done, one.total) for one in going.follow(0.01)]
print(json.dumps([going.state, going.error, going.done, seen[-1][1]]))
""")
    assert second == ["finished", "", size, size]
    assert dict(hub.asked)[LARGE] == had  # it went on where it had ended
    catalogue = Catalogue(tmp_path / "weights")
    assert catalogue.find("someone/tiny").name == COMMIT
    model = catalogue.load("someone/tiny")
    assert (model.card.name, model.card.origin, model.card.licence) == ("someone/tiny", "hub", "mit")
    hub.asked = []
    again = elsewhere('going = Download("someone/tiny").start().wait(); print(json.dumps([going.state, going.done]))')
    assert again == ["finished", size] and not hub.asked  # nothing is fetched twice
    command = [
        sys.executable,
        "-m",
        "ddpm",
        "models",
        "--download",
        "someone/tiny",
        "--weights",
        str(tmp_path / "none"),
    ]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert f"someone/tiny: {size / 1e6:,.1f} MB in 4 files, licence mit" in said.stdout and said.returncode == 0


def test_what_goes_wrong_is_a_sentence(hub, monkeypatch):
    code = """
said = []
for name in ("someone/other", "nonsense"):
    try:
        offer(name)
    except DDPMError as error:
        said.append([type(error).__name__, str(error)])
print(json.dumps(said))
"""
    (one, two) = elsewhere(code)
    assert one[0] == two[0] == "UnknownModel" and "no model someone/other on the Hub" in one[1]
    assert "is not a Hub id" in two[1]
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    state, error = elsewhere('going = Download("a/b").start().wait(); print(json.dumps([going.state, going.error]))')
    assert state == "failed" and "the Hub cannot be reached" in error and "--download a/b" in error


def test_a_disk_that_is_too_small_is_told_before_a_byte_is_fetched(monkeypatch, tmp_path):
    from ddpm.errors import Missing

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    huge = Offer("a/b", COMMIT, "mit", (("model.safetensors", 10**18),))
    with pytest.raises(Missing, match=r"a/b needs 1,000,000,000,000 MB, but only [\d,]+ MB are free"):
        check_disk(huge)
    check_disk(Offer("a/b", COMMIT, "mit", (("model.safetensors", 10),)))


def test_torch_files_are_fetched_only_where_there_is_nothing_better():
    sizes = dict.fromkeys(
        ("model_index.json", "unet/a.bin", "unet/a.safetensors", "unet/a.fp16.safetensors", "vae/b.bin",
         "safety_checker/model.safetensors", "flax_model.msgpack", "whole_4k.safetensors"), 1)  # fmt: skip
    assert download._chosen(sizes, ()) == ["model_index.json", "unet/a.safetensors", "vae/b.bin"]
    assert download._chosen(sizes, ("vae/*",)) == ["vae/b.bin"]
    flat = dict.fromkeys(("config.json", "diffusion_pytorch_model.bin"), 1)
    assert download._chosen(flat, ()) == ["config.json", "diffusion_pytorch_model.bin"]


def test_what_is_not_pinned_says_so_and_what_has_changed_since(monkeypatch, tmp_path):
    files = (("model.safetensors", 10),)
    assert "pinned" not in Offer("a/b", COMMIT, "mit", files).which
    assert Offer("a/b", COMMIT, "mit", files, pinned=False).which == f"revision `{COMMIT[:12]}`, not pinned"
    assert "another than was fetched before (`feedfeedfeed`)" in Offer(
        "a/b", COMMIT, "mit", files, pinned=False, before="feed" * 10
    ).which
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert download.hub.remembered("a/b") == ""
    download.remember(Offer("a/b", COMMIT, "mit", files))
    assert download.hub.remembered("a/b") == COMMIT
