"""Drawn parameters: their ranges, their independence of batches, and Keras' own numbers for a seed."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ImageDataGenerator, SpecError
from engine.augment.draw import Ranges, TransformParameters, draw
from tests.oracle.load import recorded

ALL = Ranges(
    rotation=30,
    width_shift=0.1,
    height_shift=(2.0, 4.0),
    shear=12,
    zoom=(0.8, 1.2),
    horizontal_flip=True,
    vertical_flip=True,
    channel_shift=20,
    brightness=(0.5, 1.5),
)
NAMES = [field.name for field in fields(TransformParameters)]


def _rows(parameters: TransformParameters) -> list[dict]:
    return [parameters.of(k) for k in range(len(parameters.theta))]


@given(
    seed=st.integers(0, 2**32 - 1),
    pass_=st.integers(0, 1000),
    order=st.permutations(range(40)),
    batch_size=st.integers(1, 40),
)
def test_a_draw_depends_on_seed_pass_and_sample_alone(seed, pass_, order, batch_size):
    in_order = _rows(draw(ALL, seed, pass_, np.arange(40), 32, 32))
    order = np.array(order)
    batches = [order[k : k + batch_size] for k in range(0, 40, batch_size)]
    batched = [row for batch in batches for row in _rows(draw(ALL, seed, pass_, batch, 32, 32))]
    assert batched == [in_order[k] for k in order]


def test_switching_one_transform_on_leaves_the_others_draws():
    alone = draw(replace(Ranges(), rotation=30), 7, 0, np.arange(20), 32, 32)
    together = draw(ALL, 7, 0, np.arange(20), 32, 32)
    assert np.array_equal(alone.theta, together.theta)


def test_draws_fill_their_ranges():
    parameters = draw(replace(ALL, width_shift=0.1, height_shift=6.0), 3, 0, np.arange(20_000), 200, 100)
    limits = {
        "theta": (-30, 30),
        "tx": (-10, 10),  # a tenth of the width
        "ty": (-6, 6),  # pixels
        "shear": (-12, 12),
        "zx": (0.8, 1.2),
        "zy": (0.8, 1.2),
        "channel_shift_intensity": (-20, 20),
        "brightness": (0.5, 1.5),
    }
    for name, (low, high) in limits.items():
        values = getattr(parameters, name)
        assert low <= values.min() and values.max() <= high, name
        assert values.max() - values.min() > 0.99 * (high - low), name
    assert abs(parameters.flip_horizontal.mean() - 0.5) < 0.02
    assert not np.array_equal(parameters.zx, parameters.zy)


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (0.25, None),
        (3, {-2, -1, 0, 1, 2}),
        (1, {0}),
        ([2, 4], {-4, -2, 2, 4}),
        ([0.1, 0.5], {-10, -2, 2, 10}),
        ([-3, 1], {-3, -1, 1, 3}),
    ],
)
@pytest.mark.filterwarnings("ignore:width_shift_range=1")
def test_keras_rules_of_shifts(shift, expected):
    generator = ImageDataGenerator(width_shift_range=shift)
    drawn = generator.draw(1, 0, np.arange(500), (40, 20, 3)).tx
    if expected is None:
        assert -5 <= drawn.min() < -4.9 and 4.9 < drawn.max() <= 5, "a share of the width"
    else:
        assert set(np.round(drawn, 9)) == expected


def test_off_means_neutral():
    assert (
        _rows(draw(Ranges(), 1, 2, np.arange(3), 8, 8))
        == [
            {
                "theta": 0,
                "tx": 0,
                "ty": 0,
                "shear": 0,
                "zx": 1,
                "zy": 1,
                "flip_horizontal": 0,
                "flip_vertical": 0,
                "channel_shift_intensity": None,
                "brightness": None,
            }
        ]
        * 3
    )
    assert not Ranges().active
    assert ALL.active


@pytest.mark.filterwarnings("ignore:shear_range")
def test_keras_numbers_for_a_seed_with_the_shift_axes_put_right():
    arrays, cases = recorded("random_transform")
    generators = recorded("random_transform", "generators")[1]
    for case in cases:
        generator = ImageDataGenerator(**generators[case["generator"]])
        drawn = generator.get_random_transform(arrays[case["image"]].shape, seed=case["seed"])
        expected = case["params"] | {"tx": case["params"]["ty"], "ty": case["params"]["tx"]}
        assert list(drawn) == NAMES
        for name in NAMES:
            assert drawn[name] == pytest.approx(expected[name], abs=1e-9), (case, name)


def _draw_by_the_rules(arguments, shape, seed):
    """Keras' draws written out, with the first shift up and down, and the second sideways."""
    random = np.random.RandomState(seed)

    def either_way(largest):
        return random.uniform(-largest, largest) if largest else 0

    def shift(name, side):
        given = arguments[name]
        if isinstance(given, float) or np.all(given == 0):
            drawn = either_way(given)
        else:
            drawn = random.choice(given)
            drawn = drawn * random.choice([-1, 1])
        return drawn * side if np.max(given) < 1 else drawn

    drawn = {"theta": either_way(arguments["rotation_range"])}
    drawn["ty"] = shift("height_shift_range", shape[0])
    drawn["tx"] = shift("width_shift_range", shape[1])
    drawn["shear"] = either_way(arguments["shear_range"])
    zoom = arguments["zoom_range"]
    low, high = zoom if isinstance(zoom, tuple) else (1 - zoom, 1 + zoom)
    drawn["zx"], drawn["zy"] = (1, 1) if low == high == 1 else random.uniform(low, high, 2)
    drawn["flip_horizontal"] = (random.random_sample() < 0.5) * arguments["horizontal_flip"]
    drawn["flip_vertical"] = (random.random_sample() < 0.5) * arguments["vertical_flip"]
    channel, brightness = arguments["channel_shift_range"], arguments["brightness_range"]
    drawn["channel_shift_intensity"] = either_way(channel) if channel else None
    drawn["brightness"] = random.uniform(*brightness) if brightness else None
    return drawn


SHIFTS = (
    st.sampled_from([0, 0.0, 1.0])
    | st.floats(0.01, 3)
    | st.integers(2, 9)
    | st.lists(st.floats(-0.9, 0.9), min_size=1, max_size=4)
    | st.lists(st.integers(-5, 5), min_size=1, max_size=4).map(lambda shifts: [*shifts, 6])
)
PAIRS = st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)).map(sorted).map(tuple)


@settings(deadline=None)
@given(
    arguments=st.fixed_dictionaries(
        {
            "rotation_range": st.sampled_from([0, 20, 400.5]),
            "width_shift_range": SHIFTS,
            "height_shift_range": SHIFTS,
            "shear_range": st.sampled_from([0, 1.5, 45]),
            "zoom_range": st.sampled_from([0, 0.3, (1, 1)]) | PAIRS,
            "horizontal_flip": st.booleans(),
            "vertical_flip": st.booleans(),
            "channel_shift_range": st.sampled_from([0, 0.5, 90]),
            "brightness_range": st.none() | PAIRS,
        }
    ),
    shape=st.tuples(st.integers(1, 300), st.integers(1, 300), st.sampled_from([1, 3, 4])),
    seed=st.integers(0, 2**32 - 1),
)
def test_draws_are_those_of_numpy_s_random_state_in_keras_order(arguments, shape, seed):
    drawn = ImageDataGenerator(**arguments).get_random_transform(shape, seed=seed)
    expected = _draw_by_the_rules(arguments, shape, seed)
    assert set(drawn) == set(expected)
    for name, value in expected.items():
        assert drawn[name] == pytest.approx(value, abs=1e-9), name
    first = ImageDataGenerator(**arguments, data_format="channels_first")
    assert first.get_random_transform((shape[2], *shape[:2]), seed=seed) == drawn


def test_without_a_seed_draws_differ_and_numpy_s_own_numbers_are_left_alone():
    np.random.seed(5)
    expected = np.random.RandomState(5).random_sample()
    generator = ImageDataGenerator(rotation_range=90)
    first, second = (generator.get_random_transform((8, 8, 1)) for _ in range(2))
    assert first != second
    assert np.random.random_sample() == expected


def test_parameters_survive_their_dictionary():
    parameters = draw(ALL, 4, 0, np.arange(3), 16, 16)
    for row in _rows(parameters):
        assert TransformParameters.from_dict(row).of(0) == row


@pytest.mark.parametrize(
    "values", [{"channel_shift_intencity": 3}, {"theta": "much"}, {"zx": float("nan")}, {"tx": [1]}]
)
def test_bad_parameters_are_named(values):
    with pytest.raises(SpecError) as caught:
        TransformParameters.from_dict(values)
    assert next(iter(values)) in str(caught.value)
