"""Which device computes, how it is called in a sentence, and the way there. Owns no tensor."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from engine.errors import TrainingError
from engine.texts import Text
from engine.training.names import check_choice


def pick(name: str | torch.device = "auto") -> torch.device:
    """The device for a name of `engine.catalog.DEVICES`.

    Parameters
    ----------
    name : str or torch.device
        ``"auto"`` (CUDA if there is one, else Apple's GPU, else the CPU), ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or
        ``"mps"``.

    Raises
    ------
    TrainingError
        If this computer has no such device.
    """
    name = str(name)
    if name == "auto":
        return next(torch.device(kind) for kind in ("cuda", "mps", "cpu") if _available(kind))
    if not _available(name.partition(":")[0]):
        raise TrainingError("training.no_device", field="training.device", name=name)
    return torch.device(name)


def set_chance(device: torch.device, seed: int) -> None:
    """Seed torch's random numbers on the CPU and on this device.

    The same numbers as `torch.manual_seed` gives, which seeds every device there is and takes 70 times as long: too
    long for every step.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        torch.cuda.default_generators[index].manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def to_device(tensors: Sequence[Tensor | None], device: torch.device) -> list[Tensor | None]:
    """The tensors on this device. Copies out of pinned memory to CUDA run beside what is being computed there."""
    if device.type != "cuda" or all(tensor is None or tensor.is_cuda for tensor in tensors):
        return [None if tensor is None else tensor.to(device, non_blocking=True) for tensor in tensors]
    computing, copying = torch.cuda.current_stream(device), _copying_stream(device)
    with torch.cuda.stream(copying):
        there = [None if tensor is None else tensor.to(device, non_blocking=True) for tensor in tensors]
    computing.wait_stream(copying)
    for tensor in there:
        if tensor is not None:
            tensor.record_stream(computing)  # else its memory could be taken for the next copy while it is in use
    return there


@cache
def _copying_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)


def _available(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    return kind == "cpu" or (kind == "mps" and torch.backends.mps.is_available())


def check_precision(name: str, device: torch.device) -> str:
    """Return the precision of a `Model`, ``"float32"`` or ``"mixed_bfloat16"``.

    Raises
    ------
    SpecError
        If it is none of the two.
    TrainingError
        If the device cannot compute in bfloat16.
    """
    check_choice("precision", name, ("float32", "mixed_bfloat16"))
    if name == "mixed_bfloat16" and not _has_bfloat16(device):
        raise TrainingError("training.no_mixed_precision", field="training.precision", device=describe(device).en)
    return name


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" or torch.backends.mps.is_macos_or_newer(14, 0)


def describe(device: torch.device) -> Text:
    """What computes, as words for a person: ``"CPU, 2 of 2 cores"``, ``"NVIDIA H100, 80 GB"``."""
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        name = f"{properties.name}, {properties.total_memory / 1e9:.0f} GB"
        return Text(name, name)
    if device.type == "mps":
        return Text("Apple GPU", "Apple GPU")
    used, cores = torch.get_num_threads(), os.cpu_count()
    return Text(f"CPU, {used} of {cores} cores", f"CPU，使用 {cores} 个核心中的 {used} 个")
