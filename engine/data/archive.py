"""Pictures in a zip file of a folder with class sub-folders. Members are read one by one and never written to disk."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.data.decode import MAX_FILE_BYTES, read_image, to_channels
from engine.data.source import LeftOut, Pictures, Source, UnusablePicture
from engine.data.tree import is_hidden, sort_paths
from engine.errors import DataError

# Pictures hardly shrink in a zip. What unpacks to more than this and far more than the file's own size is a trap.
_BOMB_BYTES = 2**30
_BOMB_RATIO = 100
_ENCRYPTED_FLAG = 0x1
_UTF8_FLAG = 0x800


class Zip(Source):
    """The source ``"zip"``: a zip file of a folder, see `engine.data.tree.sort_paths`."""

    def identity(self) -> str:
        return file_identity(self.spec.path)

    def pictures(self) -> Pictures:
        archive = open_archive(self.spec.path)
        members = _members(archive)
        safe = {name for name in members if _is_safe(name)}
        tree = sort_paths(sorted(safe))
        tree.left_out += [LeftOut(name, "unsafe_path") for name in sorted(members.keys() - safe)]

        def read(indices: np.ndarray) -> Iterator[np.ndarray | UnusablePicture]:
            return (_read(archive, members[tree.names[i]]) for i in indices)

        return Pictures(tree.class_names, tree.names, tree.labels, tree.part_of, read, tree.left_out)

    def original(self, name: str) -> np.ndarray:
        with open_archive(self.spec.path) as archive:
            if name not in (members := _members(archive)):
                raise UnusablePicture("vanished")
            return to_channels(_decode(archive, members[name]), 3)


def open_archive(path: str, kind: str = "zip") -> zipfile.ZipFile:
    """Open a zip file, or an npz, which is one too; `kind` is what an error calls it.

    Raises
    ------
    DataError
        If there is no such file, it cannot be opened, is no zip file, or is a zip bomb.
    """
    file = find_file(path)
    try:
        archive = zipfile.ZipFile(file)
    except PermissionError:
        raise DataError("data.no_permission", field="data.path", path=path) from None
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        raise DataError("data.not_a_zip", field="data.path", path=path, kind=kind) from None
    unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > max(_BOMB_BYTES, _BOMB_RATIO * file.stat().st_size):
        archive.close()
        raise DataError("data.zip_bomb", field="data.path", path=path, size_gb=unpacked / 2**30)
    return archive


def find_file(path: str) -> Path:
    """The regular file `path`, absolute and without links.

    Raises
    ------
    DataError
        If there is none.
    """
    try:
        file = Path(path).expanduser().resolve()
        if file.is_file():
            return file
    except (OSError, ValueError, RuntimeError):
        pass  # no access, a zero byte, a loop of links: all the same to the reader
    raise DataError("data.no_such_file", field="data.path", path=path)


def file_identity(path: str) -> str:
    """Where the file lies, how large it is and when it was changed.

    Raises
    ------
    DataError
        If there is no such file.
    """
    file = find_file(path)
    status = file.stat()
    return f"{file}\0{status.st_size}\0{status.st_mtime_ns}"


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Members by readable name, without hidden ones."""
    encoding = _encoding(archive.infolist())
    named = {_readable_name(info, encoding): info for info in archive.infolist()}
    return {name: info for name, info in named.items() if not is_hidden(name.rstrip("/"))}


def _encoding(members: list[zipfile.ZipInfo]) -> str:
    """The encoding of names that do not say theirs: macOS writes UTF-8, a Chinese Windows GB 2312, others CP 437.

    All names are tried together, because a short one alone may be right in several.
    """
    raw = b"\n".join(info.filename.encode("cp437") for info in members if not info.flag_bits & _UTF8_FLAG)
    for encoding in ("utf-8", "gb2312"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "cp437"


def _readable_name(info: zipfile.ZipInfo, encoding: str) -> str:
    name = info.filename
    if not info.flag_bits & _UTF8_FLAG:
        name = name.encode("cp437").decode(encoding)
    return name.replace("\\", "/").removeprefix("./")


def _is_safe(name: str) -> bool:
    """Whether a name stays inside its folder. Nothing is extracted, but such an archive was made to do harm."""
    return not name.startswith("/") and ":" not in name.split("/")[0] and ".." not in name.split("/")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray | UnusablePicture:
    try:
        return _decode(archive, info)
    except UnusablePicture as problem:
        return problem


def _decode(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise UnusablePicture("password")
    if info.file_size > MAX_FILE_BYTES:
        raise UnusablePicture("too_large", limit_mb=MAX_FILE_BYTES >> 20)
    try:
        data = archive.read(info)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError) as error:
        raise UnusablePicture("unreadable", problem=str(error) or type(error).__name__) from None
    return read_image(data)
