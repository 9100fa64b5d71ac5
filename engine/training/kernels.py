"""Quicker ways through two operations on the CPU; what they compute stays the same.

Linear layers, on AMD's processors with AVX-512: PyTorch multiplies matrices by Intel's MKL, which uses AVX-512 on
Intel's processors only. oneDNN, which PyTorch brings along for convolutions, uses it on all: on a Zen 5 a product takes
half the time. Sums differ in their order. Which of the two computes depends on processor and layer alone, so that
results can be repeated.

Maximum pooling of pictures that lie in memory with their channels last: its backward takes ten times as long when the
gradient lies otherwise, as it does behind a flatten. A hook lays it out first.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

N_WEIGHTS = 2**17
"""Layers with fewer take less time than the detour through Python."""


def quicker(network: nn.Module, device: torch.device) -> AbstractContextManager[Any]:
    """A context in which the network computes the quicker ways; of no effect where it has no use for them."""
    is_compiled = hasattr(network, "_orig_mod")  # torch.compile has ways of its own
    has_use = any(
        isinstance(module, nn.MaxPool2d) or any(_is_large(weight) for weight in module.parameters(recurse=False))
        for module in network.modules()
    )
    return QuickerKernels() if has_use and not is_compiled and device.type == "cpu" else nullcontext()


@cache
def is_onednn_quicker() -> bool:
    """Whether oneDNN is known to be quicker than MKL on this processor."""
    about = Path("/proc/cpuinfo")
    is_amd = about.exists() and "AuthenticAMD" in about.read_text()
    return is_amd and torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.backends.mkldnn.is_available()


class QuickerKernels(TorchFunctionMode):
    """Within it, `linear` of large float32 matrices is oneDNN's, and `max_pool2d` gets its gradient as it likes it."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is F.linear and not kwargs and is_onednn_quicker() and _suits(*args):
            return _linear(*args)
        result = func(*args, **(kwargs or {}))
        if func is F.max_pool2d and isinstance(result, Tensor) and _has_channels_last(result):
            result.register_hook(_channels_last)
        return result


def _has_channels_last(pictures: Tensor) -> bool:
    is_so = pictures.is_contiguous(memory_format=torch.channels_last) and not pictures.is_contiguous()
    return is_so and pictures.requires_grad


def _channels_last(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)


def _is_large(weight: Tensor) -> bool:
    return weight.ndim == 2 and weight.numel() >= N_WEIGHTS


def _suits(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    return (
        _is_large(weight)
        and x.dtype == weight.dtype == torch.float32
        and x.ndim >= 2
        and x.numel() > 0
        and x.shape[-1] == weight.shape[-1]  # else PyTorch's own error says what is wrong
        and x.device.type == weight.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
    )


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    rows = x.reshape(-1, x.shape[-1])
    return _Linear.apply(rows, weight, bias).reshape(*x.shape[:-1], len(weight))


class _Linear(torch.autograd.Function):
    """``x @ weight.T + bias`` for x (M, K), weight (N, K), bias (N,) or None. Its gradients are such products, too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x, weight)
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            _Linear.apply(gradient, weight.t(), None) if needs_x else None,
            _Linear.apply(gradient.t(), x.t(), None) if needs_weight else None,
            gradient.sum(0) if needs_bias else None,
        )
