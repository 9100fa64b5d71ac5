"""File names by the million: one string of bytes and where each name ends, a tenth of what a list of str takes."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np


class Names(Sequence[str]):
    """A fixed sequence of file names; equal to any list or tuple of the same names.

    Parameters
    ----------
    blob : bytes
        All names behind one another, encoded as file names are.
    ends : np.ndarray
        (n,) int64: where each ends in `blob`.
    folder : str
        Put before each name that is no absolute path.
    """

    def __init__(self, blob: bytes, ends: np.ndarray, folder: str = "") -> None:
        self.blob = blob
        self.ends = ends
        self.folder = folder

    @classmethod
    def of(cls, names: Iterable[str]) -> Names:
        """The names of any iterable, read once."""
        blob, ends = bytearray(), array("q")
        for name in names:
            blob += os.fsencode(name)
            ends.append(len(blob))
        return cls(bytes(blob), np.frombuffer(ends, np.int64) if ends else np.zeros(0, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Names]) -> Names:
        """The names of all parts, one part behind the other."""
        starts = np.cumsum([0, *(len(part.blob) for part in parts)])
        ends = [part.ends + start for part, start in zip(parts, starts[:-1], strict=True)]
        return cls(b"".join(part.blob for part in parts), np.concatenate([np.zeros(0, np.int64), *ends]))

    def inside(self, folder: str) -> Names:
        """The paths of these names in a folder; takes no further memory."""
        return Names(self.blob, self.ends, folder)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[k] for k in range(len(self))[index]]
        k = range(len(self))[index]
        start = int(self.ends[k - 1]) if k else 0
        return os.path.join(self.folder, os.fsdecode(self.blob[start : int(self.ends[k])]))

    def __iter__(self) -> Iterator[str]:
        return (self[k] for k in range(len(self)))

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"Names([{shown}{', ...' if len(self) > 3 else ''}], n={len(self)})"
