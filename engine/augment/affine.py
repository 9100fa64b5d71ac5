"""Matrices of the affine part of a transform: rotation, shift, shear and zoom about a picture's centre.

The only place that knows the geometry. It reads no pixels; both warps take the matrices as they come from here.
"""

from __future__ import annotations

import numpy as np

from engine.augment.draw import TransformParameters

IDENTITY = np.eye(3)


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
    rotation, shift, slant, zoom = factors = np.empty((4, len(theta), 3, 3))
    factors[:] = IDENTITY
    rotation[:, 0, 0] = rotation[:, 1, 1] = np.cos(theta)
    rotation[:, 1, 0] = np.sin(theta)
    rotation[:, 0, 1] = -rotation[:, 1, 0]
    shift[:, 0, 2], shift[:, 1, 2] = parameters.tx, parameters.ty
    slant[:, 0, 1], slant[:, 1, 1] = -np.sin(shear), np.cos(shear)
    zoom[:, 0, 0], zoom[:, 1, 1] = parameters.zx, parameters.zy
    to_centre, from_centre = IDENTITY.copy(), IDENTITY.copy()
    from_centre[:2, 2] = width / 2 - 0.5, height / 2 - 0.5
    to_centre[:2, 2] = -from_centre[:2, 2]
    # Products, in this order and by this function: so Keras rounds.
    moved = from_centre @ (rotation @ shift @ slant @ zoom) @ to_centre
    out = np.empty((len(theta), 2, 3))
    out[:, :, :2], out[:, :, 2] = moved[:, 1::-1, 1::-1], moved[:, 1::-1, 2]  # rows before columns
    return out
