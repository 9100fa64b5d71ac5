"""`view_metrics`: a script's training as a run, so that it can be watched live in the app like any other.

The script stays the master: a full disk or a deleted run folder ends the publishing, never the training. What a
notebook draws in place stands in `engine.notebook`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import notebook
from engine.errors import EngineError, RunError, SpecError
from engine.publisher import Publisher
from engine.runs import app
from engine.runs.database import RunWriter
from engine.runs.log import say
from engine.runs.problems import explain
from engine.runs.store import Run, RunStore
from engine.spec import RunSpec, ScriptCall
from engine.texts.runs import NOTES
from engine.training.callbacks import Callback

if TYPE_CHECKING:
    from engine.training.model import Model


@contextmanager
def viewed(
    model: Model, view_metrics: bool | str, method: str, epochs: range, verbose: int | str
) -> Iterator[list[Callback]]:
    """Make what happens inside a run, if it is to be seen; gives the callbacks that publish it.

    Parameters
    ----------
    model : Model
        The model, compiled.
    view_metrics : bool or "auto"
        See `Model.fit`.
    method : str
        ``"fit"`` or ``"fit_generator"``.
    epochs : range
        Indices of the epochs to train.
    verbose : int or "auto"
        See `Model.fit`.

    Raises
    ------
    SpecError
        If `view_metrics` is something else.
    RunError
        If a run was asked for (True), and its folder cannot be written.
    """
    if not _is_wanted(view_metrics, len(epochs), verbose):
        yield []
        return
    curves: list[Callback] = [notebook.Curves(epochs)] if notebook.is_notebook() else []
    run = _begin(model, method, epochs.stop, is_asked_for=view_metrics is True)
    if run is None:
        yield curves
        return
    publisher = ScriptPublisher(run, keep_weights=view_metrics is True)
    try:
        yield [*curves, publisher]
    except Exception as problem:
        publisher.end("failed", explain(problem, run.folder))
        raise
    except BaseException:  # Ctrl-C, or the cell was interrupted
        publisher.end("stopped")
        raise
    publisher.end("stopped" if publisher.was_asked_to_stop else "finished")


class ScriptPublisher(Publisher):
    """Publishes a script's training. What goes wrong with that is said once, and the training goes on.

    Parameters
    ----------
    run : Run
        A run that this process has begun.
    keep_weights : bool
        As in `Publisher`.
    """

    def __init__(self, run: Run, keep_weights: bool) -> None:
        super().__init__(run, RunWriter(run.database), keep_weights)
        self.was_asked_to_stop = False
        self._has_warned = False

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Say on which device, too."""
        super().on_train_begin(logs)
        self.writer.set_state(device=self.model.device_text)

    def tell(self, kind: str, text: str) -> None:
        """Say something in the run's log, which is not the script's output, and as an event."""
        self.writer.add_event(kind, text)
        try:
            say(text, self.run.log)
        except OSError as problem:
            self._warn(explain(problem, self.run.folder))

    def end(self, phase: str, error: EngineError | None = None) -> None:
        """Write the run's end, whatever happened to its folder."""
        if error is not None:
            self.tell("error", str(error))
        self.run.free_reserve()
        self.writer.close()
        try:
            self.run.end(phase, error)
        except Exception as problem:
            self._warn(explain(problem, self.run.folder))

    def _stop_if_asked(self) -> None:
        """End the training as a callback would. A run whose folder was deleted asks nobody to stop."""
        if self.writer.stop_requested.is_set() and not self.was_asked_to_stop and self.run.database.exists():
            self.was_asked_to_stop = self.model.stop_training = True

    def _check(self) -> None:
        try:
            super()._check()
        except RunError as problem:
            self._warn(problem)

    def _save(self, is_best: bool) -> None:
        if not self.run.database.exists():
            return  # deleted; weights would bring the folder back
        try:
            super()._save(is_best)
        except OSError as problem:
            self._warn(explain(problem, self.run.folder))

    def _warn(self, problem: EngineError) -> None:
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(NOTES["not_published"]("en", problem=problem), stacklevel=2)


def _is_wanted(view_metrics: bool | str, n_epochs: int, verbose: int | str) -> bool:
    if isinstance(view_metrics, str) and view_metrics == "auto":
        return n_epochs > 1 and verbose != 0
    if not isinstance(view_metrics, bool):
        raise SpecError("spec.not_a_choice", name="view_metrics", value=view_metrics, choices='True, False, "auto"')
    return view_metrics and n_epochs > 0


def _begin(model: Model, method: str, epochs: int, is_asked_for: bool) -> Run | None:
    """Begin the run and say where it can be watched; None if that cannot be, and nobody asked for it."""
    call = ScriptCall(
        program="notebook" if notebook.is_notebook() else Path(sys.argv[0]).name or "python",
        network=type(model.network).__name__,
        method=method,
        optimizer=type(model.optimizer).__name__,
        learning_rate=float(model.learning_rate),
        epochs=epochs,
    )
    try:
        run = RunStore().begin(RunSpec(script=call))
    except (RunError, OSError) as problem:
        if is_asked_for:
            raise explain(problem, Path()) from None
        warnings.warn(NOTES["not_published"]("en", problem=problem), stacklevel=2)
        return None
    address = app.address()
    note = NOTES["watch"]("en", address=address, run_id=run.run_id) if address else None
    print(note or NOTES["watch_later"]("en", run_id=run.run_id), flush=True)
    return run
