"""A model on disk: one safetensors file with weights, optimizer state and position, so that training goes on exactly.

Nothing is unpickled: tensors are safetensors, everything else is JSON in the file's header.
"""

from __future__ import annotations

import json
import os
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialized
from torch import Tensor, nn

from engine.augment.arguments import check_path
from engine.errors import TrainingError
from engine.training.notes import say_once
from engine.training.update import Update

_KERAS_ENDINGS = (".weights.h5", ".h5", ".keras")
_NETWORK = "network."
_OPTIMIZER = "optimizer."
_UPDATE = "update."


def save(path: Path, network: nn.Module, update: Update | None, facts: dict[str, Any]) -> None:
    """Write a file, under its name only when it is complete.

    Parameters
    ----------
    path : Path
    network : nn.Module
    update : Update or None
        None leaves the state of optimizer and update out.
    facts : dict
        What else to keep; JSON-representable.

    Raises
    ------
    OSError
        If it cannot be written; an earlier file of that name stays as it is.
    """
    tensors = {_NETWORK + name: tensor for name, tensor in network.state_dict().items()}
    header = {"facts": json.dumps(facts)}
    if update is not None:
        state, plain = _split(update.optimizer.state_dict())
        numbers, waiting = update.state()
        tensors |= {_OPTIMIZER + name: tensor for name, tensor in state.items()}
        tensors |= {_UPDATE + name: tensor for name, tensor in waiting.items()}
        about = {"kind": type(update.optimizer).__name__, "shapes": _shapes(update.optimizer), "update": numbers}
        header["optimizer"] = json.dumps({**about, **plain})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    # Copies, because safetensors takes no tensors that share memory (tied weights) or lie channels_last.
    content = serialized({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}, header)
    try:
        unfinished.write_bytes(content)
    except OSError:  # a full disk should not be kept full by half a file
        unfinished.unlink(missing_ok=True)
        raise
    os.replace(unfinished, path)


def stored_as(path: str | Path) -> Path:
    """Where a file of this name lies: NAME.h5, NAME.keras and NAME.weights.h5 are NAME.safetensors, said once."""
    path = Path(check_path("path", path))
    for ending in _KERAS_ENDINGS:
        if path.name.endswith(ending):
            say_once("keras_file", stacklevel=3)
            return path.with_name(path.name.removesuffix(ending) + ".safetensors")
    return path


def read_facts(path: Path) -> dict[str, Any]:
    """The facts that `save` was given. Reads nothing but the file's header.

    Raises
    ------
    TrainingError
        If there is no such file or `save` did not write it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})["facts"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise TrainingError("training.not_a_model_file", path=str(path), problem=_problem(error)) from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any] | None, dict[str, Any]]:
    """Read a file: the network's state, the optimizer's (None if it has none) with its ``kind``, and the facts.

    Raises
    ------
    TrainingError
        If there is no such file or `save` did not write it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            facts = json.loads(header["facts"])
            stored = json.loads(header["optimizer"]) if "optimizer" in header else None
            about = {name: stored[name] for name in ("kind", "shapes", "update")} if stored else {}
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise TrainingError("training.not_a_model_file", path=str(path), problem=_problem(error)) from error
    if stored is not None:
        waiting = _with_prefix(tensors, _UPDATE)
        stored = {**_join(_with_prefix(tensors, _OPTIMIZER), stored), **about, "waiting": waiting}
    return _with_prefix(tensors, _NETWORK), stored, facts


def check(update: Update, stored: dict[str, Any]) -> None:
    """Refuse optimizer state that `load` read and that is of other parameters.

    Raises
    ------
    TrainingError
        Naming the first parameter that differs, in the optimizer's order.
    """
    theirs, ours = stored["shapes"], _shapes(update.optimizer)
    counts = [[len(group) for group in shapes] for shapes in (theirs, ours)]
    if counts[0] != counts[1]:
        problem = f"an optimizer over groups of {counts[0]} parameters for one over {counts[1]}"
        raise TrainingError("training.weights_do_not_fit", problem=problem)
    if theirs != ours:
        pairs = zip(chain(*theirs), chain(*ours), strict=True)
        k, (their, our) = next((k, pair) for k, pair in enumerate(pairs) if pair[0] != pair[1])
        problem = f"an optimizer whose parameter {k} is of shape {tuple(their)} for {tuple(our)}"
        raise TrainingError("training.weights_do_not_fit", problem=problem)


@torch.no_grad()
def restore(update: Update, stored: dict[str, Any]) -> None:
    """Give an optimizer, and what stands around it, the state that `load` read."""
    optimizer = update.optimizer
    optimizer.load_state_dict({key: stored[key] for key in ("state", "param_groups")})
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            # Fused kernels walk through memory without looking at strides: state must lie like its weight
            # (channels_last), not as it lay in the file.
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
    update.restore(stored["update"], stored["waiting"])


def _shapes(optimizer: torch.optim.Optimizer) -> list[list[list[int]]]:
    """Per group the shape of each parameter."""
    return [[list(weight.shape) for weight in group["params"]] for group in optimizer.param_groups]


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _problem(error: Exception) -> str:
    return f"no {error.args[0]} in it" if isinstance(error, KeyError) else str(error)


def _split(state_dict: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimizer's state as named tensors (``"3.exp_avg"``) and the rest, which is JSON."""
    tensors: dict[str, Tensor] = {}
    rest: dict[str, dict[str, Any]] = {}
    for index, values in state_dict["state"].items():
        for name, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{name}"] = value
            else:
                rest.setdefault(str(index), {})[name] = value
    return tensors, {"rest": rest, "groups": state_dict["param_groups"]}


def _join(tensors: dict[str, Tensor], plain: dict[str, Any]) -> dict[str, Any]:
    """What `_split` took apart."""
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in plain["rest"].items()}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    return {"state": state, "param_groups": plain["groups"]}
