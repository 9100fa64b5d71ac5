"""Several batches at once from data that live on the GPU: one launch makes what many steps need.

Owns how many, and that they are made when the first of them is wanted. What they are made of is `feeds`' business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby, islice
from operator import itemgetter

import numpy as np
from torch import Tensor

PICTURES = 4096  # as many keep a GPU busy
BYTES = 2**27  # of memory on the device


class Block:
    """Consecutive batches, made together; any thread may ask for any of them.

    Parameters
    ----------
    load : callable
        Gives tensors of N rows each: those of all batches, one after the other.
    sizes : list of int
        Rows of each batch; their sum is N.
    """

    def __init__(self, load: Callable[[], tuple[Tensor, ...]], sizes: list[int]) -> None:
        self._load = load
        self._sizes = sizes
        self._batches: list[tuple[Tensor, ...]] = []
        self._lock = threading.Lock()

    def batch(self, k: int) -> tuple[Tensor, ...]:
        """Batch k, views of what was made at once."""
        with self._lock:
            if not self._batches:
                self._batches = list(zip(*(rows.split(self._sizes) for rows in self._load()), strict=True))
        return self._batches[k]


def together(
    batches: Iterable[tuple[int, np.ndarray]], load: Callable[[int, np.ndarray], tuple[Tensor, ...]], most: int
) -> Iterator[Callable[[], tuple[Tensor, ...]]]:
    """One call per batch, of which up to `most` of a pass are made at once.

    Parameters
    ----------
    batches : iterable of (int, np.ndarray)
        Pass of each batch, and the indices of its rows.
    load : callable
        Gives the rows of a pass with some indices, as tensors.
    most : int
        At least 1.
    """
    for pass_, of_pass in groupby(batches, itemgetter(0)):
        while some := [rows for _, rows in islice(of_pass, most)]:
            block = Block(partial(load, pass_, np.concatenate(some)), [len(rows) for rows in some])
            yield from (partial(block.batch, k) for k in range(len(some)))


def batches_at_once(batch_size: int, bytes_of_row: int) -> int:
    """How many batches are worth one launch and have room; at least 1."""
    return max(1, min(PICTURES, BYTES // max(1, bytes_of_row)) // batch_size)
