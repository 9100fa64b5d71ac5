"""Names that packages offer: all are there, and nothing is imported before it is used."""

from __future__ import annotations

import types
from importlib import import_module

import pytest

import engine
import engine.augment
from engine.training import callbacks


@pytest.mark.parametrize("package", [engine, engine.augment], ids=lambda package: package.__name__)
def test_every_name_is_there(package):
    assert dir(package) == package.__all__
    for name in package.__all__:
        value = getattr(package, name)
        assert isinstance(value, types.ModuleType) or value.__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_modules_can_be_imported_from():
    offered = {name: getattr(engine, name) for name in engine.__all__}
    for name, value in offered.items():
        if isinstance(value, types.ModuleType):
            assert import_module(f"engine.{name}") is value
    assert engine.callbacks.__all__ == callbacks.__all__
