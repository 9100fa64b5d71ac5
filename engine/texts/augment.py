"""Error messages of `engine.augment`; each key is used as ``"augment.NAME"``."""

from engine.texts import ErrorText

ERRORS: dict[str, ErrorText] = {}
