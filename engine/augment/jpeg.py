"""JPEGs decoded by OpenCV, which has the same library for that as Pillow, gives the same pixels, and copies less."""

from __future__ import annotations

import io
import re
from contextlib import suppress

import numpy as np

ORIENTATION = 0x0112  # EXIF's number for it; 1 is upright
MARK = re.compile(rb"\xff[^\0]")


def read_upright(path: str) -> np.ndarray | None:
    """Read a JPEG file that needs no turning.

    Parameters
    ----------
    path : str
        Any file.

    Returns
    -------
    np.ndarray or None
        (H, W, 3) uint8. None for all but whole JPEGs of the common kind: Pillow reads those, or says what is wrong.
    """
    import cv2
    from PIL import Image

    with suppress(Exception):
        with open(path, "rb", buffering=0) as file:
            content = file.read()
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            is_common = image.mode in ("RGB", "L") and "progressive" not in image.info
            is_upright = image.getexif().get(ORIENTATION, 1) == 1
        if is_common and is_upright and _is_whole(content):
            flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
            return cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    return None


def _is_whole(content: bytes) -> bool:
    """Whether nothing interrupts the pixels: a mark in the midst of them is damage, which OpenCV passes over.

    A mark is a byte 255, which is followed by a 0 where it is none. The pixels begin behind the mark "scan"; the
    mark "end" closes the file.
    """
    first = MARK.search(content, content.find(b"\xff\xda") + 2)
    return first is not None and content[first.start() :] == b"\xff\xd9"
