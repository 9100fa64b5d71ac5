"""Notes that are said once in a process, however often their cause comes back. Texts stand in `engine.texts`."""

from __future__ import annotations

import warnings

from engine.texts.training import NOTES

_said: set[str] = set()


def say_once(key: str, *, stacklevel: int) -> None:
    """Warn with the note of this key, the first time. `stacklevel` counts from the caller, as in `warnings.warn`."""
    if key not in _said:
        _said.add(key)
        warnings.warn(NOTES[key]("en"), stacklevel=stacklevel + 1)
