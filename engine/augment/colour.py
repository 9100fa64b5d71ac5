"""What transforms do to values rather than places: channel shift and brightness. Works on whole batches."""

from __future__ import annotations

import numpy as np

from engine.augment.draw import TransformParameters

PICTURE = (1, 2, 3)  # the axes of one picture in a batch


def recolour(batch: np.ndarray, parameters: TransformParameters, before: np.ndarray | None = None) -> np.ndarray:
    """Apply the drawn channel shift, then the brightness, to a batch of float pictures (n, H, W, C), in place.

    `before` are the same pictures before resampling, where that may have overshot their values.
    """
    if parameters.channel_shift_intensity is not None:
        shift_channels(batch, parameters.channel_shift_intensity)
    if parameters.brightness is not None:
        brighten(batch, parameters.brightness, before)
    return batch


def shift_channels(batch: np.ndarray, amounts: np.ndarray) -> None:
    """Add each picture's amount to all of its values, kept within the picture's own smallest and largest, in place.

    Parameters
    ----------
    batch : np.ndarray
        (n, H, W, C) float32.
    amounts : np.ndarray
        (n,) in the pictures' unit.
    """
    low, high = batch.min(PICTURE, keepdims=True), batch.max(PICTURE, keepdims=True)
    batch += _per_picture(amounts)
    np.clip(batch, low, high, out=batch)


def brighten(batch: np.ndarray, factors: np.ndarray, before: np.ndarray | None = None) -> None:
    """Multiply each picture's distance from black by its factor, in place; 1 leaves a picture exactly as it is.

    Parameters
    ----------
    batch : np.ndarray
        (n, H, W, C) float32.
    factors : np.ndarray
        (n,), 0 = black.
    before : np.ndarray, optional
        (n, H, W, C): what to take each picture's range of values from; None = the pictures themselves.

    Notes
    -----
    White is 1 for a picture whose values lie within -1..1, else 255 (or its own largest value, if that is above);
    black is 0, or minus white if it has negative values. Keras truncates to 8-bit integers before and after, which
    turns pictures in 0..1 black and makes the factor 1 lossy. Here only pictures in 0..255 are cut to whole numbers,
    and only before: so no value is further than 1 from Keras'.
    """
    measured = batch if before is None else before.astype(np.float32)
    low, high = measured.min(PICTURE, keepdims=True), measured.max(PICTURE, keepdims=True)
    largest = np.maximum(high, -low)
    white = np.where(largest <= 1, np.float32(1), np.maximum(largest, np.float32(255)))
    black = np.where(low < 0, -white, np.float32(0))
    factor = _per_picture(factors)
    np.floor(batch, out=batch, where=(black == 0) & (white > 1) & (factor != 1))
    batch *= factor
    batch += black * (1 - factor)
    np.clip(batch, black, white, out=batch)


def stretched(picture: np.ndarray) -> np.ndarray:
    """The values of a picture brought to 0..255; a picture of one value becomes black."""
    picture = picture - picture.min()
    largest = picture.max()
    return (picture / largest if largest else picture) * 255


def _per_picture(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[:, None, None, None]
