"""Decoding: any usual picture file to uint8 RGB or grey, turned once, and a reason for everything else."""

from __future__ import annotations

import io
import os

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.data import decode
from engine.data.decode import is_gray, read_image, resize, to_channels
from engine.data.source import UnusablePicture
from tests.data.files import encoded, pixels

RGB = pixels()
OPACITY = np.tile(np.array([255, 128, 0, 255], np.uint8), (12, 4))
HALF_CLEAR = np.dstack([RGB, OPACITY])


def _refused(source):
    with pytest.raises(UnusablePicture) as caught:
        read_image(source)
    return caught.value.key


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_kinds_keep_every_pixel(kind):
    image = Image.fromarray(RGB)
    assert np.array_equal(read_image(encoded(image, kind)), np.asarray(image))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_kinds_keep_colours(kind):
    image = pixels(height=64, width=64)
    assert np.abs(read_image(encoded(image, kind, quality=95)).astype(int) - image).mean() < 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(kind, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    data = encoded(pixels(height=48, width=64), kind, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    decoded = read_image(data)
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("orientation", [1, 2, 6, 7])
def test_opacity_is_turned_with_its_picture(orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    data = encoded(HALF_CLEAR, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    clear = upright[..., 3] == 0
    assert (read_image(data)[clear] == 255).all()
    assert np.array_equal(read_image(data)[upright[..., 3] == 255], upright[upright[..., 3] == 255][:, :3])


def test_half_transparent_parts_are_blended_with_white():
    blended = (RGB * (128 / 255)) + 127
    assert np.abs(read_image(encoded(HALF_CLEAR))[:, 1] - blended[:, 1]).max() <= 1


def test_transparent_palette_and_16_bit_opacity():
    palette = Image.fromarray(RGB).quantize(8)
    clear = np.asarray(palette) == 3
    assert (read_image(encoded(palette, transparency=3))[clear] == 255).all()
    _, deep = cv2.imencode(".png", HALF_CLEAR[..., [2, 1, 0, 3]].astype(np.uint16) * 257)
    assert np.array_equal(read_image(deep.tobytes()), read_image(encoded(HALF_CLEAR)))


def test_other_depths_and_colours():
    sixteen = np.arange(192, dtype=np.uint16).reshape(12, 16) * 300
    assert np.array_equal(read_image(encoded(Image.fromarray(sixteen)))[..., 0], sixteen >> 8)
    assert (
        np.abs(read_image(encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=98)) - RGB.astype(int)).mean()
        < 12
    )
    black_white = Image.fromarray(RGB).convert("1")
    assert np.array_equal(read_image(encoded(black_white))[..., 0], 255 * np.asarray(black_white))


def test_channels_as_asked_for():
    gray = pixels(n_channels=1)
    assert read_image(encoded(gray)).shape == (12, 16, 1)
    assert np.array_equal(read_image(encoded(gray), "rgb"), np.repeat(gray, 3, axis=2))
    assert read_image(encoded(RGB)).shape == (12, 16, 3)
    luminance = RGB @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read_image(encoded(RGB), "grayscale")[..., 0] - luminance).max() <= 1


LARGE = np.random.RandomState(0).randint(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_a_cut_file_is_damaged(kind):
    data = encoded(LARGE, kind)
    assert _refused(data[: len(data) // 2]) == "damaged"
    assert _refused(data[:20]) == "damaged"


def test_what_is_no_picture():
    assert _refused(b"") == "empty"
    assert _refused(b"Dear diary, this is not a picture.") == "not_a_picture"
    assert _refused(b"%PDF-1.7 and so on") == "not_a_picture"
    assert _refused(encoded(pixels(n_channels=1), "GIF")) == "gif"
    assert _refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic") == "heic"
    assert _refused(b"\0\0\0\x18ftypisom\0\0\0\0isom") == "not_a_picture"  # a film


def test_what_cannot_be_opened(tmp_path, monkeypatch):
    assert _refused(tmp_path / "nowhere.png") == "vanished"
    assert _refused(tmp_path) == "unreadable"
    file = tmp_path / "large.png"
    file.write_bytes(encoded(RGB))
    assert np.array_equal(read_image(str(file)), RGB)
    monkeypatch.setattr(decode, "MAX_FILE_BYTES", 10)
    assert _refused(file) == "too_large"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_closed_file(tmp_path):
    file = tmp_path / "closed.png"
    file.write_bytes(encoded(RGB))
    file.chmod(0)
    assert _refused(file) == "no_permission"


def test_a_closed_file_as_the_system_reports_it(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "closed.png"
    file.write_bytes(encoded(RGB))
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert _refused(file) == "no_permission"


def test_resize_keeps_the_whole_picture():
    halves = np.zeros((40, 20, 3), np.uint8)
    halves[:, 10:] = 200
    small = resize(halves, (10, 10))
    assert small.shape == (10, 10, 3)
    assert (small[:, :5] == 0).all()
    assert (small[:, 5:] == 200).all()


def test_shrinking_averages():
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    small = resize(checks.astype(np.uint8)[..., None], (16, 16))
    assert small.shape == (16, 16, 1)
    assert np.abs(small.astype(int) - 127.5).max() <= 1


def test_enlarging_stays_within_the_values():
    large = resize(pixels(n_channels=1), (50, 70))
    assert large.shape == (50, 70, 1)
    assert large.min() >= pixels(n_channels=1).min()
    assert np.array_equal(resize(RGB, RGB.shape[:2]), RGB)


def test_gray_is_what_looks_gray():
    assert is_gray(pixels(n_channels=1))
    assert is_gray(to_channels(pixels(n_channels=1), 3))
    assert not is_gray(RGB)
    assert np.array_equal(to_channels(to_channels(pixels(n_channels=1), 3), 1), pixels(n_channels=1))
