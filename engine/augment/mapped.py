"""Rows of arrays in memory-mapped files: all of them are asked for before the first is waited for.

Indexing such an array reads the disk page by page, each only after the one before has come. An array that no file
stands behind is simply indexed.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Any

import numpy as np

from engine.errors import DataError


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array shows a memory-mapped file, in whatever form."""
    return _mapping_of(array) is not None


def check_whole(array: Any) -> None:
    """Refuse an array whose mapped file has become shorter: to look at what is missing would end the process.

    Raises
    ------
    DataError
        If it has.
    """
    whole = _mapping_of(array)
    if whole is not None and _pages(whole).size() < whole.offset + whole.nbytes:
        raise DataError("augment.file_shortened", path=str(whole.filename))


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
        (n,) of whole numbers in [0, N), of any integer type.

    Raises
    ------
    DataError
        As `check_whole`.
    """
    check_whole(array)
    whole = _mapping_of(array)
    if whole is None or not len(rows) or not hasattr(mmap, "MADV_WILLNEED"):
        return
    pages = _pages(whole)
    row = array[:1]
    low, high = np.lib.array_utils.byte_bounds(row)
    if high - low > row.nbytes:  # it is scattered over the file
        return
    starts = np.sort(np.asarray(rows, np.int64) * array.strides[0]) + (low - np.frombuffer(pages, np.uint8).ctypes.data)
    firsts, ends = starts // mmap.PAGESIZE, -(-(starts + row.nbytes) // mmap.PAGESIZE)
    is_gap = firsts[1:] > ends[:-1]  # between runs of pages that are asked for as one
    with suppress(OSError):  # a system that does not take the advice reads when it must
        for first, end in zip(firsts[np.r_[True, is_gap]].tolist(), ends[np.r_[is_gap, True]].tolist(), strict=True):
            pages.madvise(mmap.MADV_WILLNEED, first * mmap.PAGESIZE, (end - first) * mmap.PAGESIZE)


def _pages(whole: np.memmap) -> mmap.mmap:
    return whole._mmap  # type: ignore[attr-defined,no-any-return]


def _mapping_of(array: Any) -> np.memmap | None:
    """The whole memory map that an array is a part of."""
    base = array
    while isinstance(base, np.ndarray):
        if isinstance(base.base, mmap.mmap) and isinstance(base, np.memmap):
            return base
        base = base.base
    return None
