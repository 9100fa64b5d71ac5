"""The Augment page's workbench: switches and strengths beside pictures that follow them.

Owns no pixel: every picture is drawn by the generator that training uses. The draft's training seed is the seed of the
draws, so that a grid shows one picture as the first epochs of the run to come will.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict

import numpy as np
import streamlit as st

from engine import catalog
from engine.augment.flow import order
from engine.augment.generator import ImageDataGenerator
from engine.data.dataset import Dataset
from engine.spec import AugmentSpec, RunSpec
from pages._ui import meaning, numbers, pictures, state, widgets
from pages._ui.dataset import training_part
from pages._ui.texts import t

N_DRAWS = 16
N_CANDIDATES = 8
N_BATCH = 64  # pictures of a first batch that are shown


def workbench(dataset: Dataset) -> None:
    """Draw everything that follows the sliders."""
    _workbench(dataset, *training_part(dataset))


@st.fragment
def _workbench(dataset: Dataset, images: np.ndarray, labels: np.ndarray) -> None:
    """A fragment: a moved slider draws this again and nothing else."""
    settings, result = st.columns([5, 7], gap="large")
    with result:  # first, because who moves a slider looks there
        _draws(dataset, images, labels)
    with settings:
        _presets()
        with st.container(key="transforms"):
            for name in catalog.TRANSFORMS:
                _row(name, images.shape[1:3])
        _fill()
    _first_batch(dataset, images, labels)
    st.subheader(t("augment.code"), anchor=False)
    st.code(ImageDataGenerator.from_spec(state.draft().augment).call_text(), language="python")


# --- settings -------------------------------------------------------------------------------------------------------


def _presets() -> None:
    current = state.draft().augment
    st.session_state["augment.preset"] = next(
        (name for name in catalog.PRESETS if _with_preset(current, name) == current), None
    )
    st.segmented_control(
        t("augment.preset"),
        list(catalog.PRESETS),
        format_func=lambda name: catalog.PRESETS[name].label(state.language()),
        key="augment.preset",
        on_change=_choose_preset,
    )


def _choose_preset() -> None:
    if name := st.session_state["augment.preset"]:
        state.update("augment", **asdict(_with_preset(state.draft().augment, name)))


def _with_preset(spec: AugmentSpec, name: str) -> AugmentSpec:
    """The preset's transforms with the fill that is chosen."""
    values = asdict(AugmentSpec.preset(name)) | {"fill_mode": spec.fill_mode, "cval": spec.cval}
    return AugmentSpec(**values)


def _row(name: str, size: tuple[int, int]) -> None:
    """One transform: switch, strength, and what that strength means on this very picture."""
    param = catalog.TRANSFORMS[name]
    strength = getattr(state.draft().augment, name)
    if param.kind == "bool":
        widgets.field("augment", name)
        return
    switch, slider = st.columns([4, 5], vertical_alignment="center", wrap=False)
    with switch:
        key = f"augment.on.{name}"
        st.session_state[key] = bool(strength)
        st.toggle(
            param.label(state.language()),
            key=key,
            help=widgets.help_text(param),
            on_change=_switch,
            args=(name,),
        )
    with slider:
        widgets.field("augment", name, "slider", label_visibility="collapsed")
    st.caption(meaning.meaning(name, strength, size))


def _switch(name: str) -> None:
    """Switch a transform off, or on with the strength it last had."""
    on = st.session_state[f"augment.on.{name}"]
    strength = getattr(state.draft().augment, name)
    if on:
        state.update("augment", **{name: state.choice(f"strength.{name}", catalog.TRANSFORMS[name].on)})
    else:
        state.choose(**{f"strength.{name}": strength})
        state.update("augment", **{name: 0.0})


def _fill() -> None:
    widgets.field("augment", "fill_mode")
    if state.draft().augment.fill_mode == "constant":
        widgets.field("augment", "cval", "slider")


# --- pictures -------------------------------------------------------------------------------------------------------


def _draws(dataset: Dataset, images: np.ndarray, labels: np.ndarray) -> None:
    chosen = _chosen(labels)
    name = dataset.class_names[labels[chosen]]
    original, grid = st.columns([1, 2], gap="medium")
    with grid, st.container(key="sheet"):
        sheet = pictures.contact_sheet(draws(state.draft(), images, chosen), 4)
        st.image(sheet, alt=t("augment.grid", n=N_DRAWS, name=name), width="stretch")
        st.caption(t("augment.grid_says"))
    with original, st.container(key="original"):
        text = t("augment.original", name=name)
        st.image(pictures.large(images[chosen]), alt=text, width="stretch")
        st.caption(widgets.plain(text))
    _seed_controls()
    _candidates(dataset, images, labels, chosen)


def draws(spec: RunSpec, images: np.ndarray, chosen: int) -> np.ndarray:
    """One training picture as the first `N_DRAWS` epochs of the run will show it, (n, H, W, C) float32."""
    generator, indices = ImageDataGenerator.from_spec(spec.augment), np.array([chosen])
    return np.concatenate([generator.augment(images, indices, spec.training.seed, epoch) for epoch in range(N_DRAWS)])


def first_batch(spec: RunSpec, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The batch of step 1: pictures (n, H, W, C) float32 and their positions (n,) in the training part."""
    indices = order(len(images), spec.training.seed, 0)[: spec.training.batch_size]
    return ImageDataGenerator.from_spec(spec.augment).augment(images, indices, spec.training.seed, 0), indices


def _first_batch(dataset: Dataset, images: np.ndarray, labels: np.ndarray) -> None:
    st.subheader(t("augment.first_batch"), anchor=False)
    spec = state.draft()
    n = min(spec.training.batch_size, len(images))
    text = "augment.first_batch_says" if n <= N_BATCH else "augment.first_batch_part"
    st.caption(t(text, n=numbers.count(n), shown=min(n, N_BATCH), seed=spec.training.seed))

    def tiles() -> list[pictures.Tile]:
        inputs, indices = first_batch(spec, images)
        return pictures.batch_tiles(inputs[:N_BATCH], labels[indices[:N_BATCH]], dataset.class_names)

    pictures.patient_gallery("first_batch", repr(spec), tiles, label=t("augment.first_batch"))


def _seed_controls() -> None:
    """New draw takes a new seed, unless it is locked."""
    locked = state.choice("lock_seed", False)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            t("augment.new_draw"),
            key="new_draw",
            icon=":material/casino:",
            help=t("augment.new_draw_help"),
            disabled=locked,
            on_click=_new_draw,
        )
        st.session_state["lock_seed"] = locked
        st.toggle(t("augment.lock"), key="lock_seed", help=t("augment.lock_help"), on_change=_lock)
        st.caption(t("augment.seed", seed=state.draft().training.seed), width="content")


def _new_draw() -> None:
    state.update("training", seed=secrets.randbelow(10_000))


def _lock() -> None:
    state.choose(lock_seed=st.session_state["lock_seed"])


def _chosen(labels: np.ndarray) -> int:
    """Position in the training part of the picture on the workbench."""
    chosen = state.choice("augment.picture", None)
    # The last candidate, because the first of the built-in Shapes is a circle, which no rotation changes.
    return chosen if isinstance(chosen, int) and 0 <= chosen < len(labels) else _candidate_numbers(labels)[-1]


def _candidate_numbers(labels: np.ndarray) -> list[int]:
    """Pictures to choose from: the first of each class, then the second, ..."""
    rank = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        rank[of_class] = np.arange(len(of_class))
    return np.lexsort((labels, rank))[:N_CANDIDATES].tolist()


def _candidates(dataset: Dataset, images: np.ndarray, labels: np.ndarray, chosen: int) -> None:
    numbers_ = _candidate_numbers(labels)
    names = [dataset.class_names[labels[number]] for number in numbers_]
    tiles = [
        pictures.Tile(images[number], name, t("augment.choose", name=name))
        for number, name in zip(numbers_, names, strict=True)
    ]
    marked = numbers_.index(chosen) if chosen in numbers_ else None
    st.caption(t("augment.candidates"))
    clicked = pictures.gallery("candidates", tiles, label=t("augment.candidates"), clickable=True, chosen=marked)
    if clicked is not None and numbers_[clicked] != chosen:
        state.choose(**{"augment.picture": numbers_[clicked]})
        st.rerun(scope="fragment")
