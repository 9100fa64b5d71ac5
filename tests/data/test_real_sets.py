"""Real data sets, read whole: MNIST as npz, photographs and small pictures as zip and as folder."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from engine import DataSpec, load_data
from tests.real_data import real_data

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("runs_dir")]


def test_mnist():
    path = real_data("mnist.npz")
    data = load_data(DataSpec(source="npz", path=str(path)))
    with np.load(path) as stored:
        assert np.array_equal(data.images[:60_000, ..., 0], stored["x_train"])
        assert np.array_equal(data.labels[60_000:], stored["y_test"])
    assert [len(data.parts[name]) for name in ("train", "validation", "test")] == [51_000, 9_000, 10_000]
    assert data.left_out == ()


def test_cifar():
    data = load_data(DataSpec(source="zip", path=str(real_data("cifar10-mini.zip"))))
    assert data.images.shape == (14_000, 32, 32, 3)
    assert len(data.class_names) == 10
    assert data.manifest["counts"]["test"] == [200] * 10
    assert data.manifest["counts"]["validation"] == [180] * 10
    assert data.left_out == ()


def test_photographs_as_zip_and_as_folder(tmp_path):
    path = real_data("ants-bees.zip")
    zipped = load_data(DataSpec(source="zip", path=str(path)))
    assert zipped.images.shape == (397, 96, 96, 3)
    assert [(item.name, item.key) for item in zipped.left_out] == [("ants-bees/train/ants/imageNotFound.gif", "gif")]
    assert zipped.class_names == ("ants", "bees")
    assert [len(zipped.parts[name]) for name in ("train", "validation", "test")] == [244, 153, 0]
    assert len(np.unique(zipped.sizes, axis=0)) > 50
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "set")
    folder = load_data(DataSpec(source="folder", path=str(tmp_path / "set")))
    assert folder.manifest["fingerprint"] == zipped.manifest["fingerprint"]
    width, height = folder.sizes[5]
    assert folder.original(5).shape == (height, width, 3)
