"""Losses against Keras' formulas written out in numpy, what a name means, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from engine import losses as public
from engine.errors import DataError, SpecError
from engine.training import losses
from engine.training.model import Model
from tests.training.pictures import features, linear

EPS = 1e-7
RANDOM = np.random.default_rng(3)
LOGITS = RANDOM.normal(size=(6, 4))
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
LABELS = np.array([0, 3, 1, 2, 2, 0])
ONE_HOT = np.eye(4)[LABELS]
ANSWERS = RANDOM.integers(0, 2, (6, 4)).astype(float)
SIGMOID = 1 / (1 + np.exp(-LOGITS))
OUT, REAL = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(6, 4))
POSITIVE = RANDOM.uniform(0.1, 3, (6, 4))
OTHER_SHARES = RANDOM.dirichlet(np.ones(4), 6)


def loss_of(loss, outputs, targets):
    dtype = loss.target_dtype or torch.float32
    return loss(torch.tensor(outputs, dtype=torch.float32), torch.tensor(targets).to(dtype)).numpy()


def binary(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=1)


CASES = {
    "mse": (public.MeanSquaredError(), OUT, REAL, ((OUT - REAL) ** 2).mean(1)),
    "mae": (public.MeanAbsoluteError(), OUT, REAL, np.abs(OUT - REAL).mean(1)),
    "mape": (public.MeanAbsolutePercentageError(), OUT, REAL, 100 * (np.abs(OUT - REAL) / np.abs(REAL)).mean(1)),
    "msle": (
        public.MeanSquaredLogarithmicError(), OUT, POSITIVE,
        ((np.log(np.maximum(OUT, EPS) + 1) - np.log(POSITIVE + 1)) ** 2).mean(1),
    ),
    "huber": (
        public.Huber(0.5), OUT, REAL,
        np.where(
            np.abs(OUT - REAL) <= 0.5, 0.5 * (OUT - REAL) ** 2, 0.5 * np.abs(OUT - REAL) - 0.5 * 0.5**2
        ).mean(1),
    ),
    "log_cosh": (public.LogCosh(), OUT, REAL, np.log(np.cosh(OUT - REAL)).mean(1)),
    "poisson": (public.Poisson(), POSITIVE, ANSWERS, (POSITIVE - ANSWERS * np.log(POSITIVE + EPS)).mean(1)),
    "hinge of 0 and 1": (public.Hinge(), OUT, ANSWERS, np.maximum(1 - (2 * ANSWERS - 1) * OUT, 0).mean(1)),
    "hinge of -1 and 1": (public.Hinge(), OUT, 2 * ANSWERS - 1, np.maximum(1 - (2 * ANSWERS - 1) * OUT, 0).mean(1)),
    "squared_hinge": (
        public.SquaredHinge(), OUT, ANSWERS, (np.maximum(1 - (2 * ANSWERS - 1) * OUT, 0) ** 2).mean(1),
    ),
    "kld": (public.KLDivergence(), SHARES, OTHER_SHARES, (OTHER_SHARES * np.log(OTHER_SHARES / SHARES)).sum(1)),
    "cosine_similarity": (
        public.CosineSimilarity(), OUT, REAL,
        -(OUT * REAL).sum(1) / np.linalg.norm(OUT, axis=1) / np.linalg.norm(REAL, axis=1),
    ),
    "sparse": (public.SparseCategoricalCrossentropy(), SHARES, LABELS, -np.log(SHARES[np.arange(6), LABELS])),
    "categorical": (public.CategoricalCrossentropy(), SHARES, ONE_HOT, -(ONE_HOT * np.log(SHARES)).sum(1)),
    "binary": (public.BinaryCrossentropy(), SIGMOID, ANSWERS, binary(ANSWERS, SIGMOID)),
    "smoothed sparse": (
        public.SparseCategoricalCrossentropy(label_smoothing=0.2), SHARES, LABELS,
        -((ONE_HOT * 0.8 + 0.2 / 4) * np.log(SHARES)).sum(1),
    ),
    "smoothed categorical": (
        public.CategoricalCrossentropy(label_smoothing=0.2), SHARES, ONE_HOT,
        -((ONE_HOT * 0.8 + 0.2 / 4) * np.log(SHARES)).sum(1),
    ),
    "smoothed binary": (
        public.BinaryCrossentropy(label_smoothing=0.2), SIGMOID, ANSWERS, binary(ANSWERS * 0.8 + 0.1, SIGMOID),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_formulas(case):
    loss, outputs, targets, wanted = case
    np.testing.assert_allclose(loss_of(loss, outputs, targets), wanted, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize(
    ("kind", "shares", "targets"),
    [
        (public.SparseCategoricalCrossentropy, SHARES, LABELS),
        (public.CategoricalCrossentropy, SHARES, ONE_HOT),
        (public.BinaryCrossentropy, SIGMOID, ANSWERS),
    ],
)
def test_logits_and_probabilities_mean_the_same(kind, shares, targets, smoothing):
    logits = kind(from_logits=True, label_smoothing=smoothing)
    np.testing.assert_allclose(
        loss_of(logits, LOGITS, targets), loss_of(kind(label_smoothing=smoothing), shares, targets), rtol=1e-5
    )
    np.testing.assert_allclose(logits.probabilities(torch.tensor(LOGITS)), shares, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SparseCategoricalCrossentropy", losses.SparseCategoricalCrossentropy),
        ("Binary_Crossentropy", losses.BinaryCrossentropy),
        ("MSE", losses.MeanSquaredError),
        ("MeanAbsoluteError", losses.MeanAbsoluteError),
        ("kl_divergence", losses.KLDivergence),
    ],
)
def test_names_are_found_as_keras_writes_them(name, kind):
    assert type(losses.find(name, nn.Linear(2, 2))) is kind


@pytest.mark.parametrize(
    ("last", "from_logits"),
    [(nn.Linear(2, 2), True), (nn.LogSoftmax(-1), True), (nn.Softmax(-1), False), (nn.Sigmoid(), False)],
)
def test_a_name_follows_the_networks_last_module(last, from_logits):
    network = nn.Sequential(nn.Linear(2, 2), last)
    for name in ("sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"):
        assert losses.find(name, network).from_logits == from_logits
    assert not losses.find("mse", network).from_logits


def test_log_probabilities_are_good_logits():
    log_shares = np.log(SHARES)
    np.testing.assert_allclose(
        loss_of(losses.find("sparse_categorical_crossentropy", nn.LogSoftmax(-1)), log_shares, LABELS),
        -log_shares[np.arange(6), LABELS],
        rtol=1e-5,
    )


def test_what_a_name_was_taken_for_is_printed_once(capsys):
    x, y = features()
    model = linear(loss="SparseCategoricalCrossentropy")
    model.fit(x, y, verbose=0)
    assert capsys.readouterr().out == ""
    model.fit(x, y, verbose=2)
    assert "SparseCategoricalCrossentropy takes the network's outputs as logits" in capsys.readouterr().out
    model.fit(x, y, verbose=2)
    assert "logits" not in capsys.readouterr().out
    model.compile(loss=public.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, verbose=2)
    assert "logits" not in capsys.readouterr().out
    probable = Model(nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1)), device="cpu")
    probable.compile(loss="categorical_crossentropy")
    probable.fit(x, np.eye(3)[y], verbose=2)
    assert "outputs as probabilities, because its last module is Softmax" in capsys.readouterr().out


class HiddenSoftmax(nn.Linear):
    """A network whose softmax is no module."""

    def forward(self, inputs):
        return super().forward(inputs).softmax(dim=-1)


def test_outputs_that_look_like_the_other_kind_are_named():
    x, y = features()
    hidden = Model(HiddenSoftmax(4, 3), device="cpu")
    hidden.compile(loss="sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match=r"sum to 1.*losses\.SparseCategoricalCrossentropy\(from_logits=False\)"):
        hidden.fit(x, y, verbose=0)
    with pytest.warns(UserWarning, match=r"do not lie between 0 and 1.*from_logits=True"):
        linear(loss=public.SparseCategoricalCrossentropy()).fit(x, y, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hidden.compile(loss=public.SparseCategoricalCrossentropy(from_logits=False))
        hidden.fit(x, y, verbose=0)
        linear().fit(x, y, verbose=0)


@pytest.mark.parametrize(
    ("function", "outputs", "wanted"),
    [
        (nn.CrossEntropyLoss(), [[0.0, 0.0]], [[0.5, 0.5]]),
        (nn.BCEWithLogitsLoss(), [[0.0, 0.0]], [[0.5, 0.5]]),
        (nn.BCEWithLogitsLoss(), [[9.0, 9.0]], [[0.9999, 0.9999]]),
        (nn.BCELoss(), [[0.2]], [[0.2]]),
    ],
)
def test_torchs_losses_say_themselves_what_outputs_mean(function, outputs, wanted):
    loss = losses.find(function, nn.Linear(1, 1))
    np.testing.assert_allclose(loss.probabilities(torch.tensor(outputs)), wanted, atol=1e-3)


def test_arguments_out_of_range_are_refused():
    for smoothing in (-0.1, 1.5, float("nan"), "0.1", True):
        with pytest.raises(SpecError, match="from 0 to 1 for label_smoothing"):
            public.CategoricalCrossentropy(label_smoothing=smoothing)
    for delta in (0, -1, float("inf"), None):
        with pytest.raises(SpecError, match="above 0 for delta"):
            public.Huber(delta)


def test_targets_for_yes_or_no_are_checked():
    with pytest.raises(DataError, match="targets from 0 to 1"):
        linear(n_outputs=1, loss="binary_crossentropy").fit(features()[0], np.full(50, 2.0), verbose=0)


def test_a_subclass_says_what_a_loss_is_with_and_without_weights():
    class Focal(losses.SparseCategoricalCrossentropy):
        def __call__(self, outputs, targets):
            return super().__call__(outputs, targets) * 1000

    x, y = features()
    plain, focal = (linear(loss=kind(from_logits=True)) for kind in (losses.SparseCategoricalCrossentropy, Focal))
    assert focal.evaluate(x, y, verbose=0)[0] == pytest.approx(1000 * plain.evaluate(x, y, verbose=0)[0], rel=1e-5)
    assert focal.evaluate(x, y, sample_weight=np.ones(len(y)), verbose=0)[0] == pytest.approx(
        focal.evaluate(x, y, verbose=0)[0], rel=1e-5
    )
