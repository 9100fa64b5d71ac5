"""Where the app can be reached: its server writes it down, and a script that trains tells it to its user."""

from __future__ import annotations

import json
from pathlib import Path

from engine.paths import home_dir
from engine.runs.process import Identity


def announce(address: str) -> None:
    """Write down that the calling process serves the app at an address such as ``http://localhost:8501``."""
    _file().write_text(json.dumps({"address": address, "server": Identity.mine()}))


def address() -> str | None:
    """Address of the app that shows this runs folder; None if none is running."""
    try:
        stored = json.loads(_file().read_text())
        return stored["address"] if Identity(*stored["server"]).is_alive() else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _file() -> Path:
    return home_dir("app") / "server.json"
