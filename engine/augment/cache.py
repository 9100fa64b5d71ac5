"""Pictures that a flow has read from files, kept as the pixels they became, so that later passes decode nothing.

They lie in a file without a name, on the disk of the runs. The system keeps in memory as much of it as there is room
for, takes that memory back by itself when it is needed, and frees the disk when the flow ends. Where the runs lie in a
file system that is itself memory (tmpfs, often /tmp), pixels take memory that is not taken back before that.
"""

from __future__ import annotations

import errno
import math
import mmap
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from engine.paths import home_dir

MEMORY_SHARE = 0.25  # Linux lets files hold about 20 % of memory unwritten before who writes has to wait
DISK_SHARE = 0.5
# Files of a cgroup, of either version: its limit, what it uses, and what of that, by its statistics, files are.
V1 = "memory.limit_in_bytes", "memory.usage_in_bytes", ("total_active_file", "total_inactive_file")
V2 = "memory.max", "memory.current", ("active_file", "inactive_file")
UNREAD = 0  # what stamps begin with
_SIZES: dict[int, int] = {}  # of the caches that are alive: bytes that each may come to have on the disk, by its file


class PixelCache:
    """Pixels of n pictures, each put in when it is first read. Any thread may read and fill it, and forked processes.

    Parameters
    ----------
    n : int
        Number of pictures, at least 1.
    shape : tuple of int
        (H, W, C) of each.
    folder : Path
        Where the file is made.

    Attributes
    ----------
    images : np.ndarray
        (n, H, W, C) uint8, read-only: the pictures; zeros where none has been put in.

    Raises
    ------
    OSError
        If there can be no file.
    """

    def __init__(self, n: int, shape: tuple[int, int, int], folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - it lives as long as the cache
        weakref.finalize(self, _close, self._file)
        n_bytes = n * math.prod(shape)
        self._file.truncate(n_bytes)
        _SIZES[self._file.fileno()] = n_bytes
        self.images = np.memmap(self._file, np.uint8, "r", shape=(n, *shape))
        # What each picture's file was like when it was read; in memory that forked processes share.
        self._stamps = np.frombuffer(mmap.mmap(-1, 8 * n), np.int64)

    def fill(self, indices: np.ndarray, paths: Sequence[str], read: Callable[[list[str]], np.ndarray]) -> None:
        """See that some pictures are in `images`, as their files are now.

        Parameters
        ----------
        indices : np.ndarray
            (m,) int64: which pictures.
        paths : sequence of str
            (m,): their files.
        read : callable
            Gives (k, H, W, C) uint8 for k paths. What it raises is passed on.

        Raises
        ------
        OSError
            If the disk is full.
        """
        # Looked at before the reading: a file that changes in between is read again the next time.
        now = np.array([_stamp(path) for path in paths])
        missing = np.flatnonzero(self._stamps[indices] != now).tolist()
        if not missing:
            return
        for picture, k in zip(read([paths[k] for k in missing]), missing, strict=True):
            index = int(indices[k])
            self._put(index, picture)
            self._stamps[index] = now[k]
            # Who read an older version of the file may have put that in between: it would pass for this one.
            if not np.array_equal(self.images[index], picture):
                self._stamps[index] = UNREAD

    def _put(self, index: int, picture: np.ndarray) -> None:
        # Not written into the map: a full disk is then an error, and not the end of the process.
        if os.pwrite(self._file.fileno(), picture.data, index * picture.nbytes) < picture.nbytes:
            raise OSError(errno.ENOSPC, "the disk is full")


def cache_for(n: int, shape: tuple[int, int, int]) -> PixelCache | None:
    """A cache that takes all n pictures, or None where they have no room, so that none would be found again.

    The room is a quarter of the memory that is available now (cgroup limits count), and half of the disk's free space
    without what other caches of this process may still write.
    """
    n_bytes = n * math.prod(shape)
    if not n_bytes or not hasattr(os, "pwrite"):
        return None
    try:
        folder = home_dir("data")
        free = shutil.disk_usage(folder).free - _promised()
        has_room = n_bytes <= MEMORY_SHARE * available_memory() and n_bytes < DISK_SHARE * free
        return PixelCache(n, shape, folder) if has_room else None
    except OSError:  # nothing may be written there
        return None


def _close(file: IO[bytes]) -> None:
    _SIZES.pop(file.fileno(), None)
    file.close()


def _promised() -> int:
    """Bytes that caches which are alive have not yet written."""
    written = {file: os.stat(file).st_blocks * 512 for file in list(_SIZES)}
    return sum(max(0, _SIZES.get(file, 0) - written[file]) for file in written)


def available_memory() -> int:
    """Bytes that this process may still take: what the system has, within the limits of the process's cgroups."""
    import psutil

    return min([psutil.virtual_memory().available, *_left_by_cgroups()])


def _left_by_cgroups(root: Path = Path("/sys/fs/cgroup"), mine: Path = Path("/proc/self/cgroup")) -> list[int]:
    """Bytes that the process's cgroup, of version 1 or 2, and those around it have left, of those with a limit."""
    left = []
    for line in mine.read_text().splitlines() if mine.exists() else []:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "memory" if controllers else root
        inner = top / path.lstrip("/")
        for folder in {inner, *inner.parents} - {*top.parents}:
            with suppress(OSError, ValueError):  # there is no limit, or it is "max"
                left.append(_left(folder, *(V1 if controllers else V2)))
    return left


def _left(folder: Path, limit: str, used: str, files: tuple[str, str]) -> int:
    """Bytes up to a cgroup's limit. Files that memory keeps do not count as used: they make way."""
    kept = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    in_use = int((folder / used).read_text()) - sum(int(kept[name]) for name in files)
    return max(0, int((folder / limit).read_text()) - in_use)


def _stamp(path: str) -> int:
    """A number that another file, or the same one changed, would not have; -1 where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return -1  # which is neither any hash nor UNREAD: reading will say what is wrong
    return hash((status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
