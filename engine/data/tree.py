"""Finds classes and parts in the paths of a folder or an archive.

Works on names alone, so that a folder and a zip of it give the same pictures, classes and parts. Reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from engine.data.source import NO_PART, PARTS, LeftOut

_PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
_DESKTOP_FILES = {"thumbs.db", "desktop.ini"}


@dataclass
class Tree:
    """Pictures of a folder or archive, sorted into classes and parts; the fields are those of `Source`."""

    class_names: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    part_of: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass
class _Folder:
    folders: dict[str, _Folder] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)  # full paths


def is_hidden(path: str) -> bool:
    """Whether a path is something that people do not see in their folder (``.DS_Store``, ``__MACOSX``, ...)."""
    return any(
        (part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" or part.lower() in _DESKTOP_FILES
        for part in path.split("/")
    )


def sort_paths(paths: Iterable[str]) -> Tree:
    """Sort paths with ``/`` between the parts into classes and train / validation / test.

    Folders that merely wrap the real one are passed through. A level of folders named train, val and test (or
    training, valid, validation, testing; in any case) gives the parts, if train is among them. The folders below give
    the classes, in alphabetical order as in Keras, and pictures may lie at any depth inside.

    Parameters
    ----------
    paths : iterable of str
        Relative paths of files, and of folders with a final ``/``, so that empty classes are seen.
    """
    root, prefix = _unwrap(_build(paths))
    parts = _parts(root)
    tree = Tree(left_out=[LeftOut(path, "outside_classes") for path in sorted(root.files)])
    if parts:
        beside = root.folders.keys() - {name for names in parts.values() for name in names}
        tree.left_out += [LeftOut(f"{prefix}{name}/", "beside_parts") for name in sorted(beside)]
    branches = [(code, root.folders[name]) for code, part in enumerate(PARTS) for name in parts.get(part, ())]
    _collect(tree, branches or [(NO_PART, root)])
    return tree


def _build(paths: Iterable[str]) -> _Folder:
    root = _Folder()
    for path in paths:
        *folders, file = path.split("/")
        here = root
        for name in folders:
            here = here.folders.setdefault(name, _Folder())
        if file:
            here.files.append(path)
    return root


def _unwrap(root: _Folder) -> tuple[_Folder, str]:
    """Step into folders that hold nothing but one folder with further folders; returns it and its path."""
    prefix = ""
    while len(root.folders) == 1:
        ((name, inner),) = root.folders.items()
        if not inner.folders:
            break
        prefix += f"{name}/"
        inner.files += root.files  # a README beside the folder is still reported
        root = inner
    return root, prefix


def _parts(root: _Folder) -> dict[str, list[str]]:
    """Folder names of each part; empty where the folders are classes.

    A class may be called "train", too; then it holds pictures and no folders.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(root.folders):
        if (part := _PART_NAMES.get(name.lower())) and root.folders[name].folders:
            found.setdefault(part, []).append(name)
    return found if "train" in found else {}


def _collect(tree: Tree, branches: list[tuple[int, _Folder]]) -> None:
    """Fill the tree from the class folders of each branch: a part's code and its folder."""
    tree.class_names = sorted({name for _, branch in branches for name in branch.folders})
    labels, parts = [], []
    for code, branch in branches:
        if code != NO_PART:
            tree.left_out += [LeftOut(path, "outside_classes") for path in sorted(branch.files)]
        for label, name in enumerate(tree.class_names):
            files = sorted(_files(branch.folders[name])) if name in branch.folders else []
            tree.names += files
            labels += [label] * len(files)
            parts += [code] * len(files)
    tree.labels = np.array(labels, dtype=np.int64)
    tree.part_of = np.array(parts, dtype=np.int8)


def _files(folder: _Folder) -> list[str]:
    """Files at any depth; a loop, because an archive may nest deeper than Python recurses."""
    found, waiting = [], [folder]
    while waiting:
        here = waiting.pop()
        found += here.files
        waiting += here.folders.values()
    return found
