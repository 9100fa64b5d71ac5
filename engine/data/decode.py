"""From the bytes of a picture file to uint8 pixels, and from any size to the size asked for.

All of it is OpenCV, which leaves the interpreter free, so that threads decode side by side.
"""

from __future__ import annotations

import os
from pathlib import Path

# A picture may unpack to 4 bytes times this many pixels; OpenCV reads the limit once, when it is imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**28))

import cv2
import numpy as np

from engine.data.source import UnusablePicture

MAX_FILE_BYTES = 256 * 2**20

_SIGNATURES = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"BM",
    b"RIFF",  # WebP
    b"II*\0",  # TIFF
    b"MM\0*",
    b"\0\0\0\x0cjP",  # JPEG 2000
    *(b"P%d" % kind for kind in range(1, 7)),  # PBM, PGM, PPM
)


def read_image(source: bytes | str | Path, color: str = "auto") -> np.ndarray:
    """Decode a picture file of any usual kind.

    The orientation that cameras store (EXIF) is applied once. Transparent parts become white. 16-bit pictures keep
    their upper 8 bits; palettes and CMYK become colours. A GIF counts as no picture, as in Keras.

    Parameters
    ----------
    source : bytes, str or Path
        The file's content, or where it lies.
    color : str
        ``"rgb"``, ``"grayscale"``, or ``"auto"``: one channel if the file stores one.

    Returns
    -------
    array of uint8, shape (height, width, 3 or 1)
        RGB, or grey.

    Raises
    ------
    UnusablePicture
        If there is no such file, it cannot be opened, or it holds no picture or a damaged one.
    """
    data = source if isinstance(source, bytes) else _read_file(Path(source))
    _check_signature(data)
    buffer = np.frombuffer(data, dtype=np.uint8)
    image = _decode(buffer, cv2.IMREAD_ANYCOLOR)
    image = image[..., None] if image.ndim == 2 else cv2.cvtColor(_on_white(image, buffer), cv2.COLOR_BGR2RGB)
    return to_channels(image, {"auto": image.shape[2], "rgb": 3, "grayscale": 1}[color])


def to_channels(image: np.ndarray, n_channels: int) -> np.ndarray:
    """A picture (height, width, 1, 3 or 4) with 1 or 3 channels; a fourth is taken as opacity over white."""
    if image.shape[2] == 4:
        image = blend_on_white(image)
    if image.shape[2] == n_channels:
        return image
    if n_channels == 3:
        return np.repeat(image, 3, axis=2)
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]


def is_gray(image: np.ndarray) -> bool:
    """Whether a picture has one channel, or three that are equal everywhere."""
    return image.shape[2] == 1 or bool((image[..., 1:] == image[..., :1]).all())


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a picture to (height, width).

    The whole picture is kept and stretched to the new shape, as Keras' ``target_size`` does; nothing is cropped.
    Shrinking averages over areas, so that no detail turns into false patterns; enlarging is bilinear.
    """
    height, width = size
    if image.shape[:2] == size:
        return image
    shrinks = height * width < image.shape[0] * image.shape[1]
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return resized.reshape(height, width, image.shape[2])  # OpenCV drops a single channel


def blend_on_white(image: np.ndarray) -> np.ndarray:
    """The first three channels laid over white with the fourth as opacity; uint8 (height, width, 4) to (..., 3)."""
    opacity = image[..., 3:].astype(np.float32) / 255
    return np.rint(255 + (image[..., :3] - np.float32(255)) * opacity).astype(np.uint8)


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UnusablePicture("too_large", limit_mb=MAX_FILE_BYTES >> 20)
        return path.read_bytes()
    except FileNotFoundError:
        raise UnusablePicture("vanished") from None
    except PermissionError:
        raise UnusablePicture("no_permission") from None
    except OSError as error:
        raise UnusablePicture("unreadable", problem=error.strerror or str(error)) from None


def _check_signature(data: bytes) -> None:
    """Tell what is no picture at all from a damaged one, by the first bytes."""
    if not data:
        raise UnusablePicture("empty")
    if data.startswith(b"GIF8"):
        raise UnusablePicture("gif")
    if data[4:8] == b"ftyp":
        if data[8:12] not in (b"avif", b"avis"):
            raise UnusablePicture("heic" if data[8:11] in (b"hei", b"hev", b"mif") else "not_a_picture")
    elif not data.startswith(_SIGNATURES):
        raise UnusablePicture("not_a_picture")


def _decode(buffer: np.ndarray, flags: int) -> np.ndarray:
    try:
        image = cv2.imdecode(buffer, flags)
    except cv2.error:
        image = None
    if image is None:
        raise UnusablePicture("damaged")
    return image


def _on_white(image: np.ndarray, buffer: np.ndarray) -> np.ndarray:
    """The decoded BGR picture with its transparent parts white.

    OpenCV turns a picture by its EXIF orientation only when it drops the opacity, so that comes from a second decoding
    and is turned the same way, found by comparing colours.
    """
    if buffer[:3].tobytes() == b"\xff\xd8\xff":  # JPEG has no opacity
        return image
    whole = _decode(buffer, cv2.IMREAD_UNCHANGED)
    if whole.ndim != 3 or whole.shape[2] != 4:
        return image
    if whole.dtype == np.uint16:
        whole = (whole >> 8).astype(np.uint8)
    for flipped in (whole, whole[:, ::-1]):
        for quarter_turns in range(4):
            turned = np.rot90(flipped, quarter_turns)
            if np.array_equal(turned[..., :3], image):
                return blend_on_white(turned)
    return image
