"""Philox gives the published numbers, and each number depends on its own key and counter alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.augment.philox import philox, uniforms

# Known answers published with the Random123 library.
KNOWN = [
    ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, (0xFFFFFFFF,) * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        (0xA4093822, 0x299F31D0),
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter, key, answer):
    assert list(philox(tuple(map(np.uint64, counter)), tuple(map(np.uint64, key)))) == answer


@given(
    seed=st.integers(0, 2**32 - 1),
    pass_=st.integers(0, 10_000),
    indices=st.lists(st.integers(0, 2**40), min_size=1, max_size=50),
    cut=st.integers(0, 50),
)
def test_a_sample_s_numbers_do_not_depend_on_its_batch(seed, pass_, indices, cut):
    indices = np.array(indices)
    whole = uniforms(seed, pass_, indices, 12)
    parts = np.concatenate([uniforms(seed, pass_, part, 12) for part in (indices[:cut], indices[cut:])])
    backwards = uniforms(seed, pass_, indices[::-1], 12)[::-1]
    assert np.array_equal(whole, parts)
    assert np.array_equal(whole, backwards)


def test_numbers_differ_between_seeds_passes_samples_and_slots():
    numbers = np.stack([uniforms(seed, pass_, np.arange(50), 12) for seed in (0, 1) for pass_ in (0, 1)])
    assert len(np.unique(numbers)) == numbers.size


def test_numbers_are_uniform():
    numbers = uniforms(7, 0, np.arange(20_000), 12)
    assert (numbers >= 0).all() and (numbers < 1).all()
    counts = np.stack([np.histogram(slot, bins=20, range=(0, 1))[0] for slot in numbers.T])
    assert np.abs(counts - 1000).max() < 150, "five standard deviations"
    assert np.abs(np.corrcoef(numbers.T) - np.eye(12)).max() < 0.035
