"""Pictures that a flow has read from files, kept as the pixels they became, so that later passes decode nothing.

They lie in a file without a name on the disk of the runs, not in the process's own memory: the system keeps it in
memory while there is room, takes that back without asking when there is none, and frees the disk when the flow ends.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from engine.paths import home_dir

MEMORY_SHARE = 0.25  # Linux lets files hold about 20 % of memory unwritten before who writes has to wait
DISK_SHARE = 0.5


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
        weakref.finalize(self, self._file.close)
        self._file.truncate(n * int(np.prod(shape)))
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
            self._put(int(indices[k]), picture)
            self._stamps[indices[k]] = now[k]

    def _put(self, index: int, picture: np.ndarray) -> None:
        # Not written into the map: a full disk is then an error, and not the end of the process.
        if os.pwrite(self._file.fileno(), picture.data, index * picture.nbytes) < picture.nbytes:
            raise OSError(errno.ENOSPC, "the disk is full")


def cache_for(n: int, shape: tuple[int, int, int]) -> PixelCache | None:
    """A cache that takes all n pictures, or None where they have no room, so that none would be found again.

    The room is a quarter of the memory that is available now (cgroup limits count) and half of the disk's free space.
    """
    n_bytes = n * int(np.prod(shape))
    if not n_bytes or not hasattr(os, "pwrite") or n_bytes > MEMORY_SHARE * available_memory():
        return None
    try:
        folder = home_dir("data")
        return PixelCache(n, shape, folder) if n_bytes < DISK_SHARE * shutil.disk_usage(folder).free else None
    except OSError:  # nothing may be written there
        return None


def available_memory() -> int:
    """Bytes that this process may still take: what the system has, within the limit of the process's cgroup."""
    import psutil

    return min([psutil.virtual_memory().available, *_cgroup_limits()])


def _cgroup_limits(root: Path = Path("/sys/fs/cgroup"), mine: Path = Path("/proc/self/cgroup")) -> list[int]:
    """Limits in bytes of the process's cgroup, of version 1 or 2, and of the topmost that a container sees."""
    limits = []
    for line in mine.read_text().splitlines() if mine.exists() else []:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = (root / "memory", "memory.limit_in_bytes") if controllers else (root, "memory.max")
        for folder in (top, top / path.lstrip("/")):
            try:
                limits.append(int((folder / name).read_text()))
            except (OSError, ValueError):  # there is none, or it is "max"
                continue
    return limits


def _stamp(path: str) -> int:
    """A number that another file, or the same one changed, would not have; -1 where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return -1  # which is neither any hash nor what `_stamps` begin with: reading will say what is wrong
    return hash((status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
