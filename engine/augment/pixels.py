"""Checks on arrays of pictures before any work is done on them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from engine.augment.mapped import check_whole, is_mapped
from engine.errors import DataError, SpecError
from engine.texts.augment import WARNINGS


def check_batch(images: Any) -> np.ndarray:
    """Return pictures as an array with four axes.

    The values of a memory-mapped file are not looked at: that would read all of it.

    Raises
    ------
    DataError
        If there are no pictures, they are not numbers, the axes are not four, or a value is NaN or infinite.
    """
    array = as_numbers(images)
    if array.ndim != 4:
        raise DataError("augment.not_a_batch", received=str(array.shape))
    if not array.size:
        raise DataError("augment.no_pictures", received=str(array.shape))
    if not is_mapped(array):
        _check_finite(array)
    return array


def check_picture(image: Any) -> np.ndarray:
    """Return one picture as an array with three axes.

    Raises
    ------
    DataError
        If it is not numbers, the axes are not three, it has no pixels, or a value is NaN or infinite.
    """
    array = as_numbers(image)
    if array.ndim != 3:
        raise DataError("augment.not_a_picture", received=str(array.shape))
    if not array.size:
        raise DataError("augment.no_pictures", received=str(array.shape))
    _check_finite(array[None])
    return array


def _check_finite(images: np.ndarray) -> None:
    if images.dtype.kind == "f" and not (np.isfinite(images.min()) and np.isfinite(images.max())):
        first = next(k for k, picture in enumerate(images) if not np.isfinite(picture).all())
        raise DataError("augment.not_finite", index=first)


def note_channels(shape: tuple[int, ...], channel_axis: int) -> None:
    """Warn if a batch of this shape has an unusual number of channels: its axes may be exchanged."""
    n_channels = shape[channel_axis]
    if n_channels not in (1, 3, 4):
        warnings.warn(WARNINGS["odd_channels"]("en", n=n_channels, shape=str(shape)), stacklevel=3)


def as_numbers(images: Any, dtype: Any = None) -> np.ndarray:
    """Return anything as an array of numbers, of type `dtype` if that is given, else raise DataError.

    So it does for a mapped file that has become shorter.
    """
    try:
        array = np.asarray(images)
    except ValueError:  # a list of pictures of different sizes
        raise DataError("augment.not_numbers", received=type(images).__name__) from None
    if array.dtype.kind not in "uifb":
        raise DataError("augment.not_numbers", received=str(array.dtype))
    check_whole(array)
    try:
        return array if dtype is None else array.astype(dtype, copy=False)
    except (TypeError, ValueError):
        raise SpecError("augment.not_a_type", field="augment.dtype", value=repr(dtype)) from None
