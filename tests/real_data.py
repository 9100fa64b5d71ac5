"""Where the real data sets lie that are too large for the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import paths


def real_data(name: str) -> Path:
    """Path of a real data set in ``$FITLAB_DATA`` (default: ``shared/data`` beside the project); skips if missing."""
    folder = Path(os.environ.get("FITLAB_DATA") or paths.PROJECT.parent / "shared" / "data")
    if not (folder / name).exists():
        pytest.skip(f"{name} is not in {folder}; set FITLAB_DATA to the folder that holds it")
    return folder / name
