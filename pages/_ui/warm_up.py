"""What the server does once, behind the first page: everything that would otherwise make somebody wait later."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import streamlit as st

from engine import paths
from engine.data import prepare
from engine.runs import lane
from engine.runs.queue import lane_of
from engine.spec import RunSpec

_COMPILE = "from engine.augment import warp_cpu; warp_cpu.warm_up()"
_kernel_ready = threading.Event()


@st.cache_resource(show_spinner=False)
def start() -> None:
    """Begin, in a thread; returns at once, and does nothing the second time."""
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def kernel_ready() -> bool:
    """Whether pictures can be augmented without a wait."""
    return _kernel_ready.is_set()


def _warm_up() -> None:
    spec = RunSpec()
    # First, because its warm worker takes longest: it imports torch while the visitor looks at the page.
    lane.ensure(lane_of(spec.training.device), paths.runs_dir())
    _load_kernel()
    prepare.start(spec.data)
    gc.freeze()  # what is here stays: no later collection needs to look at it


def _load_kernel() -> None:
    from engine.augment import warp_cpu  # imports numba, which no page needs before this

    try:
        if not warp_cpu.is_compiled():
            # Compiling holds the interpreter's lock for seconds, so another process does it; here it is only loaded.
            subprocess.run([sys.executable, "-c", _COMPILE], cwd=paths.PROJECT, check=False, capture_output=True)
        warp_cpu.warm_up()
    finally:
        _kernel_ready.set()  # a kernel that cannot be loaded is then an error on the page, not a wait for ever
