"""Shapes: each picture depends on seed and number alone, and only the form tells the class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from engine.data import shapes
from engine.data.shapes import CLASS_NAMES, draw_shapes
from engine.spec import DataSpec


@given(st.lists(st.integers(0, 99_999), min_size=1, max_size=5), st.integers(0, 2**31 - 1), st.integers(32, 64))
@settings(max_examples=30, deadline=None)
def test_a_picture_does_not_depend_on_its_company(indices, seed, size):
    together, labels = draw_shapes(indices, seed, size)
    for index, image, label in zip(indices, together, labels, strict=True):
        alone, alone_label = draw_shapes([index], seed, size)
        assert np.array_equal(alone[0], image)
        assert alone_label == [label]


def test_form_and_type():
    images, labels = draw_shapes(range(300), 7, 40)
    assert images.shape == (300, 40, 40, 3)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert set(labels.tolist()) == set(range(len(CLASS_NAMES)))
    assert len(np.unique(images.reshape(300, -1), axis=0)) == 300


def test_seed_changes_every_picture():
    assert (draw_shapes(range(20), 1)[0] != draw_shapes(range(20), 2)[0]).any(axis=(1, 2, 3)).all()


def test_every_class_covers_the_same_area():
    u = np.tile(np.array([[0.5], [0.3], [0.5], [0.5]]), len(CLASS_NAMES))
    covered = shapes._masks(np.arange(len(CLASS_NAMES)), u, 64).mean(axis=(1, 2))
    # OpenCV fills the outline, too, which adds a little where the outline is long.
    assert covered == pytest.approx(np.full(len(CLASS_NAMES), 0.18), rel=0.05)


@pytest.fixture(scope="module")
def drawn():
    return draw_shapes(range(3400), 7)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_pixels_alone_do_not_give_the_class_away(drawn):
    images, labels = drawn
    inputs = images.reshape(len(images), -1) / np.float32(255) - 0.5
    model = LogisticRegression(C=0.01, max_iter=40).fit(inputs[:2800], labels[:2800])
    assert model.score(inputs[2800:], labels[2800:]) < 0.3


def test_mean_colour_is_at_chance(drawn):
    images, labels = drawn
    colors = images.mean(axis=(1, 2))
    model = RandomForestClassifier(100, random_state=0).fit(colors[:2800], labels[:2800])
    # 600 pictures, chance 1/8: four standard deviations above it.
    assert model.score(colors[2800:], labels[2800:]) < 0.125 + 4 * np.sqrt(0.125 * 0.875 / 600)


def test_source_draws_the_same_at_the_size_asked_for():
    pictures = shapes.Shapes(DataSpec(n_pictures=100, image_size=48, seed=5)).pictures()
    assert len(pictures.names) == 100
    assert np.array_equal(pictures.read(np.array([3, 99])), draw_shapes([3, 99], 5, 48)[0])
    assert np.array_equal(pictures.labels, draw_shapes(range(100), 5)[1])
