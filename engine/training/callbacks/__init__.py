"""Keras' callbacks, one per file: what happens around epochs and batches of a training.

Hooks get logs: a dict of floats at the end of an epoch; at the end of a batch a mapping that copies from the device
only when it is read, so a callback that rarely looks costs nothing in between.
"""

from engine.training.callbacks.backup_and_restore import BackupAndRestore
from engine.training.callbacks.base import Callback, CallbackList
from engine.training.callbacks.csv_logger import CSVLogger
from engine.training.callbacks.early_stopping import EarlyStopping
from engine.training.callbacks.history import History
from engine.training.callbacks.lambda_callback import LambdaCallback
from engine.training.callbacks.model_checkpoint import ModelCheckpoint
from engine.training.callbacks.progbar_logger import ProgbarLogger
from engine.training.callbacks.reduce_lr import ReduceLROnPlateau
from engine.training.callbacks.schedules import Cosine, LearningRateScheduler, OneCycle, StepSchedule
from engine.training.callbacks.tensorboard import TensorBoard
from engine.training.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "Cosine",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "OneCycle",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "StepSchedule",
    "TensorBoard",
    "TerminateOnNaN",
]
