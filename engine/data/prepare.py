"""Brings data into the cache: in this process, or in a detached one whose progress anyone can read.

At most one process prepares a set at a time: who writes its identity into the set's folder, under a lock, has claimed
it. Success shows as a complete set, failure as a stored error; a process that died shows by its identity.
"""

from __future__ import annotations

import errno
import json
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from engine import paths
from engine.data import cache
from engine.errors import DataError, EngineError
from engine.runs.process import Identity, leave_alone, start_python
from engine.spec import DataSpec

_OWNER = "owner.json"
_PROGRESS = "progress.json"
_ERROR = "error.json"
_SPEC = "spec.json"
_LOG = "prepare.log"

_MOST_ATTEMPTS = 3  # a process that is killed this often (too little memory?) is not started again
_REPORT_S = 0.1
_LOOK_S = 0.05
_IDENTITY_AGE_S = 2  # a page asks with every redraw; a large folder is listed again only after this time


@dataclass(frozen=True)
class Preparation:
    """How far a set is: pictures done of how many, or the error that ended it.

    `key` changes whenever the data behind the same settings does; empty where there is no data.
    """

    state: Literal["missing", "working", "ready", "failed"]
    done: int = 0
    total: int = 0
    error: EngineError | None = None
    key: str = ""


def preparation(spec: DataSpec) -> Preparation:
    """How far the set of `spec` is. Cheap enough to be asked with every redraw of a page."""
    try:
        return _look(paths.home_dir("data") / _recent_key(spec, int(time.monotonic() / _IDENTITY_AGE_S)))
    except DataError as error:
        return Preparation("failed", error=error)


def start(spec: DataSpec) -> None:
    """Start preparing in a detached process, unless the set is ready, under way or has failed.

    Raises
    ------
    DataError
        If the cache cannot be written.
    """
    if preparation(spec).state != "missing":
        return
    folder = cache.folder(spec)
    with _claiming(folder):
        if _look(folder).state != "missing":
            return
        attempt = _open_claim(folder)
        cache.write_json(folder / _SPEC, asdict(spec))
        with (folder / _LOG).open("ab") as log:
            process = start_python("engine.data.prepare", str(folder), log=log, runs=paths.runs_dir())
        identity = Identity.of(process.pid) or Identity(process.pid, 0.0)  # it may have ended already
        _write_owner(folder, identity, attempt)
    leave_alone(process)


def forget(spec: DataSpec) -> None:
    """Drop what is prepared or failed, so that the source is read again; a preparation under way goes on."""
    _recent_key.cache_clear()
    try:
        folder = cache.folder(spec)
    except DataError:
        return  # nothing there, so nothing prepared
    with _claiming(folder):
        if _look(folder).state != "working":
            cache.remove(folder)


def ensure(spec: DataSpec) -> Path:
    """The folder of the complete set: as it is, once another process has finished it, or prepared here and now.

    Raises
    ------
    DataError
        If the data is missing or cannot be used.
    """
    folder = cache.folder(spec)
    with _claiming(folder):
        state = _look(folder).state
        if state in ("missing", "failed"):
            _write_owner(folder, Identity.mine(), _open_claim(folder))
    if state in ("missing", "failed"):
        _prepare(spec, folder)
        return folder
    while (found := _look(folder)).state == "working":
        time.sleep(_LOOK_S)
    if found.error:
        raise found.error
    return folder if found.state == "ready" else ensure(spec)


def main(folder: Path) -> None:
    """Prepare the set whose folder `start` has claimed for this process."""
    _prepare(DataSpec.from_json(json.loads((folder / _SPEC).read_text())), folder)


@lru_cache(maxsize=32)
def _recent_key(spec: DataSpec, _age: int) -> str:
    return cache.folder(spec).name


@contextmanager
def _claiming(folder: Path) -> Iterator[None]:
    """Hold the lock under which claims are made; a cache that cannot be written is a `DataError`."""
    try:
        with FileLock(folder.with_name("claims.lock")):
            yield
    except OSError as error:
        raise _explain(error, folder) from error


def _open_claim(folder: Path) -> int:
    """Make the folder ready for a new attempt and return its number."""
    folder.mkdir(exist_ok=True)
    (folder / _ERROR).unlink(missing_ok=True)
    (folder / _PROGRESS).unlink(missing_ok=True)
    return _read_json(folder / _OWNER, {"attempt": 0})["attempt"] + 1


def _write_owner(folder: Path, identity: Identity, attempt: int) -> None:
    cache.write_json(folder / _OWNER, {"pid": identity.pid, "started_s": identity.started_s, "attempt": attempt})


def _look(folder: Path) -> Preparation:
    # The owner first: if it ends while we look, its result is there when we come to that.
    owner = _read_json(folder / _OWNER, None)
    is_alive = owner is not None and Identity(owner["pid"], owner["started_s"]).is_alive()
    found = {**_read_json(folder / _PROGRESS, {"done": 0, "total": 0}), "key": folder.name}
    if (folder / cache.INDEX).exists():
        return Preparation("ready", **found)
    if error := _read_json(folder / _ERROR, None):
        return Preparation("failed", **found, error=EngineError.from_json(error))
    if is_alive:
        return Preparation("working", **found)
    if owner and owner["attempt"] >= _MOST_ATTEMPTS:
        return Preparation("failed", **found, error=DataError("data.preparer_died", n=owner["attempt"]))
    return Preparation("missing", key=folder.name)


def _read_json(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return default


class _Progress:
    """Writes how many pictures are done, a few times a second."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _PROGRESS
        self._next_s = 0.0

    def __call__(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s or done == total:
            self._next_s = now_s + _REPORT_S
            cache.write_json(self._path, {"done": done, "total": total})


def _prepare(spec: DataSpec, folder: Path) -> None:
    """Write the set; on failure leave the reason instead of a half set, and raise it."""
    try:
        cache.write(spec, folder, _Progress(folder))
        with suppress(OSError):  # two processes may tidy up at once
            cache.prune(keep=folder)
    except Exception as error:
        problem = _explain(error, folder)
        for unfinished in folder.glob("*.part"):
            unfinished.unlink()
        with suppress(OSError):
            cache.write_json(folder / _ERROR, problem.to_json())
        raise problem from error
    finally:
        # Last, because a set without owner and without result counts as missing.
        (folder / _OWNER).unlink(missing_ok=True)


def _explain(error: Exception, folder: Path) -> EngineError:
    """The error to show. What nobody foresaw is also written to the log in full."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError("data.disk_full_while_writing", path=str(folder))
    if isinstance(error, MemoryError):
        return DataError("data.memory")
    traceback.print_exception(error)
    return DataError("data.not_prepared", problem=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
