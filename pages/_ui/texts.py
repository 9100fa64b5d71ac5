"""Every text a person reads on the pages, in every language, one section per page.

Names and help of settings stand in `engine.catalog`, error messages in `engine.texts`. Texts are Markdown.
"""

from __future__ import annotations

from typing import Any

from engine.texts import Text
from pages._ui import state

SHELL: dict[str, Text] = {
    "nav.start": Text("Start", "开始"),
    "nav.data": Text("Data", "数据"),
    "nav.augment": Text("Augment", "增强"),
    "nav.train": Text("Train", "训练"),
    "nav.watch": Text("Watch", "观看"),
}

START: dict[str, Text] = {}

DATA: dict[str, Text] = {}

AUGMENT: dict[str, Text] = {}

TRAIN: dict[str, Text] = {}

WATCH: dict[str, Text] = {}

STRIP: dict[str, Text] = {}

TEXTS: dict[str, Text] = SHELL | START | DATA | AUGMENT | TRAIN | WATCH | STRIP


def t(key: str, **params: Any) -> str:
    """The text `key` in the visitor's language, placeholders filled with `params`."""
    return TEXTS[key](state.language(), **params)
