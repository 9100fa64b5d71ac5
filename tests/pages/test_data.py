"""Data: every source, bad input as sentences, uploads under safe names, and what the page says about a data set."""

from __future__ import annotations

import io
import shutil
import zipfile

import numpy as np
import pytest

from engine.data import load_data
from engine.spec import DataSpec
from pages._ui import dataset, overview, source
from tests.pages.conftest import texts


def choose(app, kind, path=""):
    app.segmented_control(key="data.source").set_value(kind).run()
    if path:
        app.text_input(key="data.path").set_value(str(path)).run()
        app.run()  # what a tick of the progress bar does once the pictures are read
    return app


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def test_shapes(open_app):
    app = open_app("data")
    app.text_input(key="data.n_pictures").set_value("240").run()
    app.run()
    assert metrics(app) == {"Pictures": "240", "Classes": "8", "Size": "32 × 32", "Channels": "3, colour"}


def test_digits(open_app):
    app = choose(open_app("data"), "digits")
    app.run()
    assert metrics(app)["Pictures"] == "1,797"
    assert metrics(app)["Channels"] == "1, grey"


def test_folder(open_app, picture_folder):
    app = choose(open_app("data"), "folder", picture_folder)
    assert not app.exception
    assert metrics(app)["Pictures"] == "20"
    assert metrics(app)["Classes"] == "2"


def test_classes_missing_in_a_part_are_named(open_app, picture_folder):
    app = choose(open_app("data"), "folder", picture_folder)
    assert not app.warning
    app.segmented_control(key="data.split").set_value("last").run()
    app.run()
    assert [warning.value.partition(".")[0] for warning in app.warning] == [
        "Validation: no picture of cats",
        "Test: no picture of cats",
    ]


def test_empty_path_is_asked_for_not_complained_about(open_app):
    for kind in ("folder", "zip", "npz"):
        app = choose(open_app("data"), kind)
        assert not app.exception
        assert not app.error
        assert len(app.info) == 1
        assert not app.metric


@pytest.mark.parametrize("kind", ["folder", "zip", "npz"])
@pytest.mark.parametrize("path", ["/no/such/place", "relative", "\0", "~", "x" * 5000])
def test_path_that_leads_nowhere(open_app, kind, path):
    app = choose(open_app("data"), kind, path)
    assert not app.exception
    assert len(app.error) == 1
    assert app.error[0].value.startswith("Expected")


def test_each_kind_of_source_keeps_its_own_path(open_app, picture_folder):
    app = choose(open_app("data"), "folder", picture_folder)
    app = choose(app, "zip")
    assert app.text_input(key="data.path").value == ""
    assert not app.error
    app = choose(app, "folder")
    assert app.text_input(key="data.path").value == str(picture_folder)
    assert app.metric


def test_one_class(open_app, picture_folder):
    shutil.rmtree(picture_folder / "dogs")
    app = choose(open_app("data"), "folder", picture_folder)
    assert not app.exception
    assert len(app.error) == 1
    assert "cats" in app.error[0].value


def test_folder_that_vanishes(open_app, picture_folder):
    app = choose(open_app("data"), "folder", picture_folder)
    assert app.metric
    shutil.rmtree(picture_folder)
    app.button(key="read_again").click().run()
    app.run()
    assert not app.exception
    assert len(app.error) == 1
    assert not app.metric


def test_read_again_sees_what_changed(open_app, picture_folder):
    app = choose(open_app("data"), "folder", picture_folder)
    shutil.copy(picture_folder / "cats" / "0.png", picture_folder / "cats" / "new.png")
    app.button(key="read_again").click().run()
    app.run()
    assert metrics(app)["Pictures"] == "21"


def test_files_left_out_are_named(open_app, picture_folder):
    (picture_folder / "cats" / "note.jpg").write_text("not a picture")
    app = choose(open_app("data"), "folder", picture_folder)
    assert metrics(app)["Pictures"] == "20"
    (table,) = app.dataframe
    assert table.value["File"].tolist() == ["cats/note.jpg"]
    assert table.value["Why"].tolist()[0]


@pytest.mark.parametrize(
    ("hostile", "safe"),
    [
        ("pictures.zip", "pictures.zip"),
        ("../../etc/cron.d/x.zip", "x.zip"),
        ("..\\..\\x.npz", "x.npz"),
        ("/absolute.zip", "absolute.zip"),
        (".hidden.zip", "hidden.zip"),
        ("a b;rm -rf $(x).zip", "a_b_rm_-rf___x_.zip"),
        ("..", "upload"),
        ("", "upload"),
        ("图片.zip", "图片.zip"),
    ],
)
def test_upload_names_are_safe(hostile, safe):
    assert source.safe_name(hostile) == safe


def test_very_long_upload_name_keeps_its_ending():
    name = source.safe_name("x" * 400 + ".zip")
    assert len(name) <= 100
    assert name.endswith(".zip")


def test_uploaded_npz_is_read(open_app):
    arrays = io.BytesIO()
    images = np.random.default_rng(0).integers(0, 256, (40, 10, 10), np.uint8)
    np.savez(arrays, x_train=images, y_train=np.arange(40) % 2)
    app = choose(open_app("data"), "npz")
    app.file_uploader(key="upload.npz").set_value(("mine.npz", arrays.getvalue(), "application/octet-stream")).run()
    app.run()
    assert not app.exception
    assert metrics(app)["Pictures"] == "40"
    assert app.session_state["draft"].data.path.endswith("mine.npz")


def test_uploaded_zip_is_read(open_app, picture_folder):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(picture_folder.rglob("*.png")):
            archive.write(path, path.relative_to(picture_folder.parent))
    app = choose(open_app("data"), "zip")
    app.file_uploader(key="upload.zip").set_value(("../pets.zip", packed.getvalue(), "application/zip")).run()
    app.run()
    assert not app.exception
    assert metrics(app)["Pictures"] == "20"


def test_uploaded_nonsense_is_a_sentence(open_app):
    app = choose(open_app("data"), "zip")
    app.file_uploader(key="upload.zip").set_value(("bad.zip", b"nonsense", "application/zip")).run()
    app.run()
    assert not app.exception
    assert len(app.error) == 1


def test_counts_table_counts_every_picture_once(open_app):
    open_app()
    pictures = load_data(DataSpec(n_pictures=240))
    table = overview.counts_table(pictures)
    assert table.count("<tr>") == 1 + len(pictures.class_names) + 1
    assert f'<td class="fl-number">{len(pictures.parts["train"])}</td>' in table


def test_class_names_never_become_markup(open_app, picture_folder, tmp_path):
    (picture_folder / "dogs").rename(picture_folder / "<b>dogs & co")
    open_app()
    table = overview.counts_table(load_data(DataSpec(source="folder", path=str(picture_folder))))
    assert "&lt;b&gt;dogs &amp; co" in table
    assert "<b>" not in table


def test_class_names_never_become_markdown(open_app, picture_folder, monkeypatch):
    (picture_folder / "dogs").rename(picture_folder / "**dogs** [x](y)")
    (picture_folder / "cats").rename(picture_folder / "**cats** [x](y)")
    titles = []
    monkeypatch.setattr(overview.st, "dialog", lambda title: lambda _: lambda *_: titles.append(title))
    monkeypatch.setattr(overview.pictures, "gallery", lambda *_, **__: 0)
    choose(open_app("data"), "folder", picture_folder)
    assert titles[-1] in (r"\*\*cats\*\* \[x\]\(y\)", r"\*\*dogs\*\* \[x\]\(y\)")


def test_sample_pages_show_every_picture_before_one_comes_again():
    n = 100
    shown = [number for page in range(4) for number in overview.sample_numbers(n, page)]
    assert len(set(shown)) == len(shown) == 96
    assert sorted(overview.sample_numbers(10, 3)) == list(range(10))


def test_large_picture_names_its_file(open_app, picture_folder):
    pictures = load_data(DataSpec(source="folder", path=str(picture_folder)))

    def script(spec):
        from pages._ui import dataset, overview, state

        state.open_draft()
        overview._large(dataset.current(spec), 0)

    from streamlit.testing.v1 import AppTest

    app = AppTest.from_function(script, args=(pictures.spec,), default_timeout=30).run()
    assert not app.exception
    assert "24 × 20" in texts(app)
    assert pictures.names[0].split("/")[-1].removesuffix(".png") in texts(app)


def test_training_part_is_what_a_run_sees():
    pictures = load_data(DataSpec(n_pictures=240))
    images, labels = dataset.training_part(pictures)
    assert np.array_equal(images, pictures.images[pictures.parts["train"]])
    assert np.array_equal(labels, pictures.labels[pictures.parts["train"]])
