"""Live curves below a notebook's cell, in a real kernel."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient

from engine import notebook
from engine.paths import PROJECT
from engine.runs.store import RunStore

CELL = """
import numpy as np
from torch import nn
from engine import Model
model = Model(nn.Sequential(nn.Linear(6, 2)))
model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
x = np.random.default_rng(0).normal(size=(40, 6)).astype("f")
history = model.fit(x, (x[:, 0] > 0).astype(int), epochs=3, validation_split=0.25, verbose=2)
"""


def test_a_cell_shows_one_figure_that_grows(runs_dir):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(PROJECT)}}).execute()
    outputs = book.cells[0].outputs
    (figure,) = [each for each in outputs if each.output_type == "display_data"]  # drawn anew in place, not below
    shown = figure.data["application/vnd.plotly.v1+json"]
    lines = {(line["name"], line["xaxis"]): line for line in shown["data"]}
    assert len(lines) == 4  # training and validation, of loss and accuracy
    assert all(list(line["x"]) == [1, 2, 3] for line in lines.values())
    assert [note["text"] for note in shown["layout"]["annotations"]] == ["loss", "accuracy"]
    (run,) = RunStore().list()
    assert (run.status().phase, run.spec.script.program) == ("finished", "notebook")


def test_the_axis_has_its_full_length_from_the_beginning():
    figure = notebook.figure({"loss": ([1.0], [0.5])}, range(2, 9))
    assert tuple(figure.layout.xaxis.range) == (2.5, 9.5)


def test_the_rate_has_no_panel_and_validation_shares_that_of_its_metric():
    points = {name: ([1.0], [0.5]) for name in ("loss", "mae", "val_loss", "val_mae", "learning_rate")}
    figure = notebook.figure(points, range(3))
    assert [note.text for note in figure.layout.annotations] == ["loss", "mae"]
    assert len(figure.data) == 4
