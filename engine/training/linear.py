"""Linear layers by oneDNN, on processors where PyTorch's own are slow: AMD's with AVX-512.

PyTorch multiplies matrices by Intel's MKL, which uses AVX-512 on Intel's processors only. oneDNN, which PyTorch brings
along for convolutions, uses it on all: on a Zen 5 a product takes half the time. Sums are the same but for their order.
Which of the two computes depends on the processor and the layer alone, so that results can be repeated.
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


def products(network: nn.Module, device: torch.device) -> AbstractContextManager[Any]:
    """A context in which the network's large linear layers are computed the quicker way; of no effect elsewhere."""
    is_large = any(weight.ndim == 2 and weight.numel() >= N_WEIGHTS for weight in network.parameters())
    is_compiled = hasattr(network, "_orig_mod")  # torch.compile has ways of its own
    takes_part = is_large and not is_compiled and device.type == "cpu" and is_quicker()
    return OneDnnLinear() if takes_part else nullcontext()


@cache
def is_quicker() -> bool:
    """Whether oneDNN is known to be quicker than MKL on this processor."""
    about = Path("/proc/cpuinfo")
    is_amd = about.exists() and "AuthenticAMD" in about.read_text()
    return is_amd and torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.backends.mkldnn.is_available()


class OneDnnLinear(TorchFunctionMode):
    """Within it, `torch.nn.functional.linear` of large float32 matrices on the CPU is oneDNN's."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is F.linear and not kwargs and _suits(*args):
            return _linear(*args)
        return func(*args, **(kwargs or {}))


def _suits(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    return (
        weight.numel() >= N_WEIGHTS
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
