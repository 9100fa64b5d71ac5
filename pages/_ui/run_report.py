"""What the Watch page says about a run in words and pictures, beside its curves: settings, state, log, first batch."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine import catalog
from engine.errors import EngineError
from engine.runs.status import Status
from engine.runs.store import Run
from engine.spec import RunSpec
from pages._ui import numbers, pictures, runs, state, training, widgets
from pages._ui.curves import Curves
from pages._ui.texts import t

LOG_LINES = 12
GUESSING = 1.25  # times the accuracy of guessing: below, a network has learnt nothing worth the name
LOG_HEIGHT = 260  # pixels


def settings(run: Run) -> None:
    """The settings that matter most, in one line."""
    try:
        spec = run.spec
    except EngineError:
        return  # `say` shows what is wrong
    if (script := spec.script) is not None:
        parts = [
            t("watch.script", program=script.program),
            t("watch.script.epochs", epochs=script.epochs),
            t("watch.optimizer", optimizer=script.optimizer, rate=f"{script.learning_rate:g}"),
            script.method,
        ]
        st.caption(widgets.plain(" · ".join(parts)))
        return
    language, recipe = state.language(), spec.training
    active = [catalog.TRANSFORMS[name].label(language) for name in spec.augment.active]
    parts = [
        t("watch.settings", epochs=recipe.epochs, batch_size=recipe.batch_size),
        t(
            "watch.optimizer",
            optimizer=catalog.OPTIMIZERS[recipe.optimizer].label(language),
            rate=f"{recipe.learning_rate:g}",
        ),
        spec.mode,
        t("train.augmentation", names=t("list.comma").join(active)) if active else t("train.no_augmentation"),
    ]
    st.caption(widgets.plain(" · ".join(parts)))


def say(run: Run) -> None:
    """What the run is doing, or how it ended, in words."""
    status, curves = runs.follow(run).read()
    if status.error is not None:
        widgets.problem(status.error)
        if status.epochs:  # else the database cannot be read: how far the run came is unknown
            key = "watch.kept" if run.last_checkpoint.exists() else "watch.kept_no_weights"
            st.caption(widgets.plain(t(key, folder=run.folder)))
    elif status.is_active:
        st.caption(_doing(status))
    else:
        st.markdown(_outcome(status, curves))
        if not status.is_script:
            _guesses(run.spec, status, curves)
    if n := curves.n_not_finite("loss"):
        st.warning(t("watch.gaps", n=n), icon=":material/warning:")


def _doing(status: Status) -> str:
    if status.phase == "queued" and status.queue_place:
        return t("watch.says.queued", place=status.queue_place)
    if status.phase == "stopping":
        return t("watch.says.stopping_script" if status.is_script else "watch.says.stopping")
    if status.stage in ("data", "network", "test"):
        return t(f"watch.says.{status.stage}")
    return t("watch.says.running" if status.phase == "running" else "watch.says.starting")


def _outcome(status: Status, curves: Curves) -> str:
    sentences = []
    if status.phase == "stopped":
        sentences.append(t(_stopped(status), epoch=status.epoch, epochs=status.epochs))
    if status.phase == "finished" and status.epoch < status.epochs:
        key = "watch.says.early_script" if status.is_script else "watch.says.early"
        sentences.append(t(key, epoch=status.epoch, epochs=status.epochs))
    if (validation := curves.at_epoch("accuracy", "validation", status.best_epoch)) is not None:
        sentences.append(t("watch.result", epoch=status.best_epoch, validation=numbers.percent(validation)))
    if status.test_accuracy is not None:
        sentences.append(t("watch.result.test", test=numbers.percent(status.test_accuracy)))
    return " ".join(sentences)


def _guesses(spec: RunSpec, status: Status, curves: Curves) -> None:
    """Say so where a finished run learnt nothing; its loss may be finite all the same, which batch norm sees to."""
    accuracy = curves.at_epoch("accuracy", "validation", status.best_epoch)
    n_classes = len((spec.manifest or {}).get("class_names", ()))
    if status.phase == "finished" and n_classes and accuracy is not None and accuracy < GUESSING / n_classes:
        rate = spec.training.learning_rate
        st.warning(t("watch.guesses", n=n_classes, rate=f"{rate:g}", lower=f"{rate / 10:g}"), icon=":material/warning:")


def _stopped(status: Status) -> str:
    """Which sentence says what a run that was stopped leaves behind."""
    if status.is_script:
        return "watch.says.stopped_script"
    if not status.step:
        return "watch.says.stopped_early"
    return "watch.says.stopped" if status.best_epoch else "watch.says.stopped_in_first"


def log(run: Run) -> None:
    """The last lines of the log; open where something went wrong.

    Sent only when it is: what the browser loads to show code takes longer than its first curve.
    """
    status, _ = runs.follow(run).read()
    failed = status.error is not None
    name = f"log_{run.run_id}_{failed}"  # another one from then on, so that it opens by itself
    with st.expander(t("watch.log"), expanded=failed, key=name, on_change="rerun") as expander:
        if expander.open:
            lines = run.log_tail(LOG_LINES)
            st.code("\n".join(lines) or t("watch.log.none"), language=None, height=LOG_HEIGHT, wrap_lines=True)


def first_batch(run: Run) -> None:
    """The pictures of the first step, as the network saw them; a script keeps none."""
    status, _ = runs.follow(run).read()
    if status.is_script:
        return
    st.subheader(t("watch.first_batch"), anchor=False)
    try:
        with np.load(run.first_batch, allow_pickle=False) as stored:
            inputs, labels = stored["inputs"], stored["labels"]
        class_names = (run.spec.manifest or {})["class_names"]
        tiles = pictures.batch_tiles(inputs, labels, class_names)
    except (OSError, ValueError, KeyError, EngineError):
        st.caption(t("watch.first_batch.none" if status.is_active else "watch.first_batch.never"))
    else:
        pictures.gallery("first_batch", tiles, label=t("watch.first_batch"))


def take_away(run: Run) -> None:
    """The numbers as a file, and the way to the next run."""
    status, _ = runs.follow(run).read()
    with st.container(horizontal=True):
        st.download_button(
            t("watch.csv"),
            data=lambda: csv(run).encode(),
            file_name=f"{run.run_id}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        can_repeat = not status.is_active and not status.is_script
        if can_repeat and st.button(t("watch.again"), icon=":material/tune:", type="primary"):
            _again(run)


def csv(run: Run) -> str:
    """One row per epoch; the row marked as best is the epoch with the star."""
    status, curves = runs.follow(run).read()
    return curves.csv(status.best_epoch)


def _again(run: Run) -> None:
    """Take the run's settings as the draft and go to where they are changed."""
    try:
        training.take_over(run.spec)
    except EngineError as error:
        widgets.problem(error)
    else:
        st.switch_page("pages/train.py", query_params={"draft": state.draft_id()})
