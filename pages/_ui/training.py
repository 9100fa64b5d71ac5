"""The Train page's parts: what learns and how, what will run in plain words, and the button that starts it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import psutil
import streamlit as st

from engine import catalog
from engine.errors import SpecError
from engine.runs.queue import lane_of
from engine.spec import RunSpec
from pages._ui import dataset, launch, numbers, state, widgets
from pages._ui.texts import t

FOLDED = ("schedule", "class_weight", "steps_per_epoch", "workers", "max_queue_size", "device", "seed")
CHOICES_AS_LIST = ("device",)
ONLY_FIT_GENERATOR = ("steps_per_epoch", "workers", "max_queue_size")


def settings() -> None:
    """Network, mode and recipe: what matters in sight, the rest folded."""
    _follow_optimizer()
    widgets.field("training", "network", "cards")
    widgets.field("training", "mode")
    _reason()
    for column, name in zip(st.columns(3), ("epochs", "batch_size", "learning_rate"), strict=True):
        with column:
            widgets.field("training", name)
    widgets.field("training", "optimizer")
    early, patience = st.columns([1, 2], vertical_alignment="center")
    with early:
        widgets.field("training", "early_stopping")
    if state.draft().training.early_stopping:
        with patience:
            widgets.field("training", "patience")
    with st.expander(t("train.more"), key="more"):
        for name in FOLDED:
            disabled = name in ONLY_FIT_GENERATOR and state.draft().mode == "fit"
            widgets.field("training", name, "select" if name in CHOICES_AS_LIST else "auto", disabled=disabled)


def take_over(spec: RunSpec) -> None:
    """Make the settings of an earlier run the draft, as they were."""
    st.session_state["train.optimizer"] = spec.training.optimizer
    state.set_draft(replace(spec, manifest=None, torch_threads=None))


def _follow_optimizer() -> None:
    """Give a newly chosen optimizer the rate that suits it, unless the visitor has set another."""
    training = state.draft().training
    before = st.session_state.get("train.optimizer", training.optimizer)
    st.session_state["train.optimizer"] = training.optimizer
    if before != training.optimizer and training.learning_rate == catalog.OPTIMIZERS[before].rate:
        state.update("training", learning_rate=catalog.OPTIMIZERS[training.optimizer].rate)


def _reason() -> None:
    """Which way the pictures will take to the network, and why; or why they cannot."""
    spec = state.draft()
    if (problem := _problem(spec)) and problem.field == "training.mode":
        # By the names that stand on the pages, not by those of the parameters.
        widgets.problem(SpecError(problem.key, field=problem.field, active=_active(spec)))
    else:
        st.caption(t(f"train.why.{spec.training.mode}.{spec.mode}"))


def _problem(spec: RunSpec) -> SpecError | None:
    """What no setting can see alone."""
    try:
        spec.check()
    except SpecError as error:
        return error
    return None


def summary() -> None:
    """What will run: data, augmentation, steps, device; and Start."""
    spec = state.draft()
    st.subheader(t("train.summary"), anchor=False)
    _data(spec)
    _augmentation(spec)
    st.markdown(t("train.device", device=_device(spec.training.device)))
    if st.button(t("train.start"), type="primary", icon=":material/play_arrow:", key="start"):
        problem = _problem(spec)
        if widgets.has_errors("training") or (problem and problem.field == "training.mode"):
            st.error(t("train.wrong_field"), icon=":material/error:")
        else:
            launch.launch(spec)


def _data(spec: RunSpec) -> None:
    st.markdown(f"**{widgets.plain(catalog.SOURCES[spec.data.source].label(state.language()))}**")
    pictures = dataset.current(spec.data)
    if pictures is not None:
        parts = {name: numbers.count(len(indices)) for name, indices in pictures.parts.items()}
        n, classes = numbers.count(len(pictures.labels)), len(pictures.class_names)
        st.markdown(t("train.data", n=n, classes=classes, **parts))
        per_epoch = _steps_per_epoch(spec, len(pictures.parts["train"]))
        total = numbers.count(per_epoch * spec.training.epochs)
        st.markdown(t("train.steps", per_epoch=numbers.count(per_epoch), total=total))
        _memory(pictures.images.nbytes)
    _link("data", "train.to_data")


def _memory(n_bytes: int) -> None:
    """Whether the pictures, all of which a run holds in memory, have room there."""
    free = psutil.virtual_memory().available
    amounts = {"size": numbers.count(-(-n_bytes // 2**20)), "free": numbers.count(free // 2**20)}
    if n_bytes < free:
        st.caption(t("train.memory", **amounts))
    else:
        st.warning(t("train.memory_short", **amounts), icon=":material/memory:")


def _steps_per_epoch(spec: RunSpec, n_train: int) -> int:
    all_once = -(-n_train // spec.training.batch_size)  # ceiling division
    return (spec.mode == "fit_generator" and spec.training.steps_per_epoch) or all_once


def _augmentation(spec: RunSpec) -> None:
    names = _active(spec)
    st.markdown(t("train.augmentation", names=names) if names else t("train.no_augmentation"))
    _link("augment", "train.to_augment")


def _active(spec: RunSpec) -> str:
    """Names of the transforms that are switched on."""
    return t("list.comma").join(catalog.TRANSFORMS[name].label(state.language()) for name in spec.augment.active)


def _link(page: str, text: str) -> None:
    st.page_link(f"pages/{page}.py", label=t(text), icon=":material/edit:", query_params={"draft": state.draft_id()})


def _device(chosen: str) -> str:
    """What will compute, in words. Asks the driver, not torch, which is no part of this process."""
    kind = lane_of(chosen).partition(":")[0]
    if kind not in ("cpu", lane_of("auto")):
        return t("train.device.missing", name=catalog.DEVICES[kind].label(state.language()))
    return t(f"train.device.{kind}", name=widgets.plain(_gpu_name()) if kind == "cuda" else "", n=os.cpu_count())


@st.cache_data(show_spinner=False)
def _gpu_name() -> str:
    """Name of the first NVIDIA GPU, as its driver gives it."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "NVIDIA"
    return answer.partition("\n")[0].strip()
