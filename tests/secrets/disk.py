"""Looks for secrets in every byte of a folder's files, in the spellings in which they may have been written."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus


def spellings(value: str) -> set[bytes]:
    """Raw, as URLs, JSON, Python and HTML spell it, and as it stands in base64."""
    text = {
        value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], json.dumps(json.dumps(value))[3:-3], repr(value)[1:-1],
        html.escape(value), value.replace("/", "\\/"),
    }  # fmt: skip
    found = {one.encode() for one in text} | {value.encode("utf-16-le")}
    raw = value.encode()
    for at in range(3):
        coded = base64.b64encode(b"\0" * at + raw).rstrip(b"=")
        core = coded[(0, 2, 3)[at] : len(coded) - (1 if (at + len(raw)) % 3 else 0)]
        found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")} if len(core) >= 10 else set()
    return found


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of every file below `folder`; what is packed is opened too, and the name is looked at as well."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            name = str(path.relative_to(folder))
            yield name + " (its name)", name.encode()
            data = path.read_bytes()
            yield name, data
            yield from _unpacked(name, data)


def _unpacked(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield f"{name}!{member}", archive.read(member)
    elif data[:2] == b"\x1f\x8b":
        yield name + "!", gzip.decompress(data)
    elif data[:1] == b"x" and data[1:2] in (b"\x01", b"\x9c", b"\xda"):
        try:
            yield name + "!", zlib.decompress(data)
        except zlib.error:
            return


def leaks(folder: Path, values: Iterable[tuple[str, str]]) -> list[str]:
    """`label in file` for every value that stands somewhere."""
    needles = [(label, spelled) for label, value in values for spelled in spellings(value)]
    return [f"{label}: {spelled[:24]!r} in {name}" for name, data in contents(folder) for label, spelled in needles if spelled in data]
