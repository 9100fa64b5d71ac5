"""Channel shift, brightness and flips against recorded Keras results, and where we do better."""

from __future__ import annotations

import numpy as np
import pytest

from engine import ImageDataGenerator
from engine.augment.colour import brighten, shift_channels
from tests.oracle.load import recorded

ARRAYS, CASES = recorded("pixels")


def _ours(case, **changes):
    return ImageDataGenerator().apply_transform(ARRAYS[case["image"]], case["params"] | changes)


@pytest.mark.parametrize("case", [case for case in CASES if "brightness" not in case["params"]], ids=lambda c: c["out"])
def test_without_brightness_equals_keras(case):
    assert np.abs(_ours(case) - ARRAYS[case["out"]]).max() < 1e-4


@pytest.mark.parametrize("case", [case for case in CASES if "brightness" in case["params"]], ids=lambda c: c["out"])
def test_brightness_equals_keras_but_for_its_truncation(case):
    ours, expected = _ours(case), ARRAYS[case["out"]]
    assert np.abs(ours - expected).max() < 1.01
    if case["image"] in ("image_00", "image_01") and case["params"]["brightness"] != 1:  # those in 0..255
        assert np.array_equal(np.floor(ours), expected)
    if case["image"] == "image_02":
        assert not expected.any(), "Keras turns pictures in 0..1 black"


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255), (-120, 130), (0, 65535)])
def test_brightness_keeps_to_the_range_in_use(low, high):
    batch = np.random.default_rng(0).uniform(low, high, (1, 8, 8, 3)).astype(np.float32)
    batch[0, 0, 0, 0], batch[0, 0, 0, 1] = low, high

    same, dark, light = batch.copy(), batch.copy(), batch.copy()
    brighten(same, np.ones(1))
    brighten(dark, np.array([0.5]))
    brighten(light, np.array([1.5]))
    assert np.array_equal(same, batch), "1 is exactly neutral"
    assert dark.mean() < batch.mean() < light.mean()
    white = 1 if high <= 1 else max(255, high)
    assert light.max() <= white and dark.min() >= (-white if low < 0 else 0)
    assert dark.max() > dark.min(), "a 0..1 picture does not turn black, as in Keras"


def test_pictures_of_a_batch_do_not_see_each_other():
    batch = np.stack([np.full((2, 2, 1), 10), np.arange(4).reshape(2, 2, 1)]).astype(np.float32)
    shift_channels(batch, np.array([100.0, -1.0]))
    assert batch[0].ravel().tolist() == [10, 10, 10, 10], "kept within its own smallest and largest"
    assert batch[1].ravel().tolist() == [0, 0, 1, 2]
