"""How near each way of augmenting comes to Keras' own result: the same pictures, the same parameters.

A way is a function that takes uint8 pictures (n, size, size, channels), their parameters and a fill mode, and returns
float32 pictures; None if it has no such mode. The parameters are those that FitLab's `flow` draws.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers import augment

if TYPE_CHECKING:
    from engine import ImageDataGenerator
    from engine.augment.draw import TransformParameters

N = 16
SEED = 1
FILL_MODES = ("nearest", "reflect", "constant", "wrap")

Way = Callable[[np.ndarray, "TransformParameters", str], np.ndarray | None]


def pictures(case: augment.Case) -> np.ndarray:
    """Noise, uint8 (N, size, size, channels)."""
    return np.random.default_rng(0).integers(0, 256, (N, case.size, case.size, case.channels), np.uint8)


def generator(fill_mode: str) -> ImageDataGenerator:
    """FitLab's, with the parameters of the speed rows."""
    from engine import ImageDataGenerator

    return ImageDataGenerator(**augment.SETTINGS, fill_mode=fill_mode)


def parameters(images: np.ndarray) -> TransformParameters:
    """What FitLab draws for the pictures."""
    return generator("nearest").draw(SEED, 0, np.arange(len(images)), images.shape[1:])


def fitlab(images: np.ndarray, parameters: TransformParameters, fill_mode: str) -> np.ndarray:
    """What `flow` does with a batch."""
    return generator(fill_mode).augment(images, np.arange(len(images)), SEED, 0)


def keras(images: np.ndarray, parameters: TransformParameters, fill_mode: str) -> np.ndarray:
    """Keras' `apply_transform`."""
    os.environ["KERAS_BACKEND"] = "torch"
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    theirs = ImageDataGenerator(fill_mode=fill_mode)
    each = enumerate(images.astype(np.float32))
    return np.stack([theirs.apply_transform(image, parameters.of(k)) for k, image in each])


def scipy(images: np.ndarray, parameters: TransformParameters, fill_mode: str) -> np.ndarray:
    """SciPy's `affine_transform`, channel by channel, by which Keras moves pictures."""
    from scipy.ndimage import affine_transform

    from engine.augment.affine import matrices

    out = np.empty(images.shape, np.float32)
    for picture, image, matrix in zip(out, images, matrices(parameters, *images.shape[1:3]), strict=True):
        for channel in range(image.shape[2]):
            plane = image[..., channel].astype(np.float32)
            picture[..., channel] = affine_transform(plane, matrix[:, :2], matrix[:, 2], order=1, mode=fill_mode)
    return _mirrored(out, parameters)


def opencv(images: np.ndarray, parameters: TransformParameters, fill_mode: str) -> np.ndarray:
    """`warpAffine` as the speed row calls it."""
    import cv2

    borders = {
        "nearest": cv2.BORDER_REPLICATE,
        "reflect": cv2.BORDER_REFLECT,
        "constant": cv2.BORDER_CONSTANT,
        "wrap": cv2.BORDER_WRAP,
    }
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = np.empty(images.shape, np.float32)
    for picture, image, matrix in zip(out, images, _columns_first(parameters, images), strict=True):
        size = image.shape[1::-1]
        picture[:] = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=borders[fill_mode]).reshape(
            image.shape
        )
    return _mirrored(out, parameters)


def kornia(images: np.ndarray, parameters: TransformParameters, fill_mode: str) -> np.ndarray | None:
    """`warp_affine` with the matrices."""
    import torch
    from kornia.geometry.transform import warp_affine

    borders = {"nearest": "border", "reflect": "reflection", "constant": "zeros"}
    if fill_mode not in borders:
        return None
    full = np.concatenate([_columns_first(parameters, images), np.tile([[[0.0, 0.0, 1.0]]], (len(images), 1, 1))], 1)
    forward = torch.from_numpy(np.linalg.inv(full)[:, :2]).float()
    source = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    out = warp_affine(source, forward, images.shape[1:3], padding_mode=borders[fill_mode])
    return _mirrored(out.permute(0, 2, 3, 1).numpy(), parameters)


WAYS: dict[str, Way] = {
    "Keras ImageDataGenerator": keras,
    "SciPy": scipy,
    "FitLab": fitlab,
    "OpenCV in a loop": opencv,
    "kornia": kornia,
}
# What the others are compared with, the first that is there, and whose it is.
REFERENCES = {"Keras ImageDataGenerator": "Keras'", "SciPy": "SciPy's"}
# These draw parameters of their own kind, and cannot be given Keras'.
WITHOUT_PARAMETERS = ("albumentations", "torchvision v2")


def _columns_first(parameters: TransformParameters, images: np.ndarray) -> np.ndarray:
    """The matrices (n, 2, 3) from places in the result to places in the picture, (column, row)."""
    from engine.augment.affine import matrices

    return matrices(parameters, *images.shape[1:3])[:, ::-1][:, :, [1, 0, 2]]


def _mirrored(pictures: np.ndarray, parameters: TransformParameters) -> np.ndarray:
    return np.stack([x[:, ::-1] if flip else x for x, flip in zip(pictures, parameters.flip_horizontal, strict=True)])
