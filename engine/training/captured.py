"""A training step recorded once and then replayed, without what Python and autograd do around its operations.

Owns when a step may be recorded, and how: on CUDA as a graph of the driver's, on the CPU as a `tape`. What a step does
is `loop`'s business: here it is any function of tensors. Where nothing can be recorded, the function is called.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook
from torch.overrides import _get_current_function_mode_stack

from engine.texts.training import NOTES
from engine.training import losses, rules
from engine.training.look import Look
from engine.training.tape import Tape

if TYPE_CHECKING:
    from engine.training.callbacks import CallbackList
    from engine.training.model import Model

N_MODULES = 64
"""Networks of more are not recorded on the CPU: there operations take longer than what a recording saves."""

Inputs = Sequence[Tensor | None]
Result = tuple[Tensor, ...]
Work = Callable[..., Result]


class Recorder(Protocol):
    """A way to record what a function does on the device.

    Attributes
    ----------
    n_alike : int
        Steps of the same shapes that are done as usual before.
    n_between : int
        Steps that there must have been for each recording before the next one: where something changes all the time,
        recordings are not worth their time.
    is_blind : bool
        Whether it notes what reaches the device and nothing else, while the device does nothing. Before, a look shows
        whether the function does more; and after an error it can still be called as usual.
    """

    n_alike: int
    n_between: int
    is_blind: bool

    @classmethod
    def accepts(cls, model: Model) -> bool:
        """Whether this model's steps may be recorded at all."""
        ...

    def warm(self, work: Callable[[], Result]) -> Result:
        """Call a function in the surroundings in which it will be recorded."""
        ...

    def record(self, model: Model, work: Work, inputs: Inputs) -> tuple[Result, Work | None]:
        """Do ``work(*inputs)`` once; and what does it again with other inputs of the same shapes, if that can be."""
        ...


class FixedMemory:
    """Base of the recorders whose replays work in the memory that the recording worked in."""

    n_alike = 3
    n_between = 4
    is_blind = True

    @classmethod
    def accepts(cls, model: Model) -> bool:
        """All: a look finds those whose steps cannot be recorded."""
        return True

    def record(self, model: Model, work: Work, inputs: Inputs) -> tuple[Result, Work]:
        static = [None if values is None else values.clone() for values in inputs]
        given, again = self.capture(lambda: work(*static))
        given = tuple(tensor.detach() for tensor in given)

        def replay(*inputs: Tensor | None) -> Result:
            for tensor, values in zip(static, inputs, strict=True):
                if tensor is not None:
                    tensor.copy_(values)  # type: ignore[arg-type]  # the shapes are the same: there are values
            again()
            return result()

        def result() -> Result:
            """Copies: the next replay writes over what this one gave."""
            return tuple(tensor.clone() for tensor in given)

        return result(), replay

    def capture(self, work: Callable[[], Result]) -> tuple[Result, Callable[[], None]]:
        """Call a function once, whose work is done then; and what does this work again, into the same memory."""
        raise NotImplementedError


class CudaGraphs(FixedMemory):
    """Recordings as CUDA graphs.

    Warmed up on the stream that records, as PyTorch asks for: gradients remember the stream of their first use.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)

    def warm(self, work: Callable[[], Result]) -> Result:
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = work()
        current.wait_stream(self._stream)
        return result

    def capture(self, work: Callable[[], Result]) -> tuple[Result, Callable[[], None]]:
        graph = torch.cuda.CUDAGraph()
        # The threads that load batches go on meanwhile: only what this one does counts.
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            result = work()
        graph.replay()  # recording does nothing on the device
        return result, graph.replay


class Tapes:
    """Recordings as lists of operations, on the CPU.

    There Python reads values without PyTorch's noticing, so only what is known not to do so is recorded.
    """

    n_alike = 10
    n_between = 200  # writing a step down takes as long as 40
    is_blind = False

    def __init__(self, device: torch.device) -> None:
        """There is nothing to know of a CPU."""

    @classmethod
    def accepts(cls, model: Model) -> bool:
        """Those that consist of PyTorch's and the engine's own parts, few of them."""
        modules, update = list(model.network.modules()), model.update
        parts = [model, model.loss, update.optimizer, update.schedule, *modules]
        return (
            len(modules) <= N_MODULES
            and all(type(part).__module__.startswith(_OURS) for part in parts if part is not None)
            and type(model.loss) in losses.NAMES.values()
            and not any(_has_foreign_function(part) for part in parts)
            and all(type(weight) is nn.Parameter for weight in model.network.parameters())
            and _learn_all(model)
            and not any(isinstance(group["lr"], Tensor) for group in update.optimizer.param_groups)
        )

    def warm(self, work: Callable[[], Result]) -> Result:
        return work()

    def record(self, model: Model, work: Work, inputs: Inputs) -> tuple[Result, Work | None]:
        with Tape(inputs, _memory(model)) as tape:
            result = work(*inputs)
        return result, tape.function(result)


_OURS = ("torch.nn.modules.", "engine.")


def _has_foreign_function(part: Any) -> bool:
    """Whether somebody has put a function of his own into an object: as a setting, or in a method's place."""
    return any(
        callable(value) and (callable(getattr(type(part), name, None)) or not _is_known(value))
        for name, value in getattr(part, "__dict__", {}).items()
    )


def _is_known(function: Any) -> bool:
    """Whether it is PyTorch's or the engine's: found where it says it is from, which `functools.wraps` copies, too."""
    if isinstance(function, BuiltinFunctionType):  # as those of others' extensions are, too
        return (function.__module__ or str(function.__self__)).startswith(("torch", "<class 'torch"))
    if type(function).__module__.startswith(_OURS):
        return True
    home = getattr(function, "__module__", None) or ""
    name = getattr(function, "__qualname__", "")
    return home.startswith(("torch.", "engine.")) and getattr(sys.modules.get(home), name, None) is function


def _learn_all(model: Model) -> bool:
    """Whether all that gets a gradient is the optimizer's: elsewhere gradients pile up from step to step."""
    network, groups = model.network, model.optimizer.param_groups
    learn = {id(weight) for group in groups for weight in group["params"]}
    values = [*network.parameters(), *network.buffers()]
    return all(id(tensor) in learn for tensor in values if tensor.requires_grad)


RECORDERS: dict[str, type[CudaGraphs] | type[Tapes]] = {"cuda": CudaGraphs, "cpu": Tapes}


class Captured:
    """Calls a function of tensors, and replays a recording of it as soon as its calls are alike.

    The function may depend on nothing that changes between calls but its tensors, those it changes itself, torch's
    random numbers on the device, and the learning rates. Where it visibly does more, it is always called. Whether all
    else is what it was, is looked at in `begin` alone: an epoch goes on as it began.

    Parameters
    ----------
    model : Model
        Whose optimizer's rates are meant, and whose update is counted.
    recorder : Recorder

    Attributes
    ----------
    is_hopeless : bool
        Whether no further recording is tried.
    n_replayed : int
        Calls so far that were replays.
    """

    def __init__(self, model: Model, recorder: Recorder) -> None:
        self._model = model
        self._recorder = recorder
        self._rates = _Rates(model.update.optimizer, model.device)
        self._recording: _Recording | None = None
        self._key: Any = None
        self._n_alike = 0
        self._look: Look | None = None
        self.is_hopeless = False
        self.n_replayed = 0
        self._n_calls = self._n_recorded = self._n_discarded = 0

    def begin(self) -> None:
        """Forget the recording if what it works on is no longer what it was: ask where that may have happened."""
        if self._recording is not None and self._recording.condition != _condition(self._model):
            self._recording, self._n_alike = None, 0

    def __call__(self, work: Work, *inputs: Tensor | None) -> Result:
        """What ``work(*inputs)`` gives, after having done it."""
        if self.is_hopeless or not _are_plain(inputs):
            return work(*inputs)
        self._n_calls += 1
        self._rates.refresh()
        key = [self._rates.baked(), *(None if t is None else (t.shape, t.stride(), t.dtype) for t in inputs)]
        if self._recording is not None and key == self._recording.key:
            self._n_alike = 0
            self.n_replayed += 1
            result = self._recording.replay(*inputs)
            self._model.update.count()
            return result
        self._n_alike = self._n_alike + 1 if key == self._key else 1
        self._key = key
        recorder = self._recorder
        if self._n_alike > recorder.n_alike and self._n_calls > recorder.n_between * self._n_recorded:
            return self._record(key, work, inputs)
        with self._rates.on_device():
            if recorder.is_blind and self._n_alike in (recorder.n_alike - 1, recorder.n_alike):
                return self._looked_at(work, inputs)
            return recorder.warm(lambda: work(*inputs))

    def _looked_at(self, work: Work, inputs: Inputs) -> Result:
        """Call it, and look whether it does the same each time, and nothing that no recording can do."""
        before, self._look = self._look, Look(self._model.device)
        with self._look:
            result = self._recorder.warm(lambda: work(*inputs))
        if self._look.problem is not None:
            self._give_up(self._look.problem)
        elif self._n_alike == self._recorder.n_alike and (before is None or before.seen != self._look.seen):
            self._give_up("it does not do the same at each step")
        return result

    def _record(self, key: Any, work: Work, inputs: Inputs) -> Result:
        self._look = None
        update, rates = self._model.update, self._rates.values()
        n, places = update.n, _places(self._model)
        try:
            with self._rates.on_device(recording=True):
                result, replay = self._recorder.record(self._model, work, inputs)
        except Exception as error:  # whatever a network does that no recording can: it is done as usual
            if not self._recorder.is_blind:
                raise
            self._give_up(str(error).partition("\n")[0])
            update.n = n
            self._rates.set(rates)
            return work(*inputs)
        self._n_recorded += 1
        if replay is None:
            self.is_hopeless = True
        elif places == _places(self._model):
            self._recording = _Recording(key, _condition(self._model), replay)
            self._n_discarded = 0
        else:  # it has made an optimizer's state, as each replay would: that happens once
            self._n_discarded += 1
            self.is_hopeless = self._n_discarded > 1
        return result

    def _give_up(self, reason: str) -> None:
        self.is_hopeless = True
        warnings.warn(NOTES["not_recorded"]("en", reason=reason), stacklevel=2)


class _Recording(NamedTuple):
    key: Any
    condition: Any
    replay: Work


class _Rates:
    """An optimizer's learning rates, as a recording sees them.

    PyTorch's fused kernels read a rate out of a tensor on the device, so that it may change between replays. Into other
    rules' recordings the rate is baked.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, device: torch.device) -> None:
        self._optimizer = optimizer
        self._device = device
        self._tensors: list[Tensor] = []
        self._latest: list[Any] = []

    @property
    def _read(self) -> bool:
        """Whether the optimizer's kernel reads rates out of tensors: its settings may change between epochs."""
        optimizer = self._optimizer
        return isinstance(optimizer, rules.Adam) and all(group["fused"] for group in optimizer.param_groups)

    def values(self) -> list[Any]:
        return [group["lr"] for group in self._optimizer.param_groups]

    def set(self, rates: Sequence[Any]) -> None:
        for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def baked(self) -> list[Any] | None:
        """What a recording holds for good; of a tensor that it is this one."""
        return None if self._read else [id(rate) if isinstance(rate, Tensor) else rate for rate in self.values()]

    def refresh(self) -> None:
        """Bring the rates to the device, where they have changed."""
        rates = self.values()
        if not self._read or rates == self._latest:
            return
        if len(rates) != len(self._tensors):
            # On a GPU the kernel wants the weights' precision, on the CPU it takes a number of Python's.
            dtype = torch.float64 if self._device.type == "cpu" else torch.float32
            self._tensors = [torch.zeros((), dtype=dtype, device=self._device) for _ in rates]
        for tensor, rate in zip(self._tensors, rates, strict=True):
            tensor.fill_(rate)
        self._latest = rates

    @contextmanager
    def on_device(self, recording: bool = False) -> Iterator[None]:
        """Let the optimizer compute with the tensors, and, where it looks at that, know that it is recorded."""
        if not self._read:
            yield
            return
        groups, rates = self._optimizer.param_groups, self.values()
        self.set(self._tensors)
        for group in groups:
            group["capturable"] = recording
        try:
            yield
        finally:
            for group, tensor, rate in zip(groups, self._tensors, rates, strict=True):
                group["capturable"] = False
                if group["lr"] is tensor:  # else a schedule has set the next one
                    group["lr"] = rate


# --- when -----------------------------------------------------------------------------------------------------------


def caller(model: Model, callbacks: CallbackList) -> Callable[..., Result]:
    """What does the steps of an epoch, as ``caller(work, *tensors)``: it records them where it may, or just calls."""
    kind = RECORDERS.get(model.device.type)
    if kind is None or not kind.accepts(model) or not _may_record(model, callbacks):
        return _call
    if model.captured is None:
        model.captured = Captured(model, kind(model.device))
    model.captured.begin()
    return model.captured


def _call(work: Work, *inputs: Tensor | None) -> Result:
    return work(*inputs)


def _may_record(model: Model, callbacks: CallbackList) -> bool:
    """Whether every step does the same on the device, and nobody wants to look on.

    Functions of the user's that are called at each batch, and hooks of modules and weights, may look at anything.
    """
    is_usual = torch.is_grad_enabled() and not torch.is_inference_mode_enabled() and not torch.is_anomaly_enabled()
    is_usual = is_usual and torch._C._autograd._top_saved_tensors_default_hooks(True) is None
    return is_usual and model.update.is_uniform and not callbacks.see_batches and not _is_watched(model.network)


def _is_watched(network: nn.Module) -> bool:
    hooks: list[Any] = [_has_any_global_hook()]
    for module in network.modules():
        hooks += (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
    for weight in network.parameters():
        hooks += (weight._backward_hooks, weight._post_accumulate_grad_hooks)
    return any(hooks)


class _Itself:
    """Equal to what holds the very same object, which stays alive meanwhile."""

    def __init__(self, it: Any) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.it is self.it


def _settings(owner: Any) -> dict[str, Any]:
    """The settings of a module or a loss: mode, a dropout's share, a weight of one's own that grows by the epoch."""
    settings = getattr(owner, "__dict__", {})
    return {name: _comparable(value) for name, value in settings.items() if not isinstance(value, dict | set)}


def _comparable(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_comparable(part) for part in value]
    is_plain = value is None or isinstance(value, bool | int | float | str | np.generic)
    return value if is_plain else _Itself(value)


def _place(tensor: Tensor) -> Any:
    return tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype


def _places(model: Model) -> list[Any]:
    return [_place(tensor) for tensor in _memory(model)]


def _condition(model: Model) -> Any:
    """What a recording takes for granted: modes, settings, what is trained, and where in memory everything is."""
    network, optimizer, kind = model.network, model.optimizer, model.device.type
    modules = network.named_modules(remove_duplicate=False)
    weights = network.named_parameters(remove_duplicate=False)
    groups = [{k: _comparable(v) for k, v in g.items() if k not in ("params", "lr")} for g in optimizer.param_groups]
    return (
        [
            (n, _Itself(m), _Itself(type(m)), _Itself(getattr(type(m), "forward", None)), _settings(m))
            for n, m in modules
        ],
        [_Itself(it) for part in (model.loss, optimizer) for it in (part, type(part))],
        [_settings(part) for part in (model.loss, getattr(model.loss, "function", None))],
        [_Itself(mode) for mode in _get_current_function_mode_stack()],
        [(name, _Itself(weight), _place(weight), weight.requires_grad) for name, weight in weights],
        [_place(values) for values in (*network.buffers(), *_states(optimizer))],
        [[_Itself(weight) for weight in group["params"]] for group in optimizer.param_groups],
        groups,
        (model.precision, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)),
    )


def _are_plain(inputs: Inputs) -> bool:
    """Whether each is a tensor of its own, for which nobody wants gradients."""
    tensors = [tensor for tensor in inputs if tensor is not None]
    return len({id(tensor) for tensor in tensors}) == len(tensors) and not any(t.requires_grad for t in tensors)


def _states(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [values for state in optimizer.state.values() for values in state.values() if isinstance(values, Tensor)]


def _memory(model: Model) -> list[Tensor]:
    """What a step works on beside its inputs."""
    network, optimizer = model.network, model.optimizer
    rates = [group["lr"] for group in optimizer.param_groups if isinstance(group["lr"], Tensor)]
    return [*network.parameters(), *network.buffers(), *_states(optimizer), *rates]
