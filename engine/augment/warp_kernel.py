"""The numba kernel of the CPU warp: which pixels of which pictures are made when.

A row is made in pieces of CHUNK pixels, each step for the whole piece before the next: so the CPU never waits for one
pixel's addresses before it begins with the next. The steps themselves are those of `warp_steps` and `warp_modes`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.augment.compiled import kernel
from engine.augment.simd import LANES
from engine.augment.warp_modes import NEAREST, REFLECT, WRAP, mark_outside, reflect, wrap
from engine.augment.warp_steps import (
    CHUNK,
    N_LINES,
    WORD,
    X,
    Y,
    blend_1,
    blend_3,
    blend_4,
    blend_some,
    find_neighbours,
    place,
    prefetch,
)

CACHE_LINE = 64  # bytes


@kernel
def warp_all(
    images: Any, indices: Any, matrices: Any, flips: Any, mode: int, order: int, cval: float, scale: Any, out: Any
) -> None:
    """Resample the pictures `indices`; arguments as for `warp_cpu.warp`, the fill mode as its number.

    `images` are C-contiguous and not empty: float32, or uint8 of at most MOST_BYTES channels and WORD bytes in all.
    """
    memory = np.empty(N_LINES * CHUNK + LANES)
    aligned = (-memory.ctypes.data // 8) % LANES
    piece = memory[aligned : aligned + N_LINES * CHUNK]
    size, fill = images[0].size, np.float32(cval) * scale
    for k in range(indices.size):
        m = matrices[k]
        after = indices[min(k + 1, indices.size - 1)] * size
        if m[0, 0] == 1 and m[0, 1] == 0 and m[0, 2] == 0 and m[1, 0] == 0 and m[1, 1] == 1 and m[1, 2] == 0:
            _copy(images[indices[k]], flips[k, 0], flips[k, 1], scale, out[k])
        else:
            _warp(images, indices[k], m, flips[k, 0], flips[k, 1], mode, order, scale, fill, out, k, piece, after)


@kernel
def _copy(image: Any, horizontal: bool, vertical: bool, scale: Any, out: Any) -> None:
    height, width, n_channels = image.shape
    for row in range(height):
        to_row = height - 1 - row if vertical else row
        for column in range(width):
            to_column = width - 1 - column if horizontal else column
            for channel in range(n_channels):
                out[to_row, to_column, channel] = np.float32(image[row, column, channel]) * scale


@kernel
def _warp(
    images: Any,
    index: int,
    m: Any,
    horizontal: bool,
    vertical: bool,
    mode: int,
    order: int,
    scale: Any,
    fill: Any,
    out: Any,
    k: int,
    piece: Any,
    after: int,
) -> None:
    """Resample picture `index` of `images` to picture k of `out`.

    Meanwhile the picture that begins at value `after` is fetched into the cache, or each of its lines would be waited
    for: a turned picture is not read in an order that the CPU could guess.
    """
    height, width, n_channels = out.shape[1:]
    start = index * height * width * n_channels
    last = float(images.size - start - WORD) if images.itemsize == 1 else np.inf
    first, step = (width - 1, -1) if horizontal else (0, 1)
    low, highest_y, highest_x = (0.0, height - 1.0, width - 1.0) if mode == NEAREST else (-np.inf, np.inf, np.inf)
    ahead, line = after, CACHE_LINE // images.itemsize
    for row in range(height):
        while ahead < after + (row + 1) * width * n_channels:
            prefetch(images, ahead)
            ahead += line
        to_row = height - 1 - row if vertical else row
        y, x = m[0, 2] + row * m[0, 0], m[1, 2] + row * m[1, 0]
        for begin in range(0, width, CHUNK):
            n = min(CHUNK, width - begin)
            for j in range(0, n, LANES):
                column = first + step * (begin + j)
                place(piece, Y * CHUNK + j, y, m[0, 1], column, step, low, highest_y)
                place(piece, X * CHUNK + j, x, m[1, 1], column, step, low, highest_x)
            if mode != NEAREST:
                _bring_inside(piece, n, height, width, mode)
            if order == 0:
                _round(piece, n)
            for j in range(0, n, LANES):
                find_neighbours(piece, j, height, width, n_channels, last)
            to = ((k * height + to_row) * width + begin) * n_channels
            _blend(images, start, piece, n, n_channels, scale, fill, out, to)


@kernel
def _blend(
    images: Any, start: int, piece: Any, n: int, n_channels: int, scale: Any, fill: Any, out: Any, to: int
) -> None:
    """Write n pixels of a piece to `out`, from element `to` on."""
    whole = n // LANES * LANES
    if n_channels == 1:
        for j in range(0, whole, LANES):
            blend_1(images, start, piece, j, scale, fill, out, to + j)
    elif n_channels == 3:
        for j in range(0, whole, LANES):
            blend_3(images, start, piece, j, scale, fill, out, to + 3 * j)
    elif n_channels == 4:
        for j in range(0, whole, LANES):
            blend_4(images, start, piece, j, scale, fill, out, to + 4 * j)
    else:
        whole = 0
    for j in range(whole, n, LANES):
        for channel in range(n_channels):
            blend_some(images, start, piece, j, scale, fill, out, to + j * n_channels, n_channels, channel, n - j)


@kernel
def _bring_inside(piece: Any, n: int, height: int, width: int, mode: int) -> None:
    """Bring the places of n pixels to where the picture has values; those of "constant" become not a number."""
    for j in range(0, n, LANES):
        if mode == REFLECT:
            reflect(piece, j, height, width)
        elif mode == WRAP:
            wrap(piece, j, height, width)
        else:
            mark_outside(piece, j, height, width)


@kernel
def _round(piece: Any, n: int) -> None:
    for j in range(n):
        for line in (Y, X):
            piece[line * CHUNK + j] = np.floor(piece[line * CHUNK + j] + 0.5)
