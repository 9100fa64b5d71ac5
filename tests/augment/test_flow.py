"""The iterator: Keras' order, seeds, subsets, and bad input. Its invariants stand in `test_flow_properties`."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine import DataError, ImageDataGenerator, SpecError
from engine.augment import Iterator
from engine.augment.flow import NumpyArrayIterator, order
from tests.oracle.load import recorded

FLOW_CASES = recorded("iterators", "flow")[1]
WILD = {"rotation_range": 90, "width_shift_range": 0.3, "horizontal_flip": True, "zoom_range": 0.4, "rescale": 0.5}


def _numbered(n):
    """n pictures whose pixels all hold the picture's number."""
    return np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None, None], (n, 2, 2, 1)).copy()


def _noise(n, size=6):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("case", FLOW_CASES, ids=lambda c: "-".join(str(c[k]) for k in sorted(c) if "batches" not in k))
def test_order_equals_keras(case):
    n = case["n"]

    def make():
        return ImageDataGenerator(validation_split=case.get("validation_split", 0.0)).flow(
            _numbered(n),
            np.arange(n),
            batch_size=case["batch_size"],
            shuffle=case.get("shuffle", False),
            sample_weight=np.arange(n) / 10 if case.get("weighted") else None,
            seed=case.get("seed"),
            ignore_class_split=True,
            subset=case.get("subset"),
        )

    flow = make()
    assert (len(flow), flow.n) == (case["length"], case["n_in_subset"])
    drawn = [next(flow) for _ in case["next_batches"]]
    assert [batch[1].tolist() for batch in drawn] == case["next_batches"]
    for batch in drawn:
        assert np.array_equal(batch[0][:, 0, 0, 0], batch[1])
        if case.get("weighted"):
            assert np.array_equal(batch[2], batch[1] / 10)
    flow = make()
    assert [flow[k][1].tolist() for k in range(len(flow))] == case["getitem_batches"]


def test_equal_seeds_give_equal_streams_and_passes_differ():
    first, second = (ImageDataGenerator(**WILD).flow(_noise(10), batch_size=4, seed=7) for _ in range(2))
    drawn = [next(first) for _ in range(9)]
    assert all(np.array_equal(batch, next(second)) for batch in drawn)
    other = ImageDataGenerator(**WILD).flow(_noise(10), batch_size=4, seed=8)
    assert not np.array_equal(drawn[0], next(other))

    in_order = ImageDataGenerator(**WILD).flow(_noise(4), batch_size=4, seed=7, shuffle=False)
    assert not np.array_equal(next(in_order), next(in_order)), "a new pass has new transforms"


def test_pictures_and_masks_stay_in_step():
    images = _noise(8)
    masks = (images[..., :1] > 128).astype(np.uint8)
    settings = {"rotation_range": 40, "horizontal_flip": True, "interpolation_order": 0}
    pictures = ImageDataGenerator(**settings).flow(images, batch_size=3, seed=5)
    labels = ImageDataGenerator(**settings).flow(masks, batch_size=3, seed=5)
    for _ in range(6):
        assert np.array_equal(next(pictures)[..., :1] > 128, next(labels) > 0)


def test_samples_without_their_pictures():
    flow, same = (ImageDataGenerator().flow(_noise(10), np.arange(10), batch_size=4, seed=3) for _ in range(2))
    indices = flow.index_generator
    for _ in range(4):
        assert np.array_equal(next(indices), next(same)[1])
    assert np.array_equal(next(flow)[1], next(same)[1]), "both share one place"
    assert next(Iterator(0, 0, False, 0).index_generator).size == 0
    with pytest.raises(DataError):
        next(Iterator(0, 32, False, 0))


def test_threads_change_nothing():
    def make():
        return ImageDataGenerator(**WILD).flow(_noise(40), np.arange(40), batch_size=4, seed=3)

    alone = [next(flow := make())] + [next(flow) for _ in range(29)]
    shared = make()
    with ThreadPoolExecutor(4) as threads:
        loaded = list(threads.map(lambda k: shared.load(k // 10, shared.batch_indices(k // 10, k % 10)), range(30)))
    assert all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(alone, loaded, strict=True))

    seen, lock, iterator = [], threading.Lock(), make()

    def read():
        for _ in range(10):
            labels = next(iterator)[1].tolist()
            with lock:
                seen.extend(labels)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sorted(seen) == sorted(list(range(40)) * 3), "three passes, nothing twice and nothing lost"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_does_not_wait_for_a_thread_that_it_has_not():
    flow, held, free = ImageDataGenerator().flow(_noise(8), batch_size=4), threading.Event(), threading.Event()

    def hold():
        with flow._lock:
            held.set()
            free.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    if (child := os.fork()) == 0:
        signal.alarm(10)  # ends a process that waits for ever
        try:
            next(flow)
            os._exit(0)
        finally:
            os._exit(1)
    free.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_reset_and_on_epoch_end_begin_a_new_pass():
    flow = ImageDataGenerator().flow(_numbered(10), np.arange(10), batch_size=4, seed=1)
    flow.reset()
    assert flow.pass_ == 0, "nothing was read yet"
    next(flow)
    flow.reset()
    assert flow.pass_ == 1
    assert next(flow)[1].tolist() == order(10, 1, 3)[:4].tolist()
    flow.on_epoch_end()
    assert np.array_equal(flow[0][1], order(10, 1, 6)[:4])
    assert iter(flow) is flow


def test_numpy_s_own_numbers_are_left_alone():
    np.random.seed(11)
    flow = ImageDataGenerator(**WILD).flow(_noise(10), batch_size=3, seed=1)
    for _ in range(5):
        next(flow)
    assert np.random.random_sample() == np.random.RandomState(11).random_sample()


def test_without_a_seed_a_fresh_one_is_kept():
    first, second = (ImageDataGenerator(**WILD).flow(_noise(10)) for _ in range(2))
    assert first.seed != second.seed
    again = ImageDataGenerator(**WILD).flow(_noise(10), seed=first.seed)
    assert np.array_equal(next(first), next(again))


def test_validation_pictures_are_rescaled_but_never_transformed():
    images, labels, weights = _noise(20), np.arange(20) % 2, np.arange(20) / 10
    generator = ImageDataGenerator(**WILD, validation_split=0.25)
    validation = generator.flow(images, labels, sample_weight=weights, subset="validation", shuffle=False)
    training = generator.flow(images, labels, sample_weight=weights, subset="training", shuffle=False)
    x, y, w = next(validation)
    assert np.array_equal(x, images[:5] * np.float32(0.5))
    assert np.array_equal(y, labels[:5]) and np.array_equal(w, weights[:5])
    x, y, w = next(training)
    assert len(x) == 15 and not np.array_equal(x, images[5:] * np.float32(0.5))
    assert np.array_equal(w, weights[5:]), "weights are cut along with the subset"


def test_labels_of_any_shape_pass_along():
    labels = np.eye(3)[np.arange(9) % 3]
    x, y = next(ImageDataGenerator().flow(_noise(9), labels, batch_size=4, shuffle=False))
    assert y.shape == (4, 3) and np.array_equal(y, labels[:4])
    assert type(x) is np.ndarray
    assert type(next(ImageDataGenerator().flow(_noise(9)))) is np.ndarray
    assert next(ImageDataGenerator().flow(_noise(3).tolist(), [1, 2, 3], shuffle=False))[1].tolist() == [1, 2, 3]


def test_the_iterator_s_own_arguments():
    images = _noise(4)
    plain = NumpyArrayIterator(images, None, None, 2, False, None, 5, "channels_last", dtype="float64")
    assert next(plain).dtype == np.float64 and plain.dtype == np.float64
    assert np.array_equal(next(plain), images[2:])
    first = NumpyArrayIterator(np.moveaxis(images, 3, 1), np.arange(4), None, data_format="channels_first")
    assert first.generator.data_format == "channels_first"
    with pytest.raises(SpecError, match="channels_last"):
        NumpyArrayIterator(images, None, ImageDataGenerator(), data_format="channels_first")
    with pytest.raises(SpecError, match="dtype"):
        NumpyArrayIterator(images, None, None, dtype="uint8")


# --- bad input ---

GOOD_X = np.zeros((8, 4, 4, 3), np.uint8)
BAD_CALLS = {
    "one picture": (DataError, "four axes", {"x": GOOD_X[0]}),
    "grey without axis": (DataError, "x\\[..., None\\]", {"x": GOOD_X[..., 0]}),
    "table": (DataError, "four axes", {"x": np.zeros((8, 5))}),
    "empty": (DataError, "at least one picture", {"x": GOOD_X[:0]}),
    "no pixels": (DataError, "at least one pixel", {"x": GOOD_X[:, :0]}),
    "different sizes": (DataError, "one size", {"x": [np.zeros((4, 4, 3)), np.zeros((5, 4, 3))]}),
    "text": (DataError, "numbers", {"x": np.array([["a"]])}),
    "nothing": (DataError, "numbers", {"x": None}),
    "NaN": (DataError, "picture 3", {"x": np.where(np.arange(8)[:, None, None, None] == 3, np.nan, GOOD_X)}),
    "other arrays too short": (DataError, "All of the arrays", {"x": (GOOD_X, np.zeros(7))}),
    "labels too short": (DataError, "8 rows in y", {"y": np.zeros(7)}),
    "one label": (DataError, "8 rows in y", {"y": 3}),
    "weights too short": (DataError, "sample_weight", {"y": np.zeros(8), "sample_weight": np.zeros(9)}),
    "weights alone": (DataError, "labels y", {"sample_weight": np.zeros(8)}),
    "batch of none": (SpecError, "batch_size", {"batch_size": 0}),
    "half a batch": (SpecError, "batch_size", {"batch_size": 2.5}),
    "batch by name": (SpecError, "batch_size", {"batch_size": "32"}),
    "negative seed": (SpecError, "seed", {"seed": -1}),
    "large seed": (SpecError, "4294967295", {"seed": 2**32}),
    "seed by name": (SpecError, "seed", {"seed": "7"}),
    "unknown subset": (SpecError, "subset", {"subset": "test"}),
    "subset without split": (DataError, "validation_split", {"subset": "validation"}),
}


@pytest.mark.parametrize(("error", "words", "changes"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_input_is_explained(error, words, changes):
    with pytest.raises(error, match=words) as caught:
        ImageDataGenerator().flow(**{"x": GOOD_X} | changes)
    assert caught.value.text("zh").startswith("需要")


def test_a_subset_without_a_class_is_refused_unless_wanted():
    generator = ImageDataGenerator(validation_split=0.5)
    labels = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    with pytest.raises(DataError, match=r"0, 2.*subsets have different number of classes"):
        generator.flow(GOOD_X, labels, subset="training")
    assert generator.flow(GOOD_X, labels, subset="training", ignore_class_split=True).n == 4
    with pytest.raises(DataError, match="leaves pictures"):
        generator.flow(GOOD_X[:1], labels[:1], subset="validation")


def test_a_batch_beyond_the_last_is_refused():
    flow = ImageDataGenerator().flow(GOOD_X, batch_size=3)
    for k in (3, -1):
        with pytest.raises(SpecError, match="from 0 to 2"):
            flow[k]


def test_odd_channels_warn():
    with pytest.warns(UserWarning, match="data_format"):
        ImageDataGenerator().flow(np.zeros((2, 3, 8, 8), np.uint8))
