"""A run's log, for people: everything its process prints, and lines with the time of day."""

from __future__ import annotations

import faulthandler
import os
import time
from pathlib import Path

LINE_BYTES = 400
"""How long a line may be, on average, for `tail` to find enough of them."""


def capture_output(path: Path) -> None:
    """From here on, append all that this process prints to the log, a crash in native code included."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    faulthandler.enable()


def say(text: str, path: Path | None = None) -> None:
    """Write a line with the time of day: to the log at `path`, or to the output, where that is the log."""
    line = f"{time.strftime('%H:%M:%S')}  {text}"
    if path is None:
        print(line, flush=True)
        return
    with path.open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def tail(path: Path, n: int) -> list[str]:
    """The last `n` lines, oldest first; none where there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LINE_BYTES * n))
            return file.read().decode("utf-8", "replace").splitlines()[-n:]
    except OSError:
        return []
