"""Quicker ways through two layers while a network trains on the CPU; what they compute stays the same.

Linear layers, on AMD's processors with AVX-512: PyTorch multiplies matrices by Intel's MKL, which uses AVX-512 on
Intel's processors only. oneDNN, which PyTorch brings along for convolutions, uses it on all: on a Zen 5 a product takes
half the time. Sums differ in their order. Which of the two computes depends on processor and layer alone, so that
results can be repeated.

Maximum pooling of pictures that lie in memory with their channels last: its backward takes ten times as long when the
gradient lies otherwise, as it does behind a flatten. A hook lays it out first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

N_WEIGHTS = 2**17
"""Layers with fewer take less time than the detour through Python."""


@contextmanager
def quicker_layers(network: nn.Module, device: torch.device) -> Iterator[None]:
    """While this lasts, the network's layers are of the classes below where that helps; afterwards what they were.

    Classes of one's own stay, and so does a network that is compiled in whole or in part.
    """
    exchanged = [(module, kind) for module in network.modules() if (kind := _quicker_class(module)) is not None]
    if device.type != "cpu" or any(_is_compiled(module) for module in network.modules()):
        exchanged = []
    for module, kind in exchanged:
        module.__class__ = kind
    try:
        yield
    finally:
        for module, kind in exchanged:
            if type(module) is kind:  # else somebody has made it another meanwhile
                module.__class__ = nn.Linear if kind is OneDnnLinear else nn.MaxPool2d


@cache
def is_onednn_quicker() -> bool:
    """Whether oneDNN is known to be quicker than MKL on this processor."""
    about = Path("/proc/cpuinfo")
    is_amd = about.exists() and "AuthenticAMD" in about.read_text()
    return is_amd and torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.backends.mkldnn.is_available()


class OneDnnLinear(nn.Linear):
    """A linear layer whose products of plain float32 matrices are oneDNN's."""

    def forward(self, input: Tensor) -> Tensor:
        """As `torch.nn.Linear`."""
        if not _suits(input, self.weight):
            return super().forward(input)
        rows = input.reshape(-1, self.in_features)
        return _Linear.apply(rows, self.weight, self.bias).reshape(*input.shape[:-1], self.out_features)


class LaidOutMaxPool2d(nn.MaxPool2d):
    """A pooling that gets its gradient laid out as its input is."""

    def forward(self, input: Tensor) -> Any:
        """As `torch.nn.MaxPool2d`."""
        result = super().forward(input)
        if isinstance(result, Tensor) and result.requires_grad and _is_plain(result) and _has_channels_last(result):
            result.register_hook(_channels_last)
        return result


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


def _quicker_class(module: nn.Module) -> type[nn.Module] | None:
    if type(module) is nn.MaxPool2d:
        return LaidOutMaxPool2d
    is_large = type(module) is nn.Linear and module.weight.numel() >= N_WEIGHTS
    return OneDnnLinear if is_large and is_onednn_quicker() else None


def _is_compiled(module: nn.Module) -> bool:
    return hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None


def _suits(x: Tensor, weight: Tensor) -> bool:
    return (
        x.dtype == weight.dtype == torch.float32
        and x.ndim >= 2
        and x.numel() > 0
        and x.shape[-1] == weight.shape[-1]  # else PyTorch's own error says what is wrong
        and x.device.type == weight.device.type == "cpu"
        and x.layout == weight.layout == torch.strided
        and _is_plain(x)
        and not torch.is_autocast_enabled("cpu")
        and forward_ad._current_level < 0
    )


def _is_plain(x: Tensor) -> bool:
    """Whether nobody transforms functions of it, such as `torch.func.grad`."""
    return not torch._C._functorch.is_functorch_wrapped_tensor(x)


def _has_channels_last(pictures: Tensor) -> bool:
    return pictures.is_contiguous(memory_format=torch.channels_last) and not pictures.is_contiguous()


def _channels_last(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)
