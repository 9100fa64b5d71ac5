"""The networks that the pages offer: an MLP, a small CNN and a ResNet for small pictures.

All take pictures (B, C, H, W) as floats, 0..255 unless they were shown others, normalise them themselves and give one
logit per class, (B, n_classes). Weights begin as PyTorch's layers make them (Kaiming-uniform), or as said below;
`torch.manual_seed` decides them, and `initialize.glorot_` begins them anew as Keras would.
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
    images : ndarray, shape (N, H, W, C), optional
        Pictures to measure, as training will get them: the training part. None = the middle and half the width of
        0..255.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, n_channels: int, images: np.ndarray | None = None) -> None:
        super().__init__()
        mean, std, least = np.full(n_channels, 127.5), np.full(n_channels, 127.5), 1.0
        if images is not None:
            mean, std = _moments(images)
            least = 1.0 if images.dtype == np.uint8 else float(np.abs(images).max()) / 255 or 1.0
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1))
        # A channel without any variation is left at its mean, instead of being divided by zero.
        self.register_buffer("std", torch.tensor(np.maximum(std, least), dtype=torch.float32).view(-1, 1, 1))

    def forward(self, inputs: Tensor) -> Tensor:  # (B, C, H, W)
        """Normalised pictures, (B, C, H, W).

        Raises
        ------
        ValueError
            If they have another number of channels; one grey channel would else be taken for three equal ones.
        """
        if inputs.shape[1] != len(self.mean):
            raise ValueError(f"{len(self.mean)} channels expected, {inputs.shape[1]} came")
        return (inputs - self.mean) / self.std


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation per channel, float64 (C,); those of uint8 exactly, from counts of its 256 values."""
    if images.dtype != np.uint8:
        return images.mean((0, 1, 2), np.float64), images.std((0, 1, 2), np.float64)
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
    images : ndarray, shape (N, H, W, C), optional
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


def small_cnn(
    input_shape: tuple[int, int, int], n_classes: int, images: np.ndarray | None = None, width: int = 32
) -> nn.Sequential:
    """Three 3x3 convolutions, each followed by pooling, batch norm and ReLU, then the mean over what is left.

    The global mean makes it independent of the pictures' size. Kaiming-uniform weights, PyTorch's default.

    Parameters
    ----------
    input_shape : tuple of int
        (H, W, C); only C is used.
    n_classes : int
    images : ndarray, shape (N, H, W, C), optional
        Training pictures to set `Normalize` by.
    width : int
        Channels of the first convolution; the next two have twice and four times as many.
    """
    n_channels = input_shape[2]
    return nn.Sequential(
        Normalize(n_channels, images),
        *_stage(n_channels, width),
        *_stage(width, 2 * width),
        *_stage(2 * width, 4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, n_classes),
    )


class BatchNorm(nn.BatchNorm2d):
    """PyTorch's batch norm, which also takes a single value per channel: the last picture of a pass, at one pixel.

    PyTorch refuses that, because one value has no spread. What was learnt so far stands in for it.
    """

    def forward(self, inputs: Tensor) -> Tensor:  # (B, C, H, W)
        """Normalised values, (B, C, H, W)."""
        if self.training and inputs.numel() == inputs.shape[1]:
            return F.batch_norm(inputs, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(inputs)


def _stage(n_in: int, n_out: int) -> list[nn.Module]:
    """(B, n_in, H, W) -> (B, n_out, H/2, W/2). Pooling comes first: the rest then works on a quarter of the pixels."""
    return [
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.MaxPool2d(2, ceil_mode=True),  # sizes are rounded up, so that even one pixel is left one
        BatchNorm(n_out),
        nn.ReLU(),
    ]


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut: (B, C, H, W) -> the same.

    Kaiming-normal convolutions; the last batch norm begins at zero, so that the block begins as its shortcut.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, n_channels, 3, padding=1, bias=False)
        self.norm1 = BatchNorm(n_channels)
        self.conv2 = nn.Conv2d(n_channels, n_channels, 3, padding=1, bias=False)
        self.norm2 = BatchNorm(n_channels)
        for conv in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.norm2.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        """The sum of both ways, through ReLU."""
        hidden = F.relu(self.norm1(self.conv1(inputs)))
        return F.relu(self.norm2(self.conv2(hidden)) + inputs)


def resnet(
    input_shape: tuple[int, int, int], n_classes: int, images: np.ndarray | None = None, width: int = 32
) -> nn.Sequential:
    """A ResNet for small pictures: the stages of `small_cnn`, each followed by a residual block.

    Pooling before the first block makes it several times quicker than the usual ResNet at this size, and on few
    pictures it also learns faster. Kaiming weights: see `Residual`; elsewhere PyTorch's default.

    Parameters
    ----------
    input_shape : tuple of int
        (H, W, C); only C is used.
    n_classes : int
    images : ndarray, shape (N, H, W, C), optional
        Training pictures to set `Normalize` by.
    width : int
        Channels of the first stage; the next two have twice and four times as many, each at half the size of the last.
    """
    n_channels = input_shape[2]
    return nn.Sequential(
        Normalize(n_channels, images),
        *_stage(n_channels, width),
        Residual(width),
        *_stage(width, 2 * width),
        Residual(2 * width),
        *_stage(2 * width, 4 * width),
        Residual(4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, n_classes),
    )
