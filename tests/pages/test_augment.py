"""Augment: what the page shows is what training gets, and nothing but the seed and the strengths decides it."""

from __future__ import annotations

import base64
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine import catalog
from engine.augment.generator import ImageDataGenerator
from engine.data import load_data
from engine.spec import AugmentSpec, DataSpec, RunSpec, TrainSpec
from pages._ui import augmenting, dataset, meaning, pictures
from tests.pages.conftest import go, texts

DATA = DataSpec(n_pictures=240)


@pytest.fixture
def augment_page(open_app):
    app = open_app("data")
    app.text_input(key="data.n_pictures").set_value("240").run()
    app = go(app, "augment")
    return app if app.code else app.run()


def sheet(app):
    """Address of the grid's PNG; equal addresses are equal bytes."""
    return images(app)[1]


def images(app):
    return [image.value[0] for image in app.image]


@pytest.fixture(scope="module")
def training():
    return dataset.training_part(load_data(DATA))


def test_locked_seed_gives_the_same_grid_again(augment_page):
    app = augment_page
    app.toggle(key="lock_seed").set_value(True).run()
    grids = []
    for zoom in (0.1, 0.2, 0.1):
        app.slider(key="augment.zoom_range").set_value(zoom).run()
        grids.append(sheet(app))
    assert grids[0] == grids[2] != grids[1]
    assert app.button(key="new_draw").disabled


def test_new_draw_differs_and_is_what_training_will_use(augment_page):
    app = augment_page
    before, original = sheet(app), images(app)[0]
    app.button(key="new_draw").click().run()
    assert sheet(app) != before
    assert images(app)[0] == original
    assert f"Seed {app.session_state['draft'].training.seed}" in texts(app)


def test_switch_remembers_its_strength(augment_page):
    app = augment_page
    app.slider(key="augment.rotation_range").set_value(77.0).run()
    app.toggle(key="augment.on.rotation_range").set_value(False).run()
    assert app.slider(key="augment.rotation_range").value == 0
    assert "rotation_range" not in app.code[0].value
    app.toggle(key="augment.on.rotation_range").set_value(True).run()
    assert app.slider(key="augment.rotation_range").value == 77
    app.slider(key="augment.rotation_range").set_value(0.0).run()
    assert not app.toggle(key="augment.on.rotation_range").value


def test_switch_on_starts_with_the_catalogs_strength(augment_page):
    app = augment_page
    app.toggle(key="augment.on.shear_range").set_value(True).run()
    assert app.session_state["draft"].augment.shear_range == catalog.TRANSFORMS["shear_range"].on


@pytest.mark.parametrize("name", catalog.PRESETS)
def test_presets(augment_page, name):
    app = augment_page
    app.segmented_control(key="augment.fill_mode").set_value("wrap").run()
    app.segmented_control(key="augment.preset").set_value(name).run()
    assert app.session_state["draft"].augment == replace(AugmentSpec.preset(name), fill_mode="wrap")
    assert app.segmented_control(key="augment.preset").value == name
    app.slider(key="augment.zoom_range").set_value(0.35).run()
    assert app.segmented_control(key="augment.preset").value is None


def test_fill_value_shows_only_where_it_means_something(augment_page):
    app = augment_page
    assert "augment.cval" not in [slider.key for slider in app.slider]
    app.segmented_control(key="augment.fill_mode").set_value("constant").run()
    before = sheet(app)
    app.slider(key="augment.cval").set_value(255.0).run()
    assert sheet(app) != before


def test_code_makes_the_very_same_generator(augment_page):
    app = augment_page
    app.segmented_control(key="augment.preset").set_value("destructive").run()
    made = eval(app.code[0].value, {"ImageDataGenerator": ImageDataGenerator})
    assert made.arguments == ImageDataGenerator.from_spec(app.session_state["draft"].augment).arguments


def test_settings_survive_page_switch_and_reload(augment_page, open_app):
    app = augment_page
    app.toggle(key="lock_seed").set_value(True).run()
    app.slider(key="augment.zoom_range").set_value(0.35).run()
    grid = sheet(app)
    assert sheet(go(go(app, "data"), "augment")) == grid
    again = open_app("augment", draft=app.query_params["draft"])
    assert sheet(again) == grid
    assert again.toggle(key="lock_seed").value


@pytest.mark.parametrize("preset", catalog.PRESETS)
@pytest.mark.parametrize("batch_size", [32, 1, 1000])
def test_first_batch_is_the_flows_first_batch(training, preset, batch_size):
    spec = RunSpec(DATA, AugmentSpec.preset(preset), TrainSpec(batch_size=batch_size, seed=11))
    flow = ImageDataGenerator.from_spec(spec.augment).flow(*training, batch_size, shuffle=True, seed=11)
    expected, labels = flow[0]
    inputs, indices = augmenting.first_batch(spec, training[0])
    assert np.array_equal(inputs, expected)
    assert np.array_equal(training[1][indices], labels)


def test_grid_shows_the_picture_as_the_epochs_will(training):
    spec = RunSpec(DATA, AugmentSpec.preset("strong"))
    drawn = augmenting.draws(spec, training[0], 5)
    flow = ImageDataGenerator.from_spec(spec.augment).flow(*training, seed=spec.training.seed)
    for epoch in (0, 1, 15):
        assert np.array_equal(drawn[epoch], flow.load(epoch, np.array([5]))[0][0])


def test_candidates_begin_with_one_of_each_class():
    labels = np.array([2, 2, 0, 1, 0, 1, 2])
    assert augmenting._candidate_numbers(labels) == [2, 3, 0, 4, 5, 1, 6]


@pytest.mark.parametrize("size", [(32, 32), (28, 28), (40, 96)])
def test_contact_sheet_keeps_pixels(size):
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 256, (16, *size, 3), np.uint8)
    decoded = cv2.imdecode(np.frombuffer(pictures.contact_sheet(stack, 4), np.uint8), cv2.IMREAD_UNCHANGED)
    factor = pictures.CELL // max(size)
    side = factor * max(size)
    top, left = (side - factor * size[0]) // 2, (side - factor * size[1]) // 2
    first = decoded[top : top + factor * size[0], left : left + factor * size[1]]
    assert np.array_equal(first[::factor, ::factor, 2::-1], stack[0])


def test_large_pictures_are_shrunk_on_a_contact_sheet_and_whole_alone():
    stack = np.random.default_rng(0).integers(0, 256, (16, 224, 224, 3), np.uint8)
    decoded = cv2.imdecode(np.frombuffer(pictures.contact_sheet(stack, 4), np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded.shape == (4 * pictures.SHRUNK + 12, 4 * pictures.SHRUNK + 12, 4)
    alone = cv2.imdecode(np.frombuffer(pictures.large(stack[0]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(alone[::2, ::2, ::-1], stack[0])


def test_the_first_batch_waits_for_settings_to_rest(augment_page):
    app = augment_page
    app.slider(key="augment.zoom_range").set_value(0.35).run()
    assert app.session_state["first_batch.shown"] != repr(app.session_state["draft"])
    app.session_state["first_batch.asked"] = True
    app.run()
    assert app.session_state["first_batch.shown"] == repr(app.session_state["draft"])


def test_equal_pixels_have_equal_addresses():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    assert pictures.data_uri(image) == pictures.data_uri(image.astype(np.float32))
    assert pictures.data_uri(image) != pictures.data_uri(255 - image)


def test_large_pictures_become_thumbnails():
    kind, _, text = pictures.data_uri(np.zeros((400, 800, 1), np.uint8)).partition(",")
    assert kind == "data:image/jpeg;base64"  # a first batch as PNG would be megabytes for each move of a slider
    data = np.frombuffer(base64.b64decode(text), np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_UNCHANGED).shape == (80, 160)


@pytest.mark.parametrize(
    ("name", "strength", "pixels"),
    [
        ("rotation_range", 12, 15.5 * 2 * np.sin(np.radians(6))),  # a chord
        ("rotation_range", 180, 31),
        ("shear_range", 12, None),
        ("width_shift_range", 0.1, 3.2),
        ("height_shift_range", 0.5, 16),
        ("zoom_range", 0.5, 15.5),  # twice as large
    ],
)
def test_meaning_in_pixels(name, strength, pixels):
    found = meaning.moved(name, strength, (32, 32))
    # Shear: a point on the upper edge slides by tan(angle) times its distance from the middle, and a little down.
    assert found == pytest.approx(pixels or 15.5 * np.hypot(np.tan(np.radians(12)), 1 / np.cos(np.radians(12)) - 1))


def test_meaning_says_what_nobody_sees(augment_page):
    app = augment_page
    app.slider(key="augment.shear_range").set_value(0.2).run()
    assert "0.05 px: too little to see" in texts(app)
    app.slider(key="augment.rotation_range").set_value(12.0).run()
    assert "12 degrees moves the upper edge by 3.2 px" in texts(app)


def test_meaning_counts_sideways_in_widths():
    assert meaning.moved("width_shift_range", 0.1, (20, 100)) == pytest.approx(10)
    assert meaning.moved("height_shift_range", 0.1, (20, 100)) == pytest.approx(2)
