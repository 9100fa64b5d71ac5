"""What machine the figures were taken on."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("streamlit", "torch", "plotly", "numpy", "numba", "opencv-python-headless", "simplejpeg")
PEERS = ("keras", "tensorflow-cpu", "jax", "poutyne", "skorch", "lightning", "kornia", "albumentations", "torchvision")


def describe() -> dict[str, Any]:
    """The machine in words: processor, cores, memory, versions, and how busy it was when measuring began."""
    found: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "load": round(os.getloadavg()[0], 2),
        "gpu": _gpu(),
        "python": platform.python_version(),
        "packages": dict(_versions()),
    }
    parts = [found["processor"], f"{found['cores']} cores", f"{found['memory_gib']} GiB", found["gpu"]]
    found["summary"] = (
        f"{', '.join(filter(None, parts))}, load {found['load']} at the start; "
        f"Python {found['python']}, " + ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    )
    return found


def _processor() -> str:
    """The processor's name, on Linux not by platform.processor(), which is often empty; and its vector instructions.

    Generations of very different speed share a name.
    """
    import torch

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} with {torch.backends.cpu.get_cpu_capability()}"


def _gpu() -> str | None:
    """The NVIDIA GPU's name and memory; None without one."""
    import torch

    from engine.training.device import describe

    return describe(torch.device("cuda"))("en") if torch.cuda.is_available() else None


def _versions() -> Iterator[tuple[str, str]]:
    """The installed ones of the packages that matter."""
    for name in PACKAGES + PEERS:
        with suppress(PackageNotFoundError):
            yield name, version(name)
