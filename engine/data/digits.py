"""Digits: scikit-learn's 1,797 handwritten digits, enlarged from 8x8 to 32x32 pixels."""

from __future__ import annotations

import os

import cv2
import numpy as np

from engine import paths
from engine.data.source import NO_PART, Pictures, Source

_SIDE = 32
_BRIGHTEST = 16  # value of full ink in scikit-learn's pictures


class Digits(Source):
    """The source ``"digits"``: grey pictures of 32x32 pixels, ten classes."""

    def identity(self) -> str:
        return ""

    def pictures(self) -> Pictures:
        images, labels = _load()
        return Pictures(
            class_names=[str(digit) for digit in range(10)],
            names=[f"digits/{i:06d}" for i in range(len(labels))],
            labels=labels,
            part_of=np.full(len(labels), NO_PART, dtype=np.int8),
            read=lambda indices: images[indices],
        )


def _load() -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 (1797, 32, 32, 1) and labels, converted once: importing scikit-learn takes seconds."""
    file = paths.home_dir("data") / "digits.npz"
    if not file.exists():
        from sklearn.datasets import load_digits

        small, labels = load_digits(return_X_y=True)
        unfinished = file.with_name(f"digits.{os.getpid()}.tmp.npz")
        np.savez(unfinished, images=np.stack([_enlarge(row) for row in small]), labels=labels.astype(np.int64))
        unfinished.replace(file)
    with np.load(file, allow_pickle=False) as stored:
        return stored["images"], stored["labels"]


def _enlarge(row: np.ndarray) -> np.ndarray:
    small = (row.reshape(8, 8) * (255 / _BRIGHTEST)).astype(np.float32)
    large = cv2.resize(small, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.rint(large), 0, 255).astype(np.uint8)[..., None]
