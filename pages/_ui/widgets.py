"""Widgets made from the catalog: they show the draft, write into it, and say beside themselves what is wrong.

Owns no setting. A value that is not allowed stays in its widget with a sentence below it; the draft keeps the last good
one.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import streamlit as st

from engine import texts as engine_texts
from engine.catalog import Param
from engine.errors import EngineError, SpecError
from pages._ui import state

LONGEST_VALUE = 200  # characters of a value that an error repeats
Shape = Literal["auto", "slider", "select", "cards"]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+.!$:~|<>-])")


def plain(text: str) -> str:
    """`text` so that Markdown shows it as it is: names of files and classes, values a person typed."""
    return _MARKDOWN.sub(r"\\\1", text)


def problem(error: EngineError, label: str | None = None) -> None:
    """Show an error as a sentence in the visitor's language; `label` is what the visitor calls the setting."""
    params = {**error.params, "name": label} if label else error.params
    params = {name: _short(value) for name, value in params.items()}
    st.error(plain(engine_texts.ERRORS[error.key](state.language(), **params)), icon=":material/error:")


def _short(value: Any) -> Any:
    """A value as it is, or as the beginning of its text if that is too long to be read in a sentence."""
    text = str(value)
    return value if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def field(
    part: str,
    name: str,
    shape: Shape = "auto",
    *,
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
    disabled: bool = False,
) -> None:
    """A widget for one setting of the draft, with its error below.

    Parameters
    ----------
    part, name : str
        The setting, such as ``"training", "epochs"``; its catalog entry says what the widget looks like.
    shape : {"auto", "slider", "select", "cards"}
        A slider instead of a field for a number; a list, or cards with the help text, instead of buttons for a choice.
    label_visibility, disabled
        As in Streamlit.
    """
    param = getattr(state.draft(), part).table[name]
    key = f"{part}.{name}"
    typed = param.kind in ("int", "float") and shape != "slider"
    value = getattr(getattr(state.draft(), part), name)
    shown = f"{value:.10g}" if typed else value
    show_draft(key, param, value, shown)
    common: dict[str, Any] = {
        "key": key,
        "help": help_text(param),
        "on_change": _changed,
        "args": (part, name),
        "label_visibility": label_visibility,
        "disabled": disabled,
    }
    _draw(param, label(param), shape, shown, common)
    if error := _errors().get(key):
        problem(error, param.label(state.language()))


def show_draft(key: str, param: Param, value: Any, shown: Any) -> None:
    """Put a draft's value that changed elsewhere into the widget, unless that shows a wrong entry.

    Also after another language was chosen: the browser knows a choice by its label.
    """
    languages: dict[str, str] = st.session_state.setdefault("field_languages", {})
    before, languages[key] = languages.get(key), state.language()
    if key not in st.session_state:  # the page was left: what was wrong is gone with its widget
        _errors().pop(key, None)
    elif key not in _errors() and (
        parse(param, st.session_state[key]) != value or (param.kind == "choice" and before != state.language())
    ):
        st.session_state[key] = shown


def label(param: Param) -> str:
    """A setting's name and unit."""
    text = param.label(state.language())
    return f"{text} ({param.unit(state.language())})" if param.unit else text


def help_text(param: Param) -> str:
    """A setting's help, and that of each of its choices."""
    language = state.language()
    lines = [param.help(language)]
    lines += [f"- **{plain(c.label(language))}**: {plain(c.help(language))}" for c in (param.choices or {}).values()]
    return "\n".join([lines[0], "", *lines[1:]])


def number_format(param: Param) -> str:
    """How a slider shows its value: with as many decimals as its step has."""
    decimals = len(f"{param.step:g}".partition(".")[2])
    return f"%.{decimals}f"


def _draw(param: Param, text: str, shape: Shape, shown: Any, common: dict[str, Any]) -> None:
    """The widget, with the draft's value as its default.

    A value that is only put into `st.session_state` is sent to the browser once. Where a second run follows before the
    browser has drawn the first, as on a cold page whose pictures are being prepared, it would be lost, and the empty
    widget would be taken for an entry.
    """
    language = state.language()
    if param.kind == "bool":
        st.toggle(text, shown, **common)
    elif param.kind == "choice":
        assert param.choices is not None
        choices = list(param.choices)
        common["format_func"] = {name: choice.label(language) for name, choice in param.choices.items()}.get
        if shape == "select":
            st.selectbox(text, choices, choices.index(shown), **common)
        elif shape == "cards":
            captions = [plain(choice.help(language)) for choice in param.choices.values()]
            with st.container(key=f"cards_{common['key'].replace('.', '_')}"):
                index = choices.index(shown)
                st.radio(text, choices, index, captions=captions, horizontal=True, width="stretch", **common)
        else:
            st.segmented_control(text, choices, default=shown, required=True, **common)
    elif shape == "slider":
        kind = int if param.kind == "int" else float
        numbers = (kind(number) for number in (param.minimum, param.maximum, shown, param.step))
        st.slider(text, *numbers, format=number_format(param), **common)
    else:
        # Numbers too are typed as text: only so can every wrong entry be answered with a sentence, in either language.
        st.text_input(text, shown, **common)


def has_errors(part: str) -> bool:
    """Whether a widget of that part shows a value that is not allowed."""
    return any(key.startswith(f"{part}.") for key in _errors())


def _errors() -> dict[str, SpecError]:
    return st.session_state.setdefault("field_errors", {})


def parse(param: Param, entry: Any) -> Any:
    """What a widget holds as the setting's type; an entry that is no number comes back as it is, for `Param.check`."""
    if param.kind == "text":
        # A pasted path often brings a space along, and quotes when it comes from a file manager.
        entry = entry.strip()
        return entry[1:-1] if len(entry) > 1 and entry[0] == entry[-1] and entry[0] in "\"'" else entry
    if isinstance(entry, float):
        return round(entry, 9)  # a slider adds up its steps in the browser: 0.15000000000000002
    if param.kind in ("int", "float") and isinstance(entry, str):
        for kind in (int, float):
            try:
                return kind(entry.strip())
            except ValueError:
                continue
    return entry


def _changed(part: str, name: str) -> None:
    """Write an entry into the draft, and try again those of the same part that were wrong beside the old value."""
    waiting = [key.partition(".")[2] for key in _errors() if key.startswith(f"{part}.")]
    for each in dict.fromkeys([name, *waiting]):
        key = f"{part}.{each}"
        if key not in st.session_state:
            continue
        param = getattr(state.draft(), part).table[each]
        try:
            state.update(part, **{each: parse(param, st.session_state[key])})
            _errors().pop(key, None)
        except SpecError as error:
            _errors()[key] = error
