"""The Train page: what it says will run, what it refuses, and that Start starts exactly that."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from engine.runs import RunStore
from engine.spec import AugmentSpec
from pages._ui import training
from pages._ui.texts import TEXTS
from tests.pages.conftest import texts

pytestmark = pytest.mark.usefixtures("runs_dir", "open_app")


@pytest.fixture
def train(open_app):
    """The Train page, with small built-in data."""
    app = open_app()
    set_draft(app, "data", n_pictures=100)
    return app.switch_page("pages/train.py").run()


def set_draft(app, part, **changes):
    spec = app.session_state["draft"]
    app.session_state["draft"] = replace(spec, **{part: replace(getattr(spec, part), **changes)})


def switch_augmentation_off(app):
    app.session_state["draft"] = replace(app.session_state["draft"], augment=AugmentSpec())
    app.run()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_in_both_languages(train, language):
    if language == "zh":
        train.button(key="switch_language").click().run()
    assert not train.exception
    assert train.title[0].value == TEXTS["train.title"](language)
    assert [button.label for button in train.button if button.key == "start"] == [TEXTS["train.start"](language)]


def test_it_says_what_will_run(train):
    said = texts(train)
    assert "100 pictures in 8 classes" in said
    assert "3 steps in an epoch, 30 in all" in said
    assert "Rotation" in said


def test_it_says_whether_the_pictures_fit_in_memory(train, monkeypatch):
    assert "They fit in memory: 1 MB of" in texts(train)
    assert not train.warning
    monkeypatch.setattr(training.psutil, "virtual_memory", lambda: SimpleNamespace(available=2**10))
    train.run()
    assert "only 0 MB are free" in train.warning[0].value


def test_automatic_mode_says_which_way_and_why(train):
    assert TEXTS["train.why.auto.fit_generator"].en in texts(train)
    switch_augmentation_off(train)
    assert TEXTS["train.why.auto.fit"].en in texts(train)
    assert TEXTS["train.no_augmentation"].en in texts(train)


def test_every_pair_of_chosen_and_resolved_mode_has_its_reason():
    pairs = {("auto", "fit"), ("auto", "fit_generator"), ("fit", "fit"), ("fit_generator", "fit_generator")}
    assert {f"train.why.{chosen}.{mode}" for chosen, mode in pairs} == {
        key for key in TEXTS if key.startswith("train.why.")
    }


def test_fit_with_augmentation_is_refused_beside_the_mode(train):
    set_draft(train, "training", mode="fit")
    train.run()
    assert len(train.error) == 1
    assert "Rotation, Zoom, Shift sideways" in train.error[0].value
    train.button(key="start").click().run()
    assert not train.exception
    assert train.error[-1].value == TEXTS["train.wrong_field"].en, "the reason stands there already"
    assert RunStore().list() == []


def test_start_makes_the_run_and_goes_to_watch_it(train):
    train.text_input(key="training.epochs").set_value("3").run()
    train.button(key="start").click().run()
    (run,) = RunStore().list()
    assert run.spec == train.session_state["draft"]
    assert run.spec.training.epochs == 3
    assert train.query_params["run"] == run.run_id
    assert run.status().phase == "queued"


def test_a_wrong_number_is_told_beside_its_field_and_start_waits(train):
    train.text_input(key="training.batch_size").set_value("many").run()
    assert "many" in train.error[0].value
    train.button(key="start").click().run()
    assert RunStore().list() == []
    assert train.error[-1].value == TEXTS["train.wrong_field"].en
    assert train.session_state["draft"].training.batch_size == 32


def test_a_path_that_is_missing_is_told_and_nothing_starts(train):
    set_draft(train, "data", source="folder")
    train.run()
    train.button(key="start").click().run()
    assert not train.exception
    assert RunStore().list() == []
    assert train.error


def test_an_optimizer_brings_its_rate_unless_another_was_set(train):
    train.segmented_control(key="training.optimizer").set_value("sgd").run()
    assert train.text_input(key="training.learning_rate").value == "0.05"
    train.text_input(key="training.learning_rate").set_value("0.01").run()
    train.segmented_control(key="training.optimizer").set_value("adam").run()
    assert train.session_state["draft"].training.learning_rate == 0.01


def test_patience_belongs_to_early_stopping(train):
    assert not [field for field in train.text_input if field.key == "training.patience"]
    train.toggle(key="training.early_stopping").set_value(True).run()
    assert train.text_input(key="training.patience").value == "5"


@pytest.mark.parametrize(
    ("chosen", "found", "words"),
    [
        ("auto", "cpu", "processor, 2 cores"),
        ("auto", "cuda", r"NVIDIA GPU \(NVIDIA H100\)".replace("\\", "")),
        ("cpu", "cuda", "processor"),
        ("cuda", "cpu", "does not seem to have"),
        ("mps", "mps", "Apple GPU"),
    ],
)
def test_the_device_is_said_in_words(open_app, monkeypatch, chosen, found, words):
    monkeypatch.setattr(training, "lane_of", lambda name: found if name == "auto" else name)
    monkeypatch.setattr(training, "_gpu_name", lambda: "NVIDIA H100")
    monkeypatch.setattr(training.os, "cpu_count", lambda: 2)
    app = open_app()
    set_draft(app, "training", device=chosen)
    set_draft(app, "data", n_pictures=100)
    assert words in texts(app.switch_page("pages/train.py").run())
