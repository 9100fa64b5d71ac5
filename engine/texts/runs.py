"""Error messages of `engine.runs`; each key is used as ``"runs.NAME"``."""

from engine.texts import ErrorText

ERRORS: dict[str, ErrorText] = {}
