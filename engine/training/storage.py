"""A model on disk: one safetensors file with weights, optimizer state and position, so that training goes on exactly.

Nothing is unpickled: tensors are safetensors, everything else is JSON in the file's header.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialized
from torch import Tensor, nn

from engine.errors import TrainingError

_NETWORK = "network."
_OPTIMIZER = "optimizer."


def save(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer | None, facts: dict[str, Any]) -> None:
    """Write a file, under its name only when it is complete.

    Parameters
    ----------
    path : Path
    network : nn.Module
    optimizer : Optimizer or None
        None leaves its state out.
    facts : dict
        What else to keep; JSON-representable.

    Raises
    ------
    OSError
        If it cannot be written; an earlier file of that name stays as it is.
    """
    tensors = {_NETWORK + name: tensor for name, tensor in network.state_dict().items()}
    header = {"facts": json.dumps(facts)}
    if optimizer is not None:
        state, plain = _split(optimizer.state_dict())
        tensors |= {_OPTIMIZER + name: tensor for name, tensor in state.items()}
        header["optimizer"] = json.dumps({"kind": type(optimizer).__name__, **plain})
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
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise TrainingError("training.not_a_model_file", path=str(path), problem=_problem(error)) from error
    if stored is not None:
        stored = {**_join(_with_prefix(tensors, _OPTIMIZER), stored), "kind": stored["kind"]}
    return _with_prefix(tensors, _NETWORK), stored, facts


@torch.no_grad()
def restore(optimizer: torch.optim.Optimizer, stored: dict[str, Any]) -> None:
    """Give an optimizer the state that `load` read."""
    optimizer.load_state_dict({key: stored[key] for key in ("state", "param_groups")})
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            # Fused kernels walk through memory without looking at strides: state must lie like its weight
            # (channels_last), not as it lay in the file.
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


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
