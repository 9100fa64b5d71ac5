"""Pillow's resizing of 8-bit pictures, bit for bit and several times as fast: whole rows are blended at a time.

Pillow makes each row as wide as wanted and the columns as high, one after the other, and rounds to 8 bits in between;
weights are whole numbers of 22 bits. Here rows are blended as columns of the picture with its axes exchanged.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import cv2
import numpy as np

from engine.augment.compiled import kernel

BOX, BILINEAR, HAMMING, BICUBIC, LANCZOS = range(5)
FILTERS = {"box": BOX, "bilinear": BILINEAR, "hamming": HAMMING, "bicubic": BICUBIC, "lanczos": LANCZOS}
REACH = (0.5, 1.0, 1.0, 2.0, 3.0)  # pixels of the result, to either side

# The two constants of Hamming's cosine, which Pillow writes in 32 bits.
RAISE, SWING = float(np.float32(0.54)), float(np.float32(0.46))
ONE = 22  # bits: a weight of 1 is 2 to the power of this
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
    filter_ = FILTERS[interpolation]
    across = _weights(had_width, width, left, right, filter_, REACH[filter_])
    down = _weights(had_height, height, top, bottom, filter_, REACH[filter_])
    if _may_begin_with_height() and had_height - height > max(0, 2 * (had_width - width)):
        return _widened(_blended(pixels, down), across)
    firsts, counts, weights = down
    needed = pixels[firsts[0] : firsts[-1] + counts[-1]]
    return _blended(_widened(needed, across), (firsts - firsts[0], counts, weights))


@cache
def _may_begin_with_height() -> bool:
    """Whether this Pillow begins with the height if that shrinks by far more, as it does since version 13."""
    from PIL import Image

    picture = Image.frombytes("L", (2, 2), bytes([255, 255, 255, 217]))
    return picture.resize((4, 1), Image.Resampling.BILINEAR).getpixel((1, 0)) == 250  # the other way gives 251


def _widened(pixels: np.ndarray, weights: Any) -> np.ndarray:
    """(H, w, C): each row blended."""
    height, width, n_channels = pixels.shape
    out = np.empty((height, len(weights[0]), n_channels), np.uint8)
    n = max(1, BAND_BYTES // (width * n_channels))
    for start in range(0, height, n):
        band = cv2.transpose(pixels[start : start + n]).reshape(width, -1, n_channels)
        out[start : start + n] = cv2.transpose(_blended(band, weights)).reshape(-1, *out.shape[1:])
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
    """Of each of (n_wanted,) pixels: the first of the n that it blends, how many, and their weights, int32."""
    step = (stop - start) / n_wanted
    stretch = max(step, 1.0)
    reach *= stretch
    firsts, counts = np.empty(n_wanted, np.int64), np.empty(n_wanted, np.int64)
    weights = np.zeros((n_wanted, math.ceil(reach) * 2 + 1), np.int32)
    exact = np.empty(weights.shape[1])
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
    sums = np.empty(rows.shape[1], np.int32)
    for k in range(len(out)):
        sums[:] = 1 << (ONE - 1)  # so that cutting the fraction off rounds
        for j in range(counts[k]):
            row, weight = rows[firsts[k] + j], weights[k, j]
            for i in range(len(sums)):
                sums[i] += np.int32(row[i]) * weight
        to = out[k]
        for i in range(len(sums)):
            to[i] = min(max(sums[i] >> ONE, 0), 255)
