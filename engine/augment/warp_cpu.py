"""Resampling pictures on the CPU: a numba kernel that reads straight from the data set, and its threads.

Bilinear with coordinates and blend in float64, bit for bit what scipy's `affine_transform` of order 1 gives in the four
fill modes; only in mode "nearest" may a pixel from beyond the edge differ, very rarely, in the last bit of its float32,
since here places are brought to the edge before weights are made of them. Importing this module imports numba, so
`generator` does it when the first picture is warped.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.augment import philox
from engine.augment.compiled import is_on_disk
from engine.augment.threads import for_each, n_cores
from engine.augment.warp_kernel import warp_all
from engine.augment.warp_modes import FILL_MODES
from engine.augment.warp_steps import MOST_BYTES, WORD

PIXELS_PER_THREAD = 100_000  # about 0.2 ms of work; waking a thread for less costs more than it saves


def warp(
    images: np.ndarray,
    indices: np.ndarray,
    matrices: np.ndarray,
    flips: np.ndarray,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    scale: float = 1.0,
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
    out = np.empty((len(indices), *images.shape[1:]), np.float32)
    settings = (FILL_MODES[fill_mode], order, float(cval), np.float32(scale))
    pieces = _pieces(out)

    def warp_piece(k: int) -> None:
        p = pieces[k]
        warp_all(images, numbers[p], matrices[p], flips[p], *settings, out[p])

    for_each(warp_piece, len(pieces))
    return out


def warm_up() -> None:
    """Compile all kernels, or load them from numba's cache, for both kinds of pixels, so that no first batch waits."""
    from engine.augment import resize  # imports OpenCV, which nobody needs whose pictures are arrays

    resize.warm_up()
    philox.uniforms(0, 0, np.zeros(1, np.int64), 1)
    for dtype in (np.uint8, np.float32):
        neutral = np.array([[[1.0, 0, 0], [0, 1, 0]]])
        warp(np.zeros((1, 4, 4, 1), dtype), np.zeros(1, np.int64), neutral, np.zeros((1, 2), bool))


def is_compiled() -> bool:
    """Whether numba's cache on disk holds the kernels, so that `warm_up` only loads them."""
    from engine.augment import resize

    return resize.is_compiled() and all(is_on_disk(kernel) for kernel in (warp_all, philox.fill))


def _readable(images: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures in a form that the kernel is compiled for (C-contiguous, read-only uint8 or float32), and their numbers.

    A data set of that form is not copied; of any other, the pictures asked for are.
    """
    images = np.asarray(images)
    is_bytes = images.dtype == np.uint8 and images.shape[-1] <= MOST_BYTES and images.size >= WORD
    dtype = np.uint8 if is_bytes else np.float32
    if not images.flags.c_contiguous or images.dtype != dtype:
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
