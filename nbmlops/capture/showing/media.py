"""What is displayed, in a canonical form: pictures by their pixels, JSON as JavaScript has it, texts without what is always another."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from blake3 import blake3

from nbmlops.capture.showing import steady

# Plain text that only names a class: what is to be seen stands in the HTML beside it.
_NAMED_ONLY = re.compile(r"<[\w.]+( object)?( at 0x…)?>")
_SAID_AGAIN = ("text/html", "text/latex")  # what plain text says
_WIDGET = "application/vnd.jupyter.widget-view+json"
_DATED = re.compile(rb"/(?:CreationDate|ModDate) ?\(D:[^)]*\)|/ID ?\[[^\]]*\]")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = (b"IHDR", b"PLTE", b"tRNS")  # with the scanlines, all that a PNG's pixels depend on
_MOST_BYTES = 256 << 20


def bundle(data: Mapping[str, Any]) -> str:
    """The canonical form of one display: its kinds of media, sorted, each with its value."""
    kept = sorted(data)
    if "text/plain" in data and not _NAMED_ONLY.fullmatch(steady.text(joined(data["text/plain"]))):
        kept = [media for media in kept if media not in _SAID_AGAIN]
    return json.dumps([[media, _value(media, data[media])] for media in kept])


def joined(value: Any) -> str:
    """A text that may have been saved in lines."""
    return "".join(value) if isinstance(value, list) else str(value)


def _value(media: str, value: Any) -> str:
    if media == _WIDGET and isinstance(value, dict):
        value = {key: part for key, part in value.items() if key != "model_id"}
    if media == "application/json" or media.endswith("+json"):
        # JavaScript has one kind of number: 1.0 is saved as 1.
        text = json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)
        return steady.markup(text) if media.startswith("application/vnd.bokeh") else text  # a program, as a text
    text = joined(value)
    if media.startswith("image/svg"):
        return steady.drawing(text)
    if media in ("text/html", "application/javascript", "text/javascript"):
        return steady.markup(text)
    if media.startswith("text/"):
        return steady.text(text)
    text = "".join(text.split())
    if media in ("image/png", "application/pdf"):
        try:
            raw = base64.b64decode(text)
        except (ValueError, binascii.Error):
            return text  # called so, and is none
        return _DATED.sub(b"", raw).hex() if media == "application/pdf" else pixels(raw) or text
    return text


def pixels(png: bytes) -> str | None:
    """A digest of a PNG's header, colours and scanlines: not of how well they are packed, nor of what is said about them.

    None for what is no PNG, or too large a one.

    >>> import struct, zlib
    >>> part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    >>> head = b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    >>> one = head + part(b"IDAT", zlib.compress(b"\\0\\7"))
    >>> said = head + part(b"tEXt", b"Software\\0a") + part(b"IDAT", zlib.compress(b"\\0\\7", 0))
    >>> other = head + part(b"IDAT", zlib.compress(b"\\0\\6"))
    >>> pixels(one) == pixels(said), pixels(one) == pixels(other)
    (True, False)
    """
    if not png.startswith(_SIGNATURE):
        return None
    found, unpack, left, at = blake3(), zlib.decompressobj(), _MOST_BYTES, len(_SIGNATURE)
    while at + 8 <= len(png):
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        part = png[at + 8 : at + 8 + size]
        at += size + 12
        if kind in _PIXELS:
            found.update(kind + part)
        elif kind == b"IDAT":
            try:
                lines = unpack.decompress(part, left)
            except zlib.error:
                return None
            left -= len(lines)
            if left <= 0 or unpack.unconsumed_tail:
                return None
            found.update(lines)
    return f"pixels {found.hexdigest()}" if unpack.eof else None
