"""Channel shift, brightness and flips against recorded Keras results, and where we do better."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageEnhance

from engine import ImageDataGenerator
from engine.augment import array_to_img, img_to_array
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


@given(factor=st.floats(0, 6), n_channels=st.sampled_from([1, 3]), seed=st.integers(0, 99))
def test_brightness_equals_pillow_s_but_for_its_truncation(factor, n_channels, seed):
    picture = np.random.default_rng(seed).uniform(0, 255, (4, 5, n_channels)).astype(np.float32)
    picture[0, 0] = 200
    image = array_to_img(picture, scale=False)
    expected = img_to_array(ImageEnhance.Brightness(image).enhance(factor))
    assert np.abs(ImageDataGenerator().apply_transform(picture, {"brightness": factor}) - expected).max() < 1.01


@given(amount=st.floats(-300, 300), low=st.sampled_from([0, -1, 0.5]), high=st.sampled_from([1, 100, 255]))
def test_channel_shift_equals_clipping(amount, low, high):
    picture = np.random.default_rng(0).uniform(low, high, (6, 4, 3)).astype(np.float32)
    out = ImageDataGenerator().apply_transform(picture, {"channel_shift_intensity": amount})
    assert np.abs(out - np.clip(picture + np.float64(amount), picture.min(), picture.max())).max() < 1e-4


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


def test_a_spline_s_overshoot_does_not_change_what_black_is():
    board = np.kron(np.indices((4, 4)).sum(0) % 2 * 255, np.ones((3, 3)))[..., None].astype(np.float32)
    turned = ImageDataGenerator(interpolation_order=3).apply_transform(board, {"theta": 10})
    assert turned.min() < -1
    dark = ImageDataGenerator(interpolation_order=3).apply_transform(board, {"theta": 10, "brightness": 0.5})
    assert np.array_equal(dark, (np.floor(turned) * np.float32(0.5)).clip(0, 255))


def test_pictures_of_a_batch_do_not_see_each_other():
    batch = np.stack([np.full((2, 2, 1), 10), np.arange(4).reshape(2, 2, 1)]).astype(np.float32)
    shift_channels(batch, np.array([100.0, -1.0]))
    assert batch[0].ravel().tolist() == [10, 10, 10, 10], "kept within its own smallest and largest"
    assert batch[1].ravel().tolist() == [0, 0, 1, 2]
