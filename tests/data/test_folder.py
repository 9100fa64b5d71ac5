"""Folders as people have them: odd files are named and left out, nothing is fatal, no link is followed forever."""

from __future__ import annotations

import os

import numpy as np
import pytest

from engine.data import folder
from engine.data.folder import Folder
from engine.data.source import UnusablePicture
from engine.errors import DataError
from engine.spec import DataSpec
from tests.data.files import encoded, pixels, reasons, two_classes, write_tree


def _source(root, **fields):
    return Folder(DataSpec(source="folder", path=str(root), **fields))


def _read_all(pictures):
    """{name: picture, or the reason why there is none}."""
    items = pictures.read(np.arange(len(pictures.names)))
    return {
        name: item.key if isinstance(item, UnusablePicture) else item
        for name, item in zip(pictures.names, items, strict=True)
    }


def test_pictures_labels_and_names(tmp_path):
    pictures = _source(write_tree(tmp_path, two_classes(2))).pictures()
    assert pictures.names == ["cats/0.png", "cats/1.png", "dogs/0.png", "dogs/1.png"]
    assert pictures.labels.tolist() == [0, 0, 1, 1]
    assert np.array_equal(_read_all(pictures)["dogs/1.png"], pixels(3))


def test_odd_files_each_have_their_reason(tmp_path):
    whole = encoded(np.random.RandomState(0).randint(0, 256, (60, 80, 3), dtype=np.uint8), "JPEG")
    odd = {
        "cats/empty.jpg": b"",
        "cats/cut.jpg": whole[: len(whole) // 2],
        "cats/diary.jpg": b"not a picture at all",
        "cats/list.csv": b"a,b\n1,2\n",
        "cats/moving.gif": encoded(pixels(n_channels=1), "GIF"),
        "cats/.DS_Store": b"x",
        "cats/Thumbs.db": b"x",
    }
    pictures = _source(write_tree(tmp_path, two_classes(1) | odd)).pictures()
    found = _read_all(pictures)
    assert {name: item for name, item in found.items() if isinstance(item, str)} == {
        "cats/empty.jpg": "empty",
        "cats/cut.jpg": "damaged",
        "cats/diary.jpg": "not_a_picture",
        "cats/list.csv": "not_a_picture",
        "cats/moving.gif": "gif",
    }
    assert "cats/.DS_Store" not in found


def test_vanished_file(tmp_path):
    pictures = _source(write_tree(tmp_path, two_classes(2))).pictures()
    (tmp_path / "cats" / "1.png").unlink()
    assert _read_all(pictures)["cats/1.png"] == "vanished"


def test_links_are_followed_but_not_in_circles(tmp_path):
    root = write_tree(tmp_path / "data", two_classes(2))
    elsewhere = write_tree(tmp_path / "elsewhere", {"1.png": encoded(pixels(9))})
    (root / "birds").symlink_to(elsewhere)
    (root / "cats" / "self").symlink_to(root / "cats")
    (root / "dogs" / "up").symlink_to("../..")
    (root / "dogs" / "gone.png").symlink_to(root / "nowhere.png")
    (root / "dogs" / "round.png").symlink_to(root / "dogs" / "round.png")
    pictures = _source(root).pictures()
    assert "birds/1.png" in pictures.names
    assert len([name for name in pictures.names if name.startswith("cats/")]) == 2
    found = reasons(pictures.left_out)
    assert found["cats/self/"] == "link_loop"
    assert found["dogs/gone.png"] == "broken_link"
    assert found["dogs/round.png"] == "broken_link"
    # The folder above the data is another folder; only where it comes back to the data the circle closes.
    assert "dogs/up/data/" in found


def test_pipes_are_not_opened(tmp_path):
    root = write_tree(tmp_path, two_classes(2))
    os.mkfifo(root / "cats" / "pipe.jpg")
    assert reasons(_source(root).pictures().left_out) == {"cats/pipe.jpg": "not_a_file"}


def test_names_that_are_no_text(tmp_path):
    root = write_tree(tmp_path, two_classes(2))
    try:
        (root / "cats" / os.fsdecode(b"caf\xe9.png")).write_bytes(encoded(pixels()))
    except OSError:
        pytest.skip("this file system refuses such names itself")
    (left_out,) = _source(root).pictures().left_out
    assert left_out.key == "odd_name"
    left_out.name.encode()


def test_closed_folder_is_named(tmp_path, monkeypatch):
    root = write_tree(tmp_path, two_classes(2))
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("dogs"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    pictures = _source(root).pictures()
    assert reasons(pictures.left_out) == {"dogs/": "closed_folder"}
    assert len(pictures.names) == 2


def test_identity_follows_every_change(tmp_path):
    source = _source(write_tree(tmp_path, two_classes(2)))
    seen = {source.identity()}
    assert source.identity() in seen
    changes = [
        lambda: (tmp_path / "cats" / "new.png").write_bytes(encoded(pixels(7))),
        lambda: (tmp_path / "cats" / "new.png").write_bytes(encoded(pixels(8, 20, 20))),
        lambda: (tmp_path / "cats" / "new.png").rename(tmp_path / "dogs" / "new.png"),
        lambda: (tmp_path / "birds").mkdir(),
    ]
    for change in changes:
        change()
        assert source.identity() not in seen
        seen.add(source.identity())


def test_original_in_full_size(tmp_path):
    source = _source(write_tree(tmp_path, two_classes(1, height=300, width=200, n_channels=1)), image_size=32)
    assert np.array_equal(source.original("cats/0.png"), np.repeat(pixels(0, 300, 200, 1), 3, axis=2))
    with pytest.raises(UnusablePicture):
        source.original("cats/nowhere.png")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("nowhere", "data.no_such_folder"),
        ("file.txt", "data.not_a_folder"),
        ("file.txt/inside", "data.not_a_folder"),
        ("zero\0byte", "data.no_such_folder"),
        ("round", "data.no_such_folder"),
        ("x" * 300, "data.no_such_folder"),
    ],
)
def test_path_that_is_no_folder(tmp_path, path, key):
    write_tree(tmp_path, {"file.txt": b"x"})
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for method in ("identity", "pictures"):
        with pytest.raises(DataError) as caught:
            getattr(_source(f"{tmp_path}/{path}"), method)()
        assert caught.value.key == key
        assert caught.value.field == "data.path"


@pytest.mark.parametrize("path", ["", "~nobody-of-this-name/pictures"])
def test_no_path_is_not_the_current_folder(path):
    with pytest.raises(DataError) as caught:
        _source(path).identity()
    assert caught.value.key == "data.no_such_folder"


def test_a_whole_disk_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "MAX_ENTRIES", 9)
    source = _source(write_tree(tmp_path, two_classes(4)))  # two folders and eight files
    for method in (source.identity, source.pictures):
        with pytest.raises(DataError) as caught:
            method()
        assert caught.value.key == "data.too_many_files"
    monkeypatch.setattr(folder, "MAX_ENTRIES", 10)
    assert len(source.pictures().names) == 8


def test_closed_root(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError) as caught:
        _source(tmp_path).pictures()
    assert caught.value.key == "data.no_permission"
