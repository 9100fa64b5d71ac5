"""What the arguments of fit, fit_generator, evaluate and predict mean."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn

from engine import fit, fit_generator, metrics, optimizers
from engine.augment.generator import ImageDataGenerator
from engine.errors import DataError, SpecError, TrainingError
from engine.training import losses
from engine.training.callbacks import Callback, LambdaCallback, TerminateOnNaN
from engine.training.model import Model
from tests.training.pictures import assert_same_weights, cnn, features, linear, pictures


def flow(images, labels, **arguments):
    return ImageDataGenerator().flow(images, labels, batch_size=16, **arguments)


# --- equal results --------------------------------------------------------------------------------------------------


def test_equal_seeds_give_bit_equal_weights():
    images, labels = pictures()
    models = [cnn(seed=5), cnn(seed=5)]
    for model in models:
        model.fit(images, labels, batch_size=16, epochs=2, verbose=0)
    assert_same_weights(*models)


def test_torchs_own_seed_decides_where_none_is_given():
    images, labels = pictures()
    models = []
    for _ in range(2):
        torch.manual_seed(3)
        model = Model(nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.Dropout(0.5), nn.Linear(8, 3)), device="cpu")
        model.compile()
        model.fit(images, labels, verbose=0)
        models.append(model)
    assert_same_weights(*models)


def test_training_leaves_the_callers_random_numbers_alone():
    images, labels = pictures()
    model = cnn()
    torch.manual_seed(8)
    wanted = torch.rand(3)
    torch.manual_seed(8)
    model.fit(images, labels, verbose=0)
    assert torch.equal(torch.rand(3), wanted)


def test_fit_equals_fit_generator_over_an_unaugmented_flow():
    images, labels = pictures()
    a, b = cnn(seed=4), cnn(seed=4)
    one = a.fit(images, labels, batch_size=16, epochs=3, verbose=0)
    other = b.fit_generator(flow(images, labels, seed=4), epochs=3, verbose=0)
    assert one.history == other.history
    assert_same_weights(a, b)


@pytest.mark.parametrize("source", ["flow", "sequence", "generator"])
def test_workers_and_queue_make_no_difference(source):
    images, labels = pictures()

    def train(workers, max_queue_size):
        augmented = ImageDataGenerator(rotation_range=40, horizontal_flip=True).flow(
            images, labels, batch_size=16, seed=2
        )
        batches = [augmented[k] for k in range(len(augmented))]
        model = cnn()
        model.fit_generator(
            {"flow": augmented, "sequence": batches, "generator": (b for _ in range(9) for b in batches)}[source],
            steps_per_epoch=3,
            epochs=3,
            verbose=0,
            workers=workers,
            max_queue_size=max_queue_size,
        )
        return model

    models = [train(0, 1), train(1, 1), train(1, 10)]
    if source != "generator":
        models.append(train(4, 3))
    for model in models[1:]:
        assert_same_weights(models[0], model)


def test_a_second_call_continues():
    images, labels = pictures()
    once, twice = cnn(), cnn()
    once.fit(images, labels, epochs=5, verbose=0)
    first = twice.fit(images, labels, epochs=2, verbose=0)
    second = twice.fit(images, labels, initial_epoch=2, epochs=5, verbose=0)
    assert_same_weights(once, twice)
    assert (first.epoch, second.epoch) == ([0, 1], [2, 3, 4])


def test_calls_without_a_seed_for_the_flow_see_new_pictures():
    images, labels = pictures()
    seen = []
    augmented = ImageDataGenerator(rotation_range=90).flow(images, labels, batch_size=50)
    probe = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    probe.register_forward_hook(lambda module, inputs, outputs: seen.append(inputs[0]) if module.training else None)
    model = Model(probe, device="cpu")
    model.compile()
    for _ in range(2):
        model.fit_generator(augmented, verbose=0)
    assert not torch.equal(seen[0].sort(dim=0).values, seen[1].sort(dim=0).values)


def test_compile_keeps_weights_and_resets_the_optimizer():
    model = linear()
    x, y = features()
    model.fit(x, y, verbose=0)
    before = model.get_weights()
    model.compile()
    assert not model.optimizer.state
    for values, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(values, same)


# --- steps, epochs, streams -----------------------------------------------------------------------------------------


class Watch(Callback):
    """Notes the inputs of every training batch through the network, and all hooks."""

    def __init__(self):
        self.events = []

    def on_train_begin(self, logs=None):
        self.events.append("train")

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.events.append("b")

    def on_test_begin(self, logs=None):
        self.events.append("v")

    def on_epoch_end(self, epoch, logs=None):
        self.events.append("e")

    def on_train_end(self, logs=None):
        self.events.append("end")

    @property
    def steps(self):
        text = "".join("b" if event == "b" else "|" for event in self.events)
        return [len(part) for part in text.split("|") if part]


class Recorder(nn.Module):
    """A linear network that notes the first feature of every row it was trained on."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 2)
        self.batches = []

    def forward(self, inputs):
        if self.training:
            self.batches.append(inputs[:, 0].int().tolist())
        return self.linear(inputs)


def numbered(n=10):
    return np.arange(n, dtype=np.float32)[:, None], np.arange(n) % 2


def flat(batches):
    return [number for batch in batches for number in batch]


def recorder(seed=0):
    model = Model(Recorder(), seed=seed, device="cpu")
    model.compile()
    return model, model.network.batches


def test_fewer_steps_than_batches_are_one_endless_stream():
    model, batches = recorder()
    history = model.fit(*numbered(), batch_size=4, shuffle=False, steps_per_epoch=2, epochs=3, verbose=0)
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], [0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(history.epoch) == 3


def test_more_steps_than_batches_wrap():
    model, batches = recorder()
    model.fit(*numbered(6), batch_size=4, shuffle=False, steps_per_epoch=5, verbose=0)
    assert batches == [[0, 1, 2, 3], [4, 5], [0, 1, 2, 3], [4, 5], [0, 1, 2, 3]]


def test_every_pass_shows_each_sample_once_in_a_new_order():
    model, batches = recorder()
    model.fit(*numbered(), batch_size=4, epochs=2, verbose=0)
    passes = [flat(batches[:3]), flat(batches[3:])]
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(10))
    assert passes[0] != passes[1]
    assert passes[0] != list(range(10))


def test_a_stopped_epoch_is_followed_by_a_whole_pass():
    model, batches = recorder()
    stop = LambdaCallback(on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", True))
    model.fit(*numbered(), batch_size=4, verbose=0, callbacks=[stop])
    model.fit(*numbered(), batch_size=4, verbose=0)
    assert sorted(flat(batches[1:])) == list(range(10))


def test_a_foreign_sequence_is_shuffled_by_batches():
    class Batches:
        ends = 0

        def __len__(self):
            return 5

        def __getitem__(self, k):
            return np.full((2, 1), k, np.float32), np.zeros(2, int)

        def on_epoch_end(self):
            self.ends += 1

    model, batches = recorder()
    source = Batches()
    model.fit_generator(source, epochs=3, verbose=0, workers=3)
    passes = [[batch[0] for batch in batches[k : k + 5]] for k in (0, 5, 10)]
    assert all(sorted(order) == list(range(5)) for order in passes)
    assert passes[0] != passes[1]
    assert source.ends >= 2
    batches.clear()
    model.fit_generator(source, verbose=0, shuffle=False)
    assert [batch[0] for batch in batches] == list(range(5))


def test_a_flow_keeps_its_own_order():
    images, labels = pictures(10)
    images[:] = np.arange(10)[:, None, None, None]
    model, batches = recorder()
    model.network.forward = lambda inputs, forward=model.network.forward: forward(inputs[:, 0, 0, :1])
    model.fit_generator(ImageDataGenerator().flow(images, labels % 2, batch_size=4, shuffle=False), verbose=0)
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_data_loader_is_read_pass_by_pass():
    x, y = numbered(6)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    model, batches = recorder()
    history = model.fit(torch.utils.data.DataLoader(dataset, batch_size=4), epochs=2, verbose=0)
    assert batches == [[0, 1, 2, 3], [4, 5]] * 2
    assert len(history.epoch) == 2


def test_a_generator_that_ends_finishes_the_epoch_and_stops_with_a_warning():
    x, y = numbered(4)
    model, _ = recorder()
    watch = Watch()
    with pytest.warns(UserWarning, match="epoch 2 wanted 3 batches and got 2"):
        history = model.fit_generator(
            ((x, y) for _ in range(5)), steps_per_epoch=3, epochs=9, verbose=0, callbacks=[watch]
        )
    assert watch.steps == [3, 2]
    assert history.epoch == [0, 1]
    assert watch.events[-2:] == ["e", "end"]


def test_a_generator_that_ends_between_epochs_begins_no_further_one():
    x, y = numbered(4)
    model, _ = recorder()
    with pytest.warns(UserWarning, match="epoch 3 wanted 3 batches and got 0"):
        history = model.fit_generator(((x, y) for _ in range(6)), steps_per_epoch=3, epochs=9, verbose=0)
    assert history.epoch == [0, 1]


def test_no_epochs_are_no_error():
    model, batches = recorder()
    history = model.fit(*numbered(), epochs=2, initial_epoch=2, verbose=0)
    assert (history.epoch, history.history, batches) == ([], {}, [])


def test_stop_training_ends_after_the_batch_but_still_validates():
    model, _ = recorder()
    watch = Watch()

    def stop(batch, logs):
        model.stop_training = batch == 1

    model.fit(
        *numbered(),
        batch_size=2,
        epochs=5,
        validation_data=numbered(),
        verbose=0,
        callbacks=[LambdaCallback(on_batch_end=stop), watch],
    )
    assert watch.events == ["train", 0, "b", "b", "v", "e", "end"]


# --- validation -----------------------------------------------------------------------------------------------------


def test_validation_split_takes_the_last_part():
    model, batches = recorder()
    history = model.fit(*numbered(), validation_split=0.3, verbose=0)
    assert sorted(flat(batches)) == list(range(7))
    x, y = numbered()
    loss, accuracy = model.evaluate(x[7:], y[7:], verbose=0)
    assert history.history["val_loss"] == [pytest.approx(loss)]
    assert history.history["val_accuracy"] == [pytest.approx(accuracy)]


def test_validation_frequency_counts_absolute_epochs():
    model, _ = recorder()
    x, y = numbered()
    every_second = model.fit(x, y, initial_epoch=1, epochs=5, validation_data=(x, y), validation_freq=2, verbose=0)
    assert [row["epoch"] for row in every_second.rows if "val_loss" in row] == [1, 3]
    listed = model.fit(x, y, epochs=4, validation_data=(x, y), validation_freq=[1, 4], verbose=0)
    assert [row["epoch"] for row in listed.rows if "val_loss" in row] == [0, 3]


def test_a_validation_generator_is_judged_on_the_same_batches_every_epoch():
    x, y = features()
    batches = ((x[k : k + 5], y[k : k + 5]) for k in range(0, 15, 5))
    model = linear()
    model.learning_rate = 0.0
    history = model.fit(x, y, epochs=3, validation_data=batches, validation_steps=2, verbose=0)
    assert len(set(history.history["val_loss"])) == 1
    assert history.history["val_loss"][0] == pytest.approx(model.evaluate(x[:10], y[:10], verbose=0)[0])
    assert next(batches)[0].shape == (5, 4)  # the third batch was not taken


def test_a_validation_generator_that_ends_early_is_used_as_far_as_it_goes():
    x, y = features()
    with pytest.warns(UserWarning, match="4 batches wanted, 1 came"):
        linear().fit(x, y, validation_data=iter([(x, y)]), validation_steps=4, verbose=0)


# --- loss, weights, metrics -----------------------------------------------------------------------------------------


def test_class_weights_mean_the_same_for_every_source():
    x, y = features(48)
    weights = {0: 3.0, 1: 0.0, 2: 0.5}
    a, b, c = linear(), linear(), linear()
    batches = [(x[k : k + 16], y[k : k + 16]) for k in (0, 16, 32)]
    a.fit(x, y, batch_size=16, shuffle=False, class_weight=weights, verbose=0)
    b.fit_generator(iter(batches), 3, class_weight=weights, verbose=0)
    by_sample = np.array([weights[k] for k in y], np.float32)
    c.fit(x, y, batch_size=16, shuffle=False, sample_weight=by_sample, verbose=0)
    assert_same_weights(a, b)
    assert_same_weights(a, c)


def test_class_and_sample_weights_multiply():
    x, y = features(30)
    w = np.linspace(0, 2, 30, dtype=np.float32)
    a, b = linear(), linear()
    a.fit(x, y, class_weight={0: 2.0, 1: 1.0, 2: 0.5}, sample_weight=w, shuffle=False, verbose=0)
    b.fit(x, y, sample_weight=w * np.array([2.0, 1.0, 0.5], np.float32)[y], shuffle=False, verbose=0)
    assert_same_weights(a, b)


def test_a_class_without_a_weight_counts_one_and_is_named():
    x, y = features()
    a, b = linear(), linear()
    with pytest.warns(UserWarning, match="classes 1, 2"):
        a.fit(x, y, class_weight={0: 2.0}, verbose=0)
    b.fit(x, y, class_weight={0: 2.0, 1: 1.0, 2: 1.0}, verbose=0)
    assert_same_weights(a, b)


def test_a_named_loss_means_logits_unless_the_network_ends_in_probabilities():
    assert losses.find("sparse_categorical_crossentropy", nn.Linear(2, 2)).from_logits
    softmax = nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=-1))
    assert not losses.find("sparse_categorical_crossentropy", softmax).from_logits
    assert not losses.find("binary_crossentropy", nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())).from_logits


def test_logits_and_probabilities_give_the_same_loss():
    x, y = features()
    logits = linear()
    probabilities = Model(nn.Sequential(logits.network, nn.Softmax(dim=-1)), device="cpu")
    probabilities.compile()
    assert probabilities.evaluate(x, y, verbose=0) == pytest.approx(logits.evaluate(x, y, verbose=0), rel=1e-5)


def test_binary_accuracy_of_logits_begins_at_zero():
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    model = Model(network, device="cpu")
    model.compile(loss="binary_crossentropy")
    x = np.array([[0.2], [-0.2], [3.0]], np.float32)
    assert model.evaluate(x, np.array([1, 0, 0]), verbose=0)[1] == pytest.approx(2 / 3)


def test_torchs_own_losses_and_optimizers_are_used_as_they_are():
    x, y = features()
    torch.manual_seed(1)
    network = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    model = Model(network, seed=1, device="cpu")
    model.compile(optimizer, nn.CrossEntropyLoss(), metrics=["accuracy"])
    history = model.fit(x, y, batch_size=50, shuffle=False, epochs=20, verbose=0)
    torch.manual_seed(1)
    twin = nn.Linear(4, 3)
    steps = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9)
    for _ in range(20):
        loss = nn.functional.cross_entropy(twin(torch.from_numpy(x)), torch.from_numpy(y))
        steps.zero_grad()
        loss.backward()
        steps.step()
    assert history.history["loss"][-1] == pytest.approx(loss.item())
    torch.testing.assert_close(network.weight, twin.weight)


def test_metrics_may_be_functions():
    def margin(outputs, targets):
        return outputs.max(dim=-1).values - outputs.min(dim=-1).values

    x, y = features()
    model = linear(metrics=[margin], weighted_metrics=[margin, "accuracy"])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "margin", "weighted_margin", "accuracy"]
    outputs = model.predict(x, verbose=0)
    assert logs["margin"] == pytest.approx(np.ptp(outputs, axis=1).mean(), rel=1e-5)


# --- data in, predictions out ---------------------------------------------------------------------------------------


def test_pixels_reach_the_network_as_they_are():
    seen = []
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 4, 2))
    network.register_forward_hook(lambda module, inputs, outputs: seen.append(inputs[0]))
    model = Model(network, device="cpu")
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 3, 4)
    model.predict(images, verbose=0)
    assert seen[-1].dtype == torch.float32
    torch.testing.assert_close(seen[-1], torch.from_numpy(images.transpose(0, 3, 1, 2)).float(), rtol=0, atol=0)
    assert seen[-1].is_contiguous(memory_format=torch.channels_last)


def test_channels_first_pictures_pass_unchanged():
    images, _ = pictures()
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 3))
    last = Model(network, device="cpu")
    first = Model(network, data_format="channels_first", device="cpu")
    np.testing.assert_allclose(
        last.predict(images, verbose=0), first.predict(images.transpose(0, 3, 1, 2), verbose=0), rtol=1e-4, atol=1e-3
    )


def test_predictions_of_a_shuffled_flow_come_in_the_order_of_the_pictures():
    images, labels = pictures()
    model = cnn()
    shuffled = flow(images, labels, shuffle=True, seed=3)
    np.testing.assert_allclose(
        model.predict(shuffled, verbose=0), model.predict(images, batch_size=16, verbose=0), rtol=1e-5, atol=1e-5
    )


def test_evaluation_changes_nothing():
    images, labels = pictures()
    model = cnn()
    before = model.get_weights()
    a = model.evaluate(images, labels, verbose=0)
    assert a == model.evaluate(images, labels, verbose=0)
    for values, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(values, same)


def test_evaluate_may_use_the_first_batches_only():
    x, y = features(30)
    model = linear()
    assert model.evaluate(x, y, batch_size=10, steps=2, verbose=0) == pytest.approx(
        model.evaluate(x[:20], y[:20], verbose=0)
    )
    assert linear(metrics=[]).evaluate(x, y, verbose=0) > 0


def test_read_only_arrays_train(tmp_path):
    images, labels = pictures()
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    labels.flags.writeable = False
    a, b = cnn(), cnn()
    a.fit(images, labels, verbose=0)
    b.fit(mapped, labels, verbose=0)
    assert_same_weights(a, b)


def test_the_functions_are_the_methods():
    images, labels = pictures()
    a, b, c = cnn(), cnn(), cnn()
    a.fit(images, labels, epochs=2, verbose=0)
    fit(b, images, labels, epochs=2, verbose=0)
    fit_generator(c, ImageDataGenerator().flow(images, labels, seed=c.seed), epochs=2, verbose=0)
    assert_same_weights(a, b)
    assert_same_weights(a, c)


def test_set_weights_restores():
    model = linear()
    before = model.get_weights()
    x, y = features()
    model.fit(x, y, verbose=0)
    model.set_weights(before)
    for values, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(values, same)
    with pytest.raises(TrainingError, match="shape"):
        model.set_weights([values.T for values in before])


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_model_must_be_compiled():
    x, y = features()
    model = Model(nn.Linear(4, 3), device="cpu")
    for call in (model.fit, model.evaluate):
        with pytest.raises(TrainingError, match=r"Call model\.compile"):
            call(x, y)
    model.predict(x, verbose=0)


def test_only_modules_are_networks():
    with pytest.raises(TrainingError, match="function"):
        Model(lambda x: x)
    with pytest.raises(SpecError, match="channels_first"):
        Model(nn.Linear(1, 1), data_format="NHWC")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(50) % 4, "labels from 0 to 2.*label 3 in row 3"),
        (np.arange(50) % 3 - 1, "label -1 in row 0"),
        (np.arange(50) / 50, r"label 0\.02 in row 1"),
        (np.eye(3)[np.arange(50) % 3], "one-hot rows"),
        (np.array(["cat"] * 50), "numbers in y"),
        (np.full(50, np.nan), "finite numbers in y"),
        (np.arange(49) % 3, r"x: \(50, 4\), y: \(49,\)"),
    ],
)
def test_labels_are_checked_before_training(y, message):
    x, _ = features()
    model = linear()
    with pytest.raises(DataError, match=message):
        model.fit(x, y, verbose=0)
    assert model.n_batches == 0


def test_labels_of_a_flow_are_checked_before_training():
    images, labels = pictures()
    labels[40] = 7
    model = cnn()
    with pytest.raises(DataError, match="label 7 in row 40"):
        model.fit_generator(flow(images, labels), verbose=0)
    assert model.n_batches == 0


def test_labels_of_a_generator_are_checked_as_they_come():
    x, y = features(8)
    model = linear()
    with pytest.raises(DataError, match=r"received the label \d+ in row 0"):
        model.fit_generator(iter([(x, y), (x, y + 9)]), 2, verbose=0)


def test_pixels_that_are_no_numbers_are_refused():
    images, labels = pictures()
    images = images.astype(np.float32)
    images[20, 3, 3, 1] = np.nan
    images[21, 0, 0, 0] = np.inf
    for call in (cnn().fit, cnn().evaluate):
        with pytest.raises(DataError, match="2 values that are NaN or infinite, the first in row 20"):
            call(images, labels, verbose=0)
    with pytest.raises(DataError, match="finite"):
        cnn().predict(images, verbose=0)


def test_pictures_of_a_wrong_shape_are_refused():
    images, labels = pictures(n_channels=1)
    with pytest.raises(DataError, match=r"shape \(8, 8, 1\)"):
        cnn().fit(images, labels, verbose=0)
    with pytest.raises(DataError, match=r"\(8, 8, 3\), \(9, 8, 3\)"):
        cnn().fit([np.zeros((8, 8, 3)), np.zeros((9, 8, 3))], labels[:2], verbose=0)


def test_numbers_of_steps_and_epochs_are_checked():
    x, y = features()
    model = linear()
    with pytest.raises(SpecError, match="at least 1 for steps_per_epoch, but received 0"):
        model.fit_generator(ImageDataGenerator().flow(*pictures(10)), steps_per_epoch=10 // 32)
    for steps in (-1, 2.5, "3"):
        with pytest.raises(SpecError, match=f"at least 1 for steps_per_epoch, but received {steps!r}"):
            model.fit(x, y, steps_per_epoch=steps)
    with pytest.raises(SpecError, match="at least 1 for steps, but received 0"):
        model.evaluate(x, y, steps=0)
    with pytest.raises(SpecError, match="steps_per_epoch, because a generator"):
        model.fit_generator(iter([(x, y)]))
    with pytest.raises(SpecError, match="validation_steps, because a generator"):
        model.fit(x, y, validation_data=iter([(x, y)]))
    for size in (-3, 0, "32"):
        for call in (model.fit, model.evaluate):
            with pytest.raises(SpecError, match=f"at least 1 for batch_size, but received {size!r}"):
                call(x, y, batch_size=size)
    for frequency in (0, "2", 1.5):
        with pytest.raises(SpecError, match="at least 1 for validation_freq"):
            model.fit(x, y, validation_data=(x, y), validation_freq=frequency)
    assert model.n_batches == 0
    with pytest.raises(SpecError, match="workers between 0"):
        model.fit_generator(iter([(x, y)]), 1, workers=-1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": "3"}, "at least 0 for epochs, but received '3'"),
        ({"epochs": -1}, "at least 0 for epochs, but received -1"),
        ({"initial_epoch": 1.5}, "at least 0 for initial_epoch, but received 1.5"),
        ({"validation_split": "a"}, "a number for validation_split, but received 'a'"),
        ({"callbacks": LambdaCallback()}, "a list of callbacks, but received LambdaCallback"),
        ({"callbacks": [print]}, "a list of callbacks, but received a list with builtin_function_or_method"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_in_words(arguments, message):
    model = linear()
    with pytest.raises(SpecError, match=re.escape(message)):
        model.fit(*features(), **arguments)
    assert model.n_batches == 0


def test_a_batch_may_hold_more_than_a_page_offers():
    x, y = np.zeros((5000, 4), np.float32), np.zeros(5000, np.int64)
    model = linear()
    model.fit(x, y, batch_size=5000, verbose=0)
    model.fit(x, y, steps_per_epoch=1, verbose=0)
    assert model.n_batches == 2


def test_more_steps_than_a_pass_has_look_at_every_picture_once():
    x, y = features(10)
    model = linear()
    assert model.predict(x, batch_size=4, steps=9, verbose=0).shape == (10, 3)
    assert model.evaluate(x, y, batch_size=4, steps=9, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
    history = model.fit(x, y, validation_data=(x, y), validation_batch_size=4, validation_steps=9, verbose=0)
    assert history.history["val_loss"] == pytest.approx([model.evaluate(x, y, verbose=0)[0]])


def test_a_split_must_leave_both_sides_something():
    x, y = features(10)
    with pytest.raises(DataError, match=r"x: \(10, 4\), y: \(8,\)"):
        linear().fit(x, y[:8], validation_split=0.2)
    with pytest.raises(DataError, match="leaves 0 to train on and 10"):
        linear().fit(x, y, validation_split=0.95)
    with pytest.raises(DataError, match="Pass validation_data instead"):
        linear().fit(iter([(x, y)]), validation_split=0.5)


def test_what_belongs_to_arrays_is_refused_beside_a_stream():
    x, y = features()
    with pytest.raises(DataError, match="also y or sample_weight"):
        linear().fit(iter([(x, y)]), y, steps_per_epoch=1)
    with pytest.raises(DataError, match="labels y beside the pictures"):
        linear().fit(x)
    for source in (None, {"x": x}, "pictures"):
        with pytest.raises(DataError, match=type(source).__name__):
            linear().fit(source, y)
    with pytest.raises(DataError, match="at least one picture"):
        linear().fit(x[:0], y[:0])


@pytest.mark.parametrize("item", [None, "text", {}, (1, 2, 3, 4), ()])
def test_forms_of_a_batch(item):
    with pytest.raises(DataError, match=r"\(x, y\) or \(x, y, sample_weight\)"):
        linear().fit_generator(iter([item]), 1, verbose=0)


def test_a_list_of_batches_validates():
    x, y = features(24)
    batches = [(x[k : k + 8], y[k : k + 8]) for k in (0, 8, 16)]
    for n in (2, 3):  # as many as (x, y) and (x, y, sample_weight) have
        a, b = linear(), linear()
        one = a.fit(x, y, validation_data=batches[:n], verbose=0)
        other = b.fit(x, y, validation_data=(x[: 8 * n], y[: 8 * n]), verbose=0)
        assert one.history["val_loss"] == pytest.approx(other.history["val_loss"])


def test_a_loader_validates_on_the_same_batches_after_every_epoch():
    x, y = features(24)
    loader = torch.utils.data.DataLoader(list(zip(torch.from_numpy(x), torch.from_numpy(y), strict=True)), batch_size=8)
    seen = []
    model = linear()
    model.network.register_forward_hook(
        lambda module, inputs, outputs: None if module.training else seen.append(inputs[0].tolist())
    )
    model.fit(x, y, epochs=3, validation_data=loader, validation_steps=2, verbose=0)
    validated = [rows for rows in seen if len(rows) == 8]
    assert validated == 3 * [x[:8].tolist(), x[8:16].tolist()]


def test_forms_of_validation_data():
    x, y = features()
    with pytest.raises(DataError, match="tuple of 1"):
        linear().fit(x, y, validation_data=(x,))


@pytest.mark.parametrize("weights", [{5: 1.0}, {0: -1.0}, {"a": 1.0}, {0: float("nan")}])
def test_class_weights_are_checked(weights):
    x, y = features()
    with pytest.raises(SpecError, match="class_weight"):
        linear().fit(x, y, class_weight=weights)


def test_unknown_names_are_refused():
    for arguments in ({"optimizer": "adan"}, {"loss": "crossentropy"}, {"metrics": ["f1"]}):
        with pytest.raises(SpecError, match="Check the spelling"):
            linear(**arguments)
    for arguments in ({"optimizer": 3}, {"loss": 3}, {"metrics": [3]}):
        with pytest.raises(SpecError, match="int"):
            linear(**arguments)
    for part in (optimizers.Adam, torch.optim.Adam):
        with pytest.raises(SpecError, match="received the class Adam"):
            linear(optimizer=part)
    with pytest.raises(SpecError, match="received the class CrossEntropyLoss"):
        linear(loss=nn.CrossEntropyLoss)
    with pytest.raises(SpecError, match="received the class AUC"):
        linear(metrics=[metrics.AUC])


def test_a_loss_that_becomes_nan_ends_the_training_with_advice():
    x, y = features()
    model = linear(optimizer="sgd", loss="mse")
    model.learning_rate = 1e30
    with pytest.raises(TrainingError, match=r"finite loss.*learning rate"):
        model.fit(x, np.eye(3)[y], epochs=50, verbose=0)


def test_terminate_on_nan_ends_it_quietly(capsys):
    x, y = features()
    model = linear(optimizer="sgd", loss="mse")
    model.learning_rate = 1e30
    history = model.fit(x, np.eye(3)[y], epochs=50, verbose=0, callbacks=[TerminateOnNaN()])
    assert not np.isfinite(history.history["loss"][-1])
    assert "training stops" in capsys.readouterr().out
    with pytest.raises(TrainingError):
        model.fit(x, np.eye(3)[y], verbose=0, callbacks=[TerminateOnNaN(raise_error=True)])


def test_weights_need_a_loss_per_picture():
    x, y = features()
    model = linear(loss=nn.CrossEntropyLoss())
    with pytest.raises(SpecError, match='reduction="none"'):
        model.fit(x, y, sample_weight=np.ones(50), verbose=0)
    per_picture = linear(loss=nn.CrossEntropyLoss(reduction="none"))
    per_picture.fit(x, y, sample_weight=np.ones(50), verbose=0)


def test_multiprocessing_is_accepted_with_a_note():
    x, y = features()
    with pytest.warns(UserWarning, match="prepared by threads"):
        linear().fit_generator(iter([(x, y)]), 1, use_multiprocessing=True, verbose=0)
