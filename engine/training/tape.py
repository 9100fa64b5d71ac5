"""A training step on the CPU as a function of its operations, without the Python and the autograd around them.

With a small network those take longer than the operations. Owns what is noted and how it is done again; when that may
be is `captured`'s business. The same operations on the same numbers give the same bits.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from engine.training.look import waits


class Tape(TorchDispatchMode):
    """Notes each operation, while it lasts, as a node of a graph.

    Parameters
    ----------
    inputs : sequence of Tensor or None
        What another call of the function gets others of.
    held : iterable of Tensor
        What it works on otherwise, each time in the same memory: weights, buffers, an optimizer's state.

    Attributes
    ----------
    graph : fx.Graph
        What has been noted.
    """

    def __init__(self, inputs: Sequence[Tensor | None], held: Iterable[Tensor]) -> None:
        super().__init__()
        self._can_be_done_again = True
        self.graph = fx.Graph()
        # Keeps no tensor alive: autograd would copy a gradient that is held by anybody else.
        self._nodes = WeakTensorKeyDictionary()
        self._may_hold = WeakTensorKeyDictionary(dict.fromkeys(held))
        self._held: list[Tensor] = []
        placeholders = [self.graph.placeholder(f"input_{k}") for k in range(len(inputs))]
        self._first_input = placeholders[0]
        for tensor, node in zip(inputs, placeholders, strict=True):
            if tensor is not None:
                self._nodes[tensor] = node

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # it would be loaded to be skipped, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        direct = _direct(func, args)
        try:
            out = direct(*args, **kwargs)
        except TypeError:  # from Python it is called in another way
            direct = func
            out = func(*args, **kwargs)
        if func.namespace == "profiler":  # marks of where a step begins and ends
            return out
        if func is torch.ops.aten.detach.default:  # which only autograd needs
            self._nodes[out] = self._node(args[0])
            return out
        self._can_be_done_again &= not waits(func, args)  # by a value the next step may be another one
        nodes: Any = map_aggregate(
            (args, kwargs), lambda value: self._node(value) if isinstance(value, Tensor) else value
        )
        self._note(self.graph.call_function(direct, *nodes), out)
        return out if func._schema.returns else None

    def _note(self, node: fx.Node, out: Any) -> None:
        """A node's results; what an operation changed in place keeps the node that it has."""
        if isinstance(out, Tensor):
            self._nodes.setdefault(out, node)
            return
        for k, part in enumerate(out if isinstance(out, list | tuple) else ()):
            if isinstance(part, Tensor) and part not in self._nodes:
                self._nodes[part] = self.graph.call_function(operator.getitem, (node, k))

    def _node(self, tensor: Tensor) -> fx.Node:
        """What stands for a tensor in the graph; one that is held becomes an argument at its first use.

        One that is not held does, too, but what was noted is of no use then.
        """
        if tensor not in self._nodes:
            self._can_be_done_again &= tensor in self._may_hold
            with self.graph.inserting_before(self._first_input):
                self._nodes[tensor] = self.graph.placeholder(f"held_{len(self._held)}")
            self._held.append(tensor)
        return self._nodes[tensor]

    def function(self, results: Sequence[Tensor]) -> Callable[..., Sequence[Tensor]] | None:
        """What was noted, as a function of the inputs that gives the results anew and leaves the weights gradients.

        Ends the graph: to be called once.

        None if it read a value, worked on what is neither an input nor held, or cannot be written down.
        """
        learnt = [tensor for tensor in self._held if tensor.is_leaf and tensor.grad is not None]
        gradients = [tensor.grad for tensor in learnt if tensor.grad is not None]
        self.graph.output([self._node(tensor) for tensor in (*results, *gradients)])
        if not self._can_be_done_again:
            return None
        try:
            forward = fx.GraphModule(nn.Module(), self.graph).forward
        except Exception:  # an argument that cannot be written down, such as a generator of random numbers
            return None
        held = [tensor.detach() for tensor in self._held]  # the same memory, and nothing for autograd to follow
        n = len(results)

        def replay(*inputs: Tensor | None) -> Sequence[Tensor]:
            for weight in learnt:
                weight.grad = None  # its memory is for the new ones
            out = forward(*held, *inputs)
            for weight, gradient in zip(learnt, out[n:], strict=True):
                weight.grad = gradient
            return out[:n]

        return replay


def _direct(func: Any, args: Sequence[Any]) -> Any:
    """The function by which Python calls an operation of PyTorch's: it reads arguments in half the time."""
    of_tensors = [torch._C.TensorBase] if args and isinstance(args[0], Tensor) else []
    name = func.overloadpacket.__name__
    owners = (torch._C._VariableFunctions, torch._C._nn, *of_tensors) if func.namespace == "aten" else ()
    return next((getattr(owner, name) for owner in owners if hasattr(owner, name)), func)
