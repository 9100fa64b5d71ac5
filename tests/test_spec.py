"""A run's settings survive JSON, and everything that is not allowed is refused with the setting's name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import catalog
from engine.errors import EngineError, SpecError
from engine.spec import AugmentSpec, DataSpec, RunSpec, TrainSpec


def _values(param):
    if param.kind == "bool":
        return st.booleans()
    if param.kind == "choice":
        return st.sampled_from(list(param.choices))
    if param.kind == "text":
        return st.text(max_size=20)
    low, high = param.minimum, param.maximum
    return st.integers(int(low), int(high)) if param.kind == "int" else st.floats(low, high)


def _parts(part):
    return st.fixed_dictionaries({name: _values(param) for name, param in part.table.items()})


@given(
    _parts(DataSpec).filter(lambda d: d["validation_fraction"] + d["test_fraction"] <= 0.9),
    _parts(AugmentSpec),
    _parts(TrainSpec),
)
def test_json_and_back(data, augment, training):
    spec = RunSpec(DataSpec(**data), AugmentSpec(**augment), TrainSpec(**training), title="eins", torch_threads=2)
    assert RunSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"data": 3}', '{"nothing": 1}', '{"training": {"epoch": 1}}'])
def test_foreign_json_is_refused(text):
    with pytest.raises(SpecError):
        RunSpec.from_json(text)


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        ({"training": {"epochs": 0}}, "training.epochs"),
        ({"training": {"epochs": 1.5}}, "training.epochs"),
        ({"training": {"learning_rate": "fast"}}, "training.learning_rate"),
        ({"augment": {"fill_mode": "mirror"}}, "augment.fill_mode"),
        ({"augment": {"horizontal_flip": 1}}, "augment.horizontal_flip"),
        ({"data": {"validation_fraction": 0.5, "test_fraction": 0.5}}, "data.test_fraction"),
    ],
)
def test_bad_value_names_its_field(stored, field):
    with pytest.raises(SpecError) as caught:
        RunSpec.from_json(json.dumps(stored))
    assert caught.value.field == field


def test_held_out_is_at_most_what_the_error_says():
    for validation, test in ((0.4, 0.5), (0.45, 0.45), (0.5, 0.4)):  # what the sliders can be set to
        DataSpec(validation_fraction=validation, test_fraction=test)
    with pytest.raises(SpecError, match=r"at most 90 %.* 90\.1 %") as caught:
        DataSpec(validation_fraction=0.45, test_fraction=0.451)
    assert "不超过 90 %" in caught.value.text("zh")


def test_check_wants_a_path():
    for source in ("folder", "zip", "npz"):
        with pytest.raises(SpecError) as caught:
            RunSpec(data=DataSpec(source=source)).check()
        assert caught.value.field == "data.path"
    RunSpec(data=DataSpec(source="folder", path="/somewhere")).check()


def test_mode_follows_augmentation_unless_chosen():
    light = RunSpec(augment=AugmentSpec.preset("light"))
    assert RunSpec().mode == "fit"
    assert light.mode == "fit_generator"
    assert replace(light, augment=AugmentSpec(), training=TrainSpec(mode="fit_generator")).mode == "fit_generator"


def test_fit_with_augmentation_is_refused():
    with pytest.raises(SpecError, match="rotation_range") as caught:
        RunSpec(augment=AugmentSpec(rotation_range=5), training=TrainSpec(mode="fit")).check()
    assert caught.value.field == "training.mode"


def test_presets_are_valid_and_off_is_off():
    for name in catalog.PRESETS:
        assert bool(AugmentSpec.preset(name).active) is (name != "off")


def test_error_survives_json():
    with pytest.raises(SpecError) as caught:
        TrainSpec(epochs=0)
    again = EngineError.from_json(json.loads(json.dumps(caught.value.to_json())))
    assert type(again) is SpecError
    assert str(again) == str(caught.value)
    assert again.field == "training.epochs"
    assert "轮" not in again.text("en") and "介于" in again.text("zh")
