"""Matrices of the affine part of a transform: rotation, shift, shear and zoom about a picture's centre.

The only place that knows the geometry. It reads no pixels; both warps take the matrices as they come from here.
"""

from __future__ import annotations

import numpy as np

from engine.augment.draw import TransformParameters


def matrices(parameters: TransformParameters, height: int, width: int) -> np.ndarray:
    """Matrices that map each output pixel to the place in the input that it is read from.

    Parameters
    ----------
    parameters : TransformParameters
        Of n pictures.
    height, width : int
        Size of the pictures in pixels.

    Returns
    -------
    np.ndarray
        (n, 2, 3) float64. ``matrix @ (row, column, 1)`` is the input's (row, column), in pixels from the middle of the
        first one. Neutral parameters give exactly ``[[1, 0, 0], [0, 1, 0]]``.

    Notes
    -----
    Keras' product rotation * shift * shear * zoom, in its coordinates (x along columns, y along rows) about the centre,

        [cos t  -sin t] [1 0 tx] [1  -sin s] [zx  0]
        [sin t   cos t] [0 1 ty] [0   cos s] [0  zy]

    The centre is (width / 2 - 0.5, height / 2 - 0.5). Keras 3 exchanges the two numbers, so that oblong pictures
    drift; this one does not.
    """
    theta, shear = np.deg2rad(parameters.theta), np.deg2rad(parameters.shear)
    cos, sin = np.cos(theta), np.sin(theta)
    slant, squeeze = np.sin(shear), np.cos(shear)
    tx, ty, zx, zy = parameters.tx, parameters.ty, parameters.zx, parameters.zy
    xx, xy, x = cos * zx, (-cos * slant - sin * squeeze) * zy, cos * tx - sin * ty
    yx, yy, y = sin * zx, (cos * squeeze - sin * slant) * zy, sin * tx + cos * ty

    centre_x, centre_y = width / 2 - 0.5, height / 2 - 0.5
    out = np.empty((len(theta), 2, 3))
    out[:, 0, 0], out[:, 0, 1] = yy, yx
    out[:, 1, 0], out[:, 1, 1] = xy, xx
    # The centre's own terms first: they cancel exactly where nothing turns, and a plain shift stays exact.
    out[:, 0, 2] = y + (centre_y - yx * centre_x - yy * centre_y)
    out[:, 1, 2] = x + (centre_x - xx * centre_x - xy * centre_y)
    return out
