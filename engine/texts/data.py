"""Error messages of `engine.data`; each key is used as ``"data.NAME"``."""

from engine.texts import ErrorText

ERRORS: dict[str, ErrorText] = {}
