"""Resizing is Pillow's, bit for bit: every filter, smaller and larger, whole pictures and parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.augment import resize as resizing
from engine.augment.pictures import INTERPOLATIONS, read_pixels
from engine.augment.resize import FILTERS, resize

SIDES = st.one_of(st.integers(1, 12), st.integers(1, 90))


def _pillow(pixels, size, interpolation, box=None):
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])
    made = image.resize(size[::-1], Image.Resampling[interpolation.upper()], box=box)
    return np.asarray(made).reshape(*size, -1)


def _picture(height, width, n_channels, seed):
    """Noise of all values, black and white among them, since filters overshoot there."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 256, (height, width, n_channels), np.uint8)
    return np.where(random.random(values.shape) < 0.3, random.choice([0, 255], values.shape), values).astype(np.uint8)


def test_filters_are_those_that_can_be_asked_for():
    assert {*FILTERS, "nearest"} == set(INTERPOLATIONS)


@settings(deadline=None, max_examples=300)
@given(
    had=st.tuples(SIDES, SIDES),
    size=st.tuples(SIDES, SIDES),
    n_channels=st.sampled_from([1, 3]),
    interpolation=st.sampled_from(list(FILTERS)),
    seed=st.integers(0, 99),
)
def test_equals_pillow_bit_for_bit(had, size, n_channels, interpolation, seed):
    pixels = _picture(*had, n_channels, seed)
    assert np.array_equal(resize(pixels, size, interpolation), _pillow(pixels, size, interpolation))


@settings(deadline=None, max_examples=100)
@given(
    had=st.tuples(st.integers(2, 60), st.integers(2, 60)),
    size=st.tuples(SIDES, SIDES),
    interpolation=st.sampled_from(list(FILTERS)),
    data=st.data(),
)
def test_parts_equal_pillow_s(had, size, interpolation, data):
    pixels = _picture(*had, 3, 0)
    top, left = (data.draw(st.integers(0, side - 1)) for side in had)
    bottom, right = (data.draw(st.integers(first + 1, side)) for first, side in zip((top, left), had, strict=True))
    box = (left, top, right, bottom)
    assert np.array_equal(resize(pixels, size, interpolation, box), _pillow(pixels, size, interpolation, box))


@pytest.mark.parametrize("interpolation", FILTERS)
def test_large_pictures_are_widened_in_bands(interpolation, monkeypatch):
    pixels = _picture(700, 500, 3, 1)
    assert pixels.nbytes > 3 * resizing.BAND_BYTES
    expected = _pillow(pixels, (64, 65), interpolation)
    for band_bytes in (resizing.BAND_BYTES, 1):
        monkeypatch.setattr(resizing, "BAND_BYTES", band_bytes)
        assert np.array_equal(resize(pixels, (64, 65), interpolation), expected)


def test_the_kernel_is_compiled_once():
    for picture in (_picture(9, 8, 3, 0), _picture(40, 8, 1, 0)):
        for is_writeable in (True, False):
            picture.flags.writeable = is_writeable
            resize(picture, (5, 6), "bilinear")
            resize(picture, (5, 6), "bilinear", (1, 1, 7, 8))
    assert len(resizing._blend.signatures) == len(resizing._weights.signatures) == 1


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "I;16"])
def test_files_of_every_kind_are_what_load_img_makes_of_them(tmp_path, mode, color_mode):
    random = np.random.default_rng(0)
    if mode == "I;16":
        image = Image.fromarray(random.integers(0, 65536, (40, 30), np.uint16))
    else:
        image = Image.fromarray(_picture(40, 30, 4, 0)).convert(mode)
    image.save(tmp_path / "x.png")
    from engine.augment.pictures import _eight_bit, load_img

    for interpolation in INTERPOLATIONS:
        for keep in (False, True):
            arguments = (color_mode, (16, 20), interpolation, keep)
            expected = np.asarray(_eight_bit(load_img(tmp_path / "x.png", *arguments))).reshape(16, 20, -1)
            assert np.array_equal(read_pixels(str(tmp_path / "x.png"), *arguments), expected)
