"""Arguments of a wrong type or shape are refused in words, never by an error of numpy, Pillow or the language."""

import numpy as np
import pytest
from PIL import Image

from engine import augment
from engine.augment import DirectoryIterator, ImageDataGenerator, NumpyArrayIterator, load_img, save_img
from engine.errors import EngineError

X = np.arange(4 * 3 * 5 * 3, dtype=np.uint8).reshape(4, 3, 5, 3)
ARRAY = np.zeros((2, 2))


@pytest.fixture
def folder(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.fromarray(X[0]).save(tmp_path / name / "0.png")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        {"data_format": ARRAY},
        {"dtype": [[1], [2, 3]]},
        {"rotation_range": 10**400},
        {"width_shift_range": 10**400},
        {"width_shift_range": 2**40},
        {"zoom_range": 10**400},
    ],
)
def test_constructor(arguments):
    with pytest.raises(EngineError):
        ImageDataGenerator(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"subset": ARRAY},
        {"save_to_dir": 1},
        {"save_to_dir": "/dev/null/pictures"},
        {"save_to_dir": ".", "save_format": "nope"},
        {"save_to_dir": ".", "save_format": None},
        {"sample_weight": ["a", "b", "c", "d"]},
        {"y": [[1], [2, 3], [1], [1]]},
        {"y": np.array([{1: 2}, None, "a", [3]], object), "subset": "training"},
    ],
)
def test_flow(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError):
        ImageDataGenerator(validation_split=0.5).flow(X, **{"y": np.arange(4), **arguments})


def test_labels_of_any_kind_may_be_cut():
    y = np.array([None, "a", "a", None], object)
    flow = ImageDataGenerator(validation_split=0.5).flow(X, y, subset="training", shuffle=False)
    assert flow[0][1].tolist() == ["a", None]


@pytest.mark.parametrize("k", [slice(0, 2), 0.5, None, "0", ARRAY, -1, 4])
def test_batch_numbers(k):
    with pytest.raises(EngineError):
        ImageDataGenerator().flow(X, batch_size=1)[k]


@pytest.mark.parametrize(
    "arguments",
    [
        {"directory": 1},
        {"directory": "a\0b"},
        {"color_mode": ["rgb"]},
        {"interpolation": ARRAY},
        {"class_mode": ARRAY},
        {"target_size": np.array(3)},
        {"classes": np.array("a")},
    ],
)
def test_flow_from_directory(arguments, folder):
    with pytest.raises(EngineError):
        ImageDataGenerator().flow_from_directory(**{"directory": folder, **arguments})


def test_a_class_named_twice_is_one_class(folder):
    flow = ImageDataGenerator().flow_from_directory(folder, classes=["b", "a", "b"], shuffle=False, target_size=(2, 2))
    assert flow.class_indices == {"b": 0, "a": 1}
    assert flow.filenames == ["b/0.png", "a/0.png"]
    assert flow[0][1].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("class_mode", ["raw", "multi_output"])
def test_targets_without_columns(class_mode, folder):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"filename": ["a/0.png", "b/0.png"]})
    with pytest.raises(EngineError, match="at least one column"):
        ImageDataGenerator().flow_from_dataframe(table, folder, y_col=[], class_mode=class_mode)


def test_a_directory_may_be_bytes(folder):
    assert ImageDataGenerator().flow_from_directory(bytes(folder)).filenames == ["a/0.png", "b/0.png"]


@pytest.mark.parametrize(
    "arguments", [{"dataframe": 1}, {"dataframe": ["a"]}, {"directory": 1}, {"x_col": {}}, {"weight_col": {}}]
)
def test_flow_from_dataframe(arguments, folder):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"filename": ["a/0.png", "b/0.png"], "class": ["a", "b"]})
    with pytest.raises(EngineError):
        ImageDataGenerator().flow_from_dataframe(**{"dataframe": table, "directory": folder, **arguments})


@pytest.mark.parametrize("generator", [1, "g", ImageDataGenerator])
def test_iterators_want_a_generator_of_ours(generator, folder):
    with pytest.raises(EngineError):
        NumpyArrayIterator(X, None, generator)
    with pytest.raises(EngineError):
        DirectoryIterator(folder, generator)


@pytest.mark.parametrize(("name", "value"), [("mean", "a"), ("mean", [1, 2]), ("std", {}), ("zca_whitening_matrix", 1)])
def test_statistics_set_by_hand(name, value):
    generator = ImageDataGenerator(
        featurewise_std_normalization=name != "zca_whitening_matrix", zca_whitening=name[0] == "z"
    )
    with pytest.raises(EngineError):
        setattr(generator, name, value)
        generator.standardize(X)


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g.get_random_transform(3),
        lambda g: g.get_random_transform((3,)),
        lambda g: g.get_random_transform((3, "a", 1)),
        lambda g: g.apply_transform(X[0], 1),
        lambda g: g.apply_transform(X[0], {"theta": 10**400}),
        lambda g: g.apply_transform(X[0][:0], {"brightness": 1}),
        lambda g: g.standardize([[1], [2, 3]]),
        lambda g: augment.flip_axis(X[0], 3),
        lambda g: augment.flip_axis(X[0], "a"),
        lambda g: augment.transform_matrix_offset_center(np.eye(2), 3, 3),
        lambda g: augment.transform_matrix_offset_center(np.eye(3), None, 3),
        lambda g: augment.apply_brightness_shift(X[0][:0], 1),
        lambda g: augment.array_to_img(X[0][:0]),
        lambda g: augment.array_to_img("a"),
        lambda g: augment.img_to_array({}),
        lambda g: augment.img_to_array(X[0], dtype="x"),
        lambda g: ImageDataGenerator(preprocessing_function=lambda x: "a").standardize(X),
    ],
)
def test_single_pictures(call):
    with pytest.raises(EngineError):
        call(ImageDataGenerator())


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.nope", {}), ("a", {}), ("no/a.png", {}), ("a.jpg", {"quality": "x"}), ("a.png", {"file_format": 1})],
)
def test_saving(name, options, tmp_path):
    with pytest.raises(EngineError):
        save_img(tmp_path / name, X[0], **options)


def test_reading_wants_names(folder):
    with pytest.raises(EngineError):
        load_img(folder / "a" / "0.png", color_mode={})
