"""JPEGs are read as Pillow reads them, bit for bit, whatever their kind; what is damaged is left to Pillow."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine import DataError
from engine.augment.jpeg import ORIENTATION, read_upright
from engine.augment.pictures import load_img, read_pixels

SAMPLINGS = [getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}") for name in ("411", "420", "422", "440", "444")]


def _picture(height, width, seed=0):
    """Coarse blobs with fine noise on them, as in a photograph."""
    random = np.random.default_rng(seed)
    blobs = cv2.resize(random.integers(0, 256, (3, 3, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.add(blobs, random.integers(0, 24, blobs.shape, np.uint8))


def _pillow(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return str(tmp_path_factory.mktemp("jpeg") / "x.jpg")


@settings(deadline=None, max_examples=150)
@given(
    sides=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    is_grey=st.booleans(),
    quality=st.integers(1, 100),
    sampling=st.sampled_from(SAMPLINGS),
    progressive=st.sampled_from([0, 0, 1]),
    restart=st.sampled_from([0, 0, 1]),
    seed=st.integers(0, 9),
)
def test_pixels_are_pillow_s(path, sides, is_grey, quality, sampling, progressive, restart, seed):
    picture = _picture(*sides, seed)
    settings = {
        cv2.IMWRITE_JPEG_QUALITY: quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR: sampling,
        cv2.IMWRITE_JPEG_PROGRESSIVE: progressive,
        cv2.IMWRITE_JPEG_RST_INTERVAL: restart,
    }
    cv2.imwrite(
        path, picture[:, :, 0] if is_grey else picture, [number for pair in settings.items() for number in pair]
    )
    read = read_upright(path)
    if read is None:
        assert progressive or restart
    else:
        assert np.array_equal(read, _pillow(path))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_damaged_files_are_pillow_s_pixels_or_left_to_it(path, data):
    Image.fromarray(_picture(40, 30)).save(path)
    with open(path, "rb") as file:
        content = bytearray(file.read())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(2, len(content) - 1))] = data.draw(st.integers(0, 255))
    with open(path, "wb") as file:
        file.write(content[: data.draw(st.sampled_from([len(content), len(content) // 2, 30]))])
    read = read_upright(path)
    assert read is None or np.array_equal(read, _pillow(path))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("orientation", [None, *range(1, 9), 99])
def test_orientation_and_other_kinds_are_as_in_load_img(path, mode, orientation):
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    Image.fromarray(_picture(40, 30)).convert(mode).save(path, exif=exif)
    assert (read_upright(path) is None) == (mode == "CMYK" or orientation not in (None, 1))
    expected = load_img(path, target_size=(20, 16), interpolation="bicubic", keep_aspect_ratio=True)
    assert np.array_equal(read_pixels(path, "rgb", (20, 16), "bicubic", True), np.asarray(expected))


def test_other_files_are_left_to_pillow(tmp_path):
    Image.fromarray(_picture(9, 8)).save(tmp_path / "x.png")
    (tmp_path / "text.jpg").write_text("no picture")
    assert read_upright(str(tmp_path / "x.png")) is None
    for name, words in (("text.jpg", r"text\.jpg"), ("none.jpg", r"none\.jpg")):
        assert read_upright(str(tmp_path / name)) is None
        with pytest.raises(DataError, match=words):
            read_pixels(str(tmp_path / name), "rgb", (4, 4), "bilinear", False)
