"""How kernels are compiled by numba: without the interpreter's lock while they run, and kept on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numba
from numba.core import config

from engine.paths import home_dir

if not config.CACHE_DIR and not os.access(Path(__file__).parent, os.W_OK):  # type: ignore[attr-defined]
    # An install that nobody may write to: keep compiled kernels with the runs, which somebody must be able to write.
    config.CACHE_DIR = str(home_dir("numba"))  # type: ignore[attr-defined]

kernel = numba.njit(nogil=True, cache=True)


def is_on_disk(compiled: Any) -> bool:
    """Whether numba's cache holds a kernel, so that it need only be loaded."""
    folder = compiled.stats.cache_path
    name = f"{Path(compiled.py_func.__code__.co_filename).stem}.{compiled.py_func.__qualname__}"
    return folder is not None and any(Path(folder).glob(f"{name}-*.nbi"))
