"""Every order of interpolation in every fill mode equals real scipy, on pictures of any shape and data format."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ImageDataGenerator
from engine.augment.warp import NEUTRAL, warp
from engine.catalog import FILL_MODES
from engine.paths import PROJECT
from tests.augment.scipy_oracle import AFFINE, transform

NO_FLIP = np.zeros((1, 2), bool)


def _noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


@settings(deadline=None, max_examples=200)
@given(
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    n_channels=st.sampled_from([1, 3, 4]),
    parameters=AFFINE,
    fill_mode=st.sampled_from(list(FILL_MODES)),
    cval=st.sampled_from([0.0, 7.5, -300.0]),
    order=st.integers(0, 5),
    data_format=st.sampled_from(["channels_last", "channels_first"]),
    seed=st.integers(0, 99),
)
def test_apply_transform_equals_scipy(height, width, n_channels, parameters, fill_mode, cval, order, data_format, seed):
    picture = _noise(height, width, n_channels, seed=seed)
    expected, unsure = transform(picture, parameters, fill_mode, cval, order)
    first = data_format == "channels_first"
    generator = ImageDataGenerator(fill_mode=fill_mode, cval=cval, interpolation_order=order, data_format=data_format)
    ours = generator.apply_transform(np.moveaxis(picture, 2, 0) if first else picture, parameters)
    ours = np.moveaxis(ours, 0, 2) if first else ours
    assert np.abs(ours - expected)[~unsure].max(initial=0) < 1e-3


@pytest.mark.parametrize("order", [2, 3, 5])
def test_splines_copy_what_does_not_move_and_reverse_flips_exactly(order):
    picture = _noise(5, 7, 3)
    for horizontal, vertical in ((0, 0), (1, 0), (0, 1), (1, 1)):
        out = warp(picture[None], np.zeros(1, int), NEUTRAL[None], np.array([[horizontal, vertical]]), order=order)
        assert np.array_equal(out[0], picture[:: -1 if vertical else 1, :: -1 if horizontal else 1])


def test_splines_read_by_index_and_scale_afterwards():
    pictures = _noise(6, 8, 9, 1).astype(np.uint8)
    indices, moved = np.array([5, 0, 5]), np.repeat(NEUTRAL[None] + 0.1, 3, 0)
    flips = np.array([[0, 0], [1, 0], [0, 1]], bool)
    out = warp(pictures, indices, moved, flips, "reflect", scale=0.5, order=3)
    for k, index in enumerate(indices):
        alone = warp(pictures[index][None], np.zeros(1, int), moved[:1], flips[k : k + 1], "reflect", order=3)
        assert np.array_equal(out[k], alone[0] * np.float32(0.5))


def test_flow_of_splines_differs_from_bilinear_and_repeats():
    pictures = _noise(4, 8, 8, 3)
    batches = [
        next(ImageDataGenerator(rotation_range=40, interpolation_order=order).flow(pictures, seed=2))
        for order in (1, 3, 3)
    ]
    assert not np.allclose(batches[0], batches[1]) and np.array_equal(batches[1], batches[2])


@pytest.mark.parametrize(
    ("order", "wanted", "unwanted"), [(1, "numba", "scipy.ndimage"), (3, "scipy.ndimage", "numba")]
)
def test_each_order_imports_only_its_own_library(order, wanted, unwanted):
    program = (
        "import sys, numpy as np; from engine import ImageDataGenerator; "
        f"g = ImageDataGenerator(interpolation_order={order}); g.apply_transform(np.zeros((4, 4, 1)), {{'theta': 5}}); "
        f"assert {wanted!r} in sys.modules and {unwanted!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True, timeout=60)
