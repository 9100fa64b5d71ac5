"""The networks that the pages offer: an MLP, a small CNN and a ResNet for small pictures.

All take pictures (B, C, H, W) as floats 0..255, normalise them themselves and give one logit per class, (B, n_classes).
Weights begin as PyTorch's layers make them, or as said below; `torch.manual_seed` decides them.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Normalize(nn.Module):
    """Subtracts a mean and divides by a standard deviation, both per channel; they are saved with the weights.

    Parameters
    ----------
    n_channels : int
    images : ndarray, shape (N, H, W, C), uint8, optional
        Pictures to measure: the training part. None = the middle and half the width of 0..255.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, n_channels: int, images: np.ndarray | None = None) -> None:
        super().__init__()
        mean, std = np.full(n_channels, 127.5), np.full(n_channels, 127.5)
        if images is not None:
            mean, std = _moments(images)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1))
        # A channel without any variation is left at its mean, instead of being divided by zero.
        self.register_buffer("std", torch.tensor(np.maximum(std, 1.0), dtype=torch.float32).view(-1, 1, 1))

    def forward(self, inputs: Tensor) -> Tensor:  # (B, C, H, W)
        """Normalised pictures, (B, C, H, W)."""
        return (inputs - self.mean) / self.std


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation per channel, float64 (C,), from counts of the 256 values: exact, whatever N."""
    counts = np.stack([np.bincount(images[..., c].reshape(-1), minlength=256) for c in range(images.shape[-1])])
    values, shares = np.arange(256), counts / counts.sum(axis=1, keepdims=True)  # (C, 256)
    mean = shares @ values
    return mean, np.sqrt(shares @ values**2 - mean**2)


def mlp(
    input_shape: tuple[int, int, int], n_classes: int, images: np.ndarray | None = None, width: int = 256
) -> nn.Sequential:
    """Two hidden layers of `width` units with ReLU and dropout. Kaiming-uniform weights, PyTorch's default.

    Parameters
    ----------
    input_shape : tuple of int
        (H, W, C).
    n_classes : int
    images : ndarray, shape (N, H, W, C), uint8, optional
        Training pictures to set `Normalize` by.
    width : int
    """
    height, width_px, n_channels = input_shape
    return nn.Sequential(
        Normalize(n_channels, images),
        nn.Flatten(),
        nn.Linear(height * width_px * n_channels, width),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(width, n_classes),
    )
