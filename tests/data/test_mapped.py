"""Arrays of an npz, mapped where they lie in the file."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine.augment.mapped import is_mapped
from engine.errors import DataError
from tests.training.pictures import assert_same_weights, cnn, pictures


def test_mapped_arrays_are_the_saved_ones(tmp_path):
    arrays = {
        "x_train": pictures()[0],
        "y": np.arange(50),
        "wide": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        "other machine": np.arange(5, dtype=">f4"),
    }
    np.savez(tmp_path / "a.npz", **arrays)
    mapped = engine.map_npz(tmp_path / "a.npz")
    assert sorted(mapped) == sorted(arrays)
    for name, values in arrays.items():
        assert is_mapped(mapped[name]) and not mapped[name].flags.writeable
        assert mapped[name].dtype == values.dtype
        np.testing.assert_array_equal(mapped[name], values)


def test_they_train(tmp_path):
    images, labels = pictures()
    np.savez(tmp_path / "a.npz", x=images, y=labels)
    mapped = engine.map_npz(tmp_path / "a.npz")
    a, b = cnn(), cnn()
    a.fit(mapped["x"], mapped["y"], verbose=0)
    b.fit(images, labels, verbose=0)
    assert_same_weights(a, b)


def test_what_cannot_be_mapped_is_refused_in_words(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(5))
    with pytest.raises(DataError, match=r"x\.npy is compressed.*numpy\.savez"):
        engine.map_npz(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x=np.array([{}]))
    with pytest.raises(DataError, match="plain arrays"):
        engine.map_npz(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"PK no")
    for name in ("c.npz", "missing.npz"):
        with pytest.raises(DataError):
            engine.map_npz(tmp_path / name)
