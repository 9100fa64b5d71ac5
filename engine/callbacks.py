"""Keras' callbacks, such as ``callbacks.EarlyStopping("loss")``: the public names of `engine.training.callbacks`."""

from engine.training.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    Cosine,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    OneCycle,
    ProgbarLogger,
    ReduceLROnPlateau,
    StepSchedule,
    TensorBoard,
    TerminateOnNaN,
)

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
