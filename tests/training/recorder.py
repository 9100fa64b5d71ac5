"""What a CUDA graph does, on the CPU: notes a step's operations with the memory they work on, and does them again."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.training.captured import FixedMemory


class Replayed(FixedMemory):
    """A `captured.Recorder`. A replay repeats exactly the noted operations; no Python of the step runs again."""

    def __init__(self, device):
        self.n_recorded = 0

    def warm(self, work):
        return work()

    def capture(self, work):
        self.n_recorded += 1
        with _Notes() as notes:
            result = work()
        return result, notes.replay


class _Notes(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self._noted = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self._noted.append((func, args, kwargs or {}, out))
        return out

    @torch.no_grad()
    def replay(self):
        for func, args, kwargs, out in self._noted:
            if func.is_view:
                continue  # it still looks at the same memory
            again = func(*args, **kwargs)
            for old, new in zip(tree_leaves(out), tree_leaves(again), strict=True):
                if isinstance(old, Tensor) and old is not new:
                    old.copy_(new)
