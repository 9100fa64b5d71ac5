"""Digits: scikit-learn's own pictures, enlarged, and converted only once."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from engine.data.digits import Digits
from engine.spec import DataSpec

pytestmark = pytest.mark.usefixtures("runs_dir")


def test_digits_are_those_of_scikit_learn():
    pictures = Digits(DataSpec(source="digits")).pictures()
    small, labels = load_digits(return_X_y=True)
    assert np.array_equal(pictures.labels, labels)
    assert pictures.class_names == [str(digit) for digit in range(10)]
    images = pictures.read(np.arange(len(labels)))
    assert images.shape == (1797, 32, 32, 1)
    assert images.dtype == np.uint8
    shrunk = np.stack([cv2.resize(image, (8, 8), interpolation=cv2.INTER_AREA) for image in images])
    assert np.corrcoef(shrunk.ravel(), small.ravel())[0, 1] > 0.98


def test_the_second_time_scikit_learn_is_not_needed(monkeypatch):
    first = Digits(DataSpec(source="digits")).pictures()
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    again = Digits(DataSpec(source="digits")).pictures()
    assert np.array_equal(first.read(np.arange(5)), again.read(np.arange(5)))
