"""What a strength means on a picture of a given size, in pixels and words. The geometry is the engine's own."""

from __future__ import annotations

import numpy as np

from engine.augment.affine import matrices
from engine.augment.draw import TransformParameters
from pages._ui.texts import t

INVISIBLE = 0.5  # pixels; less than this nobody sees


def moved(name: str, strength: float, size: tuple[int, int]) -> float:
    """How far, in pixels, the largest transform of that strength moves the middle of the edge it moves most.

    Parameters
    ----------
    name : str
        A parameter of `ImageDataGenerator`, such as ``"rotation_range"``.
    strength : float
        Its value.
    size : (int, int)
        Height and width of the picture.
    """
    height, width = size
    largest = {
        "rotation_range": {"theta": strength},
        "zoom_range": {"zx": 1 - strength, "zy": 1 - strength},
        "shear_range": {"shear": strength},
        "width_shift_range": {"tx": strength * width},
        "height_shift_range": {"ty": strength * height},
    }[name]
    matrix = matrices(TransformParameters.from_dict(largest), height, width)[0]
    rows, columns = (height - 1) / 2, (width - 1) / 2
    edges = np.array([[0, columns], [rows, 0]])  # (row, column) of the middles of the upper and the left edge
    # The matrix leads from the new picture to the old one; the edges go the other way.
    there = np.linalg.solve(matrix[:, :2], (edges - matrix[:, 2]).T).T
    return float(np.linalg.norm(there - edges, axis=1).max())


def meaning(name: str, strength: float, size: tuple[int, int]) -> str:
    """A sentence such as "12 degrees moves the upper edge by 3.2 px"."""
    if not strength:
        return t("meaning.off")
    pixels = moved(name, strength, size)
    if pixels < INVISIBLE:
        return t("meaning.invisible", pixels=f"{pixels:.2f}")
    return t(f"meaning.{name}", strength=f"{strength:g}", pixels=f"{pixels:.1f}")
