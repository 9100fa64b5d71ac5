"""Keras' functions that change one picture: apply a given transform, or draw one and apply it.

The pixel work is that of `affine`, `warp` and `colour`. The functions named ``random_*`` draw from numpy's global
generator, in Keras' order, so that `numpy.random.seed` repeats them.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from engine.augment.affine import matrices
from engine.augment.arguments import CHECKS, check_number
from engine.augment.colour import brighten, shift_channels, stretched
from engine.augment.draw import TransformParameters
from engine.augment.pixels import as_numbers, check_picture
from engine.augment.warp import warp
from engine.errors import SpecError


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Turn, shift, shear and zoom one picture about its centre, in one resampling.

    Parameters
    ----------
    x : array_like
        A picture with three axes.
    theta, shear : float
        Degrees; positive theta turns counter-clockwise.
    tx, ty : float
        Pixels; positive values move the picture left, and up.
    zx, zy : float
        Factors of width and height; below 1 enlarges.
    row_axis, col_axis, channel_axis : int
        Which axis is which; as they stand, for (C, H, W).
    fill_mode : {"nearest", "reflect", "wrap", "constant"}
        What fills places that the picture leaves empty.
    cval : float
        The value of fill mode "constant".
    order : int
        0 nearest pixel, 1 bilinear, 2 to 5 splines.

    Returns
    -------
    np.ndarray
        Shape and dtype of `x`; computed in float32, and rounded for a type of whole numbers.

    Raises
    ------
    DataError
        If x is not one picture, or a value is NaN or infinite.
    SpecError
        If another argument is of another type or out of range.
    """
    picture = check_picture(x)
    axes = _check_axes(row_axis, col_axis, channel_axis)
    numbers = {"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy}
    parameters = TransformParameters.from_dict(numbers)
    batch = np.moveaxis(picture, axes, (0, 1, 2))[None]
    out = warp(
        batch,
        np.zeros(1, np.int64),
        matrices(parameters, *batch.shape[1:3]),
        parameters.flips,
        CHECKS["fill_mode"]("fill_mode", fill_mode),
        CHECKS["cval"]("cval", cval),
        order=CHECKS["interpolation_order"]("interpolation_order", order),
    )
    return _as(picture.dtype, np.moveaxis(out[0], (0, 1, 2), axes))


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Turn one picture by a random angle of up to `rg` degrees, either way. See `apply_affine_transform`."""
    theta = _either_way("rg", rg)
    return apply_affine_transform(
        x, theta, 0, 0, 0, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    )


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shift one picture at random: sideways by up to the share `wrg` of its width, up or down by `hrg` of its height.

    See `apply_affine_transform`. Keras draws the same numbers, but newer versions exchange the directions.
    """
    shape = check_picture(x).shape
    _check_axes(row_axis, col_axis, channel_axis)
    ty = _either_way("hrg", hrg) * shape[row_axis]
    tx = _either_way("wrg", wrg) * shape[col_axis]
    return apply_affine_transform(
        x, 0, tx, ty, 0, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    )


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Slant one picture by a random angle of up to `intensity` **degrees**. See `apply_affine_transform`."""
    shear = _either_way("intensity", intensity)
    return apply_affine_transform(
        x, 0, 0, 0, shear, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    )


def random_zoom(
    x: Any,
    zoom_range: tuple[float, float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Zoom one picture by two random factors of `zoom_range`, (smallest, largest). See `apply_affine_transform`."""
    low, high = _pair("zoom_range", zoom_range)
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    return apply_affine_transform(
        x, 0, 0, 0, 0, zx, zy, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    )


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """Add one number to all values of a picture, kept within its own smallest and largest.

    Parameters
    ----------
    x : array_like
        A picture with three axes.
    intensity : float
        In the picture's unit.
    channel_axis : int
        Changes nothing, as all channels get the same.

    Returns
    -------
    np.ndarray
        Shape and dtype of `x`.

    Raises
    ------
    DataError
        If x is not one picture, or a value is NaN or infinite.
    SpecError
        If `intensity` is not a finite number.
    """
    picture = check_picture(x)
    out = _as_floats(picture)
    shift_channels(out[None], np.array([check_number("intensity", intensity)]))
    return _as(picture.dtype, out)


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """Add one random number of up to `intensity_range`, either way. See `apply_channel_shift`."""
    return apply_channel_shift(x, _either_way("intensity_range", intensity_range), channel_axis)


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> np.ndarray:
    """Make one picture lighter or darker, in floats.

    Parameters
    ----------
    x : array_like
        A picture with three axes.
    brightness : float
        Factor of at least 0: 0 = black, 1 = unchanged.
    scale : bool
        Whether to stretch the picture from its own smallest and largest value to 0 and 255 first, as this function
        always did; `ImageDataGenerator` does not.

    Returns
    -------
    np.ndarray
        Shape and dtype of `x`.

    Raises
    ------
    DataError
        If x is not one picture, or a value is NaN or infinite.
    SpecError
        If `brightness` is not a finite number of at least 0.

    Notes
    -----
    See `colour.brighten`. Keras works in 8-bit integers, which turns pictures in 0..1 black without `scale`.
    """
    picture = check_picture(x)
    factor = CHECKS["brightness_range"]("brightness", (brightness, brightness))[0]
    out = _as_floats(picture)
    out = stretched(out) if scale else out
    brighten(out[None], np.array([factor]))
    return _as(picture.dtype, out)


def random_brightness(x: Any, brightness_range: tuple[float, float], scale: bool = True) -> np.ndarray:
    """Brightness by a random factor of `brightness_range`, (smallest, largest). See `apply_brightness_shift`."""
    low, high = _pair("brightness_range", brightness_range)
    return apply_brightness_shift(x, np.random.uniform(low, high), scale)


def flip_axis(x: Any, axis: int) -> np.ndarray:
    """One picture mirrored along an axis.

    Raises
    ------
    DataError
        If x is not one picture, or a value is NaN or infinite.
    SpecError
        If it has no such axis.
    """
    picture = check_picture(x)
    if not isinstance(axis, Integral) or not -3 <= axis < 3:
        raise SpecError("augment.not_an_axis", value=repr(axis))
    return np.flip(picture, int(axis))


def transform_matrix_offset_center(matrix: Any, x: int, y: int) -> np.ndarray:
    """A transform's matrix for positions counted from the corner, from one for positions counted from the centre.

    Parameters
    ----------
    matrix : array_like
        (3, 3), of homogeneous coordinates.
    x, y : int
        Number of pixels along the first and the second coordinate.

    Returns
    -------
    np.ndarray
        (3, 3) float64.
    """
    from_centre = np.eye(3)
    from_centre[:2, 2] = check_number("x", x) / 2 - 0.5, check_number("y", y) / 2 - 0.5
    if np.shape(numbers := as_numbers(matrix, np.float64)) != (3, 3):
        raise SpecError("augment.not_a_matrix", value=str(numbers.shape))
    return from_centre @ numbers @ np.linalg.inv(from_centre)


# --- inside ---


def _either_way(name: str, largest: Any) -> float:
    largest = check_number(name, largest)
    return np.random.uniform(-largest, largest)


def _pair(name: str, value: Any) -> tuple[float, float]:
    checked = CHECKS[name](name, value)
    if not isinstance(checked, tuple):
        raise SpecError("augment.not_a_pair", name=name, value=repr(value))
    return checked


def _check_axes(*axes: int) -> tuple[int, ...]:
    """Return the axes of rows, columns and channels counted from 0, else raise SpecError."""
    known = all(isinstance(axis, int) and -3 <= axis < 3 for axis in axes)
    if not known or sorted(axis % 3 for axis in axes) != [0, 1, 2]:
        raise SpecError("augment.not_axes", value=str(axes))
    return tuple(axis % 3 for axis in axes)


def _as_floats(picture: np.ndarray) -> np.ndarray:
    """A copy that the functions of `colour` can work on."""
    return picture.astype(np.result_type(picture.dtype, np.float32))


def _as(dtype: np.dtype, picture: np.ndarray) -> np.ndarray:
    """A picture in its own type again: rounded, and kept within the type's range, if that is of whole numbers."""
    if dtype.kind in "ui":
        limits = np.iinfo(dtype)
        picture = np.rint(picture).clip(limits.min, limits.max)
    return picture.astype(dtype, copy=False)
