"""Metrics against Keras' definitions in numpy (and scikit-learn where it agrees); names, weights, epochs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torch import nn

from engine import metrics
from engine.errors import DataError, SpecError
from engine.training import losses
from engine.training.metrics import Averages, find
from engine.training.model import Model
from tests.training.pictures import features, linear

RANDOM = np.random.default_rng(5)
SHARES = RANDOM.dirichlet(np.ones(4), 60)  # (60, 4)
LABELS = RANDOM.integers(0, 4, 60)
ONE_HOT = np.eye(4)[LABELS]
SINGLE = RANDOM.random((60, 1))
YES = (SINGLE[:, 0] + RANDOM.normal(size=60) > 0.5).astype(int)
W = RANDOM.random(60)
PROBABILITIES = losses.CategoricalCrossentropy()


def value(metric, outputs, targets, weights=None, loss=PROBABILITIES):
    """The metric over batches of 25, 25 and 10."""
    averages = Averages(find([], [metric], loss), torch.device("cpu"))
    for rows in (slice(0, 25), slice(25, 50), slice(50, 60)):
        averages.add(
            torch.tensor(0.0),
            torch.tensor(outputs[rows], dtype=torch.float32),
            torch.tensor(targets[rows]),
            None if weights is None else torch.tensor(weights[rows], dtype=torch.float32),
        )
    return averages.read()[next(name for name in averages if name != "loss")]


def counts(outputs, answers, threshold, w=None):
    """True and false positives, and false and true negatives, over all answers."""
    w = np.ones(len(outputs)) if w is None else w
    w = np.broadcast_to(w[:, None], answers.shape)
    said, true = np.float32(outputs) > threshold, answers > 0
    return [w[mask].sum() for mask in (said & true, said & ~true, ~said & true, ~said & ~true)]


# --- accuracies and errors ------------------------------------------------------------------------------------------


def top_k(k):
    return np.mean([label in np.argsort(row)[-k:] for row, label in zip(SHARES, LABELS, strict=True)])


RIGHT = SHARES.argmax(1) == LABELS
CASES = {
    "accuracy of classes": ("accuracy", SHARES, LABELS, RIGHT.mean()),
    "accuracy of rows": ("acc", SHARES, ONE_HOT, RIGHT.mean()),
    "accuracy of yes or no": ("accuracy", SINGLE, YES, ((SINGLE[:, 0] > 0.5) == YES).mean()),
    "sparse": (metrics.SparseCategoricalAccuracy(), SHARES, LABELS[:, None], RIGHT.mean()),
    "categorical": ("CategoricalAccuracy", SHARES, ONE_HOT, RIGHT.mean()),
    "categorical of numbers": (metrics.CategoricalAccuracy(), SHARES, LABELS, RIGHT.mean()),
    "sparse of rows": (metrics.SparseCategoricalAccuracy(), SHARES, ONE_HOT, RIGHT.mean()),
    "binary of numbers": ("binary_accuracy", SHARES, LABELS, ((SHARES > 0.5) == ONE_HOT).mean()),
    "binary": (metrics.BinaryAccuracy(threshold=0.3), SHARES, ONE_HOT, ((SHARES > 0.3) == ONE_HOT).mean()),
    "top 2": (metrics.TopKCategoricalAccuracy(k=2), SHARES, ONE_HOT, top_k(2)),
    "sparse top 3": (metrics.SparseTopKCategoricalAccuracy(3), SHARES, LABELS, top_k(3)),
    "top 2 of numbers": (metrics.TopKCategoricalAccuracy(k=2), SHARES, LABELS, top_k(2)),
    "top of more than there are": ("top_k_categorical_accuracy", SHARES, ONE_HOT, 1.0),
    "mae": ("mae", SHARES, ONE_HOT, np.abs(SHARES - ONE_HOT).mean()),
    "mse": (metrics.MeanSquaredError(), SHARES, ONE_HOT, ((SHARES - ONE_HOT) ** 2).mean()),
    "rmse": (metrics.RootMeanSquaredError(), SHARES, ONE_HOT, np.sqrt(((SHARES - ONE_HOT) ** 2).mean())),
    "loss": ("categorical_crossentropy", SHARES, ONE_HOT, -(ONE_HOT * np.log(SHARES)).sum(1).mean()),
    "function of a batch": (lambda outputs, targets: outputs.max(), SHARES, LABELS, None),
    "function of answers": (lambda outputs, targets: outputs, SHARES, LABELS, 0.25),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_means_over_pictures(case):
    metric, outputs, targets, wanted = case
    if wanted is None:  # one number per batch counts for each of its pictures
        parts = [outputs[:25], outputs[25:50], outputs[50:]]
        wanted = sum(len(part) * part.max() for part in parts) / 60
    assert value(metric, outputs, targets) == pytest.approx(wanted, rel=1e-5)


def test_a_tie_at_the_last_place_is_among_the_best():
    outputs = np.array([[0.5, 0.2, 0.2, 0.1]] * 60)
    assert value(metrics.SparseTopKCategoricalAccuracy(2), outputs, np.full(60, 2)) == 1
    assert value(metrics.SparseTopKCategoricalAccuracy(2), outputs, np.full(60, 3)) == 0


# --- counts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("outputs", "targets", "answers"),
    [(SINGLE, YES, YES[:, None]), (SHARES, ONE_HOT, ONE_HOT), (SHARES, LABELS, ONE_HOT)],
    ids=["single", "rows", "classes"],
)
def test_precision_and_recall(outputs, targets, answers, weights):
    tp, fp, fn, _ = counts(outputs, answers, 0.5, weights)
    assert value("precision", outputs, targets, weights) == pytest.approx(tp / (tp + fp))
    assert value("Recall", outputs, targets, weights) == pytest.approx(tp / (tp + fn))
    several = value(metrics.Precision(thresholds=[0.2, 0.6]), outputs, targets, weights)
    assert value(metrics.Precision(thresholds=np.array([0.2, 0.6])), outputs, targets, weights) == several
    for got, threshold in zip(several, (0.2, 0.6), strict=True):
        tp, fp, *_ = counts(outputs, answers, threshold, weights)
        assert got == pytest.approx(tp / (tp + fp))


def test_precision_and_recall_of_a_class_and_of_the_best():
    tp, fp, fn, _ = counts(SHARES[:, 2:3], ONE_HOT[:, 2:3], 0.4)
    assert value(metrics.Precision(0.4, class_id=2), SHARES, LABELS) == pytest.approx(tp / (tp + fp))
    assert value(metrics.Recall(0.4, class_id=2), SHARES, LABELS) == pytest.approx(tp / (tp + fn))
    assert value(metrics.Recall(top_k=2), SHARES, LABELS) == pytest.approx(top_k(2))
    assert value(metrics.Precision(top_k=2), SHARES, LABELS) == pytest.approx(top_k(2) / 2)
    among = (np.argsort(np.argsort(SHARES, axis=1), axis=1) >= 2)[:, 1]
    right = (among & (LABELS == 1)).sum()
    assert value(metrics.Precision(top_k=2, class_id=1), SHARES, LABELS) == pytest.approx(right / among.sum())


def test_no_yes_at_all_is_zero():
    assert value("precision", np.zeros((60, 1)), YES) == 0
    assert value("recall", SINGLE, np.zeros(60)) == 0
    assert value("f1_score", np.zeros((60, 4)), LABELS) == pytest.approx(np.zeros(4))
    assert value("auc", SINGLE, np.zeros(60)) == 0


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_f1_as_scikit_learn(average):
    wanted = sk.f1_score(LABELS, SHARES.argmax(1), average=average)
    for targets in (LABELS, ONE_HOT):
        assert value(metrics.F1Score(average), SHARES, targets) == pytest.approx(wanted, abs=1e-6)
    wanted = sk.f1_score(LABELS, SHARES.argmax(1), average=average, sample_weight=W)
    assert value(metrics.F1Score(average), SHARES, LABELS, W) == pytest.approx(wanted, abs=1e-6)
    wanted = sk.f1_score(ONE_HOT, SHARES > 0.3, average=average)
    assert value(metrics.F1Score(average, threshold=0.3), SHARES, LABELS) == pytest.approx(wanted, abs=1e-6)


def test_f1_of_a_single_output():
    wanted = sk.f1_score(YES, SINGLE[:, 0] > 0.5)
    assert value(metrics.F1Score("macro"), SINGLE, YES) == pytest.approx(wanted, abs=1e-6)


def area(outputs, answers, n, curve, method, w=None):
    """The area as Keras defines it, from counts at each threshold."""
    thresholds = [-1e-7, *((k + 1) / (n - 1) for k in range(n - 2)), 1 + 1e-7]
    tp, fp, fn, tn = np.array([counts(outputs, answers, t, w) for t in thresholds]).T

    def divide(a, b):
        return np.where(b == 0, 0, a / np.where(b == 0, 1, b))

    if curve == "PR" and method == "interpolation":
        p, dtp = tp + fp, tp[:-1] - tp[1:]
        slope = divide(dtp, np.maximum(p[:-1] - p[1:], 0))
        intercept = tp[1:] - slope * p[1:]
        ratio = np.where((p[:-1] > 0) & (p[1:] > 0), divide(p[:-1], p[1:]), 1)
        return divide(slope * (dtp + intercept * np.log(ratio)), np.maximum(tp[1:] + fn[1:], 0)).sum()
    recall = divide(tp, tp + fn)
    x, y = (divide(fp, fp + tn), recall) if curve == "ROC" else (recall, divide(tp, tp + fp))
    heights = {"interpolation": lambda a, b: (a + b) / 2, "minoring": np.minimum, "majoring": np.maximum}[method]
    return ((x[:-1] - x[1:]) * heights(y[:-1], y[1:])).sum()


@pytest.mark.parametrize("n", [3, 200])
@pytest.mark.parametrize("curve", ["ROC", "PR"])
@pytest.mark.parametrize("method", ["interpolation", "minoring", "majoring"])
def test_areas(curve, method, n):
    metric = metrics.AUC(num_thresholds=n, curve=curve, summation_method=method)
    assert value(metric, SINGLE, YES) == pytest.approx(area(SINGLE, YES[:, None], n, curve, method), rel=1e-5)
    weighted = area(SHARES, ONE_HOT, n, curve, method, W)
    assert value(metric, SHARES, LABELS, W) == pytest.approx(weighted, rel=1e-5)


def test_many_thresholds_give_the_exact_area():
    wanted = sk.roc_auc_score(YES, SINGLE[:, 0])
    assert value(metrics.AUC(100_000), SINGLE, YES) == pytest.approx(wanted, abs=1e-4)


def test_keras_worked_example():
    outputs, targets = np.array([[0.0], [0.5], [0.3], [0.9]] * 15), np.array([0, 0, 1, 1] * 15)
    assert value(metrics.AUC(num_thresholds=3), outputs, targets) == pytest.approx(0.75)


# --- logits ---------------------------------------------------------------------------------------------------------

LOGIT = np.log(SINGLE / (1 - SINGLE))
BY_THRESHOLD = ["binary_accuracy", "precision", "recall", "auc", metrics.F1Score("macro", threshold=0.3)]


@pytest.mark.parametrize("metric", BY_THRESHOLD)
def test_logits_count_as_the_probabilities_they_mean(metric):
    for outputs, logits, targets, kind in (
        (SINGLE, LOGIT, YES, losses.BinaryCrossentropy),
        (SHARES, np.log(SHARES) + 1, ONE_HOT, losses.CategoricalCrossentropy),
        (SHARES, np.log(SHARES) + 1, ONE_HOT, lambda from_logits: losses.CustomLoss(nn.CrossEntropyLoss(), True)),
    ):
        wanted = value(metric, outputs, targets)
        assert value(metric, logits, targets, loss=kind(from_logits=True)) == pytest.approx(wanted, rel=1e-6)


def test_auc_may_be_told_of_logits():
    wanted = value("auc", SINGLE, YES)
    for loss in (losses.BinaryCrossentropy(), losses.BinaryCrossentropy(from_logits=True)):
        assert value(metrics.AUC(from_logits=True), LOGIT, YES, loss=loss) == pytest.approx(wanted)


# --- names, epochs, models ------------------------------------------------------------------------------------------


def test_names():
    listed = [
        "acc", "MSE", metrics.Precision(), metrics.Precision(class_id=1), metrics.AUC(), metrics.F1Score("micro"),
        metrics.TopKCategoricalAccuracy(), metrics.MeanAbsoluteError(), metrics.RootMeanSquaredError(),
        metrics.Recall(name="found"),
    ]  # fmt: skip
    names = [tracked.name for tracked in find(listed, ["acc", metrics.Precision(), "mae"], PROBABILITIES)]
    assert names == [
        "acc", "MSE", "precision", "precision_1", "auc", "f1_score", "top_k_categorical_accuracy",
        "mean_absolute_error", "root_mean_squared_error", "found", "weighted_acc", "weighted_precision", "mae",
    ]  # fmt: skip


def test_weighted_means_divide_by_weights():
    def right(outputs, targets):
        return (outputs.argmax(-1) == targets).float()

    averages = Averages(find([right], [right], PROBABILITIES), torch.device("cpu"))
    assert dict(averages) == {"loss": 0.0, "right": 0.0, "weighted_right": 0.0}
    outputs, targets = torch.eye(2), torch.tensor([0, 0])
    averages.add(torch.tensor(1.0), outputs, targets, torch.tensor([3.0, 1.0]))
    averages.add(torch.tensor(4.0), outputs[:1], targets[:1], None)
    assert dict(averages) == pytest.approx({"loss": 2.0, "right": 2 / 3, "weighted_right": 4 / 5})
    zero = Averages(find([], [right], PROBABILITIES), torch.device("cpu"))
    zero.add(torch.tensor(0.0), outputs, targets, torch.zeros(2))
    assert zero["right"] == 0


def test_many_batches_are_summed_like_one_by_one():
    random = np.random.default_rng(1)
    losses_, sizes = random.random(700).astype(np.float32), random.integers(1, 40, 700)

    def summed(read_at=()):
        averages = Averages([], torch.device("cpu"))
        for k, (loss, n) in enumerate(zip(losses_, sizes, strict=True)):
            averages.add(torch.tensor(loss), torch.zeros(int(n), 1), torch.zeros(int(n)), None)
            if k in read_at:
                averages.read()
        return averages

    total = np.float64(0)
    for loss, n in zip(losses_, sizes, strict=True):
        total += np.float64(loss) * n
    assert summed()["loss"] == summed(read_at=(3, 100, 255, 256, 600))["loss"] == total / sizes.sum()
    assert summed().n_finite() == 700
    for first in (0, 255, 256, 511, 699):
        losses_[first:] = [np.inf, *np.full(699 - first, -np.inf)] if first % 2 else np.nan
        assert summed().n_finite() == summed(read_at=(first,)).n_finite() == first
        losses_ = random.random(700).astype(np.float32)


def test_hits_of_many_batches_are_counted_like_one_by_one():
    random = torch.Generator().manual_seed(0)
    averages = Averages(find(["accuracy", "mae"], ["accuracy"], PROBABILITIES), torch.device("cpu"))
    right = weighted = weight_sum = 0.0
    for k in range(600):
        n = 1 + k % 40
        outputs, labels = torch.rand(n, 3, generator=random), torch.randint(0, 3, (n,), generator=random)
        targets = torch.eye(3)[labels] if k % 50 else outputs.round()
        labels, weights = targets.argmax(1), torch.rand(n, generator=random, dtype=torch.float64) if k % 7 else None
        averages.add(torch.tensor(0.0), outputs, targets, weights)
        hits = (outputs.argmax(1) == labels).double()
        right += float(hits.sum())
        weighted += float((hits if weights is None else hits * weights).sum())
        weight_sum += n if weights is None else float(weights.sum())
        if k in (3, 300):
            assert averages["accuracy"] == right / averages.n_pictures
    assert averages["accuracy"] == right / averages.n_pictures
    assert averages["weighted_accuracy"] == pytest.approx(weighted / weight_sum)


def test_a_source_may_give_its_batches_in_the_same_memory():
    averages = Averages(find(["accuracy"], [], PROBABILITIES), torch.device("cpu"))
    outputs, targets = torch.eye(4), torch.zeros(4, dtype=torch.int64)
    for k in range(4):
        outputs[:] = torch.eye(4).roll(k, 0)
        targets[:] = torch.arange(4).roll(k)
        averages.add(torch.tensor(0.0), outputs, targets, None)
    outputs[:], targets[:] = torch.eye(4), torch.zeros(4)
    assert averages["accuracy"] == 1


def test_a_metric_of_ones_own_sees_each_batch_as_it_was():
    class MostOfABatch(metrics.CategoricalAccuracy):
        def values(self, outputs, targets):
            right = super().values(outputs, targets)
            return right.float().mean().round().expand(len(right))

    averages = Averages(find([MostOfABatch()], [], PROBABILITIES), torch.device("cpu"))
    for hits in (3, 3, 1, 1, 1):  # of 4
        averages.add(torch.tensor(0.0), torch.eye(4), torch.where(torch.arange(4) < hits, torch.arange(4), -1), None)
    assert list(averages.read().values())[1] == 2 / 5


def test_targets_may_change_their_form_between_batches():
    averages = Averages(find(["accuracy"], [], PROBABILITIES), torch.device("cpu"))
    outputs, labels = torch.eye(3), torch.tensor([0, 1, 0])
    forms = [labels, labels[:, None], torch.eye(3)[labels], labels, torch.eye(3)[labels].double()]
    for targets in forms:
        averages.add(torch.tensor(0.0), outputs, targets, None)
    averages.add(torch.tensor(0.0), torch.eye(4), torch.tensor([0, 1, 2, 0]), None)
    assert averages["accuracy"] == (2 * 5 + 3) / (3 * 5 + 4)


def test_means_of_the_latest_pictures_and_areas_of_all():
    averages = Averages(find(["accuracy", "auc", "root_mean_squared_error"], [], PROBABILITIES), torch.device("cpu"))
    shares, one_hot = torch.tensor(SHARES), torch.tensor(ONE_HOT)
    averages.add(torch.tensor(1.0), shares[:20], one_hot[:20], None)
    before = averages.read()
    averages.add(torch.tensor(3.0), shares[20:], one_hot[20:], None)
    since, of_all = averages.since(20, before), averages.read()
    assert since["loss"] == pytest.approx(3.0)
    assert since["accuracy"] == pytest.approx(RIGHT[20:].mean())
    assert [since["auc"], since["root_mean_squared_error"]] == [of_all["auc"], of_all["root_mean_squared_error"]]


def test_targets_that_a_metric_cannot_use_are_named():
    x, y = features()
    model = linear(metrics="mae")
    with pytest.raises(DataError, match=r"metric mae can compare with outputs of shape \(3,\).*received shape \(\)"):
        model.evaluate(x, y, verbose=0)

    def wrong(outputs, targets):
        raise RuntimeError("my own mistake")

    with pytest.raises(RuntimeError, match=r"^my own mistake$"):
        linear(metrics=wrong).evaluate(x, y, verbose=0)


def test_a_class_that_the_network_does_not_have_is_refused():
    model = linear(metrics=[metrics.Precision(class_id=3)])
    with pytest.raises(SpecError, match="class_id between 0 and 2, but received 3"):
        model.evaluate(*features(), verbose=0)


def test_a_training_reports_them_for_every_epoch(capsys):
    x, y = features()
    model = linear(metrics=["accuracy", "auc", metrics.F1Score()], weighted_metrics=[metrics.Recall()])
    weights = np.linspace(0, 1, 50, dtype=np.float32)
    history = model.fit(x, y, epochs=2, validation_data=(x, y, weights), verbose=2)
    assert set(history.history) == {
        f"{part}{name}" for part in ("", "val_") for name in ("loss", "accuracy", "auc", "f1_score", "recall")
    }
    shares = torch.from_numpy(model.predict(x, verbose=0)).softmax(-1).numpy()
    assert history.history["val_auc"][-1] == pytest.approx(area(shares, np.eye(3)[y], 200, "ROC", "interpolation"))
    tp, _, fn, _ = counts(shares, np.eye(3)[y], 0.5, weights)
    assert history.history["val_recall"][-1] == pytest.approx(tp / (tp + fn))
    assert history.history["val_f1_score"][-1] == pytest.approx(sk.f1_score(y, shares.argmax(1), average=None))
    assert "f1_score: 0." in capsys.readouterr().out


def test_accuracy_of_a_single_output_fits_the_loss():
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    x, y = np.array([[0.2], [-0.2], [0.7]], np.float32), np.array([1, 0, 1])
    for loss, wanted in (("binary_crossentropy", 1.0), ("mse", 2 / 3), (nn.BCEWithLogitsLoss(), 1.0)):
        model = Model(network, device="cpu")
        model.compile(loss=loss)
        targets = y[:, None].astype(np.float32)
        assert model.evaluate(x, targets, verbose=0)[1] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (metrics.BinaryAccuracy, {"threshold": 2}, "from 0 to 1 for threshold"),
        (metrics.Precision, {"thresholds": [0.1, 1.5]}, "from 0 to 1 for thresholds, but received 1.5"),
        (metrics.Recall, {"top_k": 0}, "at least 1 for top_k"),
        (metrics.Recall, {"class_id": -1}, "at least 0 for class_id"),
        (metrics.F1Score, {"average": "mean"}, "average to be one of micro, macro, weighted"),
        (metrics.F1Score, {"threshold": "0.5"}, "from 0 to 1 for threshold"),
        (metrics.AUC, {"num_thresholds": 1}, "at least 2 for num_thresholds"),
        (metrics.AUC, {"curve": "roc"}, "curve to be one of ROC, PR"),
        (metrics.AUC, {"summation_method": "middle"}, "summation_method to be one of"),
        (metrics.TopKCategoricalAccuracy, {"k": 0}, "at least 1 for k"),
    ],
)
def test_arguments_out_of_range_are_refused(kind, arguments, message):
    with pytest.raises(SpecError, match=message):
        kind(**arguments)
