"""Rows of mapped files are those of the arrays in every form, asked for at once, and refused where the file is gone."""

from __future__ import annotations

import errno
import os
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import DataError, ImageDataGenerator
from engine.augment import mapped
from tests.training.pictures import cnn, pictures

ROW = 150_000  # bytes: rows begin and end within pages

VIEWS = {
    "as it is": lambda x: x,
    "a part": lambda x: x[7:],
    "every second": lambda x: x[::2],
    "backwards": lambda x: x[::-1],
    "a corner": lambda x: x[:, 1:],
    "other axes": lambda x: np.moveaxis(x, 1, 2),
    "no memmap": lambda x: np.asarray(x)[3:],
    "Fortran": lambda x: x.T,
    "numbers": lambda x: x[:, 0, 0],
}


def _save(path, values):
    np.save(path, values)
    return np.load(path, mmap_mode="r")


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """An array of 40 rows of 12 kB, and the same in a file."""
    values = np.random.default_rng(0).integers(0, 99, (40, 30, 50))
    return values, _save(tmp_path_factory.mktemp("mapped") / "x.npy", values)


@given(rows=st.lists(st.integers(0, 15), max_size=40), view=st.sampled_from(list(VIEWS)))
def test_rows_are_those_of_the_array(numbers, rows, view):
    in_memory, in_file = (VIEWS[view](values) for values in numbers)
    assert mapped.is_mapped(in_file) and not mapped.is_mapped(in_memory)
    rows = np.array(rows, np.int64)
    assert np.array_equal(mapped.take(in_file, rows), in_memory[rows])
    assert np.array_equal(mapped.take(in_memory, rows), in_memory[rows])


def test_what_was_copied_from_a_map_is_none(numbers):
    assert not any(mapped.is_mapped(values) for values in (numbers[1].copy(), numbers[1] + 1, numbers[1][[0, 1]]))


@pytest.fixture
def big(tmp_path):
    """A file of 15 MB of which nothing is in memory."""
    values = np.random.default_rng(0).integers(0, 256, (100, ROW), np.uint8)
    array = _save(tmp_path / "big.npy", values)
    with open(array.filename, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if _is_in_memory(file, array.offset + 50 * ROW):
            pytest.skip("this file system keeps every file in memory")
    return array


def _is_in_memory(file, at):
    try:
        return os.preadv(file.fileno(), [bytearray(ROW)], at, os.RWF_NOWAIT) == ROW
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return False
        pytest.skip("this file system does not say what is in memory")


@pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux says what is in memory")
@pytest.mark.parametrize("view", ["as it is", "a part", "backwards", "no memmap"])
def test_the_rows_asked_for_are_read_and_no_others(big, view):
    shown = VIEWS[view](big)
    rows = np.array([90, 20, 21, 20])
    mapped.read_ahead(shown, rows)
    wanted = set(VIEWS[view](np.arange(100))[rows].tolist())
    with open(big.filename, "rb") as file:
        for row in wanted:
            deadline = time.monotonic() + 30
            while not _is_in_memory(file, big.offset + row * ROW):
                assert time.monotonic() < deadline, f"row {row} has not been read"
                time.sleep(0.01)
        beside = {row + step for row in wanted for step in (-1, 1)} - wanted
        assert not any(_is_in_memory(file, big.offset + row * ROW) for row in beside)


@pytest.mark.parametrize("which", ["x", "y"])
def test_a_file_that_was_cut_is_an_error_and_not_the_end(tmp_path, which):
    images, labels = pictures()
    arrays = {"x": images, "y": labels.astype(np.int64)}
    arrays[which] = _save(tmp_path / "cut.npy", np.concatenate([arrays[which]] * 200))[: len(images)]
    flow = ImageDataGenerator(rotation_range=10).flow(arrays["x"], arrays["y"])
    os.truncate(tmp_path / "cut.npy", 200)
    with pytest.raises(DataError, match=r"cut\.npy.*shorter"):
        next(flow)
    model = cnn()
    with pytest.raises(DataError, match=r"cut\.npy.*shorter"):
        model.fit(arrays["x"], arrays["y"], verbose=0)


CENTRED = ImageDataGenerator(featurewise_center=True, rotation_range=10)


@pytest.mark.parametrize(
    "look",
    [
        CENTRED.fit,
        lambda x: CENTRED.fit(x, augment=True),
        CENTRED.standardize,
        lambda x: CENTRED.standardize(x[0]),
        lambda x: CENTRED.standardized(x, np.arange(4)),
        lambda x: CENTRED.augment(x, np.arange(4), 0, 0),
        lambda x: ImageDataGenerator().augment(x, np.arange(4), 0, 0),
        lambda x: CENTRED.apply_transform(x[0], {}),
        lambda x: ImageDataGenerator(validation_split=0.5).flow(
            np.ones((200, 2, 2, 1)), x[:, 0, 0, 0], subset="training"
        ),
    ],
)
def test_whoever_looks_at_a_file_that_was_cut_is_told(tmp_path, look):
    x = _save(tmp_path / "cut.npy", np.zeros((200, 20, 20, 1), np.float32))
    os.truncate(tmp_path / "cut.npy", 200)
    with pytest.raises(DataError, match=r"cut\.npy.*shorter"):
        look(x)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64])
def test_row_numbers_may_be_of_any_integer_type(numbers, dtype):
    in_memory, in_file = numbers
    rows = np.array([39, 0, 20], dtype)
    assert np.array_equal(mapped.take(in_file, rows), in_memory[rows])


def test_a_system_that_takes_no_advice_is_not_in_the_way(numbers, monkeypatch):
    in_memory, in_file = numbers
    monkeypatch.setattr(mapped.mmap, "MADV_WILLNEED", 12345)
    assert np.array_equal(mapped.take(in_file, [3, 1]), in_memory[[3, 1]])


def test_a_file_that_was_deleted_is_read_to_the_end(tmp_path):
    images, labels = pictures()
    x = _save(tmp_path / "x.npy", images)
    os.unlink(tmp_path / "x.npy")
    flow, expected = (engine.ImageDataGenerator().flow(values, labels, seed=0) for values in (x, images))
    assert all(np.array_equal(next(flow)[0], next(expected)[0]) for _ in range(3))
