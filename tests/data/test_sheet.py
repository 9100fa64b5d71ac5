"""Contact sheets: pixels stay sharp, equal pixels give equal files."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.decode import read_image
from engine.data.sheet import contact_sheet, encode_jpeg, encode_png, thumbnail, to_uint8
from tests.data.files import pixels


def test_floats_are_rounded_and_clipped():
    floats = np.array([-3.0, 0.4, 0.6, 254.6, 999.0], dtype=np.float32)
    assert to_uint8(floats).tolist() == [0, 0, 1, 255, 255]


@pytest.mark.parametrize("n_channels", [1, 3])
def test_png_keeps_every_pixel(n_channels):
    image = pixels(n_channels=n_channels)
    assert np.array_equal(read_image(encode_png(image)), image)
    assert encode_png(image) == encode_png(image.copy())


@pytest.mark.parametrize("n_channels", [1, 3])
def test_jpeg_keeps_how_a_picture_looks(n_channels):
    smooth = np.linspace(0, 255, 64 * 48 * n_channels).reshape(64, 48, n_channels).astype(np.uint8)
    data = encode_jpeg(smooth)
    assert np.abs(read_image(data).astype(int) - smooth).max() < 12
    assert data == encode_jpeg(smooth.copy())
    noise = pixels(height=160, width=160, n_channels=n_channels)
    assert len(encode_jpeg(noise)) < 0.5 * len(encode_png(noise))


def test_small_pictures_grow_by_a_whole_factor():
    image = pixels(height=10, width=7)
    large = thumbnail(image, 35)
    assert large.shape == (30, 21, 3)
    assert np.array_equal(large[::3, ::3], image)
    assert np.array_equal(large[2::3, 2::3], image)


def test_large_pictures_shrink_in_proportion():
    assert thumbnail(pixels(height=100, width=50), 20).shape == (20, 10, 3)
    assert thumbnail(pixels(height=1000, width=2), 20).shape == (20, 1, 3)


def test_sheet_places_pictures_row_by_row():
    images = [pixels(seed, 8, 8) for seed in range(5)]
    sheet = contact_sheet(images, n_columns=3, side=16, gap=2)
    assert sheet.shape == (34, 52, 4)
    for k, image in enumerate(images):
        top, left = 18 * (k // 3), 18 * (k % 3)
        assert np.array_equal(sheet[top : top + 16 : 2, left : left + 16 : 2, :3], image)
        assert (sheet[top : top + 16, left : left + 16, 3] == 255).all()
    assert (sheet[18:, 36:, 3] == 0).all()


def test_sheet_on_a_background_with_oblong_and_gray_pictures():
    sheet = contact_sheet([pixels(0, 4, 8, 1)], n_columns=2, side=8, gap=0, background=(9, 8, 7))
    assert sheet.shape == (8, 16, 3)
    assert (sheet[:2] == (9, 8, 7)).all()
    assert np.array_equal(sheet[2:6, :8], np.repeat(pixels(0, 4, 8, 1), 3, axis=2))
