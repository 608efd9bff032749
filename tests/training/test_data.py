"""Users' pictures: folders and archives with captions of every kind, broken files, mistakes."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from ddpm.errors import BadRequest
from ddpm.training.config import Data
from ddpm.training.data import Pictures, open_data
from ddpm.training.data.pictures import File, collect, square


def png(colour: str = "red", size: tuple[int, int] = (20, 12)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def put(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def folder(path: Path, **settings: object) -> Pictures:
    return open_data(Data(kind="folder", path=(path,), size=8, **settings))  # type: ignore[arg-type]


def test_pictures_are_square_scaled_and_a_broken_one_is_named(tmp_path: Path) -> None:
    wide = Image.new("RGB", (40, 20), "white")
    wide.paste(Image.new("RGB", (20, 20), "blue"), (10, 0))
    wide.save(tmp_path / "wide.png")
    Image.new("RGBA", (9, 9), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    put(tmp_path, {"broken.png": b"not a picture", "empty.jpg": b"", "cut.png": png()[:48], "notes.md": "x"})
    got = folder(tmp_path)
    assert got.pixels.shape == (2, 3, 8, 8) and got.pixels.dtype == torch.uint8 and got.captions is None
    assert got.pixels[0].unique().tolist() == [255]  # transparent: white
    assert got.pixels[1, 2].min() == 255 and got.pixels[1, 0].max() == 0  # the middle of the wide one
    assert {line.split(":")[0] for line in got.remarks} == {"broken.png", "empty.jpg", "cut.png"}
    assert "broken.png: it is no picture that can be read" in got.remarks
    assert folder(tmp_path, channels=1).pixels.shape == (2, 1, 8, 8)


def test_a_picture_that_is_too_small_is_enlarged_without_squares(tmp_path: Path) -> None:
    small = Image.new("L", (4, 4))
    small.paste(255, (2, 0, 4, 4))
    small.save(tmp_path / "small.png")
    row = folder(tmp_path).pixels[0, 0, 3].tolist()
    assert row == sorted(row) and len(set(row)) > 2


def test_captions_of_every_kind(tmp_path: Path) -> None:
    text = put(tmp_path / "a", {"1.png": png(), "1.txt": "a red card\na card\n", "2.png": png()})
    assert folder(text).captions == [["a red card", "a card"], [""]]
    table = put(tmp_path / "b", {"x/1.png": png(), "metadata.csv": "file_name,text\nx/1.png,from a table\n"})
    assert folder(table).captions == [["from a table"]]
    rows = json.dumps({"file_name": "1.png", "text": "one"}) + "\n" + json.dumps({"file_name": "1.png", "text": "uno"})
    lines = put(tmp_path / "c", {"1.png": png(), "metadata.jsonl": rows})
    assert folder(lines).captions == [["one", "uno"]]
    rows = '{"file_name": "1.png", "text": "one\u2028two"}\r\n{"file_name": "2.png", "text": null}\r\n'
    lines = put(tmp_path / "e", {"1.png": png(), "2.png": png(), "metadata.jsonl": rows})
    assert folder(lines).captions == [["one\u2028two"], [""]]
    marked = {"1.txt": "a fox\r\nfox".encode("utf-8-sig"), "2.txt": "a lake".encode("utf-16")}
    assert folder(put(tmp_path / "f", {"1.png": png(), "2.png": png(), **marked})).captions == [
        ["a fox", "fox"],
        ["a lake"],
    ]
    classes = put(tmp_path / "d", {"sea_horse/1.png": png(), "cat/1.png": png()})
    assert folder(classes).captions == [["cat"], ["sea horse"]]
    assert folder(classes, captions=False).captions is None


def test_what_is_passed_over_is_named(tmp_path: Path) -> None:
    """Pictures of kinds that are not read, and captions of no picture: in folders as in archives."""
    files: dict[str, bytes | str] = {
        "a.png": png(), "a.txt": "a card", "sub/b.txt": "whose?", "sub/phone.HEIC": b"x", "new.avif": b"x",
        "._a.txt": b"a Mac's", "notes.md": "x",
    }  # fmt: skip
    got = folder(put(tmp_path / "files", files))
    orphan = "sub/b.txt: there is no picture b beside it whose caption it could be"
    foreign = [f"{name}: its kind is not read here; save it as .png or .jpg" for name in ("new.avif", "sub/phone.HEIC")]
    assert got.remarks == [*foreign, orphan] and got.captions == [["a card"]]
    assert folder(tmp_path / "files", captions=False).remarks == foreign
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    packed = open_data(Data(kind="archive", path=(tmp_path / "a.zip",), size=8))
    assert packed.remarks == [f"a.zip/{remark}" for remark in got.remarks]
    with pytest.raises(BadRequest, match=r"none of 1 could be read, the first: phone\.HEIC: its kind is not read here"):
        folder(put(tmp_path / "phone", {"phone.HEIC": b"x"}))
    single = folder(put(tmp_path / "one", {"cat.png": png(), "cats.txt": "a cat"}))
    assert single.captions is None and single.remarks[0].startswith("cats.txt: there is no picture cats")


def test_mistakes_have_their_sentences(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no pictures in"):
        folder(put(tmp_path / "empty", {"readme.md": "nothing"}))
    with pytest.raises(BadRequest, match="none of 1 could be read, the first: a.png"):
        folder(put(tmp_path / "broken", {"a.png": b"x"}))
    with pytest.raises(BadRequest, match="is not a folder"):
        folder(tmp_path / "absent")
    with pytest.raises(BadRequest, match="names 1 of 1 files that are not there, the first: 2.png"):
        folder(put(tmp_path / "table", {"1.png": png(), "metadata.csv": "file_name,text\n2.png,two\n"}))
    with pytest.raises(BadRequest, match=r"file_name and text in every row \(TypeError\(\"\['a'\] is no text"):
        folder(put(tmp_path / "list", {"1.png": png(), "metadata.jsonl": '{"file_name": "1.png", "text": ["a"]}'}))
    with pytest.raises(BadRequest, match="file_name and text"):
        folder(put(tmp_path / "columns", {"1.png": png(), "metadata.csv": "file,caption\n1.png,one\n"}))
    with pytest.raises(
        BadRequest, match=r"none of the 2 \.txt files .* the first: x.txt\. The caption of a.png is a.txt"
    ):
        folder(put(tmp_path / "texts", {"a.png": png(), "x.txt": "x", "y.txt": "y"}))
    with pytest.raises(BadRequest, match="no zip or tar archive"):
        open_data(Data(kind="archive", path=(put(tmp_path, {"x.zip": b"zzz"}) / "x.zip",), size=8))
    with pytest.raises(BadRequest, match="there is no archive"):
        open_data(Data(kind="archive", path=(tmp_path / "absent.tar",), size=8))


def test_zip_and_tar_are_read_like_folders(tmp_path: Path) -> None:
    files = {"one.png": png("red"), "one.txt": b"red", "two.png": png("blue"), "bad.png": b"?"}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    plain = folder(put(tmp_path / "plain", dict(files)))
    for name in ("a.zip", "b.tar"):
        got = open_data(Data(kind="archive", path=(tmp_path / name,), size=8))
        assert torch.equal(got.pixels, plain.pixels) and got.captions == plain.captions and len(got.remarks) == 1
    assert len(open_data(Data(kind="archive", path=(tmp_path,), size=8))) == 4  # both, named by their folder


def damaged(path: Path, name: str) -> Path:
    """The first byte of one member is another."""
    with zipfile.ZipFile(path) as zipped:
        info = zipped.getinfo(name)
    content = bytearray(path.read_bytes())
    content[info.header_offset + 30 + len(info.filename)] = 0xFF
    path.write_bytes(content)
    return path


def test_a_bad_member_of_an_archive_is_skipped_and_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in ("1.png", "2.png", "3.png", "4.png"):
            zipped.writestr(name, png(), zipfile.ZIP_STORED if name == "1.png" else zipfile.ZIP_DEFLATED)
    damaged(tmp_path / "a.zip", "1.png"), damaged(tmp_path / "a.zip", "2.png")
    content = (tmp_path / "a.zip").read_bytes()
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(b"3.png"))
    (tmp_path / "a.zip").write_bytes(content[: entry + 8] + b"\x01" + content[entry + 9 :])  # said to have a password
    got = open_data(Data(kind="archive", path=(tmp_path / "a.zip",), size=8))
    assert len(got) == 1 and [remark.split(":")[0] for remark in got.remarks] == [f"a.zip/{i}.png" for i in (1, 2, 3)]
    assert all(words in remark for words, remark in zip(("CRC", "decompress", "password"), got.remarks, strict=True))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("1.png", png())
        zipped.writestr("1.txt", "a caption that is long enough to be packed, a caption that is long enough")
    with pytest.raises(BadRequest, match=r"b\.zip is no zip or tar archive, or damaged \(.*invalid block type"):
        open_data(Data(kind="archive", path=(damaged(tmp_path / "b.zip", "1.txt"),), size=8))


@pytest.mark.parametrize("error", [struct.error("unpack requires more"), TypeError("not a fraction")])
def test_whatever_a_decoder_raises_costs_one_picture(error: Exception) -> None:
    def broken() -> bytes:
        raise error

    got = collect([File("a.png", broken, []), File("b.png", png, [])], Data(kind="folder", path="x", size=8), "x")
    assert len(got) == 1 and got.remarks == [f"a.png: {error}"]


def test_sixteen_bits_of_grey_are_grey(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 0x8080, np.uint16)).save(tmp_path / "deep.png")
    assert folder(tmp_path).pixels.unique().tolist() == [0x80]


def test_a_large_jpeg_is_decoded_small_and_looks_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a decoder that needs not make all of its pixels; one a little larger than it is kept stays exact."""
    draft, sizes = JpegImageFile.draft, list[tuple[int, int]]()

    def told(self: JpegImageFile, mode: str, size: tuple[int, int]) -> object:
        made = draft(self, mode, size)
        sizes.append(self.size)
        return made

    monkeypatch.setattr(JpegImageFile, "draft", told)
    soft = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    kept = []
    for size in ((640, 480), (127, 127)):
        picture = Image.fromarray(soft).resize(size, Image.Resampling.BICUBIC)
        out, exact = io.BytesIO(), io.BytesIO()
        picture.save(out, "JPEG", quality=95)
        Image.open(io.BytesIO(out.getvalue())).save(exact, "PNG")
        data = Data(kind="folder", path=(tmp_path,), size=64)
        kept.append((square(out.getvalue(), data).int() - square(exact.getvalue(), data).int()).abs())
    assert sizes == [(320, 240), (127, 127)]
    assert kept[0].float().mean() < 1 and kept[0].max() <= 8 and not kept[1].any()


def test_shapes_are_the_same_for_the_same_seed() -> None:
    one, two = (open_data(Data(kind="shapes", size=8, count=5)) for _ in range(2))
    assert torch.equal(one.pixels, two.pixels) and one.captions == two.captions and len(one) == 5
    assert not torch.equal(one.pixels, open_data(Data(kind="shapes", size=8, count=5, seed=2)).pixels)


@pytest.mark.slow
def test_scenes_are_the_same_whatever_the_count() -> None:
    pytest.importorskip("skia", reason="painting needs skia-python, a dependency of training only")
    few, more = (open_data(Data(kind="scenes", size=32, count=count, captions_each=2)) for count in (2, 3))
    assert torch.equal(few.pixels, more.pixels[:2]) and few.captions == (more.captions or [])[:2]
    assert more.pixels.shape == (3, 3, 32, 32) and all(len(said) == 2 for said in more.captions or [])
