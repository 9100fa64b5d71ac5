"""The benchmarks run: every row that this machine has the packages for, one moment long, and no figure is judged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import compare, exactness, report
from benchmarks.__main__ import RATES, TOPICS
from benchmarks.peers import busy, generator, gpu, train
from engine.augment import warp_cuda
from engine.paths import PROJECT


def test_every_row_works(tmp_path):
    figures, picture = tmp_path / "figures.json", tmp_path / "ratios.html"
    words = ["all", "--quick", "--json", str(figures), "--picture", str(picture)]
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], cwd=PROJECT, capture_output=True, text=True, timeout=280
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(figures.read_text())
    for topic in RATES:
        module = compare.topic_of(topic)
        ((case, rows),) = found[topic]["figures"].items()
        missing = {
            row for row in module.ROWS if re.search(rf"{re.escape(row)} is skipped.* not installed", result.stdout)
        }
        assert set(rows) == set(compare.rows_of(topic, case)) - missing, result.stdout
        assert compare.OURS in rows
        assert all(rate > 0 for values in rows.values() for rate in values["per_s"])
    assert found["exactness"]["figures"]["FitLab"]["nearest"]["largest"] < 1e-4
    assert "plotly" in picture.read_text()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_rows_say_so(tmp_path, monkeypatch, capsys):
    figures = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "gpu", "--quick", "--json", str(figures)])
    command.main()
    said = capsys.readouterr().out
    for row in compare.rows_of("gpu", gpu.AUGMENTATION):
        assert re.search(rf"{row} is skipped, because (there is no NVIDIA GPU|kornia is not installed)", said)
    assert json.loads(figures.read_text())["gpu"]["figures"] == {gpu.AUGMENTATION: {}}


TINY = {
    gpu.AUGMENTATION: gpu.Augmentation(40, 8),
    gpu.SMALL: gpu.Small(train.Case("cnn", 8, 16)),
    gpu.AUGMENTED: gpu.Augmented(generator.Case("cnn", 64)),
    gpu.LARGE: gpu.Large(16, 8),
}


@pytest.mark.parametrize(("case", "row"), [(case, row) for case, rows in gpu.ONLY.items() for row in rows])
def test_what_the_rows_for_a_gpu_do_they_do_on_a_cpu(monkeypatch, case, row):
    if row in ("kornia", "Keras on torch"):
        pytest.importorskip(row.partition(" ")[0].lower())
    monkeypatch.setattr(gpu, "device", lambda: torch.device("cpu"))
    monkeypatch.setattr(gpu, "N_BATCHES", 5)
    monkeypatch.setattr(warp_cuda, "warp", warp_cuda.warp)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    tiny = TINY[case]
    assert gpu.ROWS[row](tiny)() == (tiny.n if isinstance(tiny, gpu.Pictures) else tiny.case.n)


def test_our_rate_may_have_an_aim_of_its_own():
    rows = {"FitLab": {"per_s": [25e6], "per_cpu_s": [1], "peak_mb": 1.0}}
    (bar,) = report.bars("gpu", {gpu.AUGMENTATION: rows})
    assert bar.ratio == 1.25 and bar.at_least == 1


def test_readme_shows_the_figures_that_are_kept():
    assert report.shown() == report.section(json.loads(report.FILE.read_text()))


@pytest.mark.parametrize("topic", [*RATES, "gpu"])
def test_bars_stand_for_rows_that_exist(topic):
    module = compare.topic_of(topic)
    for case, row in module.BARS:
        assert case in module.CASES and row in compare.rows_of(topic, case)


def test_rows_with_company_and_cases_of_few_rows_exist():
    for topic in (*RATES, "gpu"):
        module = compare.topic_of(topic)
        assert set(getattr(module, "COMPANY", {})) <= set(module.ROWS)
        assert set(getattr(module, "ONLY", {})) <= set(module.CASES)
        assert {row for rows in getattr(module, "ONLY", {}).values() for row in rows} <= set(module.ROWS)
        assert set(getattr(module, "AIMS", {})) <= set(module.CASES)


def test_the_bars_of_several_rows_are_that_of_the_fastest():
    peers = {"Keras on torch": 100.0, "poutyne": 300.0, "skorch": 500.0, "Keras on tensorflow": 200.0}
    rows = {
        row: {"per_s": [rate], "per_cpu_s": [rate], "peak_mb": 1.0} for row, rate in (peers | {"FitLab": 505}).items()
    }
    tall, best = report.bars("train", {"CNN 28x28, batch 32": rows})
    assert (tall.beside, tall.ratio, tall.at_least) == ("Keras on torch", 5.05, 1.4)
    assert best.beside.startswith("skorch (fastest of") and best.ratio == 1.01
    (line,) = [
        line for line in report.section(_kept(train={"CNN 28x28, batch 32": rows})).splitlines() if "skorch" in line
    ]
    assert "missed" in line


def test_a_topic_measured_anew_replaces_its_figures_and_keeps_the_others(tmp_path, monkeypatch):
    file = tmp_path / "figures.json"
    file.write_text(json.dumps(_kept(latency={"page change": [0.5]}, generator={})))
    _run(monkeypatch, "generator", "--json", str(file))
    kept = json.loads(file.read_text())
    assert kept["latency"]["figures"] == {"page change": [0.5]}
    assert kept["generator"]["figures"] == {"measured": "generator"}


def test_a_topic_that_fails_leaves_the_others(tmp_path, monkeypatch, capsys):
    file = tmp_path / "figures.json"
    with pytest.raises(SystemExit, match="no figures of: train"):
        _run(monkeypatch, "all", "--json", str(file), fails="train")
    assert set(json.loads(file.read_text())) == set(TOPICS["all"]) - {"train"}


def test_readme_is_written_between_its_marks(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.OPENING}\nold\n{report.CLOSING}\nafter\n")
    report.write_readme(_kept(latency={"page change": [0.5, 2.0, 3.0]}), readme)
    assert "| page change | **2.00 s, missed** | 3.00 s | 1 s |" in report.shown(readme)
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text


def test_waits_of_older_files_without_a_budget_are_named_and_left_out():
    shown = report.section(_kept(latency={"page change": [0.5], "page change, in 2019": [0.7]}))
    assert "| page change | 0.50 s |" in shown and "0.70 s" not in shown
    assert shown.endswith("Left out, because there is no budget for it: page change, in 2019.")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("latency --quick", "no use for latency"),
        ("all --quick --readme", "take the place of no others"),
        ("train --quick --json README.md", "take the place of no others"),
        ("train --readme --json figures.json", "leave --json out"),
    ],
)
def test_command_lines_that_would_spoil_figures_are_refused(monkeypatch, capsys, line, problem):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *line.split()])
    with pytest.raises(SystemExit):
        command._arguments()
    assert problem in capsys.readouterr().err


def test_readme_starts_from_its_own_file(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "train", "--readme"])
    assert command._arguments().json == report.FILE


def test_a_row_that_fails_says_why():
    child = compare.Child("augment", "28x28x1", "no such row")
    with pytest.raises(compare.RowError, match="no such row"):
        child.read()
    child.close()


def test_a_row_that_fails_on_its_way_is_skipped_and_the_others_stay(monkeypatch, capsys):
    one = {"per_s": 1, "per_cpu_s": 2, "peak_mb": 3}
    found = iter([{}, {}, one, one, one, compare.RowError("it failed: boom")])

    class Child:
        def __init__(self, topic, case, row):
            self.name = row

        def read(self):
            answer = next(found)
            if isinstance(answer, Exception):
                raise answer
            return answer

        def measure(self, seconds):
            return self.read()

        def close(self):
            pass

        dismiss = close

    monkeypatch.setattr(compare, "Child", Child)
    figures = compare.measure("augment", 1, 0.1, ["32x32x3, wrap"])
    assert figures == {"32x32x3, wrap": {"FitLab": {"per_s": [1], "per_cpu_s": [2], "peak_mb": 3}}}
    assert "Keras ImageDataGenerator is skipped, because it failed: boom" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ratios.png", "ratios.html"])
def test_without_a_bar_there_is_nothing_to_draw(tmp_path, capsys, name):
    picture = tmp_path / name
    for _ in ("none before", "an outdated one"):
        report.draw(_kept(latency={"page change": [0.5]}, gpu={gpu.AUGMENTATION: {}}), picture)
        assert "nothing to draw" in capsys.readouterr().out
        assert not picture.exists()
        picture.write_text("what was measured before")


def test_ratios_are_ours_over_theirs():
    found = {"FitLab": {"per_s": [10, 30, 20]}, "peer": {"per_s": [4, 5, 6]}}
    assert compare.ratios(found) == {"peer": 4.0}
    assert compare.ratios({"peer": {"per_s": [4]}}) == {}


def test_the_other_process_is_busy_as_long_as_it_is_wanted():
    before = psutil.Process().children()  # Python's own, such as the tracker of shared memory
    with busy.busy_core():
        (process,) = (child for child in psutil.Process().children() if child not in before)
        time.sleep(0.2)
        assert sum(process.cpu_times()[:2]) > 0
    assert not process.is_running()


def test_the_largest_difference_is_over_all_sizes():
    reference = {"wrap, a": np.zeros((2, 2)), "wrap, b": np.zeros((1, 2))}
    made = {"wrap, a": np.zeros((2, 2)), "wrap, b": np.array([[0.0, -3.0]])}
    found = exactness._differences(made, reference)
    assert found["wrap"] == {"largest": 3.0, "differ": 1, "of": 6} and found["nearest"] is None
    row = exactness.markdown({"peer": found, "SciPy": exactness._differences(reference, reference)}).splitlines()
    assert "from SciPy's result" in row[0]
    assert row[4] == "| peer | no such mode | no such mode | no such mode | 3 (16.7%) |"
    assert row[5].endswith("| 0 (bit-equal) |")


def test_an_exactness_without_its_package_names_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "kornia.py").write_text("raise ModuleNotFoundError('gone', name='kornia')")  # also where it is there
    (tmp_path / "cv2.py").write_text("raise OSError('boom')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for way in ("kornia", "OpenCV in a loop"):
        file = tmp_path / way
        assert exactness._pictures(way, exactness._start(way, file), file) == {}
    said = capsys.readouterr().out
    assert "kornia is skipped, because kornia is not installed\n" in said
    assert "OpenCV in a loop is skipped, because it failed: Traceback" in said and "OSError: boom" in said


def test_the_reference_is_the_first_that_is_there():
    first, second = exactness.ways.REFERENCES
    assert exactness._reference(["FitLab", second, first]) == first
    assert exactness._reference(["FitLab", second]) == second
    assert {first, second} <= set(exactness.ways.WAYS)


def _kept(**figures):
    machine = {"summary": "a machine", "load": 0.5}
    return {topic: {"machine": machine, "figures": found} for topic, found in figures.items()}


def _run(monkeypatch, *words, fails=""):
    """The command, with each topic's measuring replaced; one of them fails."""

    def measure(topic, arguments):
        if topic == fails:
            raise RuntimeError("boom")
        return {"measured": topic}

    monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
    monkeypatch.setattr(command, "measure", measure)
    monkeypatch.setattr(report, "tables", lambda topic, figures: "")
    command.main()
