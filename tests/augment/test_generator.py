"""ImageDataGenerator: recorded Keras results, its arguments and what it says about bad ones."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from string import Formatter

import numpy as np
import pytest

from engine import AugmentSpec, DataError, ImageDataGenerator, SpecError, catalog
from engine.augment import affine
from engine.augment.arguments import CHECKS
from engine.paths import PROJECT
from engine.texts import LANGUAGES
from engine.texts.augment import WARNINGS
from tests.oracle.load import recorded

SEED_EXAMPLE = {
    "rotation_range": 30,
    "zoom_range": 0.20,
    "fill_mode": "nearest",
    "shear_range": 0.20,
    "horizontal_flip": True,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
}


def _worst(case, arrays, generator):
    """Largest difference from a recorded picture, and what is allowed."""
    ours = generator.apply_transform(arrays[case["image"]], case["params"])
    expected = arrays[case["out"]]
    assert ours.dtype == np.float32 and ours.shape == expected.shape
    difference = np.abs(ours - expected)
    if case.get("edge"):
        difference[arrays[case["edge"]].astype(bool)] = 0
    # Keras truncates to integers after it has multiplied by the brightness.
    return difference.max(), 1.01 if case["params"].get("brightness") is not None else 1e-3


def test_equals_keras_on_square_pictures():
    arrays, cases = recorded("affine_square")
    assert len(cases) > 400
    for case in cases:
        worst, allowed = _worst(case, arrays, ImageDataGenerator(fill_mode=case["fill_mode"], cval=case["cval"]))
        assert worst < allowed, case


def test_equals_keras_on_oblong_pictures_but_for_its_centre(monkeypatch):
    arrays, cases = recorded("affine_oblong")
    assert len(cases) > 100
    centred = [case for case in cases if {"theta", "shear", "zx", "zy"} & set(case["params"])]
    assert 0 < len(centred) < len(cases)
    for case in (case for case in cases if case not in centred):
        worst, allowed = _worst(case, arrays, ImageDataGenerator(fill_mode=case["fill_mode"], cval=case["cval"]))
        assert worst < allowed, case

    # The size enters the matrix by the centre alone: exchanged sides exchange its two coordinates, as Keras does.
    as_meant = affine.matrices
    monkeypatch.setattr(affine, "matrices", lambda parameters, height, width: as_meant(parameters, width, height))
    for case in centred:
        worst, allowed = _worst(case, arrays, ImageDataGenerator(fill_mode=case["fill_mode"], cval=case["cval"]))
        assert worst < allowed, case


@pytest.mark.filterwarnings("ignore:shear_range")
def test_equals_keras_on_drawn_parameters():
    arrays, cases = recorded("random_transform")
    generators = recorded("random_transform", "generators")[1]
    for case in cases:
        worst, allowed = _worst(case, arrays, ImageDataGenerator(**generators[case["generator"]]))
        assert worst < allowed, case


@pytest.mark.filterwarnings("ignore:shear_range")
def test_random_transform_equals_keras_where_nothing_is_shifted():
    """Keras exchanges the shifts, so only pictures without one can be drawn alike."""
    arrays, cases = recorded("random_transform")
    generators = recorded("random_transform", "generators")[1]
    cases = [case for case in cases if not case["params"]["tx"] and not case["params"]["ty"]]
    assert cases
    for case in cases:
        ours = ImageDataGenerator(**generators[case["generator"]]).random_transform(arrays[case["image"]], case["seed"])
        allowed = 1.01 if case["params"]["brightness"] is not None else 1e-3
        assert np.abs(ours - arrays[case["out"]]).max() < allowed, case


@pytest.mark.parametrize("case", ["neutral", "no channel axis", "batch"])
def test_one_picture(case):
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    generator = ImageDataGenerator(rotation_range=40)
    if case == "neutral":
        assert np.array_equal(generator.apply_transform(picture, {}), picture)
        turned = generator.apply_transform(picture, generator.get_random_transform(picture.shape, seed=3))
        assert np.array_equal(generator.random_transform(picture, seed=3), turned)
        return
    with pytest.raises(DataError, match="three axes"):
        generator.random_transform(picture[..., 0] if case == "no channel axis" else picture[None])


def test_channels_first_is_the_same_picture():
    images = np.random.default_rng(0).integers(0, 256, (6, 9, 14, 3), dtype=np.uint8)
    settings = SEED_EXAMPLE | {"channel_shift_range": 20, "brightness_range": (0.5, 1.5), "shear_range": 10}
    last = ImageDataGenerator(**settings).augment(images, np.arange(6), 1, 0)
    first = ImageDataGenerator(**settings, data_format="channels_first").augment(
        np.moveaxis(images, 3, 1), np.arange(6), 1, 0
    )
    assert first.shape == (6, 3, 9, 14)
    assert np.array_equal(np.moveaxis(first, 1, 3), last)


def test_channels_first_learns_and_standardizes_the_same():
    images = np.random.default_rng(0).integers(0, 256, (12, 5, 7, 3), dtype=np.uint8)
    settings = {"featurewise_center": True, "featurewise_std_normalization": True, "rotation_range": 20}
    last = ImageDataGenerator(**settings)
    first = ImageDataGenerator(**settings, data_format="channels_first")
    last.fit(images, augment=True, rounds=2, seed=4)
    first.fit(np.moveaxis(images, 3, 1), augment=True, rounds=2, seed=4)
    assert np.allclose(first.mean, np.moveaxis(last.mean, 2, 0), rtol=1e-6)
    x, y = (next(g.flow(i, seed=1)) for g, i in ((last, images), (first, np.moveaxis(images, 3, 1))))
    assert np.allclose(np.moveaxis(y, 1, 3), x, atol=1e-5)


def test_fit_looks_at_the_axes():
    generator = ImageDataGenerator(featurewise_center=True)
    with pytest.raises(DataError, match="four axes"):
        generator.fit(np.zeros((3, 10, 10)))
    with pytest.warns(UserWarning, match="data_format"):
        generator.fit(np.zeros((2, 8, 8, 5)))


def test_rescale_fused_or_not_is_the_same():
    images = np.random.default_rng(0).integers(0, 256, (6, 9, 14, 3), dtype=np.uint8)
    settings = SEED_EXAMPLE | {"shear_range": 10, "rescale": 1 / 255}
    fused = ImageDataGenerator(**settings).augment(images, np.arange(6), 1, 0)
    unfused = ImageDataGenerator(**settings, preprocessing_function=lambda p: p).augment(images, np.arange(6), 1, 0)
    assert np.array_equal(fused, unfused)
    assert fused.max() <= 1


def test_nothing_switched_on_changes_nothing():
    images = np.random.default_rng(0).integers(0, 256, (6, 9, 14, 3), dtype=np.uint8)
    out = ImageDataGenerator().augment(images, np.array([4, 2]), 1, 0)
    assert out.dtype == np.float32 and np.array_equal(out, images[[4, 2]])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype(dtype):
    images = np.zeros((2, 4, 4, 1), np.uint8)
    generator = ImageDataGenerator(rotation_range=10, dtype=dtype)
    assert generator.augment(images, np.arange(2), 0, 0).dtype == dtype
    assert generator.standardize(images[0]).dtype == dtype
    assert generator.random_transform(images[0]).dtype == dtype


# --- settings ---


@pytest.mark.filterwarnings("ignore:shear_range")
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        SEED_EXAMPLE,
        {"width_shift_range": [1, 2], "zoom_range": (0.5, 0.9), "dtype": "float64", "rescale": 1 / 255},
        {"brightness_range": [0.2, 1.0], "height_shift_range": np.array([0.1, 0.2]), "rotation_range": np.float64(4)},
    ],
)
def test_call_text_makes_an_equal_generator(arguments):
    generator = ImageDataGenerator(**arguments)
    again = eval(generator.call_text())
    assert again.arguments == generator.arguments and again.ranges == generator.ranges


def test_call_text_shows_only_what_is_not_the_default():
    generator = ImageDataGenerator(rotation_range=30, fill_mode="nearest", zoom_range=0.0, horizontal_flip=True)
    assert generator.call_text() == "ImageDataGenerator(\n    rotation_range=30,\n    horizontal_flip=True,\n)"
    assert ImageDataGenerator().call_text() == "ImageDataGenerator()"


def test_flow_takes_its_arguments_in_keras_order():
    order = "x y batch_size shuffle sample_weight seed save_to_dir save_prefix save_format ignore_class_split subset"
    assert list(inspect.signature(ImageDataGenerator().flow).parameters) == order.split()


@pytest.mark.parametrize("preset", catalog.PRESETS)
def test_every_preset_makes_a_generator(preset):
    spec = AugmentSpec.preset(preset)
    generator = ImageDataGenerator.from_spec(spec)
    assert generator.ranges.active == bool(spec.active)
    for name in spec.table:
        assert generator.arguments[name] == getattr(spec, name)


@pytest.mark.parametrize("name", catalog.TRANSFORMS)
def test_every_transform_of_the_catalog_does_something(name):
    generator = ImageDataGenerator.from_spec(AugmentSpec(**{name: catalog.TRANSFORMS[name].on}))
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    assert not np.array_equal(generator.augment(images, np.arange(8), 1, 0), images)


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("rotation_range", np.float32(30), 30.0),
        ("rotation_range", np.int64(30), 30),
        ("width_shift_range", np.array([2, 4]), (2, 4)),
        ("width_shift_range", np.array(0.25), 0.25),
        ("height_shift_range", np.int8(3), 3),
        ("height_shift_range", [np.float64(0.25), 0.5], (0.25, 0.5)),
        ("brightness_range", np.array([0.5, 1.5]), (0.5, 1.5)),
        ("brightness_range", [1, 5], (1, 5)),
        ("zoom_range", [0.5, 1.5], (0.5, 1.5)),
        ("zoom_range", np.array([1.5, 2.5]), (1.5, 2.5)),
        ("channel_shift_range", np.uint8(20), 20),
        ("rescale", np.float64(0.5), 0.5),
        ("cval", np.int32(-3), -3),
        ("horizontal_flip", np.True_, True),
        ("vertical_flip", 1, True),
        ("samplewise_center", np.int64(0), False),
        ("interpolation_order", np.int64(3), 3),
        ("dtype", np.float64, "float64"),
    ],
)
def test_numbers_may_be_numpy_s(name, value, plain):
    generator = ImageDataGenerator(**{name: value})
    assert generator.arguments[name] == plain and type(generator.arguments[name]) is type(plain)
    assert generator.random_transform(np.zeros((6, 8, 3), np.uint8)).shape == (6, 8, 3)


def test_small_shear_warns_at_the_caller():
    with pytest.warns(UserWarning, match="11.5 degrees") as caught:
        ImageDataGenerator(**SEED_EXAMPLE)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ImageDataGenerator(shear_range=1)
        ImageDataGenerator(width_shift_range=1.0)
    with pytest.warns(UserWarning, match="never shifts"):
        ImageDataGenerator(width_shift_range=1)


NAN, INF = float("nan"), float("inf")
BAD = {
    "featurewise_center": [2, None, "yes"],
    "samplewise_center": [0.0],
    "featurewise_std_normalization": ["True"],
    "samplewise_std_normalization": [None],
    "zca_whitening": [2],
    "zca_epsilon": [0, -1e-6, "small", None],
    "rotation_range": [-1, NAN, INF, "30", None, (10, 20), True],
    "width_shift_range": [-0.1, NAN, "0.1", None, [], ["a"], [0.1, NAN], True, -2],
    "height_shift_range": [-0.1, {}, [[1]], b"1"],
    "brightness_range": [0.5, (1,), (0.5, 1, 2), (1.5, 0.5), (-1, 1), "ab", (NAN, 1)],
    "shear_range": [-3, 90, 200, NAN, "12"],
    "zoom_range": [1, 1.5, -0.1, (0, 1), (1.2, 0.8), (1, 2, 3), "0.2", None, NAN, (-1, 1)],
    "channel_shift_range": [-1, NAN, None],
    "fill_mode": ["mirror", None, 0, ["nearest"]],
    "cval": [NAN, "black", None],
    "horizontal_flip": [-1, "left", None],
    "vertical_flip": [0.5],
    "rescale": ["1/255", NAN, [1]],
    "preprocessing_function": ["f", 3],
    "data_format": ["NHWC", 1],
    "validation_split": [1, -0.1, 1.5, NAN, "0.2", None],
    "interpolation_order": [6, -1, 1.0, None, "1", True],
    "dtype": ["uint8", int, "floatish", 7],
}


def test_every_argument_is_tried_with_bad_values():
    assert set(BAD) == set(CHECKS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_argument_is_named_and_explained(name, value):
    with pytest.raises(SpecError) as caught:
        ImageDataGenerator(**{name: value})
    assert caught.value.field == f"augment.{name}"
    for language in LANGUAGES:
        message = caught.value.text(language)
        assert name in message or caught.value.key.startswith("spec."), message
    assert str(caught.value).startswith("Expected ")


@pytest.mark.parametrize("text", WARNINGS.values(), ids=WARNINGS)
def test_warnings_say_the_same_in_every_language(text):
    names = [{name for _, name, _, _ in Formatter().parse(sentence)} for sentence in text]
    assert all(text) and names[0] == names[1]


def test_settings_alone_need_neither_numba_nor_torch():
    program = (
        "import sys, engine.augment.generator as g; g.ImageDataGenerator(rotation_range=3).call_text(); "
        "bad = {'numba', 'torch'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True, timeout=60)
