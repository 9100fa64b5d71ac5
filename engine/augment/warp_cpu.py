"""Resampling pictures on the CPU: a numba kernel that reads straight from the data set, and its threads.

Bilinear with coordinates and blend in float64, bit for bit what scipy's `affine_transform` of order 1 gives in the four
fill modes. Importing this module imports numba, so `generator` does it when the first picture is warped.
"""

from __future__ import annotations

import math
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config

from engine.augment.threads import n_cores, pool
from engine.paths import home_dir

if not config.CACHE_DIR and not os.access(Path(__file__).parent, os.W_OK):  # type: ignore[attr-defined]
    # An install that nobody may write to: keep compiled kernels with the runs, which somebody must be able to write.
    config.CACHE_DIR = str(home_dir("numba"))  # type: ignore[attr-defined]

FILL_MODES = {"nearest": 0, "reflect": 1, "wrap": 2, "constant": 3}
NEAREST, REFLECT, WRAP, CONSTANT = FILL_MODES.values()
PIXELS_PER_THREAD = 100_000  # about 1.5 ms of work; waking a thread for less costs more than it saves

FAR = 1e15  # pixels; beyond, a float has no fraction left to tell neighbours apart

kernel = numba.njit(nogil=True, cache=True)


def warp(
    images: np.ndarray,
    indices: np.ndarray,
    matrices: np.ndarray,
    flips: np.ndarray,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    scale: float = 1.0,
    out: np.ndarray | None = None,
    order: int = 1,
) -> np.ndarray:
    """Resample some pictures of a data set, then mirror and scale them.

    Parameters
    ----------
    images : np.ndarray
        (N, H, W, C), uint8 or anything that converts to float32. May be memory-mapped.
    indices : np.ndarray
        (n,) int64 in [0, N): which pictures.
    matrices : np.ndarray
        (n, 2, 3) float64 from `engine.augment.affine.matrices`. Exactly neutral ones copy the picture.
    flips : np.ndarray
        (n, 2) bool: mirror horizontally, vertically, after resampling; exact reversals.
    fill_mode : str
        A key of `FILL_MODES`: what stands outside the picture.
    cval : float
        The value of fill mode "constant", in the pictures' unit.
    scale : float
        Factor of the result, applied in float32 after everything else.
    out : np.ndarray, optional
        (n, H, W, C) float32, C-contiguous, to write into.
    order : int
        1 bilinear, 0 nearest pixel.

    Returns
    -------
    np.ndarray
        (n, H, W, C) float32.

    Raises
    ------
    IndexError
        If an index is outside the data set.

    Notes
    -----
    "wrap" has period n - 1 (first and last pixel coincide) and "constant" blends nothing at the border, as scipy's
    modes of these names.
    """
    indices = np.ascontiguousarray(indices, np.int64)
    if indices.size and not (indices.min() >= 0 and indices.max() < len(images)):
        raise IndexError(f"indices {indices.min()}..{indices.max()} for {len(images)} pictures")
    images, numbers = _readable(images, indices)
    if out is None:
        out = np.empty((len(indices), *images.shape[1:]), np.float32)
    settings = (FILL_MODES[fill_mode], order, float(cval), np.float32(scale))
    pieces = _pieces(out)
    calls = [(images, numbers[p], matrices[p], flips[p], *settings, out[p]) for p in pieces]
    others = [pool().submit(_warp_all, *call) for call in calls[1:]]
    _warp_all(*calls[0])
    for other in others:
        other.result()
    return out


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache, for both kinds of pixels, so that no first batch waits."""
    for dtype in (np.uint8, np.float32):
        neutral = np.array([[[1.0, 0, 0], [0, 1, 0]]])
        warp(np.zeros((1, 2, 2, 1), dtype), np.zeros(1, np.int64), neutral, np.zeros((1, 2), bool))


def is_compiled() -> bool:
    """Whether numba's cache on disk holds the kernel, so that `warm_up` only loads it."""
    folder = _warp_all.stats.cache_path
    return folder is not None and any(Path(folder).glob("warp_cpu._warp_all-*.nbi"))


def _readable(images: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures in a form that the kernel is compiled for (C-contiguous, read-only uint8 or float32), and their numbers.

    A data set of that form is not copied; of any other, the pictures asked for are.
    """
    images = np.asarray(images)
    if not images.flags.c_contiguous or images.dtype not in (np.uint8, np.float32):
        dtype = np.uint8 if images.dtype == np.uint8 else np.float32
        images, indices = np.ascontiguousarray(images[indices], dtype), np.arange(len(indices))
    images = images.view()
    images.flags.writeable = False  # memory-mapped pictures are: one form, one compilation
    return images, indices


def _pieces(out: np.ndarray) -> list[slice]:
    """Cut a batch into one piece per thread that is worth it."""
    n, height, width, _ = out.shape
    n_pieces = max(1, min(n, n_cores(), n * height * width // PIXELS_PER_THREAD))
    edges = [n * piece // n_pieces for piece in range(n_pieces + 1)]
    return [slice(*pair) for pair in pairwise(edges)]


@kernel
def _warp_all(
    images: Any,
    indices: Any,
    matrices: Any,
    flips: Any,
    mode: int,
    order: int,
    cval: float,
    scale: Any,
    out: Any,
) -> None:
    for k in range(indices.size):
        m = matrices[k]
        if m[0, 0] == 1 and m[0, 1] == 0 and m[0, 2] == 0 and m[1, 0] == 0 and m[1, 1] == 1 and m[1, 2] == 0:
            _copy(images[indices[k]], flips[k], scale, out[k])
        else:
            _warp(images[indices[k]], m, flips[k], mode, order, cval, scale, out[k])


@kernel
def _copy(image: Any, flip: Any, scale: Any, out: Any) -> None:
    height, width, n_channels = image.shape
    for row in range(height):
        to_row = height - 1 - row if flip[1] else row
        for column in range(width):
            to_column = width - 1 - column if flip[0] else column
            for channel in range(n_channels):
                out[to_row, to_column, channel] = np.float32(image[row, column, channel]) * scale


@kernel
def _warp(image: Any, m: Any, flip: Any, mode: int, order: int, cval: float, scale: Any, out: Any) -> None:
    height, width, n_channels = image.shape
    last_row, last_column = height - 1, width - 1
    for row in range(height):
        to_row = last_row - row if flip[1] else row
        # Sums in scipy's order: offset, row's term, column's term.
        row_start, column_start = m[0, 2] + row * m[0, 0], m[1, 2] + row * m[1, 0]
        for column in range(width):
            to_column = last_column - column if flip[0] else column
            y, x = row_start + column * m[0, 1], column_start + column * m[1, 1]
            if not (0 <= y <= last_row and 0 <= x <= last_column):
                if mode == CONSTANT:
                    for channel in range(n_channels):
                        out[to_row, to_column, channel] = np.float32(cval) * scale
                    continue
                y, x = _inside(y, height, mode), _inside(x, width, mode)
            if order == 0:
                y, x = math.floor(y + 0.5), math.floor(x + 0.5)
            top, left = math.floor(y), math.floor(x)
            # The second weight is one minus the first, not the fraction itself: so scipy rounds.
            to_top, to_left = 1.0 - (y - top), 1.0 - (x - left)
            to_bottom, to_right = 1.0 - to_top, 1.0 - to_left
            # A neighbour beyond the edge has weight zero, or is the edge pixel again (reflect).
            bottom, right = _clamp(top + 1, last_row), _clamp(left + 1, last_column)
            top, left = _clamp(top, last_row), _clamp(left, last_column)
            for channel in range(n_channels):
                value = image[top, left, channel] * to_top * to_left
                value += image[top, right, channel] * to_top * to_right
                value += image[bottom, left, channel] * to_bottom * to_left
                value += image[bottom, right, channel] * to_bottom * to_right
                out[to_row, to_column, channel] = np.float32(value) * scale


@kernel
def _clamp(index: int, last: int) -> int:
    return min(max(index, 0), last)


@kernel
def _inside(q: float, n: int, mode: int) -> float:
    """Bring a coordinate to where the picture of n pixels has values: [0, n - 1], for reflect (-1, n)."""
    if 0 <= q <= n - 1:
        return q
    if mode == NEAREST or n == 1 or abs(q) > FAR:
        return 0.0 if q < 0 else n - 1.0
    if mode == WRAP:
        period = n - 1
        return q + period * (int(-q / period) + 1) if q < 0 else q - period * int(q / period)
    period = 2 * n
    if q < 0:
        if q < -period:
            q += period * int(-q / period)
        if q < -n:
            return q + period
        return (1e-15 if q > -1e-15 else -q) - 1
    q -= period * int(q / period)
    return period - q - 1 if q >= n else q
