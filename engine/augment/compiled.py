"""How kernels are compiled by numba: without the interpreter's lock while they run, and kept on disk.

numba compares a kept kernel with the kernel's own file alone, and ours are made of several. So kernels are kept in a
folder whose name is a digest of all their sources: after a change there is none, and they are compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import config

from engine.paths import home_dir

HERE = Path(__file__).parent
SOURCES = ("compiled", "philox", "resize", "simd", "warp_kernel", "warp_modes", "warp_steps")
"""The modules that kernels are made of."""


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function when it is first called, or load what was compiled before."""
    was: str = config.CACHE_DIR  # type: ignore[attr-defined]
    config.CACHE_DIR = str(_folder(was))  # type: ignore[attr-defined]
    try:
        return numba.njit(nogil=True, cache=True)(function)
    finally:
        config.CACHE_DIR = was  # type: ignore[attr-defined]  # others may have kernels too


def is_on_disk(compiled: Any) -> bool:
    """Whether numba's cache holds a kernel, so that it need only be loaded."""
    folder = compiled.stats.cache_path
    name = f"{Path(compiled.py_func.__code__.co_filename).stem}.{compiled.py_func.__qualname__}"
    return folder is not None and any(Path(folder).glob(f"{name}-*.nbi"))


@cache
def _folder(chosen: str) -> Path:
    """Where kernels of these sources are kept, inside the folder that the user chose for numba's, if there is one."""
    if chosen:
        parent = Path(chosen)
    elif os.access(HERE, os.W_OK):
        parent = HERE / "__pycache__"
    else:  # an install that nobody may write to: with the runs, which somebody must be able to write
        parent = home_dir("numba")
    return parent / f"kernels-{_digest(HERE)}"


def _digest(folder: Path) -> str:
    """A name for the sources as they lie in a folder, and for who compiles them."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for name in SOURCES:
        digest.update((folder / f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]
