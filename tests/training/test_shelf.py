"""Pictures kept ready on disk: made once, gone on with after a kill, never of other files; painted while drawn from."""

from __future__ import annotations

import io
import json
import os
import re
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from ddpm.errors import BadRequest
from ddpm.models.codec import Pixels
from ddpm.training.config import Data
from ddpm.training.data import Pictures, open_data
from ddpm.training.data.batches import Batches
from ddpm.training.data.captions import CaptionStates
from ddpm.training.data.latents import latents_of
from ddpm.training.data.painted import Painted, paint
from ddpm.training.data.shelf import Shelf
from ddpm.training.dice import Dice
from tests.training.test_batches import Letters
from tests.training.test_data import png, put


def names(cache: Path) -> list[str]:
    return [json.loads(line)["name"] for line in (cache / "pictures.jsonl").read_text().splitlines()]


def test_what_is_in_the_cache_is_not_decoded_again(tmp_path: Path) -> None:
    pictures = put(tmp_path / "p", {"1.png": png("red"), "1.txt": "one", "2.png": b"broken", "3.png": png("blue")})
    data = Data(kind="folder", path=(pictures,), size=8, cache=tmp_path / "cache")
    fresh = open_data(data)
    settings = tmp_path / "cache" / "set.json"
    settings.write_text(settings.read_text().replace(', "arranged": 0.0', ""))  # as before there was that choice
    as_it_was = (pictures / "1.png").stat()
    (pictures / "1.png").write_bytes(b"?" * as_it_was.st_size)
    os.utime(pictures / "1.png", ns=(as_it_was.st_atime_ns, as_it_was.st_mtime_ns))
    again = open_data(data)
    assert torch.equal(fresh.pixels, again.pixels) and fresh.captions == again.captions == [["one"], [""]]
    assert [remark.split(":")[0] for remark in again.remarks] == ["2.png"]
    put(pictures, {"4.png": png("green")})
    longer = open_data(data)
    assert len(longer) == 3 and torch.equal(longer.pixels[:2], fresh.pixels) and longer.pixels[2, 1].min() == 128
    put(pictures, {"0.png": png()})
    with pytest.raises(BadRequest, match="made of other files"):
        open_data(data)
    with pytest.raises(BadRequest, match="holds another set \\(size 8 -> 16\\)"):
        open_data(data.model_copy(update={"size": 16}))


def test_a_kill_between_pictures_loses_at_most_the_one_in_hand(tmp_path: Path) -> None:
    pictures = put(tmp_path / "p", {f"{i}.png": png(colour) for i, colour in enumerate(["red", "lime", "blue"])})
    whole = open_data(Data(kind="folder", path=(pictures,), size=8)).pixels
    data = Data(kind="folder", path=(pictures,), size=8, cache=tmp_path / "cache")
    shelf = Shelf(data, 3, data.cache)
    shelf.add("0.png", whole[0])
    with (tmp_path / "cache" / "pictures.jsonl").open("a") as file:
        file.write('{"name": "1.p')  # cut short
    assert torch.equal(open_data(data).pixels, whole) and names(tmp_path / "cache") == ["0.png", "1.png", "2.png"]


def zipped(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_a_replaced_or_mended_picture_is_read_again(tmp_path: Path, kind: Any) -> None:
    files: dict[str, bytes | str] = {"1.png": png("red"), "2.png": b"broken", "3.png": png("blue")}
    data = Data(kind=kind, path=(tmp_path / "p",), size=8, cache=tmp_path / "cache")

    def colours(**changed: bytes) -> list[list[int]]:
        put(tmp_path / "p", {f"{name[1:]}.png": content for name, content in changed.items()})
        if kind == "archive":
            zipped(tmp_path / "p/a.zip", {name: (tmp_path / "p" / name).read_bytes() for name in files})
        return open_data(data).pixels[:, :, 0, 0].tolist()

    put(tmp_path / "p", files)
    assert colours() == [[255, 0, 0], [0, 0, 255]]
    (tmp_path / "cache" / "latents.json").write_text("of these pictures")
    assert colours() == [[255, 0, 0], [0, 0, 255]] and (tmp_path / "cache" / "latents.json").exists()
    assert colours(_3=png("yellow")) == [[255, 0, 0], [255, 255, 0]]
    assert not (tmp_path / "cache" / "latents.json").exists()
    assert colours(_2=png("lime")) == [[255, 0, 0], [0, 255, 0], [255, 255, 0]]
    assert colours(_1=b"broken now") == [[0, 255, 0], [255, 255, 0]]
    lines = (tmp_path / "cache" / "pictures.jsonl").read_text()
    without = re.sub(r', "stamp": \[.*?\]', "", lines)  # as sets were before
    assert without != lines
    (tmp_path / "cache" / "pictures.jsonl").write_text(without)
    assert colours(_3=png("white")) == [[0, 255, 0], [255, 255, 0]]


def test_a_cut_picture_leaves_no_mask(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"1.png": png(size=(8, 8)), "1.mask.png": png("white", (8, 8)), "2.png": b"broken"}
    pictures = put(tmp_path / "p", {**files, "2.mask.png": png("white", (8, 8)), "3.png": png(size=(8, 8))})
    data = Data(kind="folder", path=(pictures,), size=8, cache=tmp_path / "cache")
    open_data(data)
    (pictures / "1.mask.png").unlink()
    got = open_data(data)
    assert got.masks is not None and len(got) == 2 and not got.masks.any()


@pytest.mark.parametrize(("name", "left"), [("pixels.bin", None), ("pixels.bin", 1), ("masks.bin", 1)])
def test_a_cache_that_lost_pixels_is_refused(tmp_path: Path, name: str, left: int | None) -> None:
    files: dict[str, bytes | str] = {f"{i}{kind}": png(size=(8, 8)) for i in (1, 2) for kind in (".png", ".mask.png")}
    data = Data(kind="folder", path=(put(tmp_path / "p", files),), size=8, cache=tmp_path / "cache")
    open_data(data)
    lost = tmp_path / "cache" / name
    if left is None:
        lost.unlink()
    else:
        os.truncate(lost, left * lost.stat().st_size // 2)
    with pytest.raises(BadRequest, match=rf"{name} holds {left or 0} of 2 pictures; remove the folder .*cache"):
        open_data(data)


def test_a_cache_takes_all_of_its_room_before_the_first_picture(tmp_path: Path) -> None:
    """Else a full disk is a bus error in the middle."""
    Shelf(Data(kind="scenes", size=64), 100, tmp_path)
    there = (tmp_path / "pixels.bin").stat()
    assert there.st_size == 100 * 3 * 64 * 64 <= 512 * there.st_blocks


@pytest.mark.parametrize("broken", ['{"codec": "a", "sha', "[]", "{}"])
def test_damaged_latents_have_their_sentence(tmp_path: Path, broken: str) -> None:
    codec, pictures = Pixels(3), Pictures(torch.zeros((4, 3, 8, 8), dtype=torch.uint8), None)
    latents_of(pictures, codec, False, tmp_path, "a", "cpu")
    whole = (tmp_path / "latents.json").read_text()
    (tmp_path / "latents.json").write_text(broken)
    with pytest.raises(BadRequest, match="latents.json is damaged. Remove latents.json and latents.bin in"):
        latents_of(pictures, codec, False, tmp_path, "a", "cpu")
    (tmp_path / "latents.json").write_text(whole)
    os.truncate(tmp_path / "latents.bin", 100)
    with pytest.raises(BadRequest, match="latents.bin is not whole. Remove latents.json and latents.bin in"):
        latents_of(pictures, codec, False, tmp_path, "a", "cpu")


def test_masks_beside_pictures_reach_the_batch_and_move_with_it(tmp_path: Path) -> None:
    left = Image.new("L", (8, 8))
    left.paste(255, (0, 0, 4, 8))
    out = io.BytesIO()
    left.save(out, "PNG")
    pictures = put(tmp_path / "p", {"1.jpg": png(size=(8, 8)), "1.mask.png": out.getvalue(), "2.png": png(size=(8, 8))})
    for cache in (None, tmp_path / "cache"):
        data = Data(kind="folder", path=(pictures,), size=8, flip=True, cache=cache)
        got = open_data(data)
        assert len(got) == 2 and got.masks is not None
        assert got.masks[0, :, :4].min() == 255 and got.masks[0, :, 4:].max() == got.masks[1].max() == 0
        masks = [Batches(got, data, None, seed=0)(Dice(seed, 0, 2, range(2))).mask for seed in range(8)]
        sides = {int(mask[i, 0, 7] > 0) for mask in masks if mask is not None for i in range(2) if mask[i].any()}
        assert sides == {0, 1}  # mirrored with their pictures, now and then


def paint_number(data: Data, index: int) -> Painted:
    """Grey by its number; in a module, since painters are processes."""
    pixels = torch.full((data.channels, data.kept, data.kept), index % 256, dtype=torch.uint8)
    return pixels, [f"number {index}"], torch.full((data.kept, data.kept), 7, dtype=torch.uint8)


def test_a_growing_set_is_drawn_from_before_it_is_whole(tmp_path: Path) -> None:
    data = Data(kind="scenes", size=8, count=700, grow=True, processes=1, cache=tmp_path / "cache")
    shelf = Shelf(data, data.count, data.cache)
    for index in range(600):
        shelf.add(str(index), *paint_number(data, index))
    growing = shelf.growing()
    batches = Batches(growing, data, Letters(), seed=0)
    drawn = [batches(Dice(0, seen, 20, range(20))) for seen in range(0, 400, 20)]
    numbers = [int((value + 1) * 127.5 + 0.5) for batch in drawn for value in batch.x0[:, 0, 0, 0].tolist()]
    assert growing.ready == 600 < len(growing) == 700 and len(set(numbers)) > 150
    assert drawn[0].text is not None and drawn[0].text.mask.any()
    whole = paint(data.model_copy(update={"grow": False}), paint_number)  # goes on from what is there
    assert len(whole) == whole.ready == 700 and whole.captions is not None and whole.captions[650] == ["number 650"]
    assert whole.masks is not None and whole.masks.unique().tolist() == [7]
    assert paint(data, paint_number).so_far is None  # nothing is left to paint


@pytest.mark.slow
def test_painters_in_processes_fill_the_shelf_in_order(tmp_path: Path) -> None:
    data = Data(kind="scenes", size=8, count=560, grow=True, processes=2)
    growing = paint(data, paint_number)
    assert growing.ready >= 512
    for _ in range(600):
        if growing.ready == 560:
            break
        threading.Event().wait(0.05)
    assert growing.pixels[:, 0, 0, 0].tolist() == [index % 256 for index in range(560)]
    assert growing.captions is not None and growing.captions[559] == ["number 559"]


def test_a_cache_of_another_renderer_is_used_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data = Data(kind="scenes", size=8, count=3, cache=tmp_path)
    paint(data, paint_number)
    paint(data, paint_number)
    assert not caplog.text
    monkeypatch.setattr("ddpm.training.data.shelf.sources_hash", lambda parts: "another")
    assert len(paint(data, paint_number)) == 3 and "painted by another version of the renderer" in caplog.text


def test_states_on_disk_are_those_in_memory_and_are_not_encoded_again(tmp_path: Path) -> None:
    class Counting(Letters):
        asked = 0

        def encode(self, prompts: list[str]) -> Any:
            self.asked += len(prompts)
            return super().encode(prompts)

    captions, encoder = ["a", "b\u2028d", "ef", "a"], Counting()
    memory, disk = CaptionStates(Letters()), CaptionStates(encoder, tmp_path)
    memory.add(captions)
    disk.add(captions)
    assert encoder.asked == 4  # the empty one and three
    with (tmp_path / "captions.jsonl").open("a") as file:
        file.write('["cut')
    again = CaptionStates(encoder, tmp_path)
    again.add([*captions, "new"])
    assert encoder.asked == 5
    for states in (disk, again):
        one, other = memory.batch(["b\u2028d", "", "a"]), states.batch(["b\u2028d", "", "a"])
        assert torch.equal(one.states, other.states) and torch.equal(one.mask, other.mask)
    assert again.batch(["new"], 6).states.shape == (1, 6, 2) and again.batch(["new"]).states.shape == (1, 4, 2)


def test_a_whole_cache_is_only_read(tmp_path: Path) -> None:
    """All processes but the first open it at the same moment: one that wrote would cut the file under the others."""
    pictures = put(tmp_path / "p", {"1.png": png("red"), "1.txt": "one", "2.png": png("blue"), "2.txt": "two"})
    cache = tmp_path / "cache"
    data = Data(kind="folder", path=(pictures,), size=8, cache=cache)

    def opened() -> None:
        Batches(open_data(data), data, Letters(), seed=0)

    opened()
    for file in cache.iterdir():
        os.utime(file, (1, 1))
    opened()
    assert {file.name: file.stat().st_mtime for file in cache.iterdir()} == dict.fromkeys(
        ("set.json", "pictures.jsonl", "pixels.bin", "captions.jsonl", "states.bin"), 1
    )
    for name in ("pictures.jsonl", "captions.jsonl"):
        whole = (cache / name).read_bytes()
        with (cache / name).open("a") as file:
            file.write('["cut')
        with (cache / name).open() as held:  # by another process
            opened()
            assert (cache / name).read_bytes() == whole and held.read() == whole.decode() + '["cut'
