"""Several batches at once: what many steps need is taken or made by one call.

Owns how many, and how they are told apart again. What they are made of is `feeds`' business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

PICTURES = 4096  # as many keep a GPU busy
BYTES = 2**27  # of memory on the GPU
CACHE_BYTES = 2**19  # of a core's own cache, in which a batch still lies when its turn comes
ALIGNED = 64  # bytes; on the CPU the last bits of a product depend on whether its rows begin at a multiple of these


class Several(NamedTuple):
    """What a source gives for the rows of consecutive batches, one after the other, and how many rows each has."""

    item: Any
    sizes: list[int]


def together(
    batches: Iterable[tuple[int, np.ndarray]], load: Callable[[int, np.ndarray], Any], most: int
) -> Iterator[Callable[[], Several]]:
    """Calls that each give up to `most` batches of a pass, but the first one alone.

    It is asked for before the epoch of which it is the first begins, and data may change then.

    Parameters
    ----------
    batches : iterable of (int, np.ndarray)
        Pass of each batch, and the indices of its rows.
    load : callable
        Gives the rows of a pass with some indices.
    most : int
        At least 1.
    """
    for pass_, of_pass in groupby(batches, itemgetter(0)):
        n = 1
        while some := [rows for _, rows in islice(of_pass, n)]:
            yield partial(_load, load, pass_, some)
            n = most


def batches_at_once(batch_size: int, bytes_of_row: int, *, on_gpu: bool) -> int:
    """How many batches are worth one call and have room; at least 1. Rows take so many bytes as the network's input.

    On the CPU a batch that is part of several must give the same bits as one taken alone.
    """
    if not on_gpu and batch_size * bytes_of_row % ALIGNED:
        return 1
    room = (BYTES if on_gpu else CACHE_BYTES) // max(1, bytes_of_row)
    return max(1, (min(PICTURES, room) if on_gpu else room) // batch_size)


def _load(load: Callable[[int, np.ndarray], Any], pass_: int, some: list[np.ndarray]) -> Several:
    return Several(load(pass_, np.concatenate(some)), [len(rows) for rows in some])
