"""Matrices: neutral is exactly neutral, directions are those of the documentation, the centre is the picture's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import ImageDataGenerator
from engine.augment.affine import matrices
from engine.augment.draw import TransformParameters

SIDES = st.integers(1, 400)


def _matrix(height, width, **parameters):
    return matrices(TransformParameters.from_dict(parameters), height, width)[0]


def _dot_after(position, **parameters):
    """Where the one bright pixel of an 11 x 21 picture goes."""
    image = np.zeros((11, 21, 1), np.float32)
    image[position] = 255
    moved = ImageDataGenerator(fill_mode="constant").apply_transform(image, parameters)
    return tuple(int(k) for k in np.unravel_index(moved[..., 0].argmax(), (11, 21)))


@given(height=SIDES, width=SIDES)
def test_neutral_is_exact(height, width):
    assert np.array_equal(_matrix(height, width), [[1, 0, 0], [0, 1, 0]])


@given(height=SIDES, width=SIDES, tx=st.integers(-100, 100), ty=st.integers(-100, 100))
def test_a_plain_shift_by_half_pixels_is_exact(height, width, tx, ty):
    assert np.array_equal(_matrix(height, width, tx=tx / 2, ty=ty / 2), [[1, 0, ty / 2], [0, 1, tx / 2]])


@given(
    height=SIDES,
    width=SIDES,
    angles=st.tuples(st.floats(-180, 180), st.floats(-60, 60)),
    shifts=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    zooms=st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)),
)
def test_rounding_is_that_of_one_product_after_the_other(height, width, angles, shifts, zooms):
    (theta, shear), (tx, ty), (zx, zy) = np.deg2rad(angles), shifts, zooms
    rotation = np.array([[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0], [0, 0, 1]])
    moved = np.dot(rotation, np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]]))
    slanted = np.dot(moved, np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]]))
    zoomed = np.dot(slanted, np.diag([zx, zy, 1]))
    centre = np.eye(3)
    centre[:2, 2] = width / 2 - 0.5, height / 2 - 0.5
    wanted = np.dot(np.dot(centre, zoomed), [[1, 0, -centre[0, 2]], [0, 1, -centre[1, 2]], [0, 0, 1]])
    found = _matrix(height, width, theta=angles[0], shear=angles[1], tx=tx, ty=ty, zx=zx, zy=zy)
    assert np.array_equal(found, wanted[1::-1][:, [1, 0, 2]])


@given(
    height=SIDES,
    width=SIDES,
    theta=st.floats(-180, 180),
    shear=st.floats(-60, 60),
    zx=st.floats(0.1, 3),
    zy=st.floats(0.1, 3),
)
def test_the_centre_stays(height, width, theta, shear, zx, zy):
    centre = np.array([height / 2 - 0.5, width / 2 - 0.5])
    found = _matrix(height, width, theta=theta, shear=shear, zx=zx, zy=zy) @ [*centre, 1]
    assert found == pytest.approx(centre, abs=1e-9 * (height + width))


@pytest.mark.parametrize(
    ("parameters", "before", "after"),
    [
        ({"tx": 3}, (5, 10), (5, 7)),  # left
        ({"ty": 3}, (5, 10), (2, 10)),  # up
        ({"theta": 90}, (5, 13), (2, 10)),  # counter-clockwise: right goes to the top
        ({"zx": 0.5}, (5, 12), (5, 14)),  # twice as wide
        ({"zy": 2}, (1, 10), (3, 10)),  # half as high
        ({"flip_horizontal": 1}, (5, 0), (5, 20)),
        ({"flip_vertical": True}, (0, 10), (10, 10)),
    ],
)
def test_what_the_eye_sees(parameters, before, after):
    assert _dot_after(before, **parameters) == after


def test_a_square_turned_by_half_a_right_angle_loses_its_corners():
    turned = ImageDataGenerator(fill_mode="constant").apply_transform(np.ones((3, 3, 2)), {"theta": 45})
    assert np.allclose(turned[..., 0], [[0, 1, 0], [1, 1, 1], [0, 1, 0]])


def test_width_means_sideways():
    drawn = ImageDataGenerator(width_shift_range=0.2).draw(1, 0, np.arange(50), (11, 21, 1))
    assert np.abs(drawn.tx).max() > 3 and not drawn.ty.any()
    drawn = ImageDataGenerator(height_shift_range=0.2).draw(1, 0, np.arange(50), (11, 21, 1))
    assert np.abs(drawn.ty).max() > 1.5 and not drawn.tx.any()


def test_many_matrices_are_those_of_one_by_one():
    drawn = ImageDataGenerator(rotation_range=90, shear_range=20, zoom_range=0.5, width_shift_range=0.3).draw(
        2, 0, np.arange(9), (20, 30, 1)
    )
    together = matrices(drawn, 20, 30)
    alone = np.concatenate([matrices(TransformParameters.from_dict(drawn.of(k)), 20, 30) for k in range(9)])
    assert np.array_equal(together, alone)
