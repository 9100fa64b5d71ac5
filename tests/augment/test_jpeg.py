"""JPEGs are read as Pillow reads them, bit for bit, whatever their kind; what is damaged is left to Pillow."""

from __future__ import annotations

import io
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine import DataError
from engine.augment import pictures
from engine.augment.jpeg import ORIENTATION, read_upright
from engine.augment.pictures import INTERPOLATIONS, load_img, read_pixels

CAMERA = 0x0110  # EXIF's number for its name
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
    assert (read is None) == bool(progressive)
    assert read is None or np.array_equal(read, _pillow(path))


@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_damaged_files_are_pillow_s_pixels_or_left_to_it(path, data):
    content = bytearray(data.draw(st.sampled_from(_whole_files())))
    scan = content.rfind(b"\xff\xda")
    places = st.one_of(st.integers(2, scan), st.integers(scan, len(content) - 1), st.integers(2, len(content) - 1))
    values = st.one_of(st.integers(0, 255), st.sampled_from([0, 255, 0xC2, 0xD0, 0xD9]))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(places)] = data.draw(values)
    if data.draw(st.booleans()):
        place = data.draw(places)
        n_lost, more = data.draw(st.integers(0, 3)), data.draw(st.lists(values, max_size=3))
        content[place : place + n_lost] = bytes(more)
    end = data.draw(st.one_of(st.just(len(content)), st.integers(4, len(content))))
    with open(path, "wb") as file:
        file.write(content[:end])
    read = read_upright(path)
    assert read is None or np.array_equal(read, _pillow(path))


@cache
def _whole_files():
    """Files of several kinds: from cameras, of other samplings, with restarts, progressive, grey, of four inks."""
    exif = _exif(1, with_thumbnail=True)
    settings = [
        {},
        {"exif": exif, "dpi": (72, 72), "comment": b"no comment"},
        {"icc_profile": bytes(300), "quality": 95, "subsampling": 0},
        {"subsampling": 2, "restart_marker_blocks": 2, "optimize": True},
        {"progressive": True},
        {"keep_rgb": True, "xmp": b'<x tiff:Orientation="3"/>'},
    ]
    picture = Image.fromarray(_picture(40, 30))
    files = [_jpeg(picture, **given) for given in settings]
    return files + [_jpeg(picture.convert(mode)) for mode in ("L", "CMYK")]


def _jpeg(image, **settings):
    file = io.BytesIO()
    image.save(file, "JPEG", **settings)
    return file.getvalue()


def _exif(orientation, with_thumbnail=False):
    """What a camera notes; a thumbnail is a whole JPEG in the midst of the header."""
    exif = Image.Exif()
    exif[CAMERA] = "a camera"
    if orientation is not None:
        exif[ORIENTATION] = orientation
    return exif.tobytes() + (_jpeg(Image.fromarray(_picture(16, 12))) if with_thumbnail else b"")


@pytest.mark.parametrize("with_thumbnail", [False, True])
@pytest.mark.parametrize("orientation", [None, 1, 2, 6, 8])
def test_pictures_of_cameras_are_read_if_they_are_upright(path, orientation, with_thumbnail):
    Image.fromarray(_picture(40, 30)).save(path, exif=_exif(orientation, with_thumbnail))
    read = read_upright(path)
    assert (read is None) == (orientation not in (None, 1))
    assert read is None or np.array_equal(read, _pillow(path))


@pytest.mark.parametrize("n", [1, 2, 4, 100, 500])
def test_cut_files_are_left_to_pillow_which_refuses_them(path, n):
    content = _whole_files()[0]
    for kept in (content[:-n], content[:n]):
        with open(path, "wb") as file:
            file.write(kept)
        assert read_upright(path) is None
    with pytest.raises(DataError, match=r"x\.jpg"):
        read_pixels(path, "rgb", (4, 4), "bilinear", False)


def test_what_follows_a_picture_is_not_read(path):
    with open(path, "wb") as file:
        file.write(_whole_files()[0] + b"a film, as some phones add it")
    assert np.array_equal(read_upright(path), _pillow(path))


@pytest.mark.parametrize("kind", [0xC2, 0xC3, 0xC5, 0xC9, 0xCB])
def test_rare_kinds_are_left_to_pillow(path, kind):
    with open(path, "wb") as file:
        file.write(_whole_files()[0].replace(b"\xff\xc0", bytes([255, kind])))
    assert read_upright(path) is None


def test_pillow_has_its_say_about_large_pictures(path, monkeypatch):
    Image.fromarray(_picture(40, 30)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30)
    assert read_upright(path) is not None
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30 - 1)
    with pytest.warns(Image.DecompressionBombWarning):
        assert read_upright(path) is not None
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30 // 2 - 1)
    assert read_upright(path) is None
    with pytest.raises(DataError, match="DecompressionBombError"):
        read_pixels(path, "rgb", (4, 4), "bilinear", False)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_upright(path) is not None


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("orientation", [None, *range(1, 9), 99])
def test_orientation_and_other_kinds_are_as_in_load_img(path, mode, orientation):
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    Image.fromarray(_picture(40, 30)).convert(mode).save(path, exif=exif)
    assert (read_upright(path) is None) == (mode == "CMYK" or orientation not in (None, 1))
    for interpolation in ("nearest", "bicubic"):
        expected = load_img(path, target_size=(20, 16), interpolation=interpolation, keep_aspect_ratio=True)
        assert np.array_equal(read_pixels(path, "rgb", (20, 16), interpolation, True), np.asarray(expected))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("size", [(20, 16), (40, 30), (70, 50)])
def test_common_files_are_decoded_once_however_they_are_resized(path, monkeypatch, interpolation, size):
    Image.fromarray(_picture(40, 30)).save(path)
    expected = load_img(path, target_size=size, interpolation=interpolation)
    monkeypatch.setattr(pictures, "_decoded", lambda path: pytest.fail("Pillow decodes it, too"))
    assert np.array_equal(read_pixels(path, "rgb", size, interpolation, False), np.asarray(expected))


def test_other_files_are_left_to_pillow(tmp_path):
    Image.fromarray(_picture(9, 8)).save(tmp_path / "x.png")
    (tmp_path / "text.jpg").write_text("no picture")
    assert read_upright(str(tmp_path / "x.png")) is None
    for name, words in (("text.jpg", r"text\.jpg"), ("none.jpg", r"none\.jpg")):
        assert read_upright(str(tmp_path / name)) is None
        with pytest.raises(DataError, match=words):
            read_pixels(str(tmp_path / name), "rgb", (4, 4), "bilinear", False)
