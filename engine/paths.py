"""Where things lie on disk: runs, and what is kept beside them. Owns no file itself."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def runs_dir() -> Path:
    """Folder with one sub-folder per run: ``$FITLAB_RUNS``, else ``runs`` beside ``app.py``."""
    return Path(os.environ.get("FITLAB_RUNS") or PROJECT / "runs").resolve()


def home_dir(name: str, runs: Path | None = None) -> Path:
    """A folder for what is not a run (``data``, ``lanes``, ``drafts``, ``uploads``), made if it is missing.

    It lies inside the runs folder, which may be given where it is not `runs_dir`.
    """
    path = (runs or runs_dir()) / ".fitlab" / name
    path.mkdir(parents=True, exist_ok=True)
    return path
