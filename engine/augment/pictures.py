"""Picture files and Pillow images: reading, writing, and the way to arrays and back, under Keras' names.

Decoding and resizing mean exactly what Pillow means, also where flows have faster means (`jpeg`, `resize`). Pillow is
imported at the first use. The pages read pictures with `engine.data.decode`, which is another decoder.
"""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from engine.augment import arguments
from engine.augment.colour import stretched
from engine.augment.jpeg import read_upright
from engine.augment.pixels import as_numbers, check_picture
from engine.errors import DataError, SpecError
from engine.texts.augment import WARNINGS

if TYPE_CHECKING:
    from PIL.Image import Image

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
FORMATS = {"jpg": "jpeg", "tif": "tiff"}  # endings that are not Pillow's names

Source = str | bytes | os.PathLike[str] | IO[bytes]
"""A path, or a file open for reading bytes."""


def check_color_mode(value: Any) -> str:
    """Return a color mode, else raise SpecError."""
    if not arguments.is_one_of(value, CHANNELS):
        raise SpecError("augment.unknown_color_mode", field="augment.color_mode", value=repr(value))
    return value


def check_interpolation(value: Any) -> str:
    """Return the name of a way to resize, else raise SpecError."""
    if not arguments.is_one_of(value, INTERPOLATIONS):
        names = ", ".join(INTERPOLATIONS)
        raise SpecError("augment.unknown_interpolation", field="augment.interpolation", names=names, value=repr(value))
    return value


def check_size(value: Any) -> tuple[int, int]:
    """Return (height, width) in pixels as whole numbers, else raise SpecError."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise SpecError("augment.not_a_size", field="augment.target_size", value=repr(value))
    height, width = (arguments.check_count("target_size", side) for side in value)
    return height, width


def load_img(
    path: Source,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    *,
    grayscale: bool = False,
) -> Image:
    """Read a picture.

    Parameters
    ----------
    path : str, bytes, path-like or binary file
        Where it lies (bytes are a path too), or a file such as `io.BytesIO`. Any kind of file that Pillow reads.
    color_mode : {"rgb", "rgba", "grayscale"}
        Opacity is left out, not blended, unless "rgba" asks for it. "grayscale" keeps the full depth of grey pictures
        with 16 or 32 bits (Pillow's modes "I;16", "I;16B" and "I").
    target_size : (int, int), optional
        Height and width in pixels; None = as stored.
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"}
        Pillow's filter of this name.
    keep_aspect_ratio : bool
        Whether to cut the middle part of the target's proportions out first, rather than to distort.
    grayscale : bool
        Old name of ``color_mode="grayscale"``.

    Returns
    -------
    PIL.Image.Image
        Of mode "RGB", "RGBA" or "L", or of deep grey. The orientation that cameras store (EXIF) has been applied, once;
        Keras leaves pictures lying on their side.

    Raises
    ------
    DataError
        If there is no such file, or it is damaged, no picture, or would unpack to more pixels than Pillow's
        `MAX_IMAGE_PIXELS` allows twice.
    SpecError
        If an argument is unknown.
    """
    if grayscale:
        warnings.warn(WARNINGS["grayscale_argument"]("en"), stacklevel=2)
        color_mode = "grayscale"
    check_color_mode(color_mode)
    size = None if target_size is None else check_size(target_size)
    image = _converted(_decoded(path), color_mode)
    return image if size is None else _resized(image, size, check_interpolation(interpolation), keep_aspect_ratio)


def read_pixels(path: str, color_mode: str, size: tuple[int, int], interpolation: str, keep_aspect: bool) -> np.ndarray:
    """Read a picture file as flows do: (height, width, channels) uint8. Parameters and errors as in `load_img`.

    Grey of more than 8 bits is taken for 16-bit values and scaled to 0..255.
    """
    from PIL import Image

    if color_mode == "rgb" and (pixels := read_upright(path)) is not None:
        if interpolation != "nearest":
            return _filtered(pixels, size, interpolation, keep_aspect)
        return np.asarray(_resized(Image.fromarray(pixels), size, interpolation, keep_aspect))
    image = _converted(_decoded(path), color_mode)
    if image.mode in ("RGB", "L") and interpolation != "nearest":
        return _filtered(np.asarray(image).reshape(*image.size[::-1], -1), size, interpolation, keep_aspect)
    image = _resized(image, size, interpolation, keep_aspect)
    return np.asarray(_eight_bit(image)).reshape(*size, CHANNELS[color_mode])


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A Pillow image as an array.

    Parameters
    ----------
    img : PIL.Image.Image or array_like
        An array is (H, W) or (H, W, C).
    data_format : {"channels_last", "channels_first"}, optional
        Axes of the result; None = channels last.
    dtype : dtype, optional
        None = float32.

    Returns
    -------
    np.ndarray
        (H, W, C) or (C, H, W), values as they are in the image.

    Raises
    ------
    DataError
        If it is not one picture, or a value is NaN or infinite.
    """
    first = _is_channels_first(data_format)
    array = as_numbers(img, np.float32 if dtype is None else dtype)
    array = check_picture(array[:, :, None] if array.ndim == 2 else array)
    return array.transpose(2, 0, 1) if first else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Image:
    """An array as a Pillow image.

    Parameters
    ----------
    x : array_like
        (H, W, C) or (C, H, W) of 1, 3 or 4 channels.
    data_format : {"channels_last", "channels_first"}, optional
        Axes of x; None = channels last.
    scale : bool
        Whether to bring the smallest value to 0 and the largest to 255.
    dtype : dtype, optional
        What x is turned into first; None = float32 to scale, else as it is.

    Returns
    -------
    PIL.Image.Image
        Of mode "L", "RGB" or "RGBA"; "I" for one channel with values above 255. Fractions are cut off, and values
        beyond 0..255 become the nearest of these.

    Raises
    ------
    DataError
        If x is not one picture, has another number of channels, or a value is NaN or infinite.
    """
    from PIL import Image

    first = _is_channels_first(data_format)
    array = check_picture(as_numbers(x, np.float32 if scale and dtype is None else dtype))
    array = array.transpose(1, 2, 0) if first else array
    if array.shape[2] not in CHANNELS.values():
        raise DataError("augment.channels_for_a_file", n=array.shape[2])
    if scale:
        array = stretched(array)
    if array.shape[2] == 1:
        array = array[:, :, 0]
        if array.max() > 255:
            return Image.fromarray(array.astype(np.int32))
    return Image.fromarray(array.clip(0, 255).astype(np.uint8))


def save_img(
    path: str | os.PathLike[str] | IO[bytes],
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as a picture file.

    Parameters
    ----------
    path : str, path-like or binary file
        Where to.
    x, data_format, scale
        As in `array_to_img`.
    file_format : str, optional
        "png", "jpeg", ...; None = by the path's ending.
    **kwargs
        Passed on to Pillow's `Image.save`, such as ``quality=90``.

    Raises
    ------
    DataError
        If x is not one picture, a value is NaN or infinite, or the file cannot be written.
    SpecError
        If Pillow writes no such kind of file, or another argument is of another type.

    Warns
    -----
    UserWarning
        If opacity is left out, since a JPEG cannot hold it.
    """
    image = array_to_img(x, data_format, scale)
    place = path if hasattr(path, "write") else arguments.check_path("path", path)
    ending = file_format or (Path(path).suffix[1:] if isinstance(path, str | os.PathLike) else "")
    format_ = check_format(ending)
    if image.mode == "RGBA" and format_ == "jpeg":
        warnings.warn(WARNINGS["opacity_lost"]("en"), stacklevel=2)
        image = image.convert("RGB")
    try:
        image.save(place, format=format_, **kwargs)
    except (OSError, ValueError) as error:
        raise DataError("augment.not_saved", name=str(path), reason=str(error)) from error


def check_format(value: Any) -> str:
    """Pillow's name for an ending that it can write, else SpecError."""
    from PIL import Image

    Image.init()
    name = value.lower() if isinstance(value, str) else ""
    if (name := FORMATS.get(name, name)).upper() not in Image.SAVE:
        raise SpecError("augment.unknown_format", field="augment.save_format", value=repr(value))
    return name


def _decoded(path: Source) -> Image:
    """The whole picture in memory, upright."""
    from PIL import Image, ImageOps

    place = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else path
    name = place if isinstance(place, str) else type(place).__name__
    try:
        with Image.open(place) as image:
            image.load()
            with suppress(Exception):  # pixels are good also where the notes of the camera are damaged
                ImageOps.exif_transpose(image, in_place=True)
            return image
    except FileNotFoundError:
        raise DataError("augment.no_such_picture", name=name) from None
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        raise DataError("augment.not_a_picture_file", name=name, reason=f"{type(error).__name__}: {error}") from error


def _converted(image: Image, color_mode: str) -> Image:
    """The picture in a color mode; deep grey stays deep in "grayscale"."""
    mode = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}[color_mode]
    if image.mode == mode or (mode == "L" and _is_deep(image)):
        return image
    image = _eight_bit(image)
    if image.mode == "P":
        image = image.convert("RGBA")  # a palette may have opacities, which Pillow wants to see named
    return image.convert(mode)


def _is_deep(image: Image) -> bool:
    """Whether a picture is grey of 16 or 32 bits."""
    return image.mode.startswith("I")


def _eight_bit(image: Image) -> Image:
    """Grey of more than 8 bits as 8, white as white; other pictures as they are."""
    from PIL import Image

    if not _is_deep(image):
        return image
    return Image.fromarray(np.rint(np.asarray(image).clip(0, 65535) / 257).astype(np.uint8))


def _resized(image: Image, size: tuple[int, int], interpolation: str, keep_aspect: bool) -> Image:
    """The picture resized to (height, width); from its middle part of the same proportions, if that is asked for."""
    from PIL.Image import Resampling

    if image.size[::-1] == size:
        return image
    box = _middle(image.size, size) if keep_aspect else None
    return image.resize(size[::-1], Resampling[interpolation.upper()], box=box)


def _filtered(pixels: np.ndarray, size: tuple[int, int], interpolation: str, keep_aspect: bool) -> np.ndarray:
    """`_resized` for (H, W, C) uint8 without opacity, by any way but "nearest"."""
    if pixels.shape[:2] == size:
        return pixels
    from engine.augment.resize import resize  # imports numba, which those who only save pictures do not need

    height, width = pixels.shape[:2]
    return resize(pixels, size, interpolation, _middle((width, height), size) if keep_aspect else None)


def _middle(had: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the middle part of a (width, height), of the proportions of a (height, width)."""
    (height, width), (had_width, had_height) = size, had
    part_width = min(had_width, had_height * width // height)
    part_height = min(had_height, had_width * height // width)
    left, top = (had_width - part_width) // 2, (had_height - part_height) // 2
    return left, top, left + part_width, top + part_height


def _is_channels_first(data_format: str | None) -> bool:
    return arguments.CHECKS["data_format"]("data_format", data_format) == "channels_first"
