"""The Data page's settings: where pictures come from, their size and colour, their parts; and uploads."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import PurePosixPath
from typing import BinaryIO

import streamlit as st

from engine import catalog, paths
from pages._ui import dataset, state, widgets
from pages._ui.dataset import PATH_SOURCES
from pages._ui.texts import t

UPLOADS = ("zip", "npz")


def choose_source() -> None:
    """Where the pictures come from, and what that means."""
    widgets.field("data", "source")
    _bring_path()
    st.caption(catalog.SOURCES[state.draft().data.source].help(state.language()))


def _bring_path() -> None:
    """Give each kind of source a path of its own: what was typed for a zip file is no folder."""
    spec = state.draft().data
    before, kept = state.choice("data.source", spec.source), state.choice("data.paths", {})
    if before != spec.source:
        state.choose(**{"data.source": spec.source, "data.paths": {**kept, before: spec.path}})
        state.update("data", path=kept.get(spec.source, ""))
    elif not state.choice("data.source"):
        state.choose(**{"data.source": spec.source})


def settings() -> None:
    """The other widgets of the part "data"."""
    spec = state.draft().data
    if spec.source == "shapes":
        widgets.field("data", "n_pictures")
    elif spec.source in PATH_SOURCES:
        widgets.field("data", "path")
        if spec.source in UPLOADS:
            _uploader(spec.source)
        if spec.path:
            st.button(
                t("data.read_again"),
                key="read_again",
                icon=":material/refresh:",
                help=t("data.read_again_help"),
                on_click=dataset.read_again,
                args=(spec,),
            )
    with st.expander(t("data.size_and_colour"), key="size_and_colour"):
        widgets.field("data", "image_size")
        widgets.field("data", "color")
    st.subheader(t("data.parts"), anchor=False)
    if spec.source in PATH_SOURCES:
        st.caption(t("data.own_parts"))
    widgets.field("data", "split")
    widgets.field("data", "validation_fraction", "slider")
    widgets.field("data", "test_fraction", "slider")
    widgets.field("data", "seed")


def _uploader(kind: str) -> None:
    st.file_uploader(t("data.upload"), type=[kind], key=f"upload.{kind}", on_change=_uploaded, args=(kind,))


def _uploaded(kind: str) -> None:
    if uploaded := st.session_state[f"upload.{kind}"]:
        state.update("data", path=str(keep_upload(uploaded, uploaded.name)))


def keep_upload(file: BinaryIO, name: str) -> os.PathLike[str]:
    """Copy an upload to disk, in pieces, under a name that is safe whatever the browser sent; returns its path."""
    folder = paths.home_dir("uploads") / state.draft_id()
    folder.mkdir(exist_ok=True)
    target = folder / safe_name(name)
    with open(f"{target}.part", "wb") as part:
        shutil.copyfileobj(file, part, 1 << 20)
    os.replace(f"{target}.part", target)
    return target


def safe_name(name: str) -> str:
    """The last part of a file's name, with only letters, digits, dot, dash and underscore, not hidden, not long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return re.sub(r"[^\w.-]", "_", last).lstrip(".")[-100:] or "upload"
