"""The draft's pictures on a page: prepared by a detached process, then one copy in the server for all sessions."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st

from engine.data import cache, load_data, prepare
from engine.data.dataset import Dataset
from engine.errors import EngineError
from engine.spec import DataSpec
from pages._ui import widgets
from pages._ui.texts import t

PATH_SOURCES = ("folder", "zip", "npz")


def current(spec: DataSpec) -> Dataset | None:
    """The data set if it is ready; else None, and the page shows what is missing: a path, time, or a correction."""
    if spec.source in PATH_SOURCES and not spec.path:
        st.info(t(f"data.no_path.{spec.source}"), icon=":material/arrow_back:")
        return None
    with st.spinner(t("data.looking")):  # shows only where a huge folder takes its time
        preparation = prepare.preparation(spec)
    if preparation.state == "ready":
        try:
            return _load(spec, cache.folder(spec).name)
        except EngineError as error:
            _failed(spec, error)
    elif preparation.error:
        _failed(spec, preparation.error)
    else:
        prepare.start(spec)
        _progress(spec)
    return None


def training_part(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Training pictures (n, H, W, C) uint8 and labels (n,) int64, as a run sees them."""
    return _training_part(dataset.spec, dataset.manifest["parts"], dataset.manifest["fingerprint"])


def read_again(spec: DataSpec) -> None:
    """Forget what was read of a source, and read it anew."""
    prepare.forget(spec)
    _load.cache_clear()


@lru_cache(maxsize=4)
def _load(spec: DataSpec, _key: str) -> Dataset:
    return load_data(spec)


@lru_cache(maxsize=2)
def _training_part(spec: DataSpec, _parts: str, _fingerprint: str) -> tuple[np.ndarray, np.ndarray]:
    return load_data(spec).part("train")


@st.fragment(run_every=0.4)
def _progress(spec: DataSpec) -> None:
    preparation = prepare.preparation(spec)
    if preparation.state not in ("missing", "working"):
        st.rerun()
    if not preparation.total:
        st.progress(0.0, t("data.looking"))
        return
    text = t("data.reading", done=preparation.done, total=preparation.total)
    st.progress(min(1.0, preparation.done / preparation.total), text)


def _failed(spec: DataSpec, error: EngineError) -> None:
    widgets.problem(error)
    st.button(t("data.read_again"), key="try_again", icon=":material/refresh:", on_click=read_again, args=(spec,))
