"""Every text a person reads exists in every language with the same placeholders, and no error lacks its message."""

from __future__ import annotations

import ast
import re
from string import Formatter

import pytest

from engine import catalog, texts
from engine.paths import PROJECT
from engine.texts import ErrorText, Text
from pages._ui.texts import TEXTS


def _in_catalog():
    for table in (catalog.DATA, catalog.AUGMENT, catalog.TRAINING):
        for name, param in table.items():
            yield from ((f"{name}.label", param.label), (f"{name}.help", param.help))
            if param.unit:
                yield f"{name}.unit", param.unit
            for choice_name, choice in (param.choices or {}).items():
                yield from ((f"{name}.{choice_name}.label", choice.label), (f"{name}.{choice_name}.help", choice.help))
    for name, preset in catalog.PRESETS.items():
        yield from ((f"preset.{name}.label", preset.label), (f"preset.{name}.help", preset.help))


ALL = [
    *_in_catalog(),
    *(("pages." + key, text) for key, text in TEXTS.items()),
    *(("training.note." + key, text) for key, text in texts.training.NOTES.items()),
    *(("augment.note." + key, text) for key, text in texts.augment.NOTES.items()),
    *(("runs.note." + key, text) for key, text in texts.runs.NOTES.items()),
    *(("augment.warning." + key, text) for key, text in texts.augment.WARNINGS.items()),
    *(("data.reason." + key, text) for key, text in texts.data.REASONS.items()),
    *((f"{key}.{i}", part) for key, entry in texts.ERRORS.items() for i, part in enumerate(entry)),
]


def _placeholders(template):
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize(("key", "text"), ALL, ids=[key for key, _ in ALL])
def test_every_language_says_it(key, text):
    assert isinstance(text, Text)
    for language in texts.LANGUAGES:
        assert getattr(text, language).strip(), f"{key} says nothing in {language}"
    assert _placeholders(text.en) == _placeholders(text.zh)


def _sources():
    return {path: path.read_text() for folder in ("engine", "pages") for path in (PROJECT / folder).rglob("*.py")}


def test_errors_raised_and_errors_written_are_the_same():
    raised = {
        key
        for source in _sources().values()
        for key in re.findall(
            r'(?:Engine|Spec|SpecType|Data|Training|\w*Compiled|Run)Error\(\s*"([a-z_]+\.[a-z_]+)"', source
        )
    }
    assert raised == set(texts.ERRORS)


def _literals(sources):
    """All string literals of some sources."""
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _asked_for(sources):
    """Regular expressions of the keys that some sources put together: ``t(f"...")`` and ``TEXTS[f"..."]``."""
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        key = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t":
            key = node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "TEXTS":
            key = node.slice
        if isinstance(key, ast.JoinedStr):
            yield "".join(re.escape(v.value) if isinstance(v, ast.Constant) else "[a-z_]+" for v in key.values)


def test_no_text_is_left_over():
    table = PROJECT / "pages" / "_ui" / "texts.py"
    pages = [source for path, source in _sources().items() if "pages" in path.parts and path != table]
    literals, asked_for = _literals(pages), re.compile("|".join(_asked_for(pages)))
    assert [key for key in TEXTS if key not in literals and not asked_for.fullmatch(key)] == []
    engine = _literals(source for path, source in _sources().items() if "texts" not in path.parts)
    tables = (texts.training.NOTES, texts.augment.NOTES, texts.augment.WARNINGS, texts.data.REASONS)
    assert [key for entries in tables for key in entries if key not in engine] == []


def test_error_has_three_parts():
    entry = ErrorText(Text("a cat", "猫"), Text("a {what}", "{what}"), Text("Get a cat.", "请养猫。"))
    assert entry("en", what="dog") == "Expected a cat, but received a dog. Get a cat."
    assert entry("zh", what="狗") == "需要猫，得到的是狗。请养猫。"
