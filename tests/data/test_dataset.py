"""Data sets from source to arrays: one size, right labels, everything odd named, and known again by their manifest."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine import DataSpec, load_data
from engine.data import cache, decode
from engine.data.shapes import draw_shapes
from engine.errors import DataError
from tests.data.files import encoded, pixels, reasons, two_classes, write_tree, write_zip

pytestmark = pytest.mark.usefixtures("runs_dir")


def _folder(root, **fields):
    return DataSpec(source="folder", path=str(root), **fields)


def test_shapes_are_the_pictures_drawn():
    data = load_data(DataSpec(n_pictures=200, seed=3))
    images, labels = draw_shapes(range(200), 3)
    assert np.array_equal(data.images, images)
    assert np.array_equal(data.labels, labels)
    assert data.names[12] == "shapes/000012"
    assert np.array_equal(data.original(12), images[12])
    assert [len(data.parts[name]) for name in ("train", "validation", "test")] == [136, 32, 32]


def test_parts_are_taken_by_index():
    data = load_data(DataSpec(n_pictures=200))
    images, labels = data.part("validation")
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert type(images) is np.ndarray
    assert np.array_equal(images, data.images[data.parts["validation"]])
    assert np.array_equal(labels, data.labels[data.parts["validation"]])


def test_pictures_of_one_small_size_keep_it(tmp_path):
    data = load_data(_folder(write_tree(tmp_path / "set", two_classes())))
    assert data.images.shape == (12, 12, 16, 3)
    assert np.array_equal(data.images[7], pixels(7))


def test_pictures_of_many_sizes_get_one(tmp_path):
    tree = two_classes() | {
        "cats/other.png": encoded(pixels(9, 40, 30)),
        "dogs/large.jpg": encoded(pixels(8, 300, 200)),
    }
    data = load_data(_folder(write_tree(tmp_path / "set", tree)))
    assert data.images.shape == (14, 96, 96, 3)
    assert data.sizes[data.names.index("dogs/large.jpg")].tolist() == [200, 300]
    index = data.names.index("cats/other.png")
    assert np.array_equal(data.images[index], decode.resize(pixels(9, 40, 30), (96, 96)))
    assert data.original(data.names.index("dogs/large.jpg")).shape == (300, 200, 3)


def test_pictures_of_one_large_size_are_shrunk(tmp_path):
    assert load_data(_folder(write_tree(tmp_path / "set", two_classes(height=129, width=20)))).images.shape[1:] == (
        96,
        96,
        3,
    )


def test_the_size_asked_for(tmp_path):
    assert load_data(_folder(write_tree(tmp_path / "set", two_classes()), image_size=24)).images.shape == (
        12,
        24,
        24,
        3,
    )


def test_gray_only_if_every_picture_is(tmp_path):
    gray = {f"{name}/{i}.png": encoded(pixels(i, n_channels=1)) for name in ("a", "b") for i in range(4)}
    looks_gray = {"a/rgb.png": encoded(np.repeat(pixels(9, n_channels=1), 3, axis=2))}
    one_channel = load_data(_folder(write_tree(tmp_path / "gray", gray | looks_gray)))
    assert one_channel.images.shape == (9, 12, 16, 1)
    assert np.array_equal(one_channel.images[0], pixels(0, n_channels=1))
    assert one_channel.original(0).shape == (12, 16, 3)
    three = load_data(_folder(write_tree(tmp_path / "mixed", gray | {"b/colour.png": encoded(pixels())})))
    assert three.images.shape == (9, 12, 16, 3)
    assert np.array_equal(three.images[-1], pixels())


def test_colour_as_asked_for(tmp_path):
    root = write_tree(tmp_path / "set", two_classes())
    assert load_data(_folder(root, color="grayscale")).images.shape[3] == 1
    assert load_data(DataSpec(source="digits", color="rgb")).images.shape == (1797, 32, 32, 3)


def test_odd_files_are_left_out_and_all_others_counted(tmp_path):
    odd = {"cats/cut.png": encoded(pixels())[:60], "dogs/text.jpg": b"hello", "birds/": b"", "README.md": b"x"}
    data = load_data(_folder(write_tree(tmp_path / "set", two_classes(4) | odd)))
    assert data.class_names == ("cats", "dogs")
    assert reasons(data.left_out) == {
        "README.md": "outside_classes",
        "cats/cut.png": "damaged",
        "dogs/text.jpg": "not_a_picture",
        "birds/": "empty_class",
    }
    assert data.manifest["counts"] == {"train": [2, 2], "validation": [1, 1], "test": [1, 1]}
    assert np.array_equal(data.images[data.names.index("dogs/0.png")], pixels(4))


def test_a_class_without_usable_pictures_leaves_no_gap_in_the_labels(tmp_path):
    data = load_data(_folder(write_tree(tmp_path / "set", two_classes(4) | {"birds/1.png": b"not one"})))
    assert data.class_names == ("cats", "dogs")
    assert data.labels.tolist() == [0] * 4 + [1] * 4


def test_given_parts(tmp_path):
    tree = two_classes(6, "train/") | two_classes(2, "val/") | two_classes(3, "test/")
    data = load_data(DataSpec(source="zip", path=str(write_zip(tmp_path / "set.zip", tree))))
    assert {data.names[i].split("/")[0] for i in data.parts["validation"]} == {"val"}
    assert data.manifest["counts"] == {"train": [6, 6], "validation": [2, 2], "test": [3, 3]}


def test_npz(tmp_path):
    x = np.random.RandomState(0).randint(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", x_train=x[:30], y_train=np.arange(30) % 3, x_test=x[30:], y_test=np.arange(10) % 3)
    data = load_data(DataSpec(source="npz", path=str(tmp_path / "set.npz")))
    assert np.array_equal(data.images[..., 0], x)
    assert data.parts["test"].tolist() == list(range(30, 40))


@pytest.mark.parametrize(
    ("tree", "key"),
    [
        ({}, "data.nothing_there"),
        ({"cats/": b"", "dogs/": b""}, "data.no_pictures"),
        ({"a.png": encoded(pixels()), "b.png": encoded(pixels())}, "data.no_pictures"),
        ({"cats/a.png": b"x", "dogs/b.png": b""}, "data.no_pictures"),
        ({"cats/a.png": encoded(pixels()), "cats/b.png": encoded(pixels()), "dogs/b.png": b"x"}, "data.one_class"),
        ({"cats/a.png": encoded(pixels()), "dogs/b.png": encoded(pixels())}, "data.part_empty"),
    ],
    ids=["nothing", "empty classes", "no classes", "all damaged", "one class", "one picture each"],
)
def test_data_that_cannot_be_used(tmp_path, tree, key):
    spec = _folder(write_tree(tmp_path / "set", tree))
    for _ in range(2):  # the second time from what is stored
        with pytest.raises(DataError) as caught:
            load_data(spec)
        assert caught.value.key == key


def test_folder_that_vanishes_while_it_is_read(tmp_path, monkeypatch):
    root = write_tree(tmp_path / "set", two_classes())

    def read_and_lose(path, color="auto"):
        if root.exists():
            root.rename(tmp_path / "elsewhere")
        return pixels()

    monkeypatch.setattr("engine.data.folder.read_image", read_and_lose)
    with pytest.raises(DataError) as caught:
        load_data(_folder(root))
    assert caught.value.key == "data.no_such_folder"


def test_original_that_is_gone(tmp_path):
    data = load_data(_folder(write_tree(tmp_path / "set", two_classes())))
    (tmp_path / "set" / "cats" / "3.png").unlink()
    with pytest.raises(DataError) as caught:
        data.original(3)
    assert caught.value.key == "data.picture_gone"


def test_changed_folder_is_read_again(tmp_path):
    spec = _folder(write_tree(tmp_path / "set", two_classes()))
    before = load_data(spec)
    write_tree(tmp_path / "set", {"cats/new.png": encoded(pixels(50))})
    after = load_data(spec)
    assert len(after.names) == len(before.names) + 1
    assert {key for key in before.manifest if before.manifest[key] != after.manifest[key]} == {
        "n",
        "counts",
        "fingerprint",
        "files",
        "parts",
    }


def test_manifest_is_json_and_tells_pixels_from_files_and_parts(tmp_path):
    spec = _folder(write_tree(tmp_path / "a", two_classes()))
    manifest = load_data(spec).manifest
    assert json.loads(json.dumps(manifest)) == manifest
    copy = load_data(_folder(write_tree(tmp_path / "b", two_classes()))).manifest
    assert copy["fingerprint"] == manifest["fingerprint"]
    assert copy["parts"] == manifest["parts"]
    assert copy["files"] != manifest["files"]
    other_split = load_data(_folder(tmp_path / "a", seed=8)).manifest
    assert {key for key in manifest if manifest[key] != other_split[key]} == {"parts"}
    relabelled = write_tree(tmp_path / "c", {name.replace("dogs", "cows"): c for name, c in two_classes().items()})
    assert load_data(_folder(relabelled)).manifest["fingerprint"] != manifest["fingerprint"]


def test_order_is_kept_over_many_threads(tmp_path):
    n = 3 * cache._CHUNK + 5
    data = load_data(_folder(write_tree(tmp_path / "set", two_classes(n, height=4, width=4))))
    assert len(data.names) == 2 * n
    for i, name in enumerate(data.names):
        kind, number = name.removesuffix(".png").split("/")
        assert np.array_equal(data.images[i], pixels(int(number) + (n if kind == "dogs" else 0), 4, 4))


def test_cut_cache_file_is_made_again(tmp_path):
    spec = DataSpec(n_pictures=100)
    before = np.array(load_data(spec).images)
    images = cache.folder(spec) / cache.IMAGES
    images.write_bytes(images.read_bytes()[:1000])
    assert np.array_equal(load_data(spec).images, before)
    images.unlink()
    assert np.array_equal(load_data(spec).images, before)
