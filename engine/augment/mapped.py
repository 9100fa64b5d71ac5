"""Rows of arrays in memory-mapped files: asked for all at once, before the first of them is waited for.

Indexing such an array reads the disk page by page, each when the one before has come. What is in memory, mapped or
not, is only indexed.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from engine.errors import DataError


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array shows a memory-mapped file, in whatever form."""
    return _mapping_of(array) is not None


def take(array: np.ndarray, rows: Any) -> np.ndarray:
    """A copy of some rows of any array. Parameters and errors as in `read_ahead`."""
    read_ahead(array, rows)
    return array[rows]


def read_ahead(array: np.ndarray, rows: np.ndarray) -> None:
    """Have the system read some rows from the disk, in the background and side by side, if the array is a mapped file.

    Parameters
    ----------
    array : np.ndarray
        (N, ...), of any kind.
    rows : np.ndarray
        (n,) of whole numbers in [0, N).

    Raises
    ------
    DataError
        If the file has become shorter than the array. To look at what is missing would end the process.
    """
    whole = _mapping_of(array)
    if whole is None or not len(rows) or not hasattr(mmap, "MADV_WILLNEED"):
        return
    pages: mmap.mmap = whole._mmap  # type: ignore[attr-defined]
    if pages.size() < whole.offset + whole.nbytes:
        raise DataError("augment.file_shortened", path=str(whole.filename))
    row = array[:1]
    low, high = np.lib.array_utils.byte_bounds(row)
    if high - low > row.nbytes:  # it is scattered over the file
        return
    starts = np.sort(rows * array.strides[0]) + (low - np.frombuffer(pages, np.uint8).ctypes.data)
    firsts, ends = starts // mmap.PAGESIZE, -(-(starts + row.nbytes) // mmap.PAGESIZE)
    is_gap = firsts[1:] > ends[:-1]  # between runs of pages that are asked for as one
    for first, end in zip(firsts[np.r_[True, is_gap]].tolist(), ends[np.r_[is_gap, True]].tolist(), strict=True):
        pages.madvise(mmap.MADV_WILLNEED, first * mmap.PAGESIZE, (end - first) * mmap.PAGESIZE)


def _mapping_of(array: np.ndarray) -> np.memmap | None:
    """The whole memory map that an array is a part of."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if isinstance(base.base, mmap.mmap) and isinstance(base, np.memmap):
            return base
        base = base.base
    return None
