"""What every source of pictures offers, whatever its kind; each kind (`engine.catalog.SOURCES`) is one subclass.

Everything behind it (resizing, cache, split) is the same for all kinds. Pictures that cannot be used are no error here:
they are named, with the reason, as `LeftOut`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.spec import DataSpec
from engine.texts import Text
from engine.texts.data import REASONS

PARTS = ("train", "validation", "test")
NO_PART = -1


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that is not used, and why.

    Parameters
    ----------
    name : str
        Path inside the source.
    key : str
        Name of the reason in `engine.texts.data.REASONS`.
    params : dict
        Values for the reason's placeholders.
    """

    name: str
    key: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> Text:
        """The reason in every language, placeholders not filled."""
        return REASONS[self.key]

    def text(self, language: str) -> str:
        """The reason as a sentence in one language."""
        return self.reason(language, **self.params)

    def to_json(self) -> dict[str, Any]:
        """A JSON-representable form; ``LeftOut(**stored)`` reads it back."""
        return asdict(self)


class UnusablePicture(Exception):
    """One picture cannot be used; whoever reads many of them leaves it out and goes on.

    Parameters
    ----------
    key : str
        Name of the reason in `engine.texts.data.REASONS`.
    **params
        Values for the reason's placeholders.
    """

    def __init__(self, key: str, **params: Any) -> None:
        super().__init__(REASONS[key]("en", **params))
        self.key = key
        self.params = params


@dataclass(frozen=True)
class Pictures:
    """Pictures that can be read in any order, from any thread.

    Parameters
    ----------
    class_names : sequence of str
        Name of each class; a label is an index into it.
    names : sequence of str
        One name per picture.
    labels : array of int64, shape (n,)
    part_of : array of int8, shape (n,)
        Index into `PARTS` where the source says which part a picture belongs to, else `NO_PART`.
    read : callable
        Takes an array of indices and gives as many items, one after the other: pictures as uint8 (height, width, 1, 3
        or 4), or the `UnusablePicture` that says what is wrong with one.
    left_out : list of LeftOut
        What was refused before any picture was read.
    """

    class_names: Sequence[str]
    names: Sequence[str]
    labels: np.ndarray
    part_of: np.ndarray
    read: Callable[[np.ndarray], Iterable[np.ndarray | UnusablePicture]]
    left_out: list[LeftOut] = field(default_factory=list)


class Source(ABC):
    """Where pictures come from, as `spec` describes it. Making one costs nothing and reads nothing."""

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @abstractmethod
    def identity(self) -> str:
        """What the content is known by before it is read: path, size and time of change, or settings of a drawing.

        Raises
        ------
        DataError
            If there is nothing at `spec.path`.
        """

    @abstractmethod
    def pictures(self) -> Pictures:
        """List the pictures.

        Raises
        ------
        DataError
            If there is nothing at `spec.path`, or it cannot be used as a whole.
        """

    def original(self, name: str) -> np.ndarray | None:
        """One picture in full size, uint8 (height, width, 3); None where the prepared picture is all there is.

        Raises
        ------
        UnusablePicture
            If it cannot be read any more.
        """
        return None
