"""Walks every entry of the catalog: ranges, defaults, texts, and that what it names can be built."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import catalog
from engine.errors import SpecError

TABLES = {"data": catalog.DATA, "augment": catalog.AUGMENT, "training": catalog.TRAINING}
PARAMS = [(f"{table}.{name}", param) for table, params in TABLES.items() for name, param in params.items()]
CHOICES = [(f"{field}.{name}", choice) for field, param in PARAMS for name, choice in (param.choices or {}).items()]


@pytest.mark.parametrize(("field", "param"), PARAMS)
def test_default_is_allowed(field, param):
    assert param.check(param.default, field) == param.default


@pytest.mark.parametrize(("field", "param"), PARAMS)
def test_wrong_type_names_the_setting(field, param):
    with pytest.raises(SpecError) as caught:
        param.check(object(), field)
    assert caught.value.field == field
    assert field.rpartition(".")[2] in str(caught.value)


@pytest.mark.parametrize(("field", "param"), [p for p in PARAMS if p[1].kind in {"int", "float"}])
def test_limits_are_inside_and_beyond_is_refused(field, param):
    for limit, beyond in ((param.minimum, -math.inf), (param.maximum, math.inf)):
        if math.isfinite(limit):
            assert param.check(limit, field) == limit
            with pytest.raises(SpecError, match="between"):
                param.check(
                    math.nextafter(limit, beyond) if param.kind == "float" else limit + math.copysign(1, beyond), field
                )
    for bad in (math.nan, math.inf, 10**400, True, "3"):
        with pytest.raises(SpecError, match="number"):
            param.check(bad, field)


@pytest.mark.parametrize("name", catalog.TRANSFORMS)
def test_transform_switched_on_is_allowed_and_not_neutral(name):
    transform = catalog.TRANSFORMS[name]
    assert transform.check(transform.on, name) == transform.on
    assert transform.on != transform.default
    assert not transform.default


@pytest.mark.parametrize(("name", "choice"), [c for c in CHOICES if c[1].builds])
def test_what_a_choice_names_exists(name, choice):
    assert callable(choice.load())


@given(st.integers(-(10**6), 10**6))
def test_whole_numbers_come_back_as_int(value):
    param = catalog.TRAINING["epochs"]
    if param.minimum <= value <= param.maximum:
        assert param.check(float(value), "training.epochs") == value
        assert type(param.check(float(value), "training.epochs")) is int
    else:
        with pytest.raises(SpecError):
            param.check(value, "training.epochs")
