"""The visitor's draft: settings of the run to come, the language, and small choices that a reload must not lose.

A draft is one JSON file named by the `?draft=` of the address, so that a reload finds it again and two browsers never
share one by accident. Owns no widget.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from engine import paths
from engine.errors import SpecError
from engine.spec import AugmentSpec, RunSpec
from engine.texts import LANGUAGES

_ID = re.compile(r"[0-9a-f]{12}")


def open_draft() -> None:
    """Connect this page run to the draft that the address names, or to a new one. Call before anything is drawn."""
    wanted = st.query_params.get("draft", "")
    if not _ID.fullmatch(wanted):
        wanted = st.session_state.get("draft_id") or secrets.token_hex(6)
    if wanted != st.session_state.get("draft_id"):
        st.session_state.update(draft_id=wanted, draft=_fresh(), choices={}, draft_seen=None)
    _catch_up()
    if st.query_params.get("draft") != wanted:  # a page switch clears the address
        st.query_params["draft"] = wanted


def draft_id() -> str:
    """Name of the draft, as it stands in the address."""
    return st.session_state["draft_id"]


def draft() -> RunSpec:
    """The settings of the run to come."""
    return st.session_state["draft"]


def update(part: str, **changes: Any) -> None:
    """Change settings of one part (``"data"``, ``"augment"``, ``"training"``) and keep them on disk.

    Raises
    ------
    SpecError
        If a value is not allowed; the draft then stays as it was.
    """
    _catch_up()
    spec = draft()
    set_draft(replace(spec, **{part: replace(getattr(spec, part), **changes)}))


def set_draft(spec: RunSpec) -> None:
    """Replace the whole draft and keep it on disk."""
    st.session_state["draft"] = spec
    _write()


def choice(name: str, default: Any = None) -> Any:
    """A small choice that belongs to no run (JSON-representable): the language, a locked seed."""
    return st.session_state["choices"].get(name, default)


def choose(**choices: Any) -> None:
    """Keep small choices on disk, beside the settings."""
    _catch_up()
    st.session_state["choices"].update(choices)
    _write()


def language() -> str:
    """The visitor's language: chosen, else the browser's, else English."""
    chosen = st.session_state.get("choices", {}).get("language")
    if chosen in LANGUAGES:
        return chosen
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"


def _catch_up() -> None:
    """Take over what another tab with the same draft has changed, so that neither undoes the other's settings."""
    if (seen := _version(draft_id())) != st.session_state["draft_seen"] and seen is not None:
        spec, choices = _read(draft_id())
        st.session_state.update(draft=spec, choices=choices, draft_seen=seen)


def _version(wanted: str) -> int | None:
    """Changes with every writing of the file; None if there is none."""
    try:
        return os.stat(_file(wanted)).st_mtime_ns
    except OSError:
        return None


def _file(wanted: str) -> os.PathLike[str]:
    return paths.home_dir("drafts") / f"{wanted}.json"


def _read(wanted: str) -> tuple[RunSpec, dict[str, Any]]:
    """Settings and choices of a draft; the defaults where there is no file or it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        with open(_file(wanted), encoding="utf-8") as file:
            stored = json.load(file)
        with suppress(SpecError):
            return RunSpec.from_json(json.dumps(stored["spec"])), dict(stored["choices"])
        return _fresh(), dict(stored["choices"])
    return _fresh(), {}


def _fresh() -> RunSpec:
    """What a new visitor finds: the catalog's defaults, with an augmentation that leaves every label true."""
    return RunSpec(augment=AugmentSpec.preset("light"))


def _write() -> None:
    stored = {"spec": json.loads(draft().to_json()), "choices": st.session_state["choices"]}
    path = _file(draft_id())
    temporary = f"{path}.{secrets.token_hex(4)}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(stored, file, ensure_ascii=False, indent=1)
        os.replace(temporary, path)  # a second tab never reads half a file
    except OSError:  # a full disk: this session goes on with what it knows, only a reload would not find it
        with suppress(OSError):
            os.unlink(temporary)
    st.session_state["draft_seen"] = _version(draft_id())
