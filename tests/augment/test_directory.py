"""Pictures from folders: files, order and labels as Keras has them, equal whoever reads them, and little memory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

from engine import DataError, ImageDataGenerator, Model, SpecError
from engine.augment import DirectoryIterator, list_pictures, load_img, save_img, validate_filename
from engine.augment.files import PictureReader
from engine.augment.names import Names
from tests.oracle.load import recorded

TREES = recorded("iterators", "trees")[1]
CASES = recorded("iterators", "directory")[1]
WILD = {"rotation_range": 90, "width_shift_range": 0.3, "horizontal_flip": True, "zoom_range": 0.4, "rescale": 1 / 255}


def _write_tree(root: Path, files: list[str]) -> Path:
    """Pictures of noise, and other files with text in them."""
    random = np.random.default_rng(0)
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".png", ".jpg", ".bmp", ".webp"):
            save_img(path, random.integers(0, 256, (6, 5, 3)), scale=False)
        else:
            path.write_text("not an image")
    return root


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """13 pictures of 3 classes."""
    names = [f"{name}/{k}.png" for name, n in (("a", 5), ("b", 6), ("c", 2)) for k in range(n)]
    return _write_tree(tmp_path_factory.mktemp("pictures"), names)


def _flow(folder, generator=None, **arguments):
    given = {"target_size": (8, 8), "batch_size": 4, "seed": 3} | arguments
    return (generator or ImageDataGenerator(**WILD)).flow_from_directory(folder, **given)


def _model(n_outputs, loss="sparse_categorical_crossentropy"):
    torch.manual_seed(0)
    model = Model(nn.Sequential(nn.Flatten(), nn.Linear(8 * 8 * 3, n_outputs)), seed=0)
    model.compile("sgd", loss)
    return model


def _equal(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(str(v) for k, v in case.items() if k != "y")[:60])
def test_everything_equals_keras(case, tmp_path):
    _write_tree(tmp_path, TREES[case["tree"]])
    class_mode = case.get("class_mode", "categorical")
    flow = ImageDataGenerator(validation_split=case.get("validation_split", 0.0)).flow_from_directory(
        str(tmp_path),
        target_size=case.get("target_size", [4, 4]),
        batch_size=case.get("batch_size", 4),
        shuffle=False,
        class_mode=class_mode,
        color_mode=case.get("color_mode", "rgb"),
        classes=case.get("classes"),
        subset=case.get("subset"),
    )
    assert [name.replace(os.sep, "/") for name in flow.filenames] == case["filenames"]
    assert flow.class_indices == case["class_indices"]
    assert flow.classes.tolist() == case["classes_out"]
    assert (flow.samples, flow.n, flow.num_classes) == (case["samples"], case["samples"], len(case["class_indices"]))
    batches = [flow[k] for k in range(len(flow))]
    assert [list((b if class_mode is None else b[0]).shape) for b in batches] == case["batch_shapes"]
    if "y" in case:
        assert [b[1].tolist() for b in batches] == case["y"]
        assert {str(b[1].dtype) for b in batches} == {case["y_dtype"]}
    if class_mode == "input":
        assert all(np.array_equal(x, y) and x is not y for x, y in batches)


def test_folders_come_by_their_whole_path_then_names(tmp_path, capsys):
    files = ["c/b/2.png", "c/b/10.png", "c/b-a/1.png", "c/b/a/3.png", "c/z.webp", "c/a.GIF", "c/B/1.PNG", "c/x.txt"]
    flow = _flow(_write_tree(tmp_path, files))
    assert flow.filenames == [
        os.path.join(*name.split("/"))
        for name in ("c/z.webp", "c/B/1.PNG", "c/b/10.png", "c/b/2.png", "c/b-a/1.png", "c/b/a/3.png")
    ]
    assert list(flow.filepaths) == [str(tmp_path / name) for name in flow.filenames]
    assert "Found 6 images belonging to 1 classes." in capsys.readouterr().out


def test_links_are_followed_if_asked(tmp_path, folder):
    _write_tree(tmp_path / "data", ["c/0.png"])
    (tmp_path / "data" / "c" / "more").symlink_to(folder / "a", target_is_directory=True)
    assert _flow(tmp_path / "data").samples == 1
    assert _flow(tmp_path / "data", follow_links=True).samples == 6


def test_pictures_are_those_of_the_files(folder):
    flow = _flow(folder, ImageDataGenerator(), interpolation="bilinear", shuffle=False)
    x, y = flow[3]
    for picture, label, path in zip(x, y, flow.filepaths[12:], strict=True):
        expected = np.asarray(load_img(path, target_size=(8, 8), interpolation="bilinear"), np.float32)
        assert np.array_equal(picture, expected)
        assert label.tolist() == [0, 0, 1]


def test_transforms_go_by_sample_not_by_batch(folder):
    generator = ImageDataGenerator(**WILD)
    files = _flow(folder, generator, batch_size=4, class_mode="sparse")
    pixels = _flow(folder, ImageDataGenerator(), batch_size=13, shuffle=False)[0][0]
    arrays = generator.flow(pixels, files.classes, batch_size=4, seed=3)
    for _ in range(9):
        x, y = next(files)
        x_too, y_too = next(arrays)
        assert np.array_equal(y, y_too)
        assert np.abs(x - x_too).max() < 1e-6


def test_validation_is_never_transformed(folder):
    generator = ImageDataGenerator(**WILD, validation_split=0.5)
    flow = _flow(folder, generator, subset="validation", shuffle=False, batch_size=2)
    plain = _flow(folder, ImageDataGenerator(rescale=1 / 255, validation_split=0.5), subset="validation", shuffle=False)
    assert flow.filenames == plain.filenames
    assert flow.classes.tolist() == [0, 0, 1, 1, 1, 2]
    assert np.array_equal(np.concatenate([flow[k][0] for k in range(3)]), plain[0][0][:4].tolist() + list(plain[1][0]))


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_channels_first_is_the_same_pictures(folder, color_mode):
    last = _flow(folder, color_mode=color_mode, target_size=(8, 5))
    first = _flow(
        folder, ImageDataGenerator(**WILD, data_format="channels_first"), color_mode=color_mode, target_size=(8, 5)
    )
    assert first.image_shape == (last.image_shape[2], 8, 5)
    for _ in range(4):
        assert np.array_equal(next(first)[0].transpose(0, 2, 3, 1), next(last)[0])


def test_sixteen_bit_grey_reaches_0_to_255(tmp_path):
    (tmp_path / "c").mkdir()
    Image.fromarray(np.array([[0, 32896], [65535, 257]], np.uint16)).save(tmp_path / "c" / "a.png")
    for color_mode in ("grayscale", "rgb"):
        flow = _flow(tmp_path, ImageDataGenerator(), color_mode=color_mode, target_size=(2, 2))
        assert next(flow)[0][0, :, :, 0].tolist() == [[0, 128], [255, 1]]


def test_save_to_dir(folder, tmp_path):
    flow = _flow(folder, save_to_dir=tmp_path, save_prefix="s", save_format="jpeg")
    for k in range(len(flow)):
        flow[k]
    assert sorted(int(path.name.split("_")[1]) for path in tmp_path.glob("s_*.jpeg")) == list(range(13))


def test_dtype_of_batches(folder):
    flow = DirectoryIterator(folder, None, (8, 8), dtype="float64", class_mode="sparse")
    x, y = flow[0]
    assert (x.dtype, y.dtype) == (np.float64, np.float64)


def test_pictures_below_a_folder_and_whether_a_file_is_one(tmp_path):
    _write_tree(tmp_path, ["b.PNG", "a/c.webp", "a/d.txt", "a/e.gif"])
    assert list_pictures(str(tmp_path)) == [str(tmp_path / "b.PNG"), str(tmp_path / "a" / "c.webp")]
    assert list_pictures(str(tmp_path), ext="png") == [str(tmp_path / "b.PNG")]
    assert validate_filename(str(tmp_path / "b.PNG"), ("png",))
    assert not validate_filename(str(tmp_path / "b.PNG"), ("jpg",))
    assert not validate_filename(str(tmp_path / "gone.png"), ("png",))


# --- who reads does not matter ---


@settings(deadline=None, max_examples=15)
@given(
    classes=st.lists(st.sampled_from("abc"), min_size=1, unique=True),
    batch_size=st.integers(1, 20),
    shuffle=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    pass_=st.integers(0, 4),
)
def test_each_file_once_per_pass(folder, classes, pass_, **settings):
    flow = _flow(folder, ImageDataGenerator(), classes=classes, class_mode="sparse", **settings)
    assert flow.n == sum({"a": 5, "b": 6, "c": 2}[name] for name in classes)
    indices = [flow.batch_indices(pass_, k) for k in range(len(flow))]
    assert sorted(np.concatenate(indices).tolist()) == list(range(flow.n))
    labels = np.concatenate([flow.load(pass_, rows)[1] for rows in indices])
    assert np.array_equal(labels, flow.classes[np.concatenate(indices)])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_data_loader(folder, num_workers):
    flow, expected = _flow(folder), _flow(folder)
    loader = DataLoader(flow, batch_size=None, num_workers=num_workers)
    batches = [[part.numpy() for part in batch] for batch in loader]
    assert len(batches) == len(expected)
    assert all(_equal(batch, expected[k]) for k, batch in enumerate(batches))


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_training_is_equal_for_any_number_of_workers(folder, loss):
    weights = []
    for workers in (0, 1, 4):
        model = _model(3, loss)
        mode = "sparse" if loss.startswith("sparse") else "categorical"
        model.fit_generator(_flow(folder, class_mode=mode), epochs=3, workers=workers, verbose=0)
        weights.append(torch.cat([p.detach().flatten() for p in model.network.parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert torch.equal(weights[0], weights[2])


def test_predictions_are_in_the_order_of_the_files(folder):
    generator = ImageDataGenerator(rescale=1 / 255)
    in_order = _flow(folder, generator, shuffle=False, batch_size=13)
    model = _model(3)
    expected = model.predict(in_order[0][0])
    shuffled = _flow(folder, generator, batch_size=4)
    assert np.allclose(model.predict(shuffled), expected, atol=1e-6)
    next(shuffled)
    assert np.allclose(model.predict_generator(shuffled, workers=3), expected, atol=1e-6)


# --- what goes wrong ---


@pytest.mark.parametrize(
    ("class_mode", "loss", "message"),
    [
        ("sparse", "sparse_categorical_crossentropy", "label"),
        ("categorical", "categorical_crossentropy", "shape"),
        (None, "sparse_categorical_crossentropy", "label"),
    ],
)
def test_labels_are_refused_before_any_step(folder, class_mode, loss, message, monkeypatch):
    flow = _flow(folder, class_mode=class_mode, batch_size=2, shuffle=False)
    read = []
    as_before = PictureReader.__call__
    monkeypatch.setattr(PictureReader, "__call__", lambda self, paths: (read.extend(paths), as_before(self, paths))[1])
    with pytest.raises(DataError, match=message):
        _model(2, loss).fit_generator(flow, epochs=1, verbose=0)
    assert len(read) <= 2, "only the first two pictures are read, to see their shape"


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_file_that_goes_is_named_while_training(tmp_path, workers):
    flow = _flow(_write_tree(tmp_path, [f"{c}/{k}.png" for c in "ab" for k in range(6)]), class_mode="sparse")
    (tmp_path / "b" / "3.png").unlink()
    with pytest.raises(DataError, match=r"3\.png"):
        _model(2).fit_generator(flow, epochs=1, workers=workers, verbose=0)
    (tmp_path / "b" / "3.png").write_bytes((tmp_path / "b" / "2.png").read_bytes()[:70])
    with pytest.raises(DataError, match=r"3\.png"):
        _model(2).fit_generator(flow, epochs=1, workers=workers, verbose=0)


def test_arguments_are_checked(folder):
    for wrong in (
        {"color_mode": "cmyk"},
        {"class_mode": "output"},
        {"subset": "test"},
        {"subset": "training"},
        {"interpolation": "cubic"},
        {"target_size": (8,)},
        {"classes": [1, 2]},
        {"batch_size": 0},
        {"seed": -1},
    ):
        with pytest.raises(SpecError):
            _flow(folder, **wrong)
    with pytest.raises(SpecError, match="data_format"):
        DirectoryIterator(folder, ImageDataGenerator(), data_format="channels_first")
    with pytest.raises(SpecError):
        DirectoryIterator(folder, ImageDataGenerator(), dtype="int8")
    with pytest.raises(DataError, match="nowhere"):
        _flow(folder / "nowhere")
    with pytest.raises(SpecError, match="batch number"):
        _flow(folder)[4]


def test_no_pictures_are_no_error_until_they_are_read(tmp_path):
    (tmp_path / "empty").mkdir()
    flow = _flow(tmp_path)
    assert (len(flow), flow.class_indices) == (0, {"empty": 0})
    with pytest.raises(DataError):
        next(flow)
    with pytest.warns(UserWarning, match="gone"):
        assert _flow(tmp_path, classes=["gone", "empty"]).num_classes == 2


# --- names ---


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1), max_size=20))
def test_names_are_a_sequence_like_a_list(names):
    kept = Names.of(names)
    assert kept == names
    assert list(kept) == names
    assert kept[:] == names
    assert kept[-2:] == names[-2:]
    assert [kept[k] for k in range(-len(names), len(names))] == names + names
    assert kept != [*names, "one more"]
    assert Names.joined([kept, Names.of([]), kept]) == names + names
    assert list(kept.inside("top")) == [os.path.join("top", name) for name in names]
    with pytest.raises(IndexError):
        kept[len(names)]


def test_names_that_are_no_unicode(tmp_path):
    (tmp_path / "c").mkdir()
    with open(os.path.join(os.fsencode(tmp_path), b"c", b"\xff.png"), "wb") as file:
        Image.new("RGB", (2, 2)).save(file, "PNG")
    assert next(_flow(tmp_path))[0].shape == (1, 8, 8, 3)


def test_a_million_names_take_little():
    names = Names.of(f"class-{k % 1000}/picture-{k}.png" for k in range(1_000_000))
    letters = sum(len(name) for name in names[:1000]) * 1000
    assert len(names.blob) + names.ends.nbytes < letters + 12_000_000
    assert names.inside("/far/away").blob is names.blob
