"""The split: every picture in exactly one part, classes in proportion, the same again from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.split import missing_classes, split
from engine.errors import DataError
from engine.spec import DataSpec

FRACTIONS = st.tuples(st.floats(0.05, 0.5), st.floats(0.0, 0.4))
LABELS = st.lists(st.integers(0, 6), min_size=2, max_size=200).filter(lambda labels: len(labels) > len(set(labels)))


def _spec(validation=0.15, test=0.15, **fields):
    return DataSpec(validation_fraction=validation, test_fraction=test, **fields)


@given(LABELS, FRACTIONS, st.integers(0, 2**31 - 1))
def test_each_picture_is_in_exactly_one_part(labels, fractions, seed):
    parts = split(np.array(labels), {}, _spec(*fractions, seed=seed))
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(len(labels)))
    for indices in parts.values():
        assert indices.dtype == np.int64
        assert (np.diff(indices) > 0).all()


@given(LABELS, FRACTIONS, st.integers(0, 2**31 - 1))
def test_every_class_gives_its_share(labels, fractions, seed):
    labels = np.array(labels)
    validation, test = fractions
    parts = split(labels, {}, _spec(validation, test, seed=seed))
    for label in np.unique(labels):
        n = (labels == label).sum()
        n_train, n_validation, n_test = (
            (labels[parts[name]] == label).sum() for name in ("train", "validation", "test")
        )
        assert n_train >= 1
        if n >= 2:
            assert 1 <= n_validation <= max(1, n * validation + 0.5)
        if n >= 3 and test:
            assert 1 <= n_test <= max(1, n * test + 0.5)
        if n * min(validation, 1 - validation - test) > 2:
            assert abs(n_validation - n * validation) <= 1


@given(LABELS, st.integers(0, 2**31 - 1))
def test_same_seed_same_split(labels, seed):
    labels = np.array(labels)
    once, again = (split(labels, {}, _spec(seed=seed)) for _ in range(2))
    assert all(np.array_equal(once[name], again[name]) for name in once)


def test_other_seed_other_split():
    labels = np.repeat(np.arange(4), 50)
    once, other = (split(labels, {}, _spec(seed=seed)) for seed in (1, 2))
    assert not np.array_equal(once["validation"], other["validation"])


def test_a_class_is_split_alike_whatever_the_other_classes_are():
    labels = np.repeat([0, 1], 40)
    more = np.concatenate([labels, np.full(30, 2)])
    few, many = (split(each, {}, _spec()) for each in (labels, more))
    assert np.array_equal(few["validation"], many["validation"][many["validation"] < 80])


def test_two_pictures_of_a_class_learn_one_and_check_one():
    parts = split(np.array([0] * 20 + [1] * 2), {}, _spec())
    assert [np.isin([20, 21], parts[name]).sum() for name in ("train", "validation", "test")] == [1, 1, 0]


@given(st.integers(10, 300), FRACTIONS)
def test_last_fraction_as_keras(n, fractions):
    validation, test = fractions
    parts = split(np.zeros(n, int), {}, _spec(validation, test, split="last"))
    assert np.array_equal(np.concatenate([parts[name] for name in ("train", "validation", "test")]), np.arange(n))
    assert len(parts["test"]) == n - int(n * (1 - test))
    assert len(parts["train"]) == min(int(n * (1 - validation - test)), n - len(parts["test"]) - 1)


def test_last_fraction_without_test_is_fits_validation_split():
    parts = split(np.arange(10) % 2, {}, _spec(0.25, 0.0, split="last"))
    assert parts["train"].tolist() == list(range(7))
    assert parts["validation"].tolist() == [7, 8, 9]
    assert parts["test"].tolist() == []


def test_given_parts_are_kept():
    labels = np.arange(30) % 3
    given_parts = {"train": np.arange(10, 30), "validation": np.arange(4), "test": np.arange(4, 10)}
    parts = split(labels, given_parts, _spec(0.5, 0.4))
    assert all(np.array_equal(parts[name], given_parts[name]) for name in given_parts)


@pytest.mark.parametrize("kind", ["stratified", "last"])
def test_missing_validation_is_cut_from_train(kind):
    labels = np.arange(60) % 2
    parts = split(labels, {"train": np.arange(40), "test": np.arange(40, 60)}, _spec(0.25, 0.4, split=kind))
    assert np.array_equal(parts["test"], np.arange(40, 60))
    assert len(parts["validation"]) == 10
    assert np.array_equal(np.sort(np.concatenate([parts["train"], parts["validation"]])), np.arange(40))


def test_missing_test_stays_empty_where_validation_is_given():
    parts = split(np.arange(40) % 2, {"train": np.arange(30), "validation": np.arange(30, 40)}, _spec())
    assert len(parts["test"]) == 0
    assert len(parts["train"]) == 30


@pytest.mark.parametrize(
    ("labels", "given_parts"),
    [
        (np.array([0, 1]), {}),  # one picture per class: nothing to check with
        (np.array([0, 1, 1]), {"validation": np.arange(2), "test": np.array([2])}),
        (np.array([0, 1, 1]), {"test": np.arange(3)}),
    ],
)
def test_an_empty_part_is_an_error(labels, given_parts):
    with pytest.raises(DataError) as caught:
        split(labels, given_parts, _spec())
    assert caught.value.key == "data.part_empty"


def test_missing_classes_are_named():
    labels = np.array([0, 0, 1, 2, 2])
    parts = {"train": np.array([0, 2, 3]), "validation": np.array([1, 4]), "test": np.zeros(0, int)}
    assert missing_classes(labels, parts, ["ant", "bee", "cow"]) == {"validation": ["bee"]}
