"""Texts in every language the project speaks: the type, and the table of error messages.

The pages' own words stand in `pages/_ui/texts.py`, names and help of settings in `engine/catalog.py`; all of them are
`Text`s, so one test can walk them all and find a missing translation or a placeholder that differs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

LANGUAGES = {"en": "English", "zh": "中文"}


class Text(NamedTuple):
    """One text in every language, with `str.format` placeholders.

    Calling it picks a language and fills the placeholders: ``Text("{n} files", "{n} 个文件")("en", n=3)``.
    """

    en: str
    zh: str

    def __call__(self, language: str, **params: Any) -> str:
        return getattr(self, language).format(**params)


class ErrorText(NamedTuple):
    """An error message in three parts; called like a `Text`, it gives the whole sentence."""

    expected: Text
    received: Text
    advice: Text

    def __call__(self, language: str, **params: Any) -> str:
        expected, received, advice = (part(language, **params) for part in self)
        if language == "zh":
            return f"需要{expected}，得到的是{received}。{advice}"
        return f"Expected {expected}, but received {received}. {advice}"


# The imports stand below the types because each table module uses them.
from engine.texts import augment, data, runs, spec, training  # noqa: E402

ERRORS: dict[str, ErrorText] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": entry
    for module in (augment, data, runs, spec, training)
    for name, entry in module.ERRORS.items()
}
