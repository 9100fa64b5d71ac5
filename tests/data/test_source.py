"""Sources as a table: every kind can be made, every reason is written in every language."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from engine import catalog, texts
from engine.data.cache import open_source
from engine.data.source import LeftOut, Source
from engine.paths import PROJECT
from engine.spec import DataSpec
from engine.texts.data import REASONS


@pytest.mark.parametrize("name", catalog.SOURCES)
def test_every_source_of_the_catalog_is_one(name):
    assert isinstance(open_source(DataSpec(source=name)), Source)


@pytest.mark.parametrize("key", REASONS)
def test_every_reason_is_said_in_every_language(key):
    fields = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in REASONS[key]]
    assert fields[0] == fields[1]
    left_out = LeftOut("a.jpg", key, dict.fromkeys(fields[0], "x"))
    assert all(left_out.text(language) for language in texts.LANGUAGES)
    assert LeftOut(**left_out.to_json()) == left_out


def test_reasons_given_and_reasons_written_are_the_same():
    code = "".join(path.read_text() for path in (PROJECT / "engine" / "data").glob("*.py"))
    assert {key for key in re.findall(r'"([a-z_0-9]+)"', code) if key in REASONS} == set(REASONS)
