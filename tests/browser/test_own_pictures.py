"""A person's own pictures, through the pages: folder, zip and npz, with all that is wrong with them."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest
from playwright.sync_api import expect

from engine.runs.store import Run
from tests.browser import app
from tests.data.files import encoded, pixels, two_classes, write_tree, write_zip
from tests.real_data import real_data

pytestmark = pytest.mark.browser

BAD = {
    "cats/cut.png": encoded(pixels(height=64, width=64))[:150],
    "dogs/diary.jpg": b"Dear diary, this is not a picture.",
}


def choose(page, url, kind, path=None):
    """On the Data page, choose a kind of source and enter its path."""
    app.open_page(page, url, "data")
    page.get_by_role("radio", name=kind, exact=True).click()
    expect(app.field(page, "data.path")).to_be_visible()
    if path is not None:
        app.enter(page, "data.path", path)


def overview(page):
    """Wait for the samples; returns what the page says."""
    page.locator(".st-key-samples img").first.wait_for()
    return page.inner_text("body")


def train(page, **settings):
    """From any page: enter settings on the Train page, start, and wait for the end."""
    app.go_to(page, "Train")
    for name, value in settings.items():
        app.enter(page, f"training.{name}", value)
    app.press(page, "start")
    app.wait_until(lambda: page.locator(".fl-line").count() > 0, "the Watch page is there", page)
    app.wait_until(lambda: app.phase(page) in app.ENDED, "the run has ended", page, patience_s=1_500)
    assert app.phase(page) == "finished", page.inner_text("body")
    app.no_traceback(page)


def test_folder_with_bad_files(server, page, tmp_path, runs_dir):
    folder = write_tree(tmp_path / "pets", two_classes(10, height=40, width=40) | BAD)
    choose(page, server.url, "Folder", folder)
    assert "cats" in overview(page)
    page.get_by_text("Left out: 2").click()
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_contain_text("cats/cut.png")
    expect(table).to_contain_text("dogs/diary.jpg")
    train(page, epochs=2)
    run = Run(app.run_folder(page, runs_dir))
    assert sorted(run.spec.manifest["class_names"]) == ["cats", "dogs"]
    assert run.spec.manifest["n"] == 20


def test_uploaded_zip(server, page, tmp_path):
    file = write_zip(tmp_path / "pets.zip", two_classes(10, prefix="pets/", height=40, width=40))
    choose(page, server.url, "Zip file")
    page.locator("input[type=file]").set_input_files(file)
    assert "dogs" in overview(page)
    train(page, epochs=2)


def test_npz(server, page, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        f"{kind}_{part}": rng.integers(0, high, size, np.uint8)
        for part, n in (("train", 60), ("test", 20))
        for kind, high, size in (("x", 256, (n, 28, 28)), ("y", 3, (n,)))
    }
    np.savez(tmp_path / "three.npz", **arrays)
    choose(page, server.url, "NumPy file (npz)", tmp_path / "three.npz")
    overview(page)
    train(page, epochs=1)


def one_class(folder):
    return write_tree(folder, {f"cats/{k}.png": encoded(pixels(k)) for k in range(4)})


def nan_pixels(folder):
    x = np.full((8, 8, 8), np.nan, np.float32)
    np.savez(folder, x_train=x, y_train=np.arange(8) % 2)
    return folder


def labels_outside(folder):
    np.savez(folder, x_train=np.zeros((8, 8, 8), np.uint8), y_train=np.full(8, -1))
    return folder


@pytest.mark.parametrize(
    ("kind", "name", "make"),
    [
        ("Folder", "nowhere", lambda path: path),
        ("Folder", "empty", lambda path: write_tree(path, {"cats/": None})),
        ("Folder", "one", one_class),
        ("Zip file", "broken.zip", lambda path: path.write_bytes(b"PK no zip") and path),
        ("NumPy file (npz)", "nan.npz", nan_pixels),
        ("NumPy file (npz)", "labels.npz", labels_outside),
    ],
)
def test_unusable_data_is_a_sentence(shared_server, page, tmp_path, kind, name, make):
    choose(page, shared_server.url, kind, make(tmp_path / name))
    sentence = page.get_by_test_id("stAlert").first
    expect(sentence).to_contain_text("Expected")
    expect(sentence).to_contain_text("received")
    app.no_traceback(page)


def test_folder_that_vanishes_fails_the_run_in_words(server, page, tmp_path):
    folder = write_tree(tmp_path / "pets", two_classes(10, height=40, width=40))
    choose(page, server.url, "Folder", folder)
    overview(page)
    app.go_to(page, "Train")
    page.locator(".st-key-start button").first.wait_for()
    shutil.rmtree(folder)
    app.press(page, "start")
    page.wait_for_timeout(2_000)
    if "/watch" in page.url:
        app.wait_until(lambda: app.phase(page) in app.ENDED, "the run has ended", page)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("Expected")
    app.no_traceback(page)


def test_wrong_number_stays_beside_its_field(shared_server, page):
    app.open_page(page, shared_server.url, "train")
    app.enter(page, "training.epochs", "many")
    expect(page.get_by_test_id("stAlert").first).to_contain_text("'many'")
    app.press(page, "start")
    expect(page.get_by_test_id("stAlert").nth(1)).to_be_visible()
    assert "/train" in page.url
    app.enter(page, "training.epochs", "3")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    app.no_traceback(page)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_cifar_zip_from_page_to_finished_run(server, page):
    choose(page, server.url, "Zip file", real_data("cifar10-mini.zip"))
    assert "airplane" in overview(page)
    train(page, epochs=15)
    figures = {name: app.share(app.fact(page, name)) for name in ("accuracy", "test")}
    print(f"cifar10-mini, small CNN, 15 epochs: {figures}")
    assert min(figures.values()) > 0.6


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_photographs_from_a_folder(server, page, tmp_path, runs_dir):
    with zipfile.ZipFile(real_data("ants-bees.zip")) as archive:
        archive.extractall(tmp_path)
    choose(page, server.url, "Folder", tmp_path / "ants-bees")
    assert "bees" in overview(page)
    train(page, epochs=5)
    run = Run(app.run_folder(page, runs_dir))
    losses = [row.value for row in run.metrics() if (row.name, row.split) == ("loss", "train")]
    print(f"ants-bees at {run.spec.manifest['height']} pixels, 5 epochs: training loss {losses}")
    print(json.dumps({name: app.fact(page, name) for name in ("accuracy", "duration")}))
    assert losses[-1] < losses[0]
