"""Pictures that a table names: which rows count, what y is in each class mode, and what is refused."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from engine import DataError, ImageDataGenerator, Model, SpecError
from engine.augment import DataFrameIterator, load_img, save_img
from engine.errors import EngineError, SpecTypeError

N = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """10 pictures of noise, 0.png to 9.png."""
    top, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for k in range(N):
        save_img(top / f"{k}.png", random.integers(0, 256, (6, 5, 3)), scale=False)
    return top


def _table(**columns):
    given = {"filename": [f"{k}.png" for k in range(N)], "class": list("bacbabcaab")} | columns
    return pd.DataFrame({name: values for name, values in given.items() if values is not None})


def _flow(folder, table=None, generator=None, **arguments):
    given = {"target_size": (8, 8), "batch_size": 4, "seed": 3, "shuffle": False} | arguments
    return (generator or ImageDataGenerator()).flow_from_dataframe(
        _table() if table is None else table, folder, **given
    )


def _all(flow):
    return [np.concatenate(parts) for parts in zip(*(flow[k] for k in range(len(flow))), strict=True)]


def test_pictures_and_classes_are_those_of_the_rows(folder, capsys):
    flow = _flow(folder)
    x, y = _all(flow)
    assert flow.class_indices == {"a": 0, "b": 1, "c": 2}
    assert flow.classes.tolist() == [1, 0, 2, 1, 0, 1, 2, 0, 0, 1]
    assert (x.dtype, y.dtype) == (np.float32, np.float32)
    assert np.array_equal(y, np.eye(3)[flow.classes])
    for picture, path in zip(x, flow.filepaths, strict=True):
        assert np.array_equal(picture, np.asarray(load_img(path, target_size=(8, 8))))
    assert "Found 10 validated image filenames belonging to 3 classes." in capsys.readouterr().out


def test_rows_come_in_their_order_whatever_the_index(folder):
    table = _table()
    table.index = [f"row {k}" for k in range(N)]
    turned = table.iloc[::-1]
    assert _flow(folder, turned).filenames == [f"{k}.png" for k in reversed(range(N))]
    before = turned.copy()
    _flow(folder, turned, classes=["a"])
    pd.testing.assert_frame_equal(turned, before)


def test_whole_paths_and_anything_like_a_table(folder):
    paths = [str(folder / f"{k}.png") for k in range(N)]
    flow = _flow(None, {"filename": paths, "class": list("bacbabcaab")}, x_col="filename")
    assert np.array_equal(_all(flow)[0], _all(_flow(folder))[0])
    assert flow.filenames == flow.filepaths == paths


def test_constructor_has_keras_order_and_a_neutral_generator(folder):
    x, y = DataFrameIterator(_table(), str(folder), None, "filename", "class", None, (8, 8), "grayscale")[0]
    assert (x.shape, y.shape) == ((10, 8, 8, 1), (10, 3))


@pytest.mark.parametrize(("class_mode", "n"), [("sparse", 3), ("binary", 2)])
def test_class_numbers(folder, class_mode, n):
    table = _table(**{"class": list("xyz"[:n]) * 3 + ["x"] * (N - 3 * n)})
    y = _all(_flow(folder, table, class_mode=class_mode))[1]
    assert y.dtype == np.float32
    assert y.tolist() == [float("xyz".index(name)) for name in table["class"]]


def test_several_classes_per_picture(folder):
    labels = [["b", "a"], "b", ("c",), ["a"], "a", [], ["c", "a"], "b", "b", "b"]
    flow = _flow(folder, _table(**{"class": labels}))
    assert flow.classes == [[1, 0], 1, [2], [0], 0, [], [2, 0], 1, 1, 1]
    y = _all(flow)[1]
    assert y[:7].tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1]]
    chosen = _flow(folder, _table(**{"class": labels}), classes=["c", "a"])
    assert chosen.filenames == ["0.png", "2.png", "3.png", "4.png", "6.png"]
    assert chosen.classes == [[1], [0], [1], 1, [0, 1]]


def test_numbers_in_lists_are_names_too(folder):
    labels = [[10, 2], [2], *([["b"]] * 7), "a"]
    flow = _flow(folder, _table(**{"class": labels}))
    assert flow.class_indices == {2: 0, 10: 1, "a": 2, "b": 3}
    assert _all(flow)[1][0].tolist() == [1, 1, 0, 0]
    assert _flow(folder, _table(**{"class": labels}), classes=[10]).filenames == ["0.png"]


def test_chosen_classes_keep_their_order_and_drop_others(folder):
    flow = _flow(folder, classes=["c", "a"], class_mode="sparse")
    assert flow.class_indices == {"c": 0, "a": 1}
    assert flow.filenames == ["1.png", "2.png", "4.png", "6.png", "7.png", "8.png"]
    assert _all(flow)[1].tolist() == [1, 0, 1, 0, 1, 1]


def test_input_and_none(folder):
    table = _table(**{"class": None})
    x, y = _flow(folder, table, class_mode="input")[0]
    assert np.array_equal(x, y)
    assert x is not y
    assert np.array_equal(_flow(folder, table, class_mode=None)[0], x)


def test_raw_and_multi_output_pass_columns_on(folder):
    a, b, boxes = np.arange(N) / 7, np.arange(N) * 2, np.arange(N * 4).reshape(N, 4)
    table = _table(a=a, b=b, box=list(boxes))
    assert np.array_equal(_all(_flow(folder, table, y_col="a", class_mode="raw"))[1], a)
    assert np.array_equal(_all(_flow(folder, table, y_col="box", class_mode="raw"))[1], boxes)
    assert np.array_equal(_all(_flow(folder, table, y_col=["a", "b"], class_mode="raw"))[1], np.stack([a, b], 1))
    flow = _flow(folder, table, y_col=["b", "box"], class_mode="multi_output", shuffle=True)
    x, y = flow[1]
    rows = flow.batch_indices(0, 1)
    assert isinstance(y, list)
    assert np.array_equal(y[0], b[rows])
    assert np.array_equal(y[1], boxes[rows])
    assert len(x) == 4


def test_weights_go_with_their_pictures(folder):
    weights = np.arange(N) / 10
    flow = _flow(folder, _table(w=weights), weight_col="w", class_mode="sparse", shuffle=True, classes=["a", "b"])
    for k in range(len(flow)):
        _, y, w = flow[k]
        names = [flow.filenames[i] for i in flow.batch_indices(0, k)]
        assert [f"{round(value * 10)}.png" for value in w] == names
        assert [list(flow.class_indices)[int(label)] for label in y] == [
            _table()["class"][int(name.split(".")[0])] for name in names
        ]


def test_the_whole_table_is_cut(folder):
    generator = ImageDataGenerator(validation_split=0.35, horizontal_flip=True, rotation_range=40)
    validation = _flow(folder, generator=generator, subset="validation")
    training = _flow(folder, generator=generator, subset="training")
    assert validation.filenames == ["0.png", "1.png", "2.png"]
    assert training.filenames == [f"{k}.png" for k in range(3, N)]
    assert validation.class_indices == training.class_indices == {"a": 0, "b": 1, "c": 2}
    assert np.array_equal(_all(validation)[0], _all(_flow(folder))[0][:3]), "validation is never transformed"
    assert not np.array_equal(_all(training)[0], _all(_flow(folder))[0][3:])


def test_rows_without_a_picture_are_dropped_with_a_warning(folder):
    (folder / "note.txt").write_text("no picture")
    table = _table(filename=["gone.png", "note.txt", *(f"{k}.png" for k in range(2, N))])
    with pytest.warns(UserWarning, match=r"Found 2 invalid image filename\(s\)"):
        flow = _flow(folder, table)
    assert (flow.n, flow.samples) == (8, 8)
    assert flow.classes.tolist() == [2, 1, 0, 1, 2, 0, 0, 1]
    unseen = _flow(folder, table, validate_filenames=False)
    assert unseen.n == N
    with pytest.raises(DataError, match=r"gone\.png"):
        unseen[0]


@pytest.mark.parametrize("old", ["drop_duplicates", "has_ext", "sort"])
def test_old_arguments_warn(folder, old):
    with pytest.warns(DeprecationWarning, match=old):
        assert _flow(folder, **{old: True}).n == N
    with pytest.raises(TypeError, match="typo"):
        _flow(folder, typo=1)


def test_classes_without_meaning_warn(folder):
    with pytest.warns(UserWarning, match="classes"):
        _flow(folder, classes=["a"], class_mode=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _flow(folder, classes=["a"])


@pytest.mark.parametrize(
    ("columns", "arguments"),
    [
        ({"class": list(range(N))}, {"class_mode": "sparse"}),
        ({"class": [0, 1] * 5}, {"class_mode": "binary"}),
        ({"class": [0.5] * N}, {"class_mode": "categorical"}),
        ({"class": [["a"]] * N}, {"class_mode": "sparse"}),
        ({"class": [[0.5]] * N}, {"class_mode": "categorical"}),
        ({"class": ["a"] * 9 + [None]}, {"class_mode": "sparse"}),
        ({"filename": [7] * N}, {}),
        ({"w": ["1"] * N}, {"weight_col": "w"}),
        ({}, {"class_mode": "multi_output"}),
        ({}, {"y_col": ["class", "filename"]}),
    ],
)
def test_wrong_types_are_type_errors_of_our_tree(folder, columns, arguments):
    with pytest.raises(SpecTypeError) as caught:
        _flow(folder, _table(**columns), **arguments)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, SpecError)
    stored = EngineError.from_json(json.loads(json.dumps(caught.value.to_json())))
    assert (type(stored), stored.text("zh")) == (SpecTypeError, caught.value.text("zh"))


@pytest.mark.parametrize(
    ("columns", "arguments", "message"),
    [
        ({}, {"x_col": "path"}, "filename, class"),
        ({}, {"y_col": "label"}, "'label'"),
        ({}, {"weight_col": "w"}, "'w'"),
        ({}, {"class_mode": "binary"}, "received 3"),
        ({}, {"class_mode": "binary", "classes": ["a"]}, "received 1"),
        ({}, {"class_mode": "output"}, "'output'"),
        ({}, {"color_mode": "cmyk"}, "cmyk"),
        ({}, {"subset": "test"}, "test"),
        ({}, {"subset": "training"}, "validation_split"),
        ({}, {"classes": "abc"}, "abc"),
        ({"w": [1.0] * 9 + [np.nan]}, {"weight_col": "w"}, "row 9"),
        ({"b": [[1, 2]] * 9 + [[1]]}, {"class_mode": "raw", "y_col": "b"}, "one shape"),
        ({"a": [1] * N, "b": [[1, 2]] * N}, {"class_mode": "raw", "y_col": ["a", "b"]}, "one shape"),
    ],
)
def test_wrong_values_are_refused(folder, columns, arguments, message):
    with pytest.raises((SpecError, DataError), match=message):
        _flow(folder, _table(**columns), **arguments)


# --- training ---


def _model(n_outputs, loss):
    torch.manual_seed(0)
    model = Model(nn.Sequential(nn.Flatten(), nn.Linear(8 * 8 * 3, n_outputs)), seed=0)
    model.compile("sgd", loss)
    return model


def test_weights_and_several_columns_reach_the_training(folder):
    weights = np.arange(N) / 10
    columns = {"a": np.arange(N) / 7, "b": np.ones(N)}
    generator = ImageDataGenerator(rescale=1 / 255)
    flow = _flow(folder, _table(**columns, w=weights), generator, y_col=["a", "b"], class_mode="raw", weight_col="w")
    pictures = _all(_flow(folder, generator=generator))[0]
    targets = np.stack(list(columns.values()), axis=1)
    from_files, from_arrays = _model(2, "mse"), _model(2, "mse")
    from_files.fit_generator(flow, epochs=2, workers=2, verbose=0)
    from_arrays.fit(pictures, targets, batch_size=4, epochs=2, shuffle=False, sample_weight=weights, verbose=0)
    for mine, other in zip(from_files.get_weights(), from_arrays.get_weights(), strict=True):
        assert np.array_equal(mine, other)


def test_several_targets_are_refused_in_words(folder):
    flow = _flow(folder, _table(a=np.zeros(N), b=list(np.zeros((N, 2)))), y_col=["a", "b"], class_mode="multi_output")
    with pytest.raises(DataError, match="one output"):
        _model(2, "mse").fit_generator(flow, epochs=1, verbose=0)
    assert _model(2, "mse").predict(flow, verbose=0).shape == (N, 2), "a prediction needs no targets"


def test_targets_are_looked_at_before_training(folder):
    flow = _flow(folder, _table(a=[0.0] * 9 + [np.inf]), y_col="a", class_mode="raw", batch_size=2)
    with pytest.raises(DataError, match="row 9"):
        _model(1, "mse").fit_generator(flow, epochs=1, verbose=0)
