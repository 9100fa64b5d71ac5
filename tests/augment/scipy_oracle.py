"""What real scipy makes of a transform, by Keras' formula written out: for cases that nobody has recorded."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy import ndimage

NEAR = 1e-6  # pixels; so near to a jump, the last bit of a coordinate decides

AFFINE = st.fixed_dictionaries(
    {},
    optional={
        "theta": st.floats(-200, 200),
        "tx": st.floats(-30, 30),
        "ty": st.floats(-30, 30),
        "shear": st.floats(-60, 60),
        "zx": st.floats(0.2, 4) | st.floats(-2, -0.2),
        "zy": st.floats(0.2, 4) | st.floats(-2, -0.2),
    },
)


def transform(picture, parameters, fill_mode="nearest", cval=0.0, order=1):
    """The picture (H, W, C) transformed, and the mask (H, W) of pixels that may come out either way."""
    height, width, n_channels = picture.shape
    if np.array_equal(_product(**parameters), np.eye(3)):  # scipy's splines would move the last bits
        return picture, np.zeros((height, width), bool)
    matrix = _about_centre(_product(**parameters), width, height)
    if np.allclose(matrix, np.eye(3), rtol=0, atol=1e-14):  # rounding decides whether that moves anything
        return picture, np.ones((height, width), bool)
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])  # scipy counts rows first
    matrix = swap @ matrix @ swap
    out = np.empty(picture.shape, np.float32)
    for channel in range(n_channels):
        plane = picture[..., channel].astype(np.float32)
        out[..., channel] = ndimage.affine_transform(
            plane, matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval
        )
    return out, jumps(matrix, height, width, fill_mode, order)


def jumps(matrix, height, width, fill_mode, order):
    """The mask (height, width) of pixels that are read so near to a jump that rounding decides."""
    rows, columns = np.mgrid[:height, :width]
    places = np.einsum("ij,jhw->ihw", matrix[:2], np.stack([rows, columns, np.ones_like(rows)]))
    return _near_jump(places[0], height, fill_mode, order) | _near_jump(places[1], width, fill_mode, order)


def _product(theta=0.0, tx=0.0, ty=0.0, shear=0.0, zx=1.0, zy=1.0):
    t, s = np.deg2rad(theta), np.deg2rad(shear)
    rotation = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    slant = np.array([[1, -np.sin(s), 0], [0, np.cos(s), 0], [0, 0, 1]])
    return rotation @ shift @ slant @ np.diag([zx, zy, 1])


def _about_centre(matrix, width, height):
    there, back = np.eye(3), np.eye(3)
    there[:2, 2] = width / 2 - 0.5, height / 2 - 0.5
    back[:2, 2] = -there[:2, 2]
    return there @ matrix @ back


def _near_jump(q, n, fill_mode, order):
    near = np.zeros(q.shape, bool)
    if fill_mode == "constant":
        near |= (np.abs(q) < NEAR) | (np.abs(q - (n - 1)) < NEAR)
    if fill_mode == "wrap" and n > 1:
        near |= np.abs(q / (n - 1) - np.round(q / (n - 1))) * (n - 1) < NEAR
    if order == 0:
        near |= np.abs(q - np.floor(q) - 0.5) < NEAR
    return near
