"""What happens around a batch: frozen batch norm, precision, and errors that name the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import DataError, SpecError, TrainingError
from engine.networks import zoo
from engine.optimizers import SGD, schedules
from engine.training import device as devices
from engine.training.callbacks import LambdaCallback, TerminateOnNaN
from engine.training.loop import set_training
from engine.training.model import Model
from tests.training.pictures import assert_same_weights, cnn, features, linear, pictures

# --- frozen parts ---------------------------------------------------------------------------------------------------


def test_a_frozen_batch_norm_keeps_its_statistics():
    images, labels = pictures()
    network = zoo.small_cnn((8, 8, 3), 3, width=4)
    norms = [module for module in network if isinstance(module, nn.BatchNorm2d)]
    norms[0].requires_grad_(False)
    norms[1].bias.requires_grad_(False)  # its weight goes on learning
    before = [norm.running_mean.clone() for norm in norms]
    model = Model(network, seed=0, device="cpu")
    model.compile()
    model.fit(images, labels, epochs=2, validation_data=(images, labels), verbose=0)
    moved = [not torch.equal(norm.running_mean, then) for norm, then in zip(norms, before, strict=True)]
    assert moved == [False, True, True]


def test_only_a_frozen_batch_norm_is_left_in_evaluation_mode():
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(), nn.BatchNorm1d(2, affine=False), nn.Linear(2, 2))
    network.requires_grad_(False)
    set_training(network)
    assert [module.training for module in network] == [False, True, True, True]
    network[0].requires_grad_(True)
    set_training(network)
    assert all(module.training for module in network)


def test_training_a_head_leaves_the_frozen_part_as_it_is():
    images, labels = pictures()
    model = cnn()
    *body, head = model.network
    nn.ModuleList(body).requires_grad_(False)
    before = [values.clone() for part in body for values in part.state_dict().values()]
    model.compile(SGD(0.1, momentum=0.9, weight_decay=0.1))
    model.fit(images, labels, epochs=2, verbose=0)
    after = [values for part in body for values in part.state_dict().values()]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert set(model.optimizer.state) == set(head.parameters())


def test_a_network_that_is_frozen_as_a_whole_can_be_judged_but_not_trained():
    x, y = features()
    network = nn.Linear(4, 3).requires_grad_(False)
    model = Model(network, device="cpu")
    for optimizer in ("adam", "sgd", "rmsprop"):
        model.compile(optimizer)
        assert model.evaluate(x, y, verbose=0)[0] > 0
        with pytest.raises(TrainingError, match=r"all of them frozen.*requires_grad_\(True\)"):
            model.fit(x, y, verbose=0)


# --- precision ------------------------------------------------------------------------------------------------------


def mixed(**compiled):
    torch.manual_seed(1)
    model = Model(zoo.small_cnn((8, 8, 3), 3, width=4), seed=1, device="cpu", precision="mixed_bfloat16")
    model.compile(**compiled)
    return model


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32():
    images, labels = pictures()
    seen = []
    model, exact = mixed(), cnn()
    for module in (model.network[-1], exact.network[-1]):
        module.register_forward_hook(lambda module, inputs, outputs: seen.append(outputs.dtype))
    model.fit(images, labels, batch_size=16, epochs=3, verbose=0)
    assert set(seen) == {torch.bfloat16}
    exact.fit(images, labels, batch_size=16, epochs=3, verbose=0)
    assert all(values.dtype in (np.float32, np.int64) for values in model.get_weights())
    predictions = model.predict(images, verbose=0)
    assert predictions.dtype == np.float32
    np.testing.assert_allclose(predictions, exact.predict(images, verbose=0), atol=0.2)
    assert model.history.history["loss"] == pytest.approx(exact.history.history["loss"], rel=0.05)
    assert model.history.history != exact.history.history


def test_mixed_precision_repeats_and_continues_exactly(tmp_path):
    images, labels = pictures()
    through, begun, continued = mixed(), mixed(), mixed()
    through.fit(images, labels, batch_size=16, epochs=3, verbose=0)
    begun.fit(images, labels, batch_size=16, epochs=2, verbose=0)
    begun.save(tmp_path / "m")
    continued.load(tmp_path / "m")
    continued.fit(images, labels, batch_size=16, verbose=0)
    assert_same_weights(through, continued)


def test_precision_is_checked(monkeypatch):
    with pytest.raises(SpecError, match="precision to be one of float32, mixed_bfloat16"):
        Model(nn.Linear(1, 1), precision="float16")
    monkeypatch.setattr(devices, "_has_bfloat16", lambda device: False)
    with pytest.raises(TrainingError, match=r"a device that computes in bfloat16.*received CPU"):
        Model(nn.Linear(1, 1), device="cpu", precision="mixed_bfloat16")


# --- errors that name the batch -------------------------------------------------------------------------------------


def stream(*sizes, shape=(8, 8, 3)):
    return iter([(np.zeros((n, *shape), np.float32), np.zeros(n, int)) for n in sizes])


def test_a_batch_that_does_not_fit_is_named_with_its_index():
    good = [batch for _, batch in zip(range(2), stream(4, 4), strict=True)]
    bad = next(stream(4, shape=(8, 8, 1)))
    wanted = r"shape \(8, 8, 3\), as in the first.*shape \(8, 8, 1\) in batch 2 of the epoch \(counted from 0\)"
    model = cnn()
    with pytest.raises(DataError, match=wanted):
        model.fit_generator(iter([*good, bad]), 3, verbose=0)
    assert model.n_batches == 2
    with pytest.raises(DataError, match=wanted):
        model.evaluate(iter([*good, bad]), steps=3, verbose=0)
    with pytest.raises(DataError, match=wanted):
        model.predict(iter([x for x, _ in (*good, bad)]), steps=3, verbose=0)


def test_another_shape_that_the_network_takes_is_no_error():
    other = next(stream(4, shape=(12, 10, 3)))
    cnn().fit_generator(iter([next(stream(4)), other]), 2, verbose=0)


def test_an_error_of_the_network_itself_arrives_unchanged():
    class Fails(nn.Linear):
        def forward(self, inputs):
            if self.training:
                raise RuntimeError("out of memory")
            return super().forward(inputs)

    model = Model(Fails(4, 3), device="cpu")
    model.compile()
    with pytest.raises(RuntimeError, match=r"^out of memory$"):
        model.fit(*features(), verbose=0)


def not_finite_at(step, **compiled):
    """A model and data whose loss is first not finite at a step (from 1) of batches of 10."""
    x, y = features(60)
    targets = np.eye(3)[y]
    targets[10 * (step - 1)] = 1e38  # its square is infinite in float32
    return linear(loss="mse", **compiled), x, targets


def test_a_loss_that_is_not_finite_says_where_and_at_which_rate():
    model, x, targets = not_finite_at(4, optimizer=SGD(schedules.ExponentialDecay(0.8, 1, 0.5)))
    with pytest.raises(TrainingError, match=r"in epoch 1, first at step 4, at a learning rate of 0\.1\b"):
        model.fit(x, targets, batch_size=10, shuffle=False, verbose=0)
    rates = LambdaCallback(on_train_batch_begin=lambda batch, logs: setattr(model, "learning_rate", 0.01 / (1 + batch)))
    model, x, targets = not_finite_at(2, optimizer=SGD(0.5))
    with pytest.raises(TrainingError, match=r"in epoch 3, first at step 2, at a learning rate of 0\.005"):
        model.fit(x, targets, batch_size=10, shuffle=False, initial_epoch=2, epochs=9, verbose=0, callbacks=[rates])
    model, x, targets = not_finite_at(5)
    with pytest.raises(TrainingError, match="in epoch 1, first at step 5"):
        model.fit(x, targets, batch_size=10, shuffle=False, verbose=0, callbacks=[TerminateOnNaN(raise_error=True)])


def test_negative_weights_are_refused_before_training():
    x, y = features()
    weights = np.ones(50)
    weights[[7, 20]] = -0.5
    model = linear()
    for call in (model.fit, model.evaluate):
        with pytest.raises(DataError, match=r"weights of 0 or more, but received -0\.5 in row 7"):
            call(x, y, sample_weight=weights, verbose=0)
    with pytest.raises(DataError, match=r"received -0\.5 in row 7"):
        model.fit_generator(iter([(x, y, weights)]), 1, verbose=0)
    assert model.n_batches == 0
