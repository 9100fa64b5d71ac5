"""Keras' functions on single pictures: their meaning by real scipy, their draws by numpy's RandomState."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import DataError, ImageDataGenerator, SpecError, augment
from engine.augment import transforms
from engine.augment.transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    transform_matrix_offset_center,
)
from engine.catalog import FILL_MODES
from tests.augment.scipy_oracle import AFFINE, transform

LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
PICTURE = np.random.default_rng(0).uniform(0, 255, (9, 14, 3)).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    axes=st.permutations((0, 1, 2)),
    parameters=AFFINE,
    fill_mode=st.sampled_from(list(FILL_MODES)),
    order=st.integers(0, 5),
)
def test_apply_affine_transform_equals_scipy_whatever_the_axes(axes, parameters, fill_mode, order):
    expected, unsure = transform(PICTURE, parameters, fill_mode, 3.0, order)
    x = np.moveaxis(PICTURE, (0, 1, 2), axes)
    names = dict(zip(("row_axis", "col_axis", "channel_axis"), axes, strict=True))
    out = apply_affine_transform(x, **parameters, **names, fill_mode=fill_mode, cval=3.0, order=order)
    assert out.shape == x.shape
    assert np.abs(np.moveaxis(out, axes, (0, 1, 2)) - expected)[~unsure].max(initial=0) < 1e-3


def test_order_of_arguments():
    by_place = apply_affine_transform(PICTURE, 5, 1, 2, 3, 0.9, 1.1, 0, 1, 2, "constant", 9.0, 0)
    by_name = ImageDataGenerator(fill_mode="constant", cval=9.0, interpolation_order=0).apply_transform(
        PICTURE, {"theta": 5, "tx": 1, "ty": 2, "shear": 3, "zx": 0.9, "zy": 1.1}
    )
    assert np.array_equal(by_place, by_name)


@pytest.mark.parametrize(
    ("draw", "parameters"),
    [
        (lambda: random_rotation(PICTURE, 30, **LAST), lambda u: {"theta": u(30)}),
        (lambda: random_shift(PICTURE, 0.2, 0.4, **LAST), lambda u: {"ty": u(0.4) * 9, "tx": u(0.2) * 14}),
        (lambda: random_shear(PICTURE, 20, **LAST), lambda u: {"shear": u(20)}),
        (lambda: random_zoom(PICTURE, (0.5, 1.5), **LAST), lambda u: {"zx": 1 + u(0.5), "zy": 1 + u(0.5)}),
        (lambda: random_channel_shift(PICTURE, 30, 2), lambda u: {"channel_shift_intensity": u(30)}),
        (lambda: random_brightness(PICTURE, [0.5, 1.5], False), lambda u: {"brightness": 1 + u(0.5)}),
    ],
    ids=["rotation", "shift", "shear", "zoom", "channel_shift", "brightness"],
)
def test_random_functions_draw_keras_numbers(draw, parameters):
    np.random.seed(11)
    found = draw()
    state = np.random.RandomState(11)
    wanted = parameters(lambda largest: state.uniform(-largest, largest))
    assert np.allclose(found, ImageDataGenerator().apply_transform(PICTURE, wanted), atol=1e-3)


def test_width_means_sideways():
    dot = np.zeros((1, 9, 9), np.float32)
    dot[0, 4, 4] = 1
    rows = {int(random_shift(dot, 0.4, 0, fill_mode="constant").argmax()) // 9 for _ in range(20)}
    columns = {int(random_shift(dot, 0, 0.4, fill_mode="constant").argmax()) % 9 for _ in range(20)}
    assert rows == columns == {4}


def test_zoom_of_one_draws_nothing():
    np.random.seed(3)
    assert np.array_equal(random_zoom(PICTURE, (1, 1), **LAST), PICTURE)
    assert np.random.random_sample() == np.random.RandomState(3).random_sample()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16, np.float32, np.float64])
def test_dtype_stays_and_whole_numbers_are_rounded(dtype):
    x = (PICTURE.clip(1, 250)).astype(dtype)
    exact = apply_affine_transform(x.astype(np.float32), theta=20, order=3, **LAST)
    turned = apply_affine_transform(x, theta=20, order=3, **LAST)
    assert turned.dtype == dtype
    assert np.abs(turned - exact.clip(0, 255))[(exact > 0) & (exact < 255)].max() <= (
        0.5 if dtype != np.float16 else 0.1
    )
    assert apply_channel_shift(x, 4.2).dtype == dtype
    assert apply_brightness_shift(x, 1.2).dtype == dtype


def test_channel_shift_stays_within_the_picture():
    out = apply_channel_shift(PICTURE, 40.5, channel_axis=2)
    assert np.array_equal(out, np.clip(PICTURE + np.float32(40.5), PICTURE.min(), PICTURE.max()))
    assert (PICTURE < 255).all(), "the given picture is left alone"


@pytest.mark.parametrize("value", [128, 1024, -1024])
def test_brightness_of_one_changes_nothing_unless_it_stretches(value):
    flat = np.full((2, 2, 3), value, np.float32)
    assert np.array_equal(apply_brightness_shift(flat, 1, scale=False), flat)
    assert not apply_brightness_shift(flat, 1, scale=True).any(), "a picture of one value becomes black"


def test_brightness_stretches_from_black_to_white_first():
    x = np.array([0.2, 0.4, 0.6]).reshape(1, 3, 1)
    assert apply_brightness_shift(x, 1).ravel() == pytest.approx([0, 127.5, 255])
    assert apply_brightness_shift(x, 0.5, scale=False).ravel() == pytest.approx([0.1, 0.2, 0.3])


def test_flips_and_matrices():
    assert np.array_equal(flip_axis(PICTURE, 1), PICTURE[:, ::-1])
    assert np.array_equal(flip_axis(PICTURE.tolist(), 0), PICTURE[::-1])
    half_turn = transform_matrix_offset_center(np.diag([-1, -1, 1]), 9, 14)
    assert np.allclose(half_turn, [[-1, 0, 8], [0, -1, 13], [0, 0, 1]]), "the first pixel becomes the last"


def test_the_package_offers_every_name():
    for name in transforms.__dict__:
        if name.startswith(("apply_", "random_")):
            assert getattr(augment, name) is getattr(transforms, name)


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (DataError, "three axes", lambda: random_rotation(0, 3)),
        (DataError, "three axes", lambda: random_shift(PICTURE[0], 0.1, 0.1)),
        (DataError, "three axes", lambda: apply_brightness_shift(3, 1)),
        (SpecError, "finite number for rg", lambda: random_rotation(PICTURE, "much")),
        (SpecError, "finite number for hrg", lambda: random_shift(PICTURE, 0.1, float("nan"))),
        (SpecError, "finite number for intensity", lambda: random_shear(PICTURE, None)),
        (SpecError, "zoom_range", lambda: random_zoom(0, zoom_range=[0])),
        (SpecError, "two numbers for zoom_range", lambda: random_zoom(PICTURE, 0.2)),
        (SpecError, "brightness_range", lambda: random_brightness(0, [0])),
        (SpecError, "two numbers for brightness_range", lambda: random_brightness(PICTURE, None)),
        (SpecError, "brightness", lambda: apply_brightness_shift(PICTURE, -1)),
        (SpecError, "interpolation_order", lambda: apply_affine_transform(PICTURE, theta=3, order=6)),
        (SpecError, "fill_mode", lambda: apply_affine_transform(PICTURE, theta=3, fill_mode="mirror")),
        (SpecError, "finite number for zx", lambda: apply_affine_transform(PICTURE, zx="wide")),
        (SpecError, r"\(1, 2, 2\)", lambda: random_rotation(PICTURE, 3, channel_axis=2)),
        (SpecError, r"\(1, 2, 5\)", lambda: apply_affine_transform(PICTURE, channel_axis=5)),
        (SpecError, "three different axes", lambda: random_shift(PICTURE, 0.1, 0.1, row_axis="rows")),
    ],
)
def test_bad_input_is_explained(error, words, call):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "function",
    [
        augment.img_to_array,
        augment.array_to_img,
        lambda picture: augment.save_img("never written.png", picture),
        apply_affine_transform,
        lambda picture: apply_channel_shift(picture, 1),
        lambda picture: apply_brightness_shift(picture, 1),
        lambda picture: flip_axis(picture, 0),
        lambda picture: ImageDataGenerator().apply_transform(picture, {}),
    ],
)
def test_a_value_that_is_no_number_is_refused(function, value):
    picture = PICTURE.copy()
    picture[4, 5, 1] = value
    with pytest.raises(DataError, match="NaN"):
        function(picture)


@pytest.mark.parametrize(
    "function",
    [
        augment.img_to_array,
        augment.array_to_img,
        augment.save_img,
        apply_affine_transform,
        apply_channel_shift,
        apply_brightness_shift,
        flip_axis,
        ImageDataGenerator.apply_transform,
    ],
)
def test_the_docstring_says_what_is_refused(function):
    assert "value is NaN or infinite" in function.__doc__.partition("Raises")[2]
