"""What ended a training, as an error in words for a person. Knows exceptions, and nothing of how a run is stored."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from engine.errors import EngineError, RunError

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def explain(problem: Exception, folder: Path) -> EngineError:
    """The error in words. `folder` is the run's, which a full disk keeps from being written."""
    text = str(problem)
    if isinstance(problem, EngineError):
        return problem
    if isinstance(problem, sqlite3.OperationalError) or getattr(problem, "errno", None) in DISK_ERRORS:
        return RunError("runs.cannot_write", folder=str(folder), problem=text)
    if isinstance(problem, MemoryError) or type(problem).__name__ == "OutOfMemoryError" or "allocate memory" in text:
        return RunError("runs.out_of_memory")
    return RunError("runs.unexpected", kind=type(problem).__name__, problem=text)
