"""JPEGs decoded by simplejpeg, which has the same library for that as Pillow, gives the same pixels, and copies less.

Only what is beyond doubt is decoded here. All else is left to Pillow: it decides what a damaged file is worth.
"""

from __future__ import annotations

import io
import math
import os
import struct
from contextlib import suppress

import numpy as np

ORIENTATION = 0x0112  # EXIF's number for it; 1 is upright

# A header is made of segments: a byte 255, the segment's kind, its length (which counts its own two bytes), and so on.
START, SCAN = b"\xff\xd8", b"\xff\xda"
FRAMES = 0xC0, 0xC1  # the picture's size, of the two kinds that are not progressive
NOTES = range(0xE0, 0xF0)  # of cameras and programs: EXIF, colour profiles, ...
JFIF = b"\xff\xe0\0\x10JFIF\0"  # the note that nearly every file has, of the length that it has nearly always
KINDS = {*FRAMES, *NOTES, 0xC4, 0xDB, 0xDD, 0xFE}  # and codes, quantization, restarts, a comment


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
    import simplejpeg

    with suppress(Exception):
        content = _content(path)
        if _is_common(content):
            return simplejpeg.decode_jpeg(content, strict=True)  # raises where the library would only warn
    return None


def _content(path: str) -> bytes:
    """A file in one piece, by fewer calls of the system than Python's own files need."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(file, os.fstat(file).st_size)
    finally:
        os.close(file)


def _is_common(content: bytes) -> bool:
    """Whether a JPEG is in colour or grey, not progressive, and upright. Raises almost anything for other files."""
    from PIL import Image

    at, frame, has_notes = len(START), 0, False
    while content[at] == 0xFF and (kind := content[at + 1]) in KINDS:
        if kind in FRAMES:
            frame = at
        elif kind in NOTES:
            has_notes |= not content.startswith(JFIF, at)
        at += 2 + (content[at + 2] << 8 | content[at + 3])
    if not (frame and content.startswith(START) and content.startswith(SCAN, at)):
        return False
    height, width, n_channels = struct.unpack_from(">HHB", content, frame + 5)
    if n_channels not in (1, 3):
        return False
    if has_notes or height * width > (Image.MAX_IMAGE_PIXELS or math.inf):
        # Pillow knows what notes mean and which of them are damaged, and has its say about pictures that are too large.
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            return image.getexif().get(ORIENTATION, 1) == 1
    return True
