"""Picture files: every kind decodes right, resizing is Pillow's, arrays and files turn into each other."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine import DataError, ImageDataGenerator, SpecError
from engine.augment import array_to_img, img_to_array, load_img, save_img
from engine.augment.pictures import INTERPOLATIONS, read_pixels
from engine.paths import PROJECT


def _noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def _file(image, format_="PNG", **options):
    file = io.BytesIO()
    image.save(file, format_, **options)
    file.seek(0)
    return file


def test_the_names_are_imported_when_they_are_used():
    program = (
        "import sys, engine.augment; from engine.augment import ImageDataGenerator; ImageDataGenerator(); "
        "assert not {'PIL', 'pandas', 'numba', 'torch'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=PROJECT).returncode == 0


# --- reading ---


@pytest.mark.parametrize("how", ["str", "bytes", "path", "file", "BytesIO"])
def test_every_kind_of_source(tmp_path, how):
    pixels = _noise(5, 7)
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    with path.open("rb") as file:
        source = {
            "str": str(path),
            "bytes": bytes(path),
            "path": path,
            "file": file,
            "BytesIO": io.BytesIO(path.read_bytes()),
        }[how]
        image = load_img(source)
    assert isinstance(image, Image.Image)
    assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_is_applied_once(orientation, format_):
    stored = Image.fromarray(np.kron(_noise(2, 3), np.ones((16, 16, 1), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {1: [], 2: ["m"], 3: ["m", "f"], 4: ["f"], 5: ["t"], 6: ["t", "m"], 7: ["t", "m", "f"], 8: ["t", "f"]}
    expected = np.asarray(stored)
    for step in turned[orientation]:
        expected = {"m": expected[:, ::-1], "f": expected[::-1], "t": expected.transpose(1, 0, 2)}[step]
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format_, {})
    got = np.asarray(load_img(_file(stored, format_, exif=exif, **options)))
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).max() <= (6 if format_ == "JPEG" else 0)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_damaged_notes_of_a_camera_do_not_cost_the_picture(format_):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = _file(Image.new("RGB", (8, 6), (255, 0, 0)), format_, exif=exif).getvalue()
    damaged = bytearray(stored.replace(exif.tobytes()[6:], b"??" + exif.tobytes()[8:]))
    if format_ == "PNG":
        start = damaged.index(b"eXIf")
        end = start + 4 + int.from_bytes(damaged[start - 4 : start], "big")
        damaged[end : end + 4] = zlib.crc32(damaged[start:end]).to_bytes(4, "big")
    assert damaged != stored
    got = np.asarray(load_img(io.BytesIO(damaged)))
    assert got.shape == (6, 8, 3)
    assert (got[..., 0] > 200).all()


def test_cmyk():
    cmyk = np.zeros((16, 16, 4), np.uint8)
    cmyk[..., 0], cmyk[:8, :, 3] = 255, 128  # cyan; the upper half darkened
    got = np.asarray(load_img(_file(Image.fromarray(cmyk, "CMYK"), "JPEG", quality=100)))
    assert np.abs(got[12, 12].astype(int) - (0, 255, 255)).max() <= 3
    assert np.abs(got[4, 4].astype(int) - (0, 127, 127)).max() <= 3


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits(format_, tmp_path):
    values = np.array([[0, 257, 32896], [65535, 65400, 100]], np.uint16)
    path = tmp_path / "a"
    Image.fromarray(values).save(path, format_)
    eight = np.array([[0, 1, 128], [255, 254, 0]], np.uint8)
    assert np.array_equal(np.asarray(load_img(path, "grayscale")), values), "the full depth is kept"
    assert np.array_equal(np.asarray(load_img(path)), np.repeat(eight[..., None], 3, axis=2))
    assert np.array_equal(read_pixels(str(path), "grayscale", (2, 3), "nearest", False)[..., 0], eight)


def test_sixteen_bits_with_the_high_byte_first():
    values = np.array([[0, 257, 32896], [65535, 65400, 100]], ">u2")
    tags = {256: 3, 257: 2, 258: 16, 259: 1, 262: 1, 273: 8, 277: 1, 278: 2, 279: 12}
    entries = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items())
    file = b"MM\0*" + struct.pack(">I", 20) + values.tobytes() + struct.pack(">H", len(tags)) + entries + bytes(4)
    assert np.array_equal(np.asarray(load_img(io.BytesIO(file), "grayscale")), values)
    assert np.asarray(load_img(io.BytesIO(file)))[..., 0].tolist() == [[0, 1, 128], [255, 254, 0]]


def test_palette_with_opacity():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    file = _file(image, transparency=bytes([255, 40])).getvalue()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.asarray(load_img(io.BytesIO(file))).tolist() == [[[10, 20, 30], [200, 100, 50]]]
        assert np.asarray(load_img(io.BytesIO(file), "rgba")).tolist() == [[[10, 20, 30, 255], [200, 100, 50, 40]]]


def test_grey_with_opacity_and_one_bit():
    grey = np.array([[[7, 0], [200, 255]]], np.uint8)
    file = _file(Image.fromarray(grey, "LA")).getvalue()
    assert np.asarray(load_img(io.BytesIO(file), "grayscale")).tolist() == [[7, 200]]
    assert np.asarray(load_img(io.BytesIO(file), "rgba")).tolist() == [[[7, 7, 7, 0], [200, 200, 200, 255]]]
    bits = _file(Image.fromarray(np.array([[True, False]]))).getvalue()
    assert np.asarray(load_img(io.BytesIO(bits), "grayscale")).tolist() == [[255, 0]]
    assert np.asarray(load_img(io.BytesIO(bits))).tolist() == [[[255] * 3, [0] * 3]]


@pytest.mark.parametrize("format_", ["WEBP", "PNG", "TIFF"])
def test_opacity_survives_in_rgba(format_):
    pixels = _noise(6, 5, 4)
    pixels[..., 3] |= 1  # a WebP may forget the colour of what cannot be seen
    options = {"lossless": True} if format_ == "WEBP" else {}
    file = _file(Image.fromarray(pixels), format_, **options).getvalue()
    assert np.array_equal(np.asarray(load_img(io.BytesIO(file), "rgba")), pixels)
    assert np.array_equal(np.asarray(load_img(io.BytesIO(file))), pixels[..., :3])


# --- resizing ---


@pytest.mark.parametrize("name", INTERPOLATIONS)
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("size", [(9, 4), (40, 33)])
def test_resizing_is_pillows(name, color_mode, size):
    file = _file(Image.fromarray(_noise(20, 15, 4))).getvalue()
    mode = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}[color_mode]
    expected = Image.open(io.BytesIO(file)).convert(mode).resize(size[::-1], getattr(Image.Resampling, name.upper()))
    got = load_img(io.BytesIO(file), color_mode, target_size=size, interpolation=name)
    assert np.array_equal(np.asarray(got), np.asarray(expected))


@pytest.mark.parametrize(("had", "wanted"), [((20, 30), (10, 10)), ((30, 20), (8, 16)), ((1, 500), (9, 2))])
def test_the_middle_is_cut_out_to_keep_proportions(had, wanted):
    image = Image.fromarray(_noise(*had))
    got = load_img(_file(image), target_size=wanted, interpolation="bilinear", keep_aspect_ratio=True)
    height, width = had
    part = (min(height, width * wanted[0] // wanted[1]), min(width, height * wanted[1] // wanted[0]))
    top, left = (height - part[0]) // 2, (width - part[1]) // 2
    box = (left, top, left + part[1], top + part[0])
    assert np.array_equal(np.asarray(got), np.asarray(image.resize(wanted[::-1], Image.Resampling.BILINEAR, box=box)))
    if had == (20, 30):
        same = ImageOps.fit(image, wanted[::-1], Image.Resampling.BILINEAR)
        assert np.array_equal(np.asarray(got), np.asarray(same))


@pytest.mark.parametrize("name", INTERPOLATIONS)
def test_deep_grey_can_be_resized(name, tmp_path):
    path = tmp_path / "a.tiff"
    Image.fromarray(np.full((8, 8), 40000, np.uint16)).save(path)
    assert np.asarray(load_img(path, "grayscale", (3, 5), name)).tolist() == [[40000] * 5] * 3
    assert (read_pixels(str(path), "grayscale", (3, 5), name, False) == round(40000 / 257)).all()


# --- what cannot be read ---


def _png_of_size(width, height):
    """A PNG that claims a size."""
    good = _file(Image.new("L", (1, 1))).getvalue()
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return good[:12] + header + struct.pack(">I", zlib.crc32(header)) + good[33:]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "UnidentifiedImageError"),
        (b"no picture", "UnidentifiedImageError"),
        (_file(Image.fromarray(_noise(50, 50))).getvalue()[:900], ""),
        (_file(Image.fromarray(_noise(50, 50)), "JPEG").getvalue()[:900], "truncated"),
        (_png_of_size(30_000, 30_000), "DecompressionBombError"),
    ],
)
def test_a_bad_file_is_named(tmp_path, content, reason):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.png") as caught:
        load_img(path)
    assert reason in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.png"):
        load_img(tmp_path / "gone.png")


def test_arguments_are_checked(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(_noise(4, 4)).save(path)
    assert load_img(path, interpolation="unused without a size").size == (4, 4)
    for wrong in (
        {"color_mode": "cmyk"},
        {"target_size": (4, 4), "interpolation": "cubic"},
        {"target_size": 4},
        {"target_size": (4, 0)},
        {"target_size": (4, 4, 3)},
    ):
        with pytest.raises(SpecError):
            load_img(path, **wrong)
    with pytest.warns(UserWarning, match="color_mode"):
        assert load_img(path, grayscale=True).mode == "L"


# --- arrays ---


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_there_and_back(channels, data_format):
    pixels = _noise(5, 7, channels)
    given = pixels.transpose(2, 0, 1) if data_format == "channels_first" else pixels
    image = array_to_img(given, data_format, scale=False)
    assert image.size == (7, 5)
    back = img_to_array(image, data_format)
    assert back.dtype == np.float32
    assert np.array_equal(back, given)


def test_scale_stretches_from_black_to_white():
    x = np.array([[[-1.0], [0.0], [1.0]]])
    assert np.asarray(array_to_img(x)).tolist() == [[0, 127, 255]]
    assert np.asarray(array_to_img(np.full((1, 2, 1), 9))).tolist() == [[0, 0]]
    assert np.asarray(array_to_img(np.array([[[-5.0], [99.9], [255.0]]]), scale=False)).tolist() == [[0, 99, 255]]


def test_deep_grey_there_and_back(tmp_path):
    values = np.array([[[-70000], [2**31 - 1]], [[0], [5]]], np.int32)
    image = array_to_img(values, scale=False)
    assert image.mode == "I"
    image.save(tmp_path / "a.tiff")
    assert np.array_equal(img_to_array(load_img(tmp_path / "a.tiff", "grayscale"), dtype="int32"), values)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2), (4, 4, 5), (1, 4, 4, 3)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(DataError):
        array_to_img(np.zeros(shape))
    if len(shape) == 4:
        with pytest.raises(DataError):
            img_to_array(np.zeros(shape))
    with pytest.raises(SpecError):
        array_to_img(np.zeros((4, 4, 3)), data_format="channels")
    with pytest.raises(SpecError):
        img_to_array(np.zeros((4, 4, 3)), data_format="channels")


@pytest.mark.parametrize("ending", ["png", "PNG", "bmp", "tif", "tiff", "ppm", "webp"])
def test_save_and_load(tmp_path, ending):
    pixels = _noise(6, 5)
    options = {"lossless": True} if ending == "webp" else {}
    save_img(tmp_path / f"a.{ending}", pixels, scale=False, **options)
    assert np.array_equal(np.asarray(load_img(tmp_path / f"a.{ending}")), pixels)


def test_save_to_a_file_object_and_as_jpeg(tmp_path):
    file = io.BytesIO()
    save_img(file, np.full((8, 8, 1), 90), file_format="jpg", scale=False, quality=95)
    assert Image.open(file).format == "JPEG"
    with pytest.warns(UserWarning, match="opacity"):
        save_img(str(tmp_path / "a.jpg"), _noise(8, 8, 4))
    assert load_img(tmp_path / "a.jpg").size == (8, 8)


# --- save_to_dir ---


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_flow_saves_what_it_makes(tmp_path, data_format):
    images = _noise(5 * 6, 6, 1).reshape(5, 6, 6, 1)
    given = images.transpose(0, 3, 1, 2) if data_format == "channels_first" else images
    generator = ImageDataGenerator(data_format=data_format, horizontal_flip=True)
    flow = generator.flow(given, batch_size=2, seed=3, save_to_dir=tmp_path / "new", save_prefix="p")
    made = {}
    for k in range(3):
        made.update(zip(flow.batch_indices(0, k).tolist(), flow[k], strict=True))
    files = {int(path.name.split("_")[1]): path for path in (tmp_path / "new").glob("p_*.png")}
    assert sorted(files) == list(range(5))
    for index, path in files.items():
        saved = img_to_array(load_img(path, "grayscale"), data_format)
        assert np.array_equal(saved, img_to_array(array_to_img(made[index], data_format), data_format))
