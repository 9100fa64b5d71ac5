"""A look at the operations of a training step: what they are, and whether the host would wait for a GPU at any.

Shows what a step does without asking the code that does it. Owns no decision about what follows from it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

_aten = torch.ops.aten
# Reading a value, and shapes that depend on values: the host waits for the device.
WAITING = {
    _aten._local_scalar_dense,
    _aten.is_nonzero,
    _aten.equal,
    _aten.nonzero,
    _aten.masked_select,
    _aten._unique2,
    _aten.unique_dim,
    _aten.unique_consecutive,
    _aten.repeat_interleave,
    _aten.bincount,
}
_INDEXING = {_aten.index, _aten.index_put, _aten.index_put_}


def waits(func: Any, args: Sequence[Any]) -> bool:
    """Whether the host would wait for a GPU at this operation of PyTorch's."""
    packet = func.overloadpacket
    by_mask = packet in _INDEXING and any(index is not None and index.dtype == torch.bool for index in args[1])
    return packet in WAITING or by_mask


class Look(TorchDispatchMode):
    """Notes each operation with its shapes and numbers, while it lasts.

    Attributes
    ----------
    seen : list
        The operations, of which two lists are equal if the same was done.
    problem : str or None
        What happened that a recording on the device would not repeat, in words.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device
        self.seen: list[Any] = []
        self.problem: str | None = None
        self._chance: Any = None

    def __enter__(self) -> Any:
        self._chance = self._chance_of_host()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if self._chance != self._chance_of_host():
            self.problem = "random numbers are drawn on the host meanwhile, by the step or by another thread"

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # it would be loaded to be skipped, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if waits(func, args):
            self.problem = f"{func} waits for the device"
        self.seen.append((func, tree_map(self._described, (args, kwargs))))
        out = func(*args, **(kwargs or {}))
        tree_map(self._described, out)
        return out

    def _described(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value if isinstance(value, float | int | str) else type(value)
        if value.device.type != self._device.type and value.ndim:  # a single number may come from anywhere
            self.problem = "it computes on the host"
        return value.shape, value.dtype

    def _chance_of_host(self) -> Any:
        """State of the random numbers that a replay would not draw; also of those that another thread draws."""
        of_numpy: Any = np.random.get_state()
        of_torch = b"" if self._device.type == "cpu" else torch.get_rng_state().numpy().tobytes()
        return random.getstate(), of_numpy[1].tobytes(), of_numpy[2], of_torch
