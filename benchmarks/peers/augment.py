"""Augmentation on the CPU: batches of 32 with the seven parameters of README's example, two threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

TITLE = "augmentation"

BATCH = 32
SETTINGS = {
    "rotation_range": 30,
    "zoom_range": 0.2,
    "shear_range": 12,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "horizontal_flip": True,
}
N_BATCHES = 4  # per step

Step = Callable[[], int]


class Case(NamedTuple):
    """Pictures of one kind, and what fills the places they leave empty."""

    size: int
    channels: int
    fill_mode: str = "nearest"

    def images(self) -> np.ndarray:
        """Noise, uint8 (N, size, size, channels); at most 150 MB."""
        n = min(4096, 150 * 2**20 // (self.size**2 * self.channels))
        return np.random.default_rng(0).integers(0, 256, (n, self.size, self.size, self.channels), np.uint8)

    def settings(self) -> dict[str, Any]:
        """The arguments of an ImageDataGenerator, Keras' and ours."""
        return {**SETTINGS, "fill_mode": self.fill_mode}


CASES = {
    "28x28x1": Case(28, 1),
    "32x32x3": Case(32, 3),
    "96x96x3": Case(96, 3),
    "224x224x3": Case(224, 3),
    **{f"32x32x3, {mode}": Case(32, 3, mode) for mode in ("reflect", "constant", "wrap")},
}


def fitlab(case: Case) -> Step:
    """Our flow, as it comes."""
    from engine import ImageDataGenerator

    flow = ImageDataGenerator(**case.settings()).flow(case.images(), batch_size=BATCH, seed=1)
    return _batches(lambda: next(flow))


def keras(case: Case) -> Step:
    """Keras' own flow."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    flow = ImageDataGenerator(**case.settings()).flow(case.images(), batch_size=BATCH, seed=1)
    return _batches(lambda: next(flow))


def opencv(case: Case) -> Step:
    """One warpAffine per picture, with our parameters; another function than Keras' in the modes constant and wrap."""
    import cv2

    from engine import ImageDataGenerator
    from engine.augment import affine

    generator, images = ImageDataGenerator(**case.settings()), case.images()
    draws = np.random.default_rng(0)

    def batch() -> np.ndarray:
        indices = draws.integers(0, len(images), BATCH)
        parameters = generator.draw(1, int(draws.integers(2**20)), indices, images.shape[1:])
        matrices = affine.matrices(parameters, case.size, case.size)[:, ::-1][:, :, [1, 0, 2]]  # OpenCV: x first
        out = np.empty((BATCH, *images.shape[1:]), np.float32)
        for k, (index, matrix) in enumerate(zip(indices, matrices, strict=True)):
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            warped = cv2.warpAffine(
                images[index], matrix, (case.size,) * 2, flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
            out[k] = (warped[:, ::-1] if parameters.flip_horizontal[k] else warped).reshape(images.shape[1:])
        return out

    return _batches(batch)


def albumentations(case: Case) -> Step:
    """Affine and flip, picture by picture."""
    import albumentations as A
    import cv2

    transform = A.Compose(
        [
            A.Affine(
                rotate=(-30, 30),
                scale=(0.8, 1.2),
                shear={"x": (-12, 12), "y": (0, 0)},
                translate_percent=(-0.1, 0.1),
                border_mode=cv2.BORDER_REPLICATE,
                p=1.0,
            ),
            A.HorizontalFlip(p=0.5),
        ]
    )
    images, draws = case.images(), np.random.default_rng(0)

    def batch() -> np.ndarray:
        chosen = images[draws.integers(0, len(images), BATCH)]
        return np.stack([transform(image=image)["image"] for image in chosen]).astype(np.float32)

    return _batches(batch)


def kornia(case: Case) -> Step:
    """Its batched augmentation, other parameters for each picture."""
    import kornia.augmentation as K
    import torch

    torch.set_num_threads(2)
    transform = K.AugmentationSequential(
        K.RandomAffine(30, (0.1, 0.1), (0.8, 1.2), 12, padding_mode="border", p=1.0), K.RandomHorizontalFlip(p=0.5)
    )
    images, draws = torch.from_numpy(case.images()).permute(0, 3, 1, 2), np.random.default_rng(0)

    def batch() -> torch.Tensor:
        return transform(images[draws.integers(0, len(images), BATCH)].float())

    return _batches(batch)


def torchvision(case: Case) -> Step:
    """Version 2, picture by picture (its batches share one set of parameters); fills with zeros, its only way."""
    import torch
    from torchvision.transforms import InterpolationMode, v2

    torch.set_num_threads(2)
    transform = v2.Compose(
        [
            v2.RandomAffine(30, (0.1, 0.1), (0.8, 1.2), 12, interpolation=InterpolationMode.BILINEAR),
            v2.RandomHorizontalFlip(),
        ]
    )
    images, draws = torch.from_numpy(case.images()).permute(0, 3, 1, 2).contiguous(), np.random.default_rng(0)

    def batch() -> torch.Tensor:
        return torch.stack([transform(image) for image in images[draws.integers(0, len(images), BATCH)]]).float()

    return _batches(batch)


ROWS: dict[str, Callable[[Case], Step]] = {
    "FitLab": fitlab,
    "Keras ImageDataGenerator": keras,
    "albumentations": albumentations,
    "kornia": kornia,
    "torchvision v2": torchvision,
    "OpenCV in a loop": opencv,
}


def _batches(batch: Callable[[], object]) -> Step:
    def step() -> int:
        for _ in range(N_BATCHES):
            batch()
        return N_BATCHES * BATCH

    return step


# No other library has all of Keras' fill modes.
ONLY = {case: ("FitLab", "Keras ImageDataGenerator") for case, shape in CASES.items() if shape.fill_mode != "nearest"}

# At least this many times their rate, two threads.
OVER_KERAS = {28: 15, 32: 20, 96: 18, 224: 18}
BARS = {
    **{(case, "Keras ImageDataGenerator"): OVER_KERAS[shape.size] for case, shape in CASES.items()},
    **{(case, row): 1 for case in CASES if case not in ONLY for row in ("albumentations", "kornia")},
}
