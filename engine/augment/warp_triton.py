"""The fused GPU kernel of `warp_cuda`, in Triton: one launch reads, resamples, mirrors and scales a batch."""

# ruff: noqa: ANN001, ANN202 - Triton compiles annotations too, and knows only its own

from __future__ import annotations

import torch
import triton
import triton.language as tl

FILL_MODES = {"nearest": 0, "reflect": 1, "wrap": 2, "constant": 3}
BLOCK = 256  # pixels per program


def warp(
    images: torch.Tensor,
    indices: torch.Tensor,
    matrices: torch.Tensor,
    flips: torch.Tensor,
    fill_mode: str,
    cval: float,
    scale: float,
    order: int,
) -> torch.Tensor:
    """`warp_cuda.warp` in one kernel launch."""
    _, height, width, n_channels = images.shape
    out = torch.empty((len(indices), height, width, n_channels), dtype=torch.float32, device=images.device)
    _warp[(len(indices), triton.cdiv(height * width, BLOCK))](
        images,
        indices,
        matrices,
        flips,
        out,
        cval,
        scale,
        height,
        width,
        N_CHANNELS=n_channels,
        MODE=FILL_MODES[fill_mode],
        ORDER=order,
        BLOCK=BLOCK,
        enable_fp_fusion=False,  # a fused multiply-add would round coordinates differently from the CPU's
    )
    return out


@triton.jit
def _warp(
    images,
    indices,
    matrices,
    flips,
    out,
    cval,
    scale,
    height,
    width,
    N_CHANNELS: tl.constexpr,
    MODE: tl.constexpr,
    ORDER: tl.constexpr,
    BLOCK: tl.constexpr,
):
    k = tl.program_id(0).to(tl.int64)
    pixel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    in_picture = pixel < height * width
    row, column = pixel // width, pixel % width
    row = tl.where(tl.load(flips + 2 * k + 1) != 0, height - 1 - row, row)
    column = tl.where(tl.load(flips + 2 * k) != 0, width - 1 - column, column)
    m = matrices + 6 * k
    # Sums in the CPU kernel's order: offset, row's term, column's term.
    y = tl.load(m + 2) + row * tl.load(m) + column * tl.load(m + 1)
    x = tl.load(m + 5) + row * tl.load(m + 3) + column * tl.load(m + 4)
    outside = (y < 0) | (y > height - 1) | (x < 0) | (x > width - 1)
    y, x = _inside(y, height, MODE), _inside(x, width, MODE)
    if ORDER == 0:
        y, x = tl.floor(y + 0.5), tl.floor(x + 0.5)
    top, left = tl.floor(y), tl.floor(x)
    down, right = (y - top).to(tl.float32), (x - left).to(tl.float32)
    top, left = tl.minimum(top.to(tl.int64), height - 1), tl.minimum(left.to(tl.int64), width - 1)
    bottom, beside = tl.minimum(top + 1, height - 1), tl.minimum(left + 1, width - 1)

    picture = images + tl.load(indices + k) * height * width * N_CHANNELS
    to = out + (k * height * width + pixel) * N_CHANNELS
    for channel in tl.static_range(N_CHANNELS):
        upper_left = tl.load(picture + (top * width + left) * N_CHANNELS + channel, in_picture, 0).to(tl.float32)
        upper_right = tl.load(picture + (top * width + beside) * N_CHANNELS + channel, in_picture, 0).to(tl.float32)
        lower_left = tl.load(picture + (bottom * width + left) * N_CHANNELS + channel, in_picture, 0).to(tl.float32)
        lower_right = tl.load(picture + (bottom * width + beside) * N_CHANNELS + channel, in_picture, 0).to(tl.float32)
        upper = upper_left * (1 - right) + upper_right * right
        lower = lower_left * (1 - right) + lower_right * right
        value = upper * (1 - down) + lower * down
        if MODE == 3:
            value = tl.where(outside, cval, value)
        tl.store(to + channel, value * scale, in_picture)


@triton.jit
def _inside(q, n, MODE: tl.constexpr):
    """Bring coordinates into [0, n - 1], as `warp_cuda._inside` does."""
    if MODE == 1:
        from_edge = q + 0.5
        from_edge -= 2 * n * tl.floor(from_edge / (2 * n))
        folded = tl.minimum(from_edge, 2 * n - from_edge) - 0.5
        q = tl.where((q < 0) | (q > n - 1), folded, q)
    elif MODE == 2:
        period = tl.maximum(n - 1, 1)
        below = q + period * ((-q / period).to(tl.int64) + 1)
        above = q - period * (q / period).to(tl.int64)
        q = tl.where(q < 0, below, tl.where(q > n - 1, above, q))
    return tl.minimum(tl.maximum(q, 0.0), n - 1)
