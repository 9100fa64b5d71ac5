"""Arrays of an npz file as memory maps, for training on more than fits in memory.

`numpy.load` maps single npy files, but reads the arrays of an npz as a whole, whatever `mmap_mode` says. An npz that is
not compressed holds them as they are, so that they can be mapped where they lie.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from engine.data.archive import find_file, open_archive
from engine.errors import DataError

_LOCAL_HEADER = 30  # bytes, before the entry's name; the lengths of name and extra field stand at 26
_READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def map_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Open the arrays of an npz for reading, without reading them.

    Parameters
    ----------
    path : str or Path
        A file that `numpy.savez` wrote.

    Returns
    -------
    dict of str to np.memmap
        By the names they were saved with. Read-only; what is read comes from the file at that moment.

    Raises
    ------
    DataError
        If there is no such file, it is no npz, compressed, or holds objects instead of numbers.
    """
    file = find_file(str(path))
    with open_archive(str(file), "npz") as archive:
        entries = [info for info in archive.infolist() if info.filename.endswith(".npy")]
    return {info.filename.removesuffix(".npy"): _map(file, info) for info in entries}


def _map(file: Path, info: zipfile.ZipInfo) -> np.ndarray:
    if info.compress_type != zipfile.ZIP_STORED:
        raise DataError("data.npz_compressed", path=str(file), name=info.filename)
    try:
        with file.open("rb") as stream:
            stream.seek(info.header_offset)
            header = stream.read(_LOCAL_HEADER)
            n_name, n_extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
            stream.seek(n_name + n_extra, 1)
            shape, is_fortran, dtype = _READ_HEADER[np.lib.format.read_magic(stream)](stream)
            if dtype.hasobject:  # bytes of a file are no pointers
                raise ValueError(f"{info.filename} holds objects")
            return np.memmap(file, dtype, "r", stream.tell(), shape, "F" if is_fortran else "C")
    except (OSError, ValueError, KeyError) as error:
        raise DataError("data.npz_unreadable", path=str(file), problem=str(error)) from error
