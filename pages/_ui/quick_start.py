"""The quick way in: Shapes, the small CNN, and an augmentation of three sliders that is shown and then trained with.

Independent of the draft's settings, so that a look at the Start page never changes what somebody has prepared.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import streamlit as st

from engine import catalog
from engine.augment.generator import ImageDataGenerator
from engine.data import shapes
from engine.spec import AugmentSpec, RunSpec, TrainSpec
from pages._ui import pictures, state, warm_up, widgets
from pages._ui.launch import launch
from pages._ui.texts import t

N_PICTURES = 8
EPOCHS = 7
"""Enough to see the network learn nearly all, and few enough for the wait that is promised on two slow cores."""
# The sliders, and the parameters that each one sets.
SLIDERS = {
    "rotation": ("rotation_range",),
    "zoom": ("zoom_range",),
    "shift": ("width_shift_range", "height_shift_range"),
}


def spec() -> RunSpec:
    """What Train now trains: as the catalog has it, but shorter, augmented as the sliders say."""
    values: dict[str, Any] = {name: _strength(slider) for slider, names in SLIDERS.items() for name in names}
    return RunSpec(augment=AugmentSpec(**values), training=TrainSpec(epochs=EPOCHS))


def train_now() -> None:
    """The button, and what it will do in one line."""
    if st.button(t("start.train_now"), type="primary", icon=":material/play_arrow:", key="train_now"):
        launch(spec())
    st.caption(t("start.train_now_says", n=spec().data.n_pictures))


def live_strip() -> None:
    """Three sliders and, below them, eight pictures that follow."""
    # Until the kernel is loaded the pictures stand there as they are, and a timer looks whether it is.
    st.fragment(_live_strip, run_every=None if warm_up.kernel_ready() else 0.5)(warm_up.kernel_ready())


def _live_strip(was_ready: bool) -> None:
    if warm_up.kernel_ready() and not was_ready:
        st.rerun()
    for column, slider in zip(st.columns(len(SLIDERS), gap="medium"), SLIDERS, strict=True):
        with column:
            _slider(slider)
    images, names = _pictures()
    if was_ready:
        generator = ImageDataGenerator.from_spec(spec().augment)
        images = generator.augment(images, np.arange(len(images)), spec().training.seed, 0)
    tiles = [pictures.Tile(image, name, name) for image, name in zip(images, names, strict=True)]
    pictures.gallery("live_strip", tiles, label=t("start.strip_label"), columns=N_PICTURES)
    st.caption(t("start.live" if was_ready else "start.warming"))


@cache
def _pictures() -> tuple[np.ndarray, list[str]]:
    """Pictures of the built-in Shapes and the names of their classes."""
    images, labels = shapes.draw_shapes(np.arange(N_PICTURES), catalog.DATA["seed"].default)
    return images, [shapes.CLASS_NAMES[label] for label in labels]


def _slider(slider: str) -> None:
    param = catalog.AUGMENT[SLIDERS[slider][0]]
    shift = slider == "shift"
    key = f"start.{slider}"
    strength = _strength(slider)
    widgets.show_draft(key, param, strength, strength)
    st.slider(
        t("start.shift") if shift else widgets.label(param),
        float(param.minimum),
        float(param.maximum),
        strength,
        step=float(param.step),
        format=widgets.number_format(param),
        help=t("start.shift_help") if shift else widgets.help_text(param),
        key=key,
        on_change=_keep,
        args=(key,),
    )


def _keep(key: str) -> None:
    state.choose(**{key: round(st.session_state[key], 9)})


def _strength(slider: str) -> float:
    light = AugmentSpec.preset("light")
    return state.choice(f"start.{slider}", getattr(light, SLIDERS[slider][0]))
