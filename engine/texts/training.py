"""Error messages of `engine.training`; each key is used as ``"training.NAME"``."""

from engine.texts import ErrorText

ERRORS: dict[str, ErrorText] = {}
