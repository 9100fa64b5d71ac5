"""The error tree: everything the engine raises on purpose.

    EngineError
    ├── SpecError (ValueError)        a setting or argument out of its range
    │   └── SpecTypeError (TypeError)     one that is of another type, where Keras' programs expect a TypeError
    ├── DataError (ValueError)        pictures, labels or files that cannot be used
    ├── TrainingError (RuntimeError)  a training that cannot start or go on
    │   └── NotCompiledError (ValueError) one without optimizer and loss, for which Keras raises a ValueError
    └── RunError (RuntimeError)       a run folder, queue or process that is not as it must be

Each error has a key into the table of `engine.texts`, where its message stands in three parts (what was expected, what
came, what to do) and in every language; the raise site gives only the facts. So a page can show the error in its
reader's language, and a run can store it as JSON.
"""

from __future__ import annotations

from typing import Any

from engine import texts


class EngineError(Exception):
    """Root of all errors raised by the engine.

    Parameters
    ----------
    key : str
        Name of the message in `engine.texts.ERRORS`, such as ``"data.one_class"``.
    field : str, optional
        Dotted name of the setting at fault, such as ``"training.epochs"``; a page shows the error beside that widget.
    **params
        Values for the message's placeholders. JSON-representable, so that a run can store them.

    Raises
    ------
    KeyError
        If the table has no such key, or a placeholder of its message is not given.
    """

    def __init__(self, key: str, /, *, field: str | None = None, **params: Any) -> None:
        self.key = key
        self.field = field
        self.params = params
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """The message in one language (``"en"`` or ``"zh"``)."""
        return texts.ERRORS[self.key](language, **self.params)

    def to_json(self) -> dict[str, Any]:
        """A JSON-representable form that `from_json` reads back."""
        return {"kind": type(self).__name__, "key": self.key, "field": self.field, "params": self.params}

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickle needs, so that an error survives the way from another process."""
        return EngineError.from_json, (self.to_json(),)

    @staticmethod
    def from_json(stored: dict[str, Any]) -> EngineError:
        """Rebuild an error stored by `to_json`, of the same class."""
        errors = (EngineError, SpecError, SpecTypeError, DataError, TrainingError, NotCompiledError, RunError)
        kinds = {kind.__name__: kind for kind in errors}
        return kinds[stored["kind"]](stored["key"], field=stored["field"], **stored["params"])


class SpecError(EngineError, ValueError):
    """A setting or an argument is out of its range or of the wrong type."""


class SpecTypeError(SpecError, TypeError):
    """An argument, or a column that it names, is of the wrong type."""


class DataError(EngineError, ValueError):
    """Pictures, labels or files cannot be used as they are."""


class TrainingError(EngineError, RuntimeError):
    """A training cannot start or cannot go on."""


class NotCompiledError(TrainingError, ValueError):
    """A model is to be trained or judged before `compile`."""


class RunError(EngineError, RuntimeError):
    """A run folder, a queue or a process is not as it must be."""
