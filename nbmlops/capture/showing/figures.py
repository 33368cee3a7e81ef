"""Figures shown: the pictures among a cell's outputs."""

from __future__ import annotations

import base64
import json
from typing import Any

from nbmlops.ledger.secrets import mask_bytes

_SUFFIX = {"image/png": "png", "image/svg+xml": "svg", "image/jpeg": "jpg", "application/vnd.plotly.v1+json": "plotly.json"}
MAX_BYTES = 8 << 20
MOST = 40  # figures kept of one cell

Figure = tuple[str, str, bytes]  # suffix, media type, bytes


def figure_of(data: dict[str, Any]) -> Figure | None:
    """The picture in what is displayed, text in it masked; None if there is none, or one too large to keep."""
    for media, suffix in _SUFFIX.items():
        if media in data:
            try:
                raw = _bytes(media, data[media])
            except (TypeError, ValueError):
                return None  # called a picture, but not one
            return (suffix, media, raw) if len(raw) <= MAX_BYTES else None
    return None


def _bytes(media: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return base64.b64decode(value) if media in ("image/png", "image/jpeg") else mask_bytes(value.encode("utf-8", "replace"))
    return mask_bytes(json.dumps(value).encode())
