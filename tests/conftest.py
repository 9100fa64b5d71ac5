"""What every test shares: a runs folder of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# Set before any test imports a module that could read it, so that no test ever touches the user's runs.
os.environ["FITLAB_RUNS"] = tempfile.mkdtemp(prefix="fitlab-tests-")


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runs folder that child processes inherit."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("FITLAB_RUNS", str(folder))
    return folder
