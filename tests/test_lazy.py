"""Names that packages offer: all are there, and nothing is imported before it is used."""

from __future__ import annotations

import types

import pytest

import engine
import engine.augment


@pytest.mark.parametrize("package", [engine, engine.augment], ids=lambda package: package.__name__)
def test_every_name_is_there(package):
    assert dir(package) == package.__all__
    for name in package.__all__:
        value = getattr(package, name)
        assert isinstance(value, types.ModuleType) or value.__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
