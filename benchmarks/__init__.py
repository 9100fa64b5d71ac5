"""Measurements by command: ``python -m benchmarks NAME``. Figures, never assertions."""
