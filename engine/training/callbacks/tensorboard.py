"""Writes a training as event files for TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.augment.arguments import check_path
from engine.errors import SpecError, TrainingError
from engine.training.callbacks.base import Callback, Logs
from engine.training.metrics import numbers
from engine.training.ranges import check_frequency, check_switch, check_whole

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

# Keras' arguments for what a PyTorch module does not have.
_NOT_OFFERED = {"write_images": False, "profile_batch": 0, "embeddings_freq": 0, "embeddings_metadata": None}


class TensorBoard(Callback):
    """Curves for TensorBoard, in Keras' folders and by Keras' names; needs the package tensorboard.

    ``log_dir/train`` gets ``epoch_loss``, ``epoch_NAME`` of every metric and ``epoch_learning_rate``, and
    ``log_dir/validation`` what validation reports, by the same names, so that both are lines of one chart.

    Parameters
    ----------
    log_dir : str or Path
    histogram_freq : int
        Histograms of all weights after every so many epochs; 0 = never.
    write_graph : bool
        Accepted for old programs: a module of PyTorch has no graph to draw before it is called.
    write_images : bool
        Only False.
    write_steps_per_second : bool
        Also ``epoch_steps_per_second``.
    update_freq : "epoch", "batch" or int
        A number: also ``batch_loss`` and ``batch_NAME``, the epoch's averages so far, after every so many batches, over
        the number of the batch. "batch" is 1. On a GPU each of these waits for the device.
    profile_batch, embeddings_freq : int
        Only 0.
    embeddings_metadata : None

    Raises
    ------
    TrainingError
        If tensorboard is not installed.
    SpecError
        If an argument is out of range, or asks for what is not offered.
    """

    def __init__(
        self,
        log_dir: str | Path = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        asked = {
            "write_images": write_images,
            "profile_batch": profile_batch,
            "embeddings_freq": embeddings_freq,
            "embeddings_metadata": embeddings_metadata,
        }
        for name, value in asked.items():
            if value != _NOT_OFFERED[name]:
                raise SpecError("training.not_offered", name=name, only=repr(_NOT_OFFERED[name]), value=repr(value))
        check_switch("write_graph", write_graph)
        self.log_dir = Path(check_path("log_dir", log_dir))
        self.histogram_freq = check_whole("histogram_freq", histogram_freq, least=0)
        self.write_steps_per_second = check_switch("write_steps_per_second", write_steps_per_second)
        self.update_freq = 1 if update_freq == "batch" else check_frequency("update_freq", update_freq)
        self._writers: dict[str, SummaryWriter] = {}
        _import_writer()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin new files; TensorBoard joins them with those of an earlier training in the same folder."""
        self._writers = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._began = time.perf_counter(), self.model.n_batches

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the averages so far, if it is this batch's turn (synchronises)."""
        n_batches = self.model.n_batches
        if isinstance(self.update_freq, int) and n_batches % self.update_freq == 0:
            self._write("train", {f"batch_{name}": value for name, value in (logs or {}).items()}, n_batches)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write what the epoch reported."""
        train = {name: value for name, value in (logs or {}).items() if not name.startswith("val_")}
        train.setdefault("learning_rate", self.model.learning_rate)
        if self.write_steps_per_second:
            began, n_before = self._began
            train["steps_per_second"] = (self.model.n_batches - n_before) / (time.perf_counter() - began)
        self._write("train", {f"epoch_{name}": value for name, value in train.items()}, epoch)
        validation = {name.removeprefix("val_"): value for name, value in (logs or {}).items() if name not in train}
        self._write("validation", {f"epoch_{name}": value for name, value in validation.items()}, epoch)
        if self.histogram_freq and (epoch + 1) % self.histogram_freq == 0:
            for name, weights in self.model.network.named_parameters():
                self._writer("train").add_histogram(name, weights.detach().cpu(), epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()

    def _write(self, part: str, values: Mapping[str, Any], step: int) -> None:
        for name, value in numbers(values).items():
            self._writer(part).add_scalar(name, value, step)

    def _writer(self, part: str) -> SummaryWriter:
        """The open file of a part; made when there is something to write, so that no part stays empty."""
        if part not in self._writers:
            self._writers[part] = _import_writer()(str(self.log_dir / part))
        return self._writers[part]


def _import_writer() -> type[SummaryWriter]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError("training.no_tensorboard", problem=str(error)) from error
    return SummaryWriter
