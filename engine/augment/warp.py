"""Resampling pictures on the CPU by any order of interpolation.

Orders 0 and 1 are the numba kernel's, of `warp_cpu`; splines of order 2 to 5 are scipy's. Either is imported when the
first picture asks for it.
"""

from __future__ import annotations

import numpy as np

NEUTRAL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


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
    images, indices, matrices, flips, fill_mode, cval, scale
        As in `warp_cpu.warp`.
    order : int
        0 nearest pixel, 1 bilinear, 2 to 5 splines, which overshoot the values of the picture at sharp edges.

    Returns
    -------
    np.ndarray
        (n, H, W, C) float32.
    """
    if order <= 1:
        from engine.augment import warp_cpu  # imports numba, which pages that only show settings do not need

        return warp_cpu.warp(images, indices, matrices, flips, fill_mode, cval, scale, order=order)
    out = np.empty((len(indices), *images.shape[1:]), np.float32)
    for target, index, matrix, (horizontal, vertical) in zip(out, indices, matrices, flips, strict=True):
        moved = _spline(np.asarray(images[index], np.float32), matrix, fill_mode, cval, order)
        target[:] = moved[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    out *= np.float32(scale)
    return out


def _spline(picture: np.ndarray, matrix: np.ndarray, fill_mode: str, cval: float, order: int) -> np.ndarray:
    from scipy.ndimage import affine_transform

    if np.array_equal(matrix, NEUTRAL):
        return picture
    planes = (picture[..., channel] for channel in range(picture.shape[-1]))
    moved = [affine_transform(p, matrix[:, :2], matrix[:, 2], order=order, mode=fill_mode, cval=cval) for p in planes]
    return np.stack(moved, axis=-1)
