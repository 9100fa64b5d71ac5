"""Pixels that a flow keeps are those of its files as they are now, whoever reads; they never exceed their room."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from torch.utils.data import DataLoader

from engine import DataError, ImageDataGenerator
from engine.augment import cache, save_img
from engine.augment.files import PictureReader

SIDE = 6
GENERATOR = ImageDataGenerator(rotation_range=90, horizontal_flip=True)


@pytest.fixture
def folder(tmp_path, runs_dir):
    """12 pictures of two classes."""
    random = np.random.default_rng(0)
    for k in range(12):
        place = tmp_path / "pictures" / "ab"[k % 2]
        place.mkdir(parents=True, exist_ok=True)
        save_img(place / f"{k}.png", random.integers(0, 256, (SIDE, SIDE, 3)), scale=False)
    return tmp_path / "pictures"


@pytest.fixture
def reads(monkeypatch):
    """How often each file is decoded."""
    counted, as_before = Counter(), PictureReader.__call__

    def count(self, paths):
        counted.update(os.path.basename(path) for path in paths)
        return as_before(self, paths)

    monkeypatch.setattr(PictureReader, "__call__", count)
    return counted


def _flow(folder, generator=GENERATOR, **arguments):
    given = {"target_size": (SIDE, SIDE), "batch_size": 5, "seed": 3, "class_mode": "sparse"} | arguments
    return generator.flow_from_directory(folder, **given)


def _without(flow):
    """The same flow, keeping nothing."""
    return pickle.loads(pickle.dumps(flow))


def _stream(flow, n=9):
    return [next(flow)[0] for _ in range(n)]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("subset", ["training", "validation"])
def test_what_is_kept_changes_no_picture(folder, subset, data_format):
    generator = ImageDataGenerator(
        rotation_range=90, brightness_range=(0.5, 1.5), validation_split=0.5, data_format=data_format
    )
    flow = _flow(folder, generator, subset=subset)
    expected = _stream(_without(flow))
    assert all(np.array_equal(a, b) for a, b in zip(_stream(flow), expected, strict=True))


def test_each_file_is_decoded_once(folder, reads):
    flow = _flow(folder)
    _stream(flow)
    assert len(reads) == 12
    assert set(reads.values()) == {1}


def test_threads_fill_it_together(folder):
    flow = _flow(folder)
    expected = _stream(_without(flow), 30)
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda k: flow.load(k // 3, flow.batch_indices(k // 3, k % 3))[0], range(30)))
    assert all(np.array_equal(a, b) for a, b in zip(batches, expected, strict=True))


def test_a_file_that_changes_is_read_again(folder, reads):
    flow = _flow(folder, ImageDataGenerator(), shuffle=False, batch_size=12)
    before = flow[0][0]
    changed = flow.filepaths[4]
    status = os.stat(changed)
    with open(changed, "r+b") as stream:  # the same size, and the same time
        stream.write((folder / flow.filenames[5]).read_bytes()[: status.st_size])
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = flow[0][0]
    assert np.array_equal(after, _without(flow)[0][0])
    assert [k for k in range(12) if not np.array_equal(before[k], after[k])] == [4]


def test_an_older_version_of_a_file_does_not_pass_for_the_newer(monkeypatch, runs_dir):
    """Two threads read a file that is replaced, each before and after that; the first puts its pixels in last."""
    version, indices = 1, np.array([0])
    monkeypatch.setattr(cache, "_stamp", lambda path: version)
    kept, put = cache.PixelCache(1, (1, 1, 1), runs_dir), cache.PixelCache._put

    def fill():
        kept.fill(indices, ["a.png"], lambda paths, now=version: np.full((1, 1, 1, 1), now, np.uint8))

    def put_and_be_overtaken(self, index, picture):
        nonlocal version
        put(self, index, picture)
        monkeypatch.setattr(cache.PixelCache, "_put", put)
        version = 1
        fill()
        version = 2

    monkeypatch.setattr(cache.PixelCache, "_put", put_and_be_overtaken)
    version = 2
    fill()
    fill()
    assert kept.images[0, 0, 0, 0] == 2


def test_a_file_that_goes_is_named_though_it_was_kept(folder):
    flow = _flow(folder, batch_size=12)
    next(flow)
    os.unlink(flow.filepaths[4])
    with pytest.raises(DataError, match=os.path.basename(flow.filepaths[4])):
        next(flow)


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_processes_read_the_same(folder, context):
    flow = _flow(folder)
    next(flow)  # a part is kept
    flow.reset()
    expected = [_without(flow)[k][0] for k in range(3)]
    loader = DataLoader(flow, batch_size=None, num_workers=2, multiprocessing_context=context)
    assert all(np.array_equal(x, y) for (x, _), y in zip(loader, expected, strict=True))


def test_forked_processes_keep_for_each_other(folder, reads):
    flow = _flow(folder, shuffle=False)
    for _ in DataLoader(flow, batch_size=None, num_workers=2, multiprocessing_context="fork"):
        pass
    _stream(flow)
    assert not reads, "the loader's processes have decoded every file"


def test_only_what_fits_as_a_whole_is_kept(folder, monkeypatch, reads):
    n_bytes = 12 * SIDE * SIDE * 3
    for available, is_kept in ((4 * n_bytes, True), (4 * n_bytes - 4, False)):
        monkeypatch.setattr(cache, "available_memory", lambda available=available: available)
        assert (_flow(folder)._cache is not None) == is_kept
    flow = _flow(folder)
    _stream(flow, 6)
    assert set(reads.values()) == {2}


@pytest.mark.parametrize("what", ["free disk", "permission"])
def test_without_a_place_nothing_is_kept(folder, monkeypatch, what, reads):
    def refuse(**_):
        raise PermissionError

    if what == "free disk":
        monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    else:
        monkeypatch.setattr(cache.tempfile, "TemporaryFile", refuse)
    _stream(_flow(folder), 6)
    assert set(reads.values()) == {2}


@pytest.mark.parametrize("written", [None, 50])
def test_a_full_disk_ends_the_keeping_and_not_the_reading(folder, monkeypatch, written):
    def refuse(*_):
        if written is None:
            raise OSError(28, "No space left on device")
        return written

    flow = _flow(folder)
    expected = _stream(_without(flow))
    monkeypatch.setattr(cache.os, "pwrite", refuse)
    assert all(np.array_equal(a, b) for a, b in zip(_stream(flow), expected, strict=True))
    assert flow._cache is None


def test_it_is_gone_with_the_flow(folder, runs_dir):
    flow = _flow(folder)
    next(flow)
    assert not [path for path in runs_dir.rglob("*") if path.is_file()], "the file has no name"
    files_open = psutil.Process().num_fds()
    del flow
    assert psutil.Process().num_fds() < files_open


V1 = {"limit": "memory.limit_in_bytes", "used": "memory.usage_in_bytes", "prefix": "total_"}
V2 = {"limit": "memory.max", "used": "memory.current", "prefix": ""}


@pytest.mark.parametrize(
    ("line", "folder", "names"),
    [
        ("0::/", "", V2),
        ("0::/user/job", "user/job", V2),
        ("0::/user/job", "user", V2),
        ("0::/user/job", "", V2),
        ("4:cpu,memory:/job", "memory/job", V1),
        ("4:memory:/docker/abc", "memory", V1),
    ],
)
def test_limits_of_cgroups_count_without_what_is_used(tmp_path, line, folder, names):
    mine, place = tmp_path / "cgroup", tmp_path / "root" / folder
    mine.write_text(f"1:name=systemd:/\n{line}\n")
    place.mkdir(parents=True)
    statistics = [f"{names['prefix']}active_file 1000", f"{names['prefix']}inactive_file 500", "anon 7"]
    (place / "memory.stat").write_text("\n".join(statistics))
    (place / names["used"]).write_text("3456\n")
    for limit, expected in (("max\n", []), ("123456\n", [123456 - 3456 + 1500]), ("1500\n", [0])):
        (place / names["limit"]).write_text(limit)
        assert cache._left_by_cgroups(tmp_path / "root", mine) == expected
    assert cache._left_by_cgroups(tmp_path / "root", tmp_path / "none") == []
    assert 0 < cache.available_memory() <= psutil.virtual_memory().total


def test_caches_that_are_alive_count_as_written(monkeypatch, runs_dir):
    shape, n_bytes = (64, 64, 3), 10 * 64 * 64 * 3
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * n_bytes))
    first = cache.cache_for(10, shape)
    assert first is not None
    assert cache.cache_for(10, shape) is None
    del first
    assert cache.cache_for(10, shape) is not None


def test_memory_that_cannot_be_looked_at_is_none(monkeypatch, runs_dir):
    def refuse():
        raise PermissionError

    monkeypatch.setattr(cache, "available_memory", refuse)
    assert cache.cache_for(10, (4, 4, 3)) is None
