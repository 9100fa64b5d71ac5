"""Arrays in Keras' layout: usual forms are accepted, and doubtful ones refused with the rule in words."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data import npz
from engine.data.npz import Npz
from engine.data.source import NO_PART
from engine.errors import DataError
from engine.spec import DataSpec

X = np.random.RandomState(0).randint(0, 256, (12, 6, 5), dtype=np.uint8)
Y = np.arange(12) % 3


def _pictures(path, **arrays):
    np.savez(path / "set.npz", **arrays)
    return Npz(DataSpec(source="npz", path=str(path / "set.npz"))).pictures()


def _error(path, **arrays):
    with pytest.raises(DataError) as caught:
        _pictures(path, **arrays)
    assert caught.value.text("zh")
    return caught.value.key.removeprefix("data.")


def _images(pictures):
    return np.stack(list(pictures.read(np.arange(len(pictures.names)))))


def test_keras_layout(tmp_path):
    pictures = _pictures(tmp_path, x_train=X, y_train=Y, x_test=X[:4], y_test=Y[:4])
    assert np.array_equal(_images(pictures), np.concatenate([X, X[:4]])[..., None])
    assert pictures.labels.tolist() == [*Y, *Y[:4]]
    assert pictures.class_names == ["0", "1", "2"]
    assert pictures.part_of.tolist() == [0] * 12 + [2] * 4
    assert pictures.names[0] == "x_train/000000"
    assert pictures.names[-1] == "x_test/000003"


def test_validation_arrays_and_arrays_of_no_concern(tmp_path):
    pictures = _pictures(tmp_path, x_train=X, y_train=Y, x_val=X[:3], y_val=Y[:3], mean=np.zeros(3))
    assert pictures.part_of.tolist() == [0] * 12 + [1] * 3


@pytest.mark.parametrize("names", [("x", "y"), ("x_train", "y_train")])
def test_a_single_pair_is_in_no_part_yet(tmp_path, names):
    assert set(_pictures(tmp_path, **dict(zip(names, (X, Y), strict=True))).part_of) == {NO_PART}


@pytest.mark.parametrize(
    "x",
    [X.astype(np.int64), X.astype(np.float32), X.astype(np.float64), (X / 255).astype(np.float32), X / 255],
    ids=["int64", "float32 0..255", "float64 0..255", "float32 0..1", "float64 0..1"],
)
def test_number_types_give_the_same_pixels(tmp_path, x):
    assert np.array_equal(_images(_pictures(tmp_path, x=x, y=Y)), X[..., None])


def test_the_scale_of_floats_is_one_for_the_whole_file(tmp_path):
    dark = np.full((2, 6, 5), 0.9, np.float32)
    pictures = _pictures(tmp_path, x_train=X.astype(np.float32), y_train=Y, x_test=dark, y_test=Y[:2])
    assert (_images(pictures)[12:] == 1).all()


def test_black_and_white(tmp_path):
    assert set(np.unique(_images(_pictures(tmp_path, x=X > 100, y=Y)))) == {0, 255}


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_channels(tmp_path, n_channels):
    x = np.repeat(X[..., None], n_channels, axis=3)
    assert _images(_pictures(tmp_path, x=x, y=Y)).shape == x.shape


@pytest.mark.parametrize(
    "y",
    [Y[:, None], np.eye(3)[Y], np.eye(3, dtype=bool)[Y], Y.astype(np.float64), Y.astype(np.uint8)],
    ids=["column", "one-hot", "one-hot bool", "float", "uint8"],
)
def test_label_forms(tmp_path, y):
    assert _pictures(tmp_path, x=X, y=y).labels.tolist() == Y.tolist()


def test_label_names_and_numbers_with_gaps(tmp_path):
    pictures = _pictures(tmp_path, x=X, y=np.array(["cat", "dog", "ant"])[Y])
    assert pictures.class_names == ["ant", "cat", "dog"]
    assert pictures.labels[:3].tolist() == [1, 2, 0]
    pictures = _pictures(tmp_path, x=X, y=Y * 5 + 2)
    assert pictures.class_names == ["2", "7", "12"]
    assert pictures.labels.tolist() == Y.tolist()


def test_nan_is_refused_with_its_place(tmp_path):
    x = X / 255
    x[7, 0, 0] = np.nan
    x[9, 1, 1] = np.inf
    with pytest.raises(DataError) as caught:
        _pictures(tmp_path, x=x, y=Y)
    assert caught.value.key == "data.npz_nan"
    assert caught.value.params == {"name": "x", "n": 2, "first": 7}


@pytest.mark.parametrize(
    ("arrays", "key"),
    [
        ({"images": X, "labels": Y}, "npz_names"),
        ({"x_train": X}, "npz_names"),
        ({"x_test": X, "y_test": Y}, "npz_names"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "npz_names"),
        ({"x": X.reshape(12, 30), "y": Y}, "npz_shape"),
        ({"x": np.zeros((12, 3, 20, 20), np.uint8), "y": Y}, "npz_shape"),
        ({"x": np.zeros((12, 0, 5), np.uint8), "y": Y}, "npz_shape"),
        ({"x": X.astype("U3"), "y": Y}, "npz_type"),
        ({"x": X / 127.5 - 1, "y": Y}, "npz_range"),
        ({"x": X.astype(np.int64) * 200, "y": Y}, "npz_range"),
        ({"x": X, "y": Y[:5]}, "npz_lengths"),
        ({"x": X, "y": np.zeros((12, 2, 2))}, "labels_shape"),
        ({"x": X, "y": np.array(5)}, "labels_shape"),
        ({"x": X, "y": np.full((12, 3), 0.3)}, "labels_not_one_hot"),
        ({"x": X, "y": Y - 1}, "labels_range"),
        ({"x": X, "y": Y + 0.5}, "labels_range"),
        ({"x": X, "y": np.where(Y == 2, np.nan, Y)}, "labels_range"),
        ({"x": X, "y": Y.astype("M8[s]")}, "labels_type"),
        ({"x": np.array([X[0], None], dtype=object), "y": Y[:2]}, "npz_unreadable"),
    ],
)
def test_what_is_refused(tmp_path, arrays, key):
    assert _error(tmp_path, **arrays) == key


def test_files_that_are_none(tmp_path):
    for name, content in {"text.npz": b"no arrays", "empty.npz": b"", "plain.npy": None}.items():
        file = tmp_path / name
        np.save(file, X) if content is None else file.write_bytes(content)
        with pytest.raises(DataError) as caught:
            Npz(DataSpec(source="npz", path=str(file))).pictures()
        assert caught.value.key == "data.not_a_zip"
        assert "npz" in str(caught.value)


def test_damaged_array(tmp_path):
    np.savez_compressed(tmp_path / "set.npz", x=X, y=Y)
    content = bytearray((tmp_path / "set.npz").read_bytes())
    content[60:120] = bytes(60)
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(DataError) as caught:
        Npz(DataSpec(source="npz", path=str(tmp_path / "set.npz"))).pictures()
    assert caught.value.key == "data.npz_unreadable"


def test_more_than_the_memory_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(npz.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 100}))
    assert _error(tmp_path, x=X, y=Y) == "npz_memory"
