"""Pictures in a folder on this computer, one sub-folder per class. Lists and reads; changes nothing there."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.data.decode import read_image
from engine.data.source import LeftOut, Pictures, Source, UnusablePicture
from engine.data.tree import is_hidden, sort_paths
from engine.errors import DataError

MAX_ENTRIES = 500_000
"""Files and folders that a source may hold. Beyond that, somebody chose a whole disk by mistake."""


class Folder(Source):
    """The source ``"folder"``: `spec.path` with class sub-folders, see `engine.data.tree.sort_paths`."""

    def identity(self) -> str:
        return _listing_digest(resolve(self.spec.path))

    def pictures(self) -> Pictures:
        root = resolve(self.spec.path)
        listing = list(_walk(root))
        tree = sort_paths(item[0] for item in listing if not isinstance(item, LeftOut))
        tree.left_out += [item for item in listing if isinstance(item, LeftOut)]

        def read(indices: np.ndarray) -> Iterator[np.ndarray | UnusablePicture]:
            return (_read(root / tree.names[i]) for i in indices)

        return Pictures(tree.class_names, tree.names, tree.labels, tree.part_of, read, tree.left_out)

    def original(self, name: str) -> np.ndarray:
        return read_image(resolve(self.spec.path) / name, "rgb")


def resolve(path: str) -> Path:
    """The folder `path`, absolute and without links.

    Raises
    ------
    DataError
        If it does not exist, is a file, or cannot be opened.
    """
    try:
        folder = Path(path).expanduser()
        os.scandir(folder if path else "").close()  # Path("") would be the current folder
    except NotADirectoryError:
        raise DataError("data.not_a_folder", field="data.path", path=path) from None
    except PermissionError:
        raise DataError("data.no_permission", field="data.path", path=path) from None
    except (OSError, ValueError, RuntimeError):  # a zero byte in the path; "~" of an unknown user
        raise DataError("data.no_such_folder", field="data.path", path=path) from None
    return folder.resolve()


def _listing_digest(root: Path) -> str:
    """Digest of names, sizes and times of change of all files."""
    digest = hashlib.blake2b(str(root).encode("utf-8", "surrogateescape"), digest_size=16)
    for item in _walk(root):
        if isinstance(item, LeftOut):
            digest.update(repr(item).encode())
        else:
            name, status = item
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result] | LeftOut]:
    """Relative paths of files, of folders with a final ``/``, and what cannot be used; always in the same order.

    Links are followed, so that class folders may lie elsewhere, but not back to a folder above.

    Raises
    ------
    DataError
        If there are more than `MAX_ENTRIES`.
    """
    waiting = [("", {_file_id(os.stat(root))})]
    n = 0
    while waiting:
        prefix, above = waiting.pop()
        try:
            entries = sorted(os.scandir(root / prefix), key=lambda entry: entry.name)
        except OSError:
            yield LeftOut(prefix, "closed_folder")
            continue
        n += len(entries)
        if n > MAX_ENTRIES:
            raise DataError("data.too_many_files", field="data.path", path=str(root), limit=MAX_ENTRIES)
        for entry in entries:
            name = prefix + entry.name
            if is_hidden(entry.name):
                continue
            try:
                name.encode()
                status = entry.stat()
            except UnicodeEncodeError:
                yield LeftOut(name.encode("utf-8", "replace").decode(), "odd_name")
            except OSError:
                yield LeftOut(name, "broken_link" if entry.is_symlink() else "vanished")
            else:
                if not stat.S_ISDIR(status.st_mode):
                    yield (name, status) if stat.S_ISREG(status.st_mode) else LeftOut(name, "not_a_file")
                elif _file_id(status) in above:
                    yield LeftOut(f"{name}/", "link_loop")
                else:
                    yield f"{name}/", status
                    waiting.append((f"{name}/", above | {_file_id(status)}))


def _file_id(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _read(path: Path) -> np.ndarray | UnusablePicture:
    try:
        return read_image(path)
    except UnusablePicture as problem:
        return problem
