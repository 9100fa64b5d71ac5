"""Runs: one folder per training, written by a detached worker, readable by anyone. Imports no torch."""

from engine.runs.status import Status
from engine.runs.store import Run, RunStore

__all__ = ["Run", "RunStore", "Status"]
