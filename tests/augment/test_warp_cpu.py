"""The CPU warp equals scipy's order 1 and order 0 bit for bit, in every fill mode, whatever form the data has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from engine.augment import compiled, warp_cpu, warp_kernel
from engine.augment.affine import matrices
from engine.augment.draw import Ranges, draw
from engine.catalog import FILL_MODES
from engine.paths import PROJECT

WILD = Ranges(
    rotation=180, width_shift=2.9, height_shift=0.9, shear=60, zoom=(0.2, 3), horizontal_flip=True, vertical_flip=True
)
MILD = Ranges(rotation=30, width_shift=0.1, height_shift=0.1, zoom=(0.8, 1.2), horizontal_flip=True)
NEUTRAL = np.array([[[1.0, 0, 0], [0, 1, 0]]])
NO_FLIP = np.zeros((1, 2), bool)


def _pictures(shape, dtype=np.uint8, seed=0):
    return (np.random.default_rng(seed).random(shape) * 255).astype(dtype)


def _moves(n, height, width, ranges=WILD, seed=3):
    parameters = draw(ranges, seed, 0, np.arange(n), height, width)
    return matrices(parameters, height, width), parameters.flips


def _scipy(images, moves, flips, fill_mode, cval, order):
    out = np.empty(images.shape, np.float32)
    for k, image in enumerate(images):
        for channel in range(image.shape[-1]):
            plane = image[..., channel].astype(np.float32)
            moved = ndimage.affine_transform(
                plane, moves[k][:, :2], moves[k][:, 2], order=order, mode=fill_mode, cval=cval
            )
            out[k, ..., channel] = moved[:: -1 if flips[k, 1] else 1, :: -1 if flips[k, 0] else 1]
    return out


def test_modes_are_those_of_the_catalog():
    assert set(warp_cpu.FILL_MODES) == set(FILL_MODES)


@settings(deadline=None, max_examples=60)
@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    n_channels=st.integers(1, 5),
    dtype=st.sampled_from([np.uint8, np.float32]),
    fill_mode=st.sampled_from(list(warp_cpu.FILL_MODES)),
    order=st.sampled_from([1, 1, 0]),
    seed=st.integers(0, 1000),
)
def test_equals_scipy_bit_for_bit(height, width, n_channels, dtype, fill_mode, order, seed):
    images = _pictures((4, height, width, n_channels), dtype, seed)
    moves, flips = _moves(4, height, width, seed=seed)
    ours = warp_cpu.warp(images, np.arange(4), moves, flips, fill_mode, 7.5, order=order)
    assert np.array_equal(ours, _scipy(images, moves, flips, fill_mode, 7.5, order))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("side", range(1, 10))
def test_small_pictures_equal_scipy_with_every_flip(side, n_channels, dtype):
    images = _pictures((4, side, side + side % 3, n_channels), dtype, side)
    moves, _ = _moves(4, *images.shape[1:3], seed=side)
    flips = np.array([[False, False], [True, False], [False, True], [True, True]])
    for fill_mode in warp_cpu.FILL_MODES:
        for order in (0, 1):
            ours = warp_cpu.warp(images, np.arange(4), moves, flips, fill_mode, 7.5, order=order)
            assert np.array_equal(ours, _scipy(images, moves, flips, fill_mode, 7.5, order)), (fill_mode, order)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
def test_wide_pictures_equal_scipy(n_channels):
    images = _pictures((3, 5, 150, n_channels))
    moves, flips = _moves(3, 5, 150, MILD)
    for fill_mode in warp_cpu.FILL_MODES:
        ours = warp_cpu.warp(images, np.arange(3), moves, flips, fill_mode, 7.5)
        assert np.array_equal(ours, _scipy(images, moves, flips, fill_mode, 7.5, 1)), fill_mode


READ_TO_THE_END = """
import ctypes, mmap
import numpy as np
from engine.augment import warp_cpu

page = mmap.PAGESIZE
memory = mmap.mmap(-1, 2 * page)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + page), page, 0) == 0  # reading the second page is fatal
for dtype in (np.uint8, np.float32):
    for shape in (*((3, 5, 7, n_channels) for n_channels in range(1, 6)), (1, 3, 3, 1), (1, 1, 2, 3), (9, 1, 1, 3)):
        n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        images = np.frombuffer(memory, dtype, np.prod(shape), page - n_bytes).reshape(shape)
        images[:] = np.arange(images.size).reshape(shape)
        indices, flips = np.arange(shape[0]), np.zeros((shape[0], 2), bool)
        moves = np.tile(np.array([[1.0, 0, 1e-9], [0, 1, 1e-9]]), (shape[0], 1, 1))
        elsewhere = np.concatenate([images, images])
        for fill_mode in warp_cpu.FILL_MODES:
            ours = warp_cpu.warp(images, indices, moves, flips, fill_mode)
            assert np.array_equal(ours, warp_cpu.warp(elsewhere, indices, moves, flips, fill_mode)), (dtype, shape)
print("read")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="protects a page of memory by the call of other systems")
def test_reads_nothing_behind_the_last_picture():
    result = subprocess.run(
        [sys.executable, "-c", READ_TO_THE_END], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "read", f"exit {result.returncode}\n{result.stderr}"


@pytest.mark.parametrize(
    ("fill_mode", "by_one", "by_half"),
    [
        ("nearest", [2, 3, 4, 5, 5], [1.5, 2.5, 3.5, 4.5, 5]),
        ("reflect", [2, 3, 4, 5, 5], [1.5, 2.5, 3.5, 4.5, 5]),
        ("wrap", [2, 3, 4, 5, 2], [1.5, 2.5, 3.5, 4.5, 1.5]),
        ("constant", [2, 3, 4, 5, 0], [1.5, 2.5, 3.5, 4.5, 0]),
    ],
)
def test_fill_modes_by_hand(fill_mode, by_one, by_half):
    row = np.array([1, 2, 3, 4, 5], np.float32).reshape(1, 1, 5, 1)
    for shift, expected in ((1.0, by_one), (0.5, by_half)):
        moved = warp_cpu.warp(row, np.zeros(1, int), np.array([[[1.0, 0, 0], [0, 1, shift]]]), NO_FLIP, fill_mode)
        assert moved.ravel().tolist() == expected


@pytest.mark.parametrize("fill_mode", list(warp_cpu.FILL_MODES))
def test_neutral_pictures_come_back_untouched_and_flips_reverse_exactly(fill_mode):
    images = _pictures((1, 7, 9, 3), np.float32)
    images[0, 3, 4, 1] = np.inf  # would spread as NaN if the picture were resampled
    for horizontal in (False, True):
        for vertical in (False, True):
            flips = np.array([[horizontal, vertical]])
            out = warp_cpu.warp(images, np.zeros(1, int), NEUTRAL, flips, fill_mode)
            assert np.array_equal(out, images[:, :: -1 if vertical else 1, :: -1 if horizontal else 1])


def test_reads_by_index_from_any_form_of_data_set(tmp_path):
    images = _pictures((20, 12, 15, 3))
    indices = np.array([17, 0, 3, 3, 11])
    moves, flips = _moves(5, 12, 15)
    expected = warp_cpu.warp(np.ascontiguousarray(images[indices]), np.arange(5), moves, flips)

    np.save(tmp_path / "images.npy", images)
    forms = {
        "array": images,
        "memory-mapped": np.load(tmp_path / "images.npy", mmap_mode="r"),
        "float64": images.astype(np.float64),
        "int32": images.astype(np.int32),
        "every second": np.repeat(images, 2, axis=0)[::2],
        "channels first": np.moveaxis(np.ascontiguousarray(np.moveaxis(images, 3, 1)), 1, 3),
    }
    for name, form in forms.items():
        assert np.array_equal(warp_cpu.warp(form, indices, moves, flips), expected), name


def test_data_set_is_neither_copied_nor_locked():
    images = _pictures((3, 4, 4, 1))
    readable, _ = warp_cpu._readable(images, np.arange(3))
    assert np.shares_memory(readable, images)
    assert images.flags.writeable


def test_scale_equals_multiplying_afterwards():
    images = _pictures((6, 10, 10, 3))
    moves, flips = _moves(6, 10, 10)
    plain = warp_cpu.warp(images, np.arange(6), moves, flips, "constant", 99)
    scaled = warp_cpu.warp(images, np.arange(6), moves, flips, "constant", 99, scale=1 / 255)
    plain *= np.float32(1 / 255)
    assert np.array_equal(scaled, plain)


def test_threads_change_nothing(monkeypatch):
    images = _pictures((23, 16, 16, 3))
    moves, flips = _moves(23, 16, 16, MILD)
    alone = warp_cpu.warp(images, np.arange(23), moves, flips)
    monkeypatch.setattr(warp_cpu, "PIXELS_PER_THREAD", 300)
    monkeypatch.setattr(warp_cpu, "n_cores", lambda: 5)
    assert len(warp_cpu._pieces(alone)) == 5
    assert np.array_equal(warp_cpu.warp(images, np.arange(23), moves, flips), alone)


@pytest.mark.parametrize("indices", [[-1], [3], [0, 10**9]])
def test_an_index_outside_the_data_is_an_error_not_a_wild_read(indices):
    n = len(indices)
    with pytest.raises(IndexError):
        warp_cpu.warp(_pictures((3, 4, 4, 1)), np.array(indices), np.repeat(NEUTRAL, n, 0), np.repeat(NO_FLIP, n, 0))


def test_no_pictures_asked_for():
    empty = warp_cpu.warp(_pictures((3, 4, 4, 1)), np.zeros(0, int), np.zeros((0, 2, 3)), np.zeros((0, 2), bool))
    assert empty.shape == (0, 4, 4, 1)


@pytest.mark.parametrize("fill_mode", list(warp_cpu.FILL_MODES))
@pytest.mark.parametrize("offset", [1e18, -1e18, 1e300, -1e300])
def test_absurd_distances_stay_inside_the_picture(fill_mode, offset):
    images = _pictures((1, 6, 6, 1))
    far = np.array([[[1.0, 0.5, offset], [0.5, 1, -offset]]])
    out = warp_cpu.warp(images, np.zeros(1, int), far, NO_FLIP, fill_mode, 3.0)
    assert out.min() >= 0 and out.max() <= 255


def test_warm_up_compiles_both_kinds_of_pixels():
    warp_cpu.warm_up()
    assert len(warp_kernel.warp_all.signatures) == 2, "any more would mean compiling in the middle of somebody's work"


def test_kernels_are_kept_with_the_runs_when_the_install_is_read_only(runs_dir):
    program = (
        "import os; os.access = lambda *_: False; from engine.augment import warp_kernel; "
        "print(warp_kernel.warp_all.stats.cache_path)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert Path(result.stdout.strip()).is_relative_to(runs_dir.resolve() / ".fitlab" / "numba")


def test_kernels_are_compiled_anew_after_a_change_of_any_source(tmp_path):
    folder = tmp_path / "augment"
    shutil.copytree(compiled.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    digests = [compiled._digest(folder)]
    assert digests == [compiled._digest(compiled.HERE)]
    for name in compiled.SOURCES:
        with (folder / f"{name}.py").open("a") as source:
            source.write("# changed")
        digests.append(compiled._digest(folder))
    assert len(set(digests)) == len(digests)
    assert digests[0] in warp_kernel.warp_all.stats.cache_path


def test_the_sources_are_all_modules_that_use_numba():
    using = {path.stem for path in compiled.HERE.glob("*.py") if "numba" in _imports(path)}
    kernels = {path.stem for path in compiled.HERE.glob("*.py") if "@kernel" in path.read_text()}
    assert using | kernels == set(compiled.SOURCES)


def _imports(path):
    """First names of the modules that a file imports from."""
    return set(re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE))


def test_kernels_that_were_not_compiled_are_not_on_disk(tmp_path):
    program = (
        "from engine.augment import resize, warp_cpu; print(warp_cpu.is_compiled()); warp_cpu.warm_up(); "
        "print(warp_cpu.is_compiled(), resize.is_compiled())"
    )
    command = [sys.executable, "-c", program]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    result = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True", "True"]
