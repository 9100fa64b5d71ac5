"""Zip files: read without extracting, the same as the folder inside, and no way to do harm."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest

from engine.data import archive
from engine.data.archive import Zip
from engine.data.folder import Folder
from engine.data.source import UnusablePicture
from engine.errors import DataError
from engine.spec import DataSpec
from tests.data.files import encoded, pixels, reasons, two_classes, write_tree, write_zip


def _source(file):
    return Zip(DataSpec(source="zip", path=str(file)))


def _read_all(pictures):
    return dict(zip(pictures.names, pictures.read(np.arange(len(pictures.names))), strict=True))


def test_equals_the_folder_inside(tmp_path):
    tree = two_classes(2, "train/") | two_classes(1, "Test/")
    folder = Folder(DataSpec(source="folder", path=str(write_tree(tmp_path / "folder", tree)))).pictures()
    zipped = _source(write_zip(tmp_path / "set.zip", tree)).pictures()
    assert zipped.names == folder.names
    assert zipped.class_names == folder.class_names
    assert np.array_equal(zipped.labels, folder.labels)
    assert np.array_equal(zipped.part_of, folder.part_of)
    assert all(np.array_equal(image, _read_all(folder)[name]) for name, image in _read_all(zipped).items())


def test_wrapped_and_with_the_rubbish_of_a_mac(tmp_path):
    rubbish = {"__MACOSX/my set/cats/._0.png": b"x", "my set/.DS_Store": b"x", "my set/cats/": b""}
    pictures = _source(write_zip(tmp_path / "set.zip", rubbish | two_classes(2, "my set/"))).pictures()
    assert pictures.class_names == ["cats", "dogs"]
    assert pictures.left_out == []
    assert len(pictures.names) == 4


def test_paths_that_lead_out_are_refused(tmp_path):
    evil = {name: encoded(pixels()) for name in ("../evil.png", "cats/../../evil.png", "/etc/evil.png", "C:/evil.png")}
    pictures = _source(write_zip(tmp_path / "set.zip", two_classes(1) | evil)).pictures()
    assert reasons(pictures.left_out) == dict.fromkeys(evil, "unsafe_path")
    assert pictures.names == ["cats/0.png", "dogs/0.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set.zip"]


def test_bomb_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_BOMB_BYTES", 2**20)
    file = write_zip(tmp_path / "bomb.zip", two_classes(1) | {"cats/bomb.bmp": bytes(2**22)})
    with pytest.raises(DataError) as caught:
        _source(file).pictures()
    assert caught.value.key == "data.zip_bomb"


def test_large_member_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 2**20)
    file = write_zip(tmp_path / "set.zip", two_classes(1) | {"cats/huge.bmp": b"BM" + bytes(2**21)})
    huge = _read_all(_source(file).pictures())["cats/huge.bmp"]
    assert isinstance(huge, UnusablePicture)
    assert huge.key == "too_large"


def test_damaged_member_does_not_hurt_the_others(tmp_path):
    file = write_zip(tmp_path / "set.zip", two_classes(2))
    with zipfile.ZipFile(file) as opened:
        info = opened.getinfo("cats/1.png")
    content = bytearray(file.read_bytes())
    content[info.header_offset + 60 : info.header_offset + 90] = bytes(30)
    file.write_bytes(content)
    found = _read_all(_source(file).pictures())
    assert isinstance(found.pop("cats/1.png"), UnusablePicture)
    assert all(isinstance(image, np.ndarray) for image in found.values())


def test_password(tmp_path):
    file = write_zip(tmp_path / "set.zip", {"cats/0.png": encoded(pixels())})
    content = bytearray(file.read_bytes())
    content[6] |= 1  # "encrypted", in the member's own header
    content[content.index(b"PK\1\2") + 8] |= 1  # and in the list at the end
    file.write_bytes(content)
    assert _read_all(_source(file).pictures())["cats/0.png"].key == "password"


@pytest.mark.parametrize(
    ("encoding", "classes"),
    [("utf-8", ["Käfer", "猫"]), ("gb2312", ["狗", "猫"]), ("cp437", ["Käfer", "Mäuse"])],
)
def test_names_in_the_encodings_that_people_have(tmp_path, encoding, classes):
    # Plain letters of the same length are replaced afterwards, so that the archive does not say "UTF-8".
    raw = [name.encode(encoding) for name in classes]
    stand_ins = [letter * len(name) for letter, name in zip(("q", "w"), raw, strict=True)]
    tree = {f"{name}/1.png": encoded(pixels(seed)) for seed, name in enumerate(stand_ins)}
    content = write_zip(tmp_path / "set.zip", tree).read_bytes()
    for stand_in, name in zip(stand_ins, raw, strict=True):
        content = content.replace(f"{stand_in}/1.png".encode(), name + b"/1.png")
    (tmp_path / "set.zip").write_bytes(content)
    source = _source(tmp_path / "set.zip")
    assert source.pictures().class_names == sorted(classes)
    assert np.array_equal(source.original(f"{classes[1]}/1.png"), pixels(1))


def test_backslashes_of_old_windows_programs(tmp_path):
    tree = {name.replace("/", "\\"): content for name, content in two_classes(1).items()}
    assert _source(write_zip(tmp_path / "set.zip", tree)).pictures().class_names == ["cats", "dogs"]


def test_original(tmp_path):
    source = _source(write_zip(tmp_path / "set.zip", two_classes(1, n_channels=1)))
    assert source.original("cats/0.png").shape == (12, 16, 3)
    with pytest.raises(UnusablePicture):
        source.original("cats/nowhere.png")


@pytest.mark.parametrize(
    ("name", "key"),
    [("nowhere.zip", "no_such_file"), (".", "no_such_file"), ("text.zip", "not_a_zip"), ("cut.zip", "not_a_zip")],
)
def test_what_is_no_zip(tmp_path, name, key):
    (tmp_path / "text.zip").write_text("not a zip file")
    whole = write_zip(tmp_path / "set.zip", two_classes(2)).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError) as caught:
        _source(tmp_path / name).pictures()
    assert caught.value.key == f"data.{key}"


def test_identity_follows_the_file(tmp_path):
    file = write_zip(tmp_path / "set.zip", two_classes(1))
    before = _source(file).identity()
    assert _source(file).identity() == before
    write_zip(file, two_classes(2))
    assert _source(file).identity() != before
    shutil.copy(file, tmp_path / "other.zip")
    assert _source(tmp_path / "other.zip").identity() != _source(file).identity()
