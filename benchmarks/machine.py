"""What machine the figures were taken on."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("streamlit", "torch", "plotly", "numpy", "numba", "opencv-python-headless")


def describe() -> dict[str, Any]:
    """The machine in words: processor, cores, memory, versions, and how busy it was when measuring began."""
    found: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    found["summary"] = (
        f"{found['processor']}, {found['cores']} cores, {found['memory_gib']} GiB, load {found['load']} at the start; "
        f"Python {found['python']}, " + ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    )
    return found


def _processor() -> str:
    """The processor's name; on Linux platform.processor() is often empty."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
