"""Classes and parts found from paths alone, for folders and archives alike."""

from __future__ import annotations

import pytest

from engine.data.source import NO_PART, PARTS
from engine.data.tree import is_hidden, sort_paths
from tests.data.files import reasons


def _found(tree):
    parts = ["-" if code == NO_PART else PARTS[code] for code in tree.part_of]
    return [
        (name, tree.class_names[label], part) for name, label, part in zip(tree.names, tree.labels, parts, strict=True)
    ]


def test_folders_are_classes_in_alphabetical_order():
    tree = sort_paths(["dogs/b.jpg", "cats/a.jpg", "Zebras/x.jpg", "dogs/a.jpg", "dogs/puppies/young/c.jpg"])
    assert tree.class_names == ["Zebras", "cats", "dogs"]
    assert _found(tree) == [
        ("Zebras/x.jpg", "Zebras", "-"),
        ("cats/a.jpg", "cats", "-"),
        ("dogs/a.jpg", "dogs", "-"),
        ("dogs/b.jpg", "dogs", "-"),
        ("dogs/puppies/young/c.jpg", "dogs", "-"),
    ]


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "Valid", "TESTING"), ("TRAIN", "validation", "Test")],
)
def test_parts_by_any_usual_name(train, validation, test):
    tree = sort_paths([f"{part}/{name}/1.jpg" for part in (test, train, validation) for name in ("a", "b")])
    assert tree.class_names == ["a", "b"]
    assert [(name, part) for name, _, part in _found(tree)] == [
        (f"{train}/a/1.jpg", "train"),
        (f"{train}/b/1.jpg", "train"),
        (f"{validation}/a/1.jpg", "validation"),
        (f"{validation}/b/1.jpg", "validation"),
        (f"{test}/a/1.jpg", "test"),
        (f"{test}/b/1.jpg", "test"),
    ]


def test_wrapping_folders_are_passed_through():
    tree = sort_paths(["README.txt", "set/inner/train/a/1.jpg", "set/inner/train/b/1.jpg", "set/inner/test/a/2.jpg"])
    assert [part for _, _, part in _found(tree)] == ["train", "train", "test"]
    assert reasons(tree.left_out) == {"README.txt": "outside_classes"}


def test_a_single_train_folder_is_only_a_wrapper():
    tree = sort_paths(["set/train/a/1.jpg", "set/train/b/1.jpg"])
    assert {part for _, _, part in _found(tree)} == {"-"}


def test_a_class_may_be_called_train():
    tree = sort_paths(["train/1.jpg", "bus/1.jpg", "test/1.jpg"])
    assert tree.class_names == ["bus", "test", "train"]
    assert {part for _, _, part in _found(tree)} == {"-"}


def test_what_lies_outside_is_named():
    tree = sort_paths(["a.jpg", "train/x.jpg", "train/a/1.jpg", "test/b/1.jpg", "extra/deep/1.jpg", "extra/2.jpg"])
    assert reasons(tree.left_out) == {
        "a.jpg": "outside_classes",
        "train/x.jpg": "outside_classes",
        "extra/": "beside_parts",
    }
    assert tree.class_names == ["a", "b"]


def test_empty_folders_are_classes_without_pictures():
    tree = sort_paths(["cats/", "birds/", "cats/1.jpg"])
    assert tree.class_names == ["birds", "cats"]
    assert tree.labels.tolist() == [1]


def test_nothing_and_no_folders():
    assert sort_paths([]).names == []
    tree = sort_paths(["1.jpg", "2.jpg"])
    assert tree.class_names == []
    assert len(tree.left_out) == 2


def test_nested_deeper_than_python_recurses():
    tree = sort_paths(["a/1.jpg", "b/" + "x/" * 3000 + "1.jpg"])
    assert tree.labels.tolist() == [0, 1]


@pytest.mark.parametrize("path", [".DS_Store", "cats/.hidden.jpg", "__MACOSX/cats/._1.jpg", "cats/Thumbs.db", ".git/x"])
def test_hidden(path):
    assert is_hidden(path)
    assert not is_hidden("cats/thumb.jpg")
