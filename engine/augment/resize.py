"""Pillow's resizing of 8-bit pictures, bit for bit and several times as fast: whole rows are blended at a time.

Pillow makes each row as wide as wanted and the columns as high, one after the other, and rounds to 8 bits in between;
weights are whole numbers of 22 bits. Here rows are blended as columns of the picture with its axes exchanged.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np

from engine.augment.compiled import is_on_disk, kernel

BOX, BILINEAR, HAMMING, BICUBIC, LANCZOS = range(5)
FILTERS = {"box": BOX, "bilinear": BILINEAR, "hamming": HAMMING, "bicubic": BICUBIC, "lanczos": LANCZOS}
REACH = (0.5, 1.0, 1.0, 2.0, 3.0)  # pixels of the result, to either side

# The two constants of Hamming's cosine, which Pillow writes in 32 bits.
RAISE, SWING = float(np.float32(0.54)), float(np.float32(0.46))
ONE = 22  # bits: a weight of 1 is 2 to the power of this
ROUND = 1 << (ONE - 1)  # added to a sum, so that cutting the fraction off rounds
BLACK, WHITE = np.int32(0), np.int32(255)
AT_ONCE = 4  # rows that are blended before their sums are stored, which takes more time than blending
BAND_BYTES = 2**18  # of a picture that are widened together; they stay in the processor's cache


def resize(
    pixels: np.ndarray, size: tuple[int, int], interpolation: str, box: tuple[int, int, int, int] | None = None
) -> np.ndarray:
    """Resize a picture.

    Parameters
    ----------
    pixels : np.ndarray
        (H, W, C) uint8, C-contiguous. Channels are independent of each other: none is an opacity.
    size : (int, int)
        Height and width wanted, h and w.
    interpolation : str
        A key of `FILTERS`.
    box : (int, int, int, int), optional
        Left, top, right and bottom of the part that is resized; None = all.

    Returns
    -------
    np.ndarray
        (h, w, C) uint8.

    Notes
    -----
    The filters are those of Pillow's `Resampling`: box, triangle, Hamming's raised cosine over sinc, Keys' cubic with
    a = -0.5, and Lanczos' window of 3. Where the picture shrinks they are stretched by the same factor.
    """
    (height, width), (had_height, had_width, _) = size, pixels.shape
    left, top, right, bottom = box or (0, 0, had_width, had_height)
    across = _weights_of(had_width, width, left, right, interpolation)
    down = _weights_of(had_height, height, top, bottom, interpolation)
    if _may_begin_with_height() and had_height - height > max(0, 2 * (had_width - width)):
        return _widened(_blended(pixels, down), across)
    firsts, counts, weights = down
    needed = pixels[firsts[0] : firsts[-1] + counts[-1]]
    return _blended(_widened(needed, across), (firsts - firsts[0], counts, weights))


def warm_up() -> None:
    """Compile the kernels, or load them, so that no first batch waits."""
    _blended(np.zeros((1, 1, 1), np.uint8), _weights_of(1, 1, 0, 1, "box"))


def is_compiled() -> bool:
    """Whether numba's cache on disk holds the kernels, so that `warm_up` only loads them."""
    return all(is_on_disk(kernel) for kernel in (_blend, _weights))


@cache
def _may_begin_with_height() -> bool:
    """Whether this Pillow begins with the height if that shrinks by far more, as it does since version 13."""
    from PIL import Image

    picture = Image.frombytes("L", (2, 2), bytes([255, 255, 255, 217]))
    return picture.resize((4, 1), Image.Resampling.BILINEAR).getpixel((1, 0)) == 250  # the other way gives 251


@lru_cache(32)  # the pictures of a folder often have one size
def _weights_of(n: int, n_wanted: int, start: int, stop: int, interpolation: str) -> Any:
    filter_ = FILTERS[interpolation]
    return _weights(n, n_wanted, start, stop, filter_, REACH[filter_])


def _widened(pixels: np.ndarray, weights: Any) -> np.ndarray:
    """(H, w, C): each row blended."""
    height, width, n_channels = pixels.shape
    out = np.empty((height, len(weights[0]), n_channels), np.uint8)
    n = max(1, BAND_BYTES // (width * n_channels))
    for start in range(0, height, n):
        band = cv2.transpose(pixels[start : start + n]).reshape(width, -1, n_channels)
        cv2.transpose(_blended(band, weights), out[start : start + n])
    return out


def _blended(pixels: np.ndarray, weights: Any) -> np.ndarray:
    """(h, W, C): each column blended."""
    firsts, counts, shares = weights
    out = np.empty((len(firsts), *pixels.shape[1:]), np.uint8)
    rows = pixels.reshape(len(pixels), -1)
    rows.flags.writeable = False  # Pillow's pixels are: one form, one compilation
    _blend(rows, firsts, counts, shares, out.reshape(len(out), -1))
    return out


@kernel
def _weights(n: int, n_wanted: int, start: int, stop: int, filter_: int, reach: float) -> Any:
    """Of each of (n_wanted,) pixels: the first of the n that it blends, how many, and their weights, int32.

    The weights of each are followed by zeros, up to a multiple of AT_ONCE.
    """
    step = (stop - start) / n_wanted
    stretch = max(step, 1.0)
    reach *= stretch
    firsts, counts = np.empty(n_wanted, np.int64), np.empty(n_wanted, np.int64)
    most = math.ceil(reach) * 2 + 1
    weights = np.zeros((n_wanted, -(-most // AT_ONCE) * AT_ONCE), np.int32)
    exact = np.empty(most)
    for k in range(n_wanted):
        centre = start + (k + 0.5) * step
        first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), n)
        firsts[k], counts[k] = first, last - first
        total = 0.0
        for j in range(last - first):
            exact[j] = _filter((j + first - centre + 0.5) * (1.0 / stretch), filter_)
            total += exact[j]
        for j in range(last - first):
            weight = (exact[j] / total if total else exact[j]) * (1 << ONE)
            weights[k, j] = int(weight - 0.5) if weight < 0 else int(weight + 0.5)
    return firsts, counts, weights


@kernel
def _filter(x: float, filter_: int) -> float:
    if filter_ == BOX:
        return 1.0 if -0.5 < x <= 0.5 else 0.0
    x = abs(x)
    if filter_ == BILINEAR:
        return 1.0 - x if x < 1 else 0.0
    if filter_ == HAMMING:
        return _sinc(x) * (RAISE + SWING * math.cos(x * math.pi)) if x < 1 else 0.0
    if filter_ == LANCZOS:
        return _sinc(x) * _sinc(x / 3) if x < 3 else 0.0
    if x < 1:
        return (1.5 * x - 2.5) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * -0.5 if x < 2 else 0.0


@kernel
def _sinc(x: float) -> float:
    return math.sin(x * math.pi) / (x * math.pi) if x else 1.0


@kernel
def _blend(rows: Any, firsts: Any, counts: Any, weights: Any, out: Any) -> None:
    """(h, m) of (H, m) uint8."""
    last = len(rows) - 1
    sums = np.empty(rows.shape[1], np.int32)
    for k in range(len(out)):
        for j in range(0, counts[k], AT_ONCE):
            at = firsts[k] + j  # rows from beyond the last are the last again, with a weight of zero
            a, b, c, d = rows[at], rows[min(at + 1, last)], rows[min(at + 2, last)], rows[min(at + 3, last)]
            p, q, r, s = weights[k, j], weights[k, j + 1], weights[k, j + 2], weights[k, j + 3]
            if j == 0:
                for i in range(len(sums)):
                    sums[i] = ROUND + a[i] * p + b[i] * q + c[i] * r + d[i] * s
            else:
                for i in range(len(sums)):
                    sums[i] += a[i] * p + b[i] * q + c[i] * r + d[i] * s
        to = out[k]
        for i in range(len(sums)):
            # All are int32: with Python's own numbers it would be int64, which takes a half more time.
            to[i] = min(max(np.int32(sums[i] >> ONE), BLACK), WHITE)
