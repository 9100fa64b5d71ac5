"""Resampling pictures that lie on a GPU: the same geometry as `warp_cpu`, for a whole batch at once.

Coordinates are float64 and equal to the CPU's; the blend is float32, so results differ by less than 0.001 on 0..255.
One fused Triton kernel where Triton is installed, else a handful of torch operations, which run on any device that has
float64. Parameters are drawn on the CPU, as everywhere. The only module of this package that imports torch.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from engine.augment.affine import matrices as make_matrices
from engine.augment.generator import ImageDataGenerator


def supports(generator: ImageDataGenerator) -> bool:
    """Whether `augment` and `standardized` here do all that the generator does; else its batches come from the CPU."""
    ranges, steps = generator.ranges, generator.standardization
    return (
        ranges.channel_shift == 0
        and ranges.brightness is None
        and generator.interpolation_order <= 1
        and steps.only_rescales
        and generator.data_format == "channels_last"
        and generator.dtype == np.float32
    )


def augment(
    generator: ImageDataGenerator, images: torch.Tensor, indices: np.ndarray, seed: int, pass_: int
) -> torch.Tensor:
    """Transform and rescale some pictures of a data set on its device: `ImageDataGenerator.augment` for tensors.

    Parameters
    ----------
    generator : ImageDataGenerator
        One that `supports` accepts.
    images : torch.Tensor
        (N, H, W, C) uint8 or float32, contiguous.
    indices : np.ndarray
        (n,) int64 in [0, N): which pictures, also the samples' numbers of the draw.
    seed, pass_ : int
        Seed, and number of the pass over the data, from 0.

    Returns
    -------
    torch.Tensor
        (n, H, W, C) float32 on the device of `images`.
    """
    if not generator.ranges.active:
        return standardized(generator, images, indices)
    parameters = generator.draw(seed, pass_, indices, images.shape[1:])
    matrices = make_matrices(parameters, *images.shape[1:3])
    chosen, moved, mirrored = upload(images.device, indices, matrices, parameters.flips)
    return warp(
        images,
        chosen,
        moved,
        mirrored,
        generator.fill_mode,
        generator.cval,
        generator.standardization.rescale,
        generator.interpolation_order,
    )


def standardized(generator: ImageDataGenerator, images: torch.Tensor, indices: np.ndarray) -> torch.Tensor:
    """Some pictures rescaled but not transformed; parameters and result as in `augment`."""
    (chosen,) = upload(images.device, indices)
    return images[chosen].float() * generator.standardization.rescale


def upload(device: torch.device, *arrays: np.ndarray) -> list[torch.Tensor]:
    """Small arrays on a device by one copy that nothing waits for. Those of wider types first."""
    tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]
    sizes = [tensor.nbytes for tensor in tensors]
    # Out of pinned memory the copy is queued like any other work; the allocator keeps it until that is done.
    packed = torch.empty(sum(sizes), dtype=torch.uint8, pin_memory=device.type == "cuda")
    torch.cat([tensor.reshape(-1).view(torch.uint8) for tensor in tensors], out=packed)
    parts = packed.to(device, non_blocking=True).split(sizes)
    return [part.view(tensor.dtype).view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def warp(
    images: torch.Tensor,
    indices: torch.Tensor,
    matrices: torch.Tensor,
    flips: torch.Tensor,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    scale: float = 1.0,
    order: int = 1,
) -> torch.Tensor:
    """Resample some pictures of a data set, then mirror and scale them: `warp_cpu.warp` for tensors.

    Parameters
    ----------
    images : torch.Tensor
        (N, H, W, C) uint8 or float32, contiguous.
    indices : torch.Tensor
        (n,) int64 in [0, N), not checked: that would wait for the device.
    matrices : torch.Tensor
        (n, 2, 3) float64.
    flips : torch.Tensor
        (n, 2) bool.
    fill_mode, cval, scale, order
        As in `warp_cpu.warp`.

    Returns
    -------
    torch.Tensor
        (n, H, W, C) float32.
    """
    if not images.is_cuda:
        return gather(images, indices, matrices, flips, fill_mode, cval, scale, order)
    with torch.cuda.device_of(images):  # Triton launches on the current one, which is each thread's own
        return (_fused() or gather)(images, indices, matrices, flips, fill_mode, cval, scale, order)


@cache
def _fused() -> Callable[..., torch.Tensor] | None:
    """The Triton kernel if it runs on this machine: Triton must be installed, and find a C compiler."""
    try:
        from engine.augment.warp_triton import warp as kernel

        image = torch.zeros((1, 1, 1, 1), dtype=torch.uint8, device="cuda")
        neutral = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]], dtype=torch.float64, device="cuda")
        first, no_flips = image.new_zeros(1, dtype=torch.int64), image.new_zeros((1, 2), dtype=torch.bool)
        kernel(image, first, neutral, no_flips, "nearest", 0.0, 1.0, 1)
    except Exception as error:  # a compiler has many ways not to work
        warnings.warn(f"Augmenting on the GPU without Triton, which is slower: {error}", stacklevel=2)
        return None
    return kernel


def gather(
    images: torch.Tensor,
    indices: torch.Tensor,
    matrices: torch.Tensor,
    flips: torch.Tensor,
    fill_mode: str,
    cval: float,
    scale: float,
    order: int,
) -> torch.Tensor:
    """`warp` in plain torch operations."""
    _, height, width, n_channels = images.shape
    m = matrices[:, :, :, None, None]  # (n, 2, 3, 1, 1)
    rows = _positions(height, flips[:, 1])[:, :, None]  # (n, H, 1)
    columns = _positions(width, flips[:, 0])[:, None, :]  # (n, 1, W)
    # Sums in the CPU kernel's order: offset, row's term, column's term.
    y = m[:, 0, 2] + rows * m[:, 0, 0] + columns * m[:, 0, 1]  # (n, H, W)
    x = m[:, 1, 2] + rows * m[:, 1, 0] + columns * m[:, 1, 1]
    outside = (y < 0) | (y > height - 1) | (x < 0) | (x > width - 1)
    y, x = _inside(y, height, fill_mode), _inside(x, width, fill_mode)
    if order == 0:
        y, x = (y + 0.5).floor(), (x + 0.5).floor()
    top, left = y.floor(), x.floor()
    down, right = (y - top).float()[..., None], (x - left).float()[..., None]

    pixels = images.reshape(-1, n_channels)
    first = (indices * (height * width))[:, None, None]

    def read(row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
        place = row.long().clamp(0, height - 1) * width + column.long().clamp(0, width - 1)
        return pixels[first + place].float()  # (n, H, W, C)

    upper = read(top, left) * (1 - right) + read(top, left + 1) * right
    lower = read(top + 1, left) * (1 - right) + read(top + 1, left + 1) * right
    out = upper * (1 - down) + lower * down
    if fill_mode == "constant":
        out = torch.where(outside[..., None], cval, out)
    return out * scale


def _positions(n: int, flip: torch.Tensor) -> torch.Tensor:
    """(len(flip), n) float64: which of n positions each output position shows, before resampling."""
    forward = torch.arange(n, dtype=torch.float64, device=flip.device)
    return torch.where(flip[:, None], forward.flip(0), forward)


def _inside(q: torch.Tensor, n: int, fill_mode: str) -> torch.Tensor:
    """Bring coordinates into [0, n - 1]. Mirrored ones beyond the edge pixel's middle read that pixel alone."""
    if fill_mode == "reflect":
        from_edge = torch.remainder(q + 0.5, 2 * n)
        folded = torch.minimum(from_edge, 2 * n - from_edge) - 0.5
        q = torch.where((q < 0) | (q > n - 1), folded, q)
    elif fill_mode == "wrap" and n > 1:
        period = n - 1
        below, above = q + period * (torch.trunc(-q / period) + 1), q - period * torch.trunc(q / period)
        q = torch.where(q < 0, below, torch.where(q > period, above, q))
    return q.clamp(0, n - 1)
