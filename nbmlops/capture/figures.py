"""Figures shown: the pictures among a cell's outputs, told by the kernel's display publisher."""

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


class Figures:
    """Listens to what a kernel displays; a plain shell has no such hook and shows no pictures."""

    def __init__(self) -> None:
        self._held: list[tuple[str, str, bytes]] = []
        self._hooked: list[Any] = []

    def attach(self, shell: Any) -> None:
        """Register with the publisher and the display hook where they take hooks."""
        for place in (getattr(shell, "display_pub", None), getattr(shell, "displayhook", None)):
            if place is not None and hasattr(place, "register_hook"):
                place.register_hook(self._shown)
                self._hooked.append(place)

    def detach(self) -> None:
        """Take the hooks out."""
        for place in self._hooked:
            place.unregister_hook(self._shown)
        self._hooked.clear()

    def take(self) -> list[tuple[str, str, bytes]]:
        """(suffix, media type, bytes) of the figures since the last taking."""
        held, self._held = self._held, []
        return held

    def _shown(self, message: Any) -> Any:
        try:
            data = message["content"].get("data") or {}
            for media, suffix in _SUFFIX.items():
                if media in data and len(self._held) < MOST:
                    raw = _bytes(media, data[media])
                    if len(raw) <= MAX_BYTES:
                        self._held.append((suffix, media, raw))
                    break
        except (KeyError, AttributeError, TypeError, ValueError):
            pass  # a message of another shape is not a figure
        return message


def _bytes(media: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return base64.b64decode(value) if media in ("image/png", "image/jpeg") else mask_bytes(value.encode("utf-8", "replace"))
    return mask_bytes(json.dumps(value).encode())
