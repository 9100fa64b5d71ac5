"""What becomes of the memory that a training step frees: the next step gets it, not the system.

The GNU C library gives large blocks back at once, and the system must clear each page anew for the next step. A small
convolutional network lost a third of its time by that.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache

# Parameters of glibc's mallopt(3), and the largest value that it takes for the second one.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_BLOCK = 2**25  # bytes; larger ones always go back
KEPT = 2**29  # bytes that may stay with the process, at most


@cache
def keep_freed_memory() -> bool:
    """Let this process keep up to KEPT bytes that it has freed; returns whether the C library knows how to.

    Nothing is changed where the environment says what the library should do (``MALLOC_TRIM_THRESHOLD_``,
    ``MALLOC_MMAP_THRESHOLD_``).
    """
    is_told = "MALLOC_TRIM_THRESHOLD_" in os.environ or "MALLOC_MMAP_THRESHOLD_" in os.environ
    library = ctypes.CDLL(None)
    if is_told or not hasattr(library, "mallopt"):
        return False
    # The first call also ends glibc's own adjusting of both.
    return bool(library.mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK) and library.mallopt(M_TRIM_THRESHOLD, KEPT))
