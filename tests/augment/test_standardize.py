"""Standardization against recorded Keras results; the caller's arrays are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import DataError, ImageDataGenerator
from tests.oracle.load import recorded

ARRAYS, CASES = recorded("standardize")
SWITCHES = (
    "featurewise_center",
    "featurewise_std_normalization",
    "samplewise_center",
    "samplewise_std_normalization",
    "zca_whitening",
)


@pytest.mark.parametrize(
    ("case", "data_format"),
    [
        (case, data_format)
        for case in CASES
        for data_format in ("channels_last", "channels_first")
        # The recorded whitening matrix has the values of a picture in the order of channels last.
        if not (case["kwargs"].get("zca_whitening") and data_format == "channels_first")
    ],
    ids=lambda part: part["name"] if isinstance(part, dict) else part,
)
def test_equals_keras(case, data_format):
    first = data_format == "channels_first"
    axes = (lambda a: np.moveaxis(a, -1, -3)) if first else (lambda a: a)
    x = ARRAYS["x"]
    generator = ImageDataGenerator(**case["kwargs"], data_format=data_format)
    generator.fit(axes(x))
    out = np.stack([generator.standardize(axes(image)) for image in x])
    assert np.abs(out - axes(ARRAYS[f"{case['name']}/out"])).max() < 1e-4
    for name in ("mean", "std", "zca_whitening_matrix"):
        if f"{case['name']}/{name}" in ARRAYS:
            expected = ARRAYS[f"{case['name']}/{name}"]
            found = getattr(generator.standardization, name)
            assert np.abs(found - (expected if name.startswith("zca") else axes(expected))).max() < 1e-4


@settings(deadline=None, max_examples=80)
@given(
    switches=st.fixed_dictionaries({name: st.booleans() for name in SWITCHES}),
    rescale=st.sampled_from([None, 0, 1, 1 / 255, -2.0]),
    doubled=st.booleans(),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3, 4])),
    data_format=st.sampled_from(["channels_last", "channels_first"]),
    dtype=st.sampled_from([np.uint8, np.float32]),
)
@pytest.mark.filterwarnings("ignore:.*_normalization=True", "ignore:zca_whitening=True")
def test_any_mix_of_steps_is_keras_formula(switches, rescale, doubled, size, data_format, dtype):
    x = np.random.default_rng(1).uniform(1, 255, (7, *size)).astype(dtype)
    x = np.moveaxis(x, 3, 1) if data_format == "channels_first" else x
    others = (0, 2, 3) if data_format == "channels_first" else (0, 1, 2)
    generator = ImageDataGenerator(
        **switches,
        zca_epsilon=0.1,
        rescale=rescale,
        preprocessing_function=(lambda picture: 2 * picture) if doubled else None,
        data_format=data_format,
    )
    generator.fit(x)

    scaled = x.astype(np.float64) * (rescale or 1)
    mean = scaled.mean(others, keepdims=True)
    std = scaled.std(others, keepdims=True)
    expected = scaled * (2 if doubled else 1)
    if switches["samplewise_center"] or switches["samplewise_std_normalization"]:
        expected = expected - expected.mean((1, 2, 3), keepdims=True)
    if switches["samplewise_std_normalization"]:
        expected = expected / (expected.std((1, 2, 3), keepdims=True) + 1e-6)
    if any(switches[name] for name in ("featurewise_center", "featurewise_std_normalization", "zca_whitening")):
        expected = expected - mean
    if switches["featurewise_std_normalization"] and not switches["zca_whitening"]:
        expected = expected / (std + 1e-6)
    if switches["zca_whitening"]:
        rows = (scaled - mean).reshape(7, -1)
        u, values, _ = np.linalg.svd(rows.T, full_matrices=False)
        matrix = u @ np.diag(np.sqrt(7) / (values + 0.1)) @ u.T
        expected = (expected.reshape(7, -1) @ matrix).reshape(expected.shape)
    found = next(generator.flow(x, batch_size=7, shuffle=False))
    assert np.abs(found - expected).max() < 1e-4 * max(1, np.abs(expected).max())
    assert np.allclose(generator.standardize(x[3]), found[3], atol=1e-3)


def test_input_is_not_changed():
    x = np.ones((2, 4, 4, 1), np.float32)
    generator = ImageDataGenerator(rescale=0.5, samplewise_center=True)
    generator.standardize(x[0])
    generator.augment(x, np.arange(2), 0, 0)
    generator.fit(x)
    assert (x == 1).all()


def test_one_switch_brings_its_companions_and_says_so():
    with pytest.warns(UserWarning) as caught:
        both = ImageDataGenerator(
            samplewise_std_normalization=True, zca_whitening=True, featurewise_std_normalization=True
        )
    steps = both.standardization
    assert steps.samplewise_center and steps.featurewise_center and not steps.featurewise_std_normalization
    told = [str(warning.message) for warning in caught]
    assert ["samplewise_center is switched on" in told[0], "featurewise_center is switched on" in told[1]] == [
        True,
        True,
    ]
    assert "featurewise_std_normalization is switched off" in told[2] and len(told) == 3
    assert {warning.filename for warning in caught} == {__file__}
    with pytest.warns(UserWarning, match="featurewise_center is switched on") as caught:
        ImageDataGenerator(featurewise_std_normalization=True)
    assert len(caught) == 1


@pytest.mark.parametrize(
    "switches",
    [
        {"samplewise_center": True, "samplewise_std_normalization": True},
        {"featurewise_center": True, "featurewise_std_normalization": True},
        {"featurewise_center": True, "zca_whitening": True},
    ],
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_batch_is_standardized_picture_by_picture(switches, dtype):
    x = ARRAYS["x"].astype(dtype)
    generator = ImageDataGenerator(**switches, rescale=1 / 255, dtype=dtype)
    generator.fit(x)
    batch = generator.standardize(x)
    assert batch.dtype == dtype and np.array_equal(x, ARRAYS["x"].astype(dtype)), "x itself is not changed"
    for one, picture in zip(batch, x, strict=True):
        assert np.allclose(one, generator.standardize(picture), atol=0.01 if dtype == "float16" else 1e-4)


def test_float64_is_computed_in_float64():
    x = np.random.default_rng(0).uniform(0, 255, (8, 12, 12, 3))
    generator = ImageDataGenerator(
        featurewise_center=True, featurewise_std_normalization=True, rescale=1 / 255, dtype="float64"
    )
    generator.fit(x)
    out = next(generator.flow(x, batch_size=8))
    assert out.dtype == np.float64
    assert np.abs(out.mean((0, 1, 2))).max() < 1e-12 and np.abs(out.std((0, 1, 2)) - 1).max() < 1e-4


def test_what_was_learned_is_an_attribute_that_can_be_set():
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    assert generator.mean is generator.std is generator.zca_whitening_matrix is None
    generator.fit(ARRAYS["x"])
    assert generator.mean.shape == generator.std.shape == (1, 1, 3)

    generator.mean, generator.std = [1, 2, 3], 2
    picture = np.full((2, 2, 3), 5, np.uint8)
    assert np.allclose(generator.standardize(picture)[0, 0], [2, 1.5, 1])
    generator.std = None
    with pytest.warns(UserWarning, match="std is not known"):
        assert np.allclose(generator.standardize(picture)[0, 0], [4, 3, 2]), "the other step is done"


def test_preprocessing_comes_before_rescale_and_keeps_the_shape():
    x = np.full((1, 2, 2, 1), 10, np.uint8)
    generator = ImageDataGenerator(preprocessing_function=lambda picture: picture + 5, rescale=2)
    assert (generator.standardize(x[0]) == 30).all()
    assert (next(generator.flow(x)) == 30).all()
    with pytest.raises(DataError, match=r"\(1, 2, 1\)"):
        ImageDataGenerator(preprocessing_function=lambda picture: picture[:1]).standardize(x[0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_picture_that_is_not_finite_is_refused_alone_as_in_a_batch(value):
    x = np.zeros((1, 2, 2, 1))
    x[0, 1, 0] = value
    generator = ImageDataGenerator(rescale=2)
    for refuses in (generator.standardize, generator.random_transform):
        with pytest.raises(DataError, match="NaN or infinity"):
            refuses(x[0])
    with pytest.raises(DataError, match="NaN or infinity"):
        generator.standardize(x)


def test_a_step_without_fit_is_left_out_with_a_warning():
    x = np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1)
    with pytest.warns(UserWarning, match="call fit"):
        assert np.array_equal(ImageDataGenerator(featurewise_center=True).standardize(x[0]), x[0])


def test_fit_on_augmented_pictures_is_seeded():
    x = np.random.default_rng(0).uniform(0, 255, (10, 8, 8, 3)).astype(np.float32)
    means = []
    for seed in (1, 1, 2):
        generator = ImageDataGenerator(featurewise_center=True, rotation_range=90, fill_mode="constant", rescale=0.1)
        generator.fit(x, augment=True, rounds=2, seed=seed)
        means.append(generator.standardization.mean)
    assert np.array_equal(means[0], means[1]) and not np.array_equal(means[0], means[2])
    assert means[0].mean() < 0.1 * x.mean(), "black corners make it darker"
