"""Pictures for the eye: rounding to bytes, PNG and JPEG files, enlarging without blur, and contact sheets.

Pages and the worker both use these functions, so that equal pixels give equal files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from engine.data.decode import resize

JPEG_QUALITY = 85


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Round floats on the scale 0..255 to uint8; what lies outside is clipped."""
    return image if image.dtype == np.uint8 else np.clip(np.rint(image), 0, 255).astype(np.uint8)


def encode_png(image: np.ndarray) -> bytes:
    """A PNG file of one picture, uint8 (height, width, c): 1 = grey, 3 = RGB, 4 = RGB and opacity."""
    _, data = cv2.imencode(".png", _as_opencv_has_it(image))
    return data.tobytes()


def encode_jpeg(image: np.ndarray) -> bytes:
    """A JPEG file of one picture, uint8 (height, width, 1 or 3): far smaller than a PNG, and nearly the same."""
    _, data = cv2.imencode(".jpg", _as_opencv_has_it(image), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    return data.tobytes()


def _as_opencv_has_it(image: np.ndarray) -> np.ndarray:
    if image.shape[2] == 1:
        return image
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """A picture that fits into a square of `side` pixels, its proportions kept.

    Small pictures are enlarged by the largest whole factor that fits, each pixel becoming a sharp square; large ones
    are shrunk.
    """
    longest = max(image.shape[:2])
    if longest <= side:
        factor = side // longest
        return image.repeat(factor, axis=0).repeat(factor, axis=1)
    height, width = (max(1, round(n * side / longest)) for n in image.shape[:2])
    return resize(image, (height, width))


def contact_sheet(
    images: Sequence[np.ndarray],
    n_columns: int,
    side: int,
    gap: int = 4,
    background: tuple[int, int, int] | None = None,
) -> np.ndarray:
    """Lay pictures out on a grid of square cells, row by row.

    Parameters
    ----------
    images : sequence of uint8 arrays, each (height, width, 1 or 3)
        May differ in size; each becomes a `thumbnail` in the middle of its cell.
    n_columns : int
        Cells per row.
    side : int
        Side of a cell in pixels.
    gap : int
        Pixels between cells.
    background : (red, green, blue), optional
        Colour between the pictures; None = transparent.

    Returns
    -------
    array of uint8, shape (height, width, 3), or (height, width, 4) without a background
    """
    n_rows = max(1, math.ceil(len(images) / n_columns))
    shape = (n_rows * (side + gap) - gap, n_columns * (side + gap) - gap)
    sheet = np.zeros((*shape, 4), dtype=np.uint8)
    if background is not None:
        sheet[:] = (*background, 255)
    for k, image in enumerate(images):
        picture = thumbnail(image, side)
        height, width = picture.shape[:2]
        row, column = divmod(k, n_columns)
        top = row * (side + gap) + (side - height) // 2
        left = column * (side + gap) + (side - width) // 2
        cell = sheet[top : top + height, left : left + width]
        cell[..., :3] = picture
        cell[..., 3] = 255
    return sheet if background is None else sheet[..., :3]
