"""numpy's own files, looked at before numpy makes room for what their heads promise."""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any

import numpy as np

from nbmlops.errors import Damaged
from nbmlops.models.flavors import zipped

_AGAIN = "Register the model again from its run, or get its file again."
_MAGIC = b"\x93NUMPY"
_HEAD = 1 << 17


def checked(file: zipfile.ZipFile, *, within: str = "") -> None:
    """Damaged where an array's head promises other bytes than follow it, or objects, which are a pickle. Other members are let be."""
    for member in file.infolist():
        with file.open(member) as content:
            begin = content.read(_HEAD)
            if begin.startswith(b"PK\3\4") and not within:
                whole = begin + content.read()
                zipped.checked(whole)
                with zipfile.ZipFile(io.BytesIO(whole)) as inner:
                    checked(inner, within=f"{member.filename}/")
            elif begin.startswith(_MAGIC):
                _array(within + member.filename, begin, member.file_size)


def _array(name: str, begin: bytes, size: int) -> None:
    said = zipped.shown(name)
    file = io.BytesIO(begin)
    try:
        shape, kind = _head(file)
        length = math.prod(shape) * kind.itemsize
    except Exception as error:  # a head that is none raises whatever its first word leads to
        raise Damaged(f"The array {said!r} has no head: {zipped.shown(str(error))}.", hint=_AGAIN) from error
    if kind.hasobject:
        raise Damaged(f"The array {said!r} holds objects, which numpy keeps as a pickle.", hint=_AGAIN)
    follows = size - file.tell()
    if length != follows or any(side < 0 for side in shape):
        raise Damaged(
            f"The array {said!r} is said to take {length:,} bytes, and {follows:,} are there: its shape is {str(shape)[:80]}.", hint=_AGAIN
        )


def _head(file: Any) -> tuple[tuple[int, ...], Any]:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"its version is {version}")
    shape, _, kind = (np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0)(file)
    return shape, kind
