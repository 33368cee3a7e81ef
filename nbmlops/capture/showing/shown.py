"""What a cell showed, as one digest: the same while it streams and when the saved notebook's outputs are read again.

Canonical form, version 3. The text of stdout and of stderr, each joined over the whole cell: in which order the two came,
and in what pieces, is chance. Carriage returns and backspaces are carried out as JupyterLab does before it saves. Then the
other outputs in order: displays and results by their data (metadata and execution count left out, pictures by their pixels, JSON
with sorted keys and numbers as JavaScript has them, a widget's random id left out, HTML where plain text says the same), errors by
name and message. What is another in every execution is left out (`steady`): addresses, how long something took, a progress bar's
clock, when a line was logged.

Two programs save something else where a line was overwritten: JupyterLab when the other stream came in between, nbclient with
`coalesce_streams` when the later text is the shorter. What comes after the cell's end (a thread that goes on, an update of an
earlier cell's display) is not in its digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from blake3 import blake3

from nbmlops.capture.showing import steady
from nbmlops.capture.showing.media import bundle, joined

FORM = 3
_CONTROL = re.compile(r"[\n\b\r]")
_SLICE = 1 << 16
_LONG = 1 << 20  # a line is held until it ends; of a longer one the beginning is settled


class Shown:
    """A cell's outputs so far. Memory: the line not yet ended, and a digest for each display."""

    def __init__(self) -> None:
        self._streams: dict[str, _Text] = {}
        self._items: list[tuple[str, str, str | None]] = []  # kind, digest, display id
        self._clear_next = False

    def stream(self, name: str, text: str) -> None:
        """Text on stdout or stderr; what a person typed (`stdin`) is no output of the cell's."""
        self._before()
        if text and name in ("stdout", "stderr"):
            self._streams.setdefault(name, _Text(stderr=name == "stderr")).add(text)

    def display(self, kind: str, data: Mapping[str, Any], display_id: str | None = None) -> None:
        """A display or a result; those shown before under the same id show this now."""
        self._before()
        digest = _digest(bundle(data))
        self._replace(digest, display_id)
        self._items.append((kind, digest, display_id))

    def update(self, data: Mapping[str, Any], display_id: str | None) -> None:
        """Displays under an id show something else; those of earlier cells are not seen here: that they were changed is."""
        if display_id not in {shown for *_, shown in self._items}:
            self._items.append(("update", _digest(bundle(data)), display_id))
            return
        self._replace(_digest(bundle(data)), display_id)

    def error(self, name: str, message: str) -> None:
        """An exception that reached the top."""
        self._before()
        self._items.append(("error", _digest(steady.text(f"{name}\n{message}")), None))

    def clear(self, wait: bool) -> None:
        """Nothing is shown any more, or as soon as the next output comes."""
        self._clear_next = wait
        if not wait:
            self._streams, self._items = {}, []

    def digest(self) -> str:
        """`blake3:…` of all that is shown; that of nothing is the same for every cell that shows nothing."""
        streams = {name: text.digest() for name, text in sorted(self._streams.items())}
        whole = [FORM, streams, [[kind, digest] for kind, digest, _ in self._items]]
        return "blake3:" + _digest(json.dumps(whole))

    def _before(self) -> None:
        if self._clear_next:
            self.clear(False)

    def _replace(self, digest: str, display_id: str | None) -> None:
        if display_id is not None:
            self._items = [(kind, digest if shown == display_id else old, shown) for kind, old, shown in self._items]


def digest_of_saved(outputs: Sequence[Mapping[str, Any]]) -> str:
    """The digest of a saved code cell's `outputs`: what `Shown` gave while it ran, if they are whole.

    >>> text = {"output_type": "stream", "name": "stdout"}
    >>> one = digest_of_saved([{**text, "text": "10%\\r100%\\n<A object at 0x7f00deadbeef>"}])
    >>> one == digest_of_saved([{**text, "text": ["100%\\n", "<A obj"]}, {**text, "text": "ect at 0x7fffdeadbeef>"}])
    True
    """
    shown = Shown()
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            shown.stream(output["name"], joined(output["text"]))
        elif kind == "error":
            shown.error(output["ename"], output["evalue"])
        else:
            shown.display(kind, output["data"])
    return shown.digest()


class _Text:
    """One stream's text, hashed line by line as it comes."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr
        self._hash = blake3()
        self._line = ""
        self._cursor = 0

    def add(self, text: str) -> None:
        for at in range(0, len(text), _SLICE):
            self._add(text[at : at + _SLICE])

    def digest(self) -> str:
        whole = self._hash.copy()
        whole.update(self._canonical(self._line))
        return whole.hexdigest()

    def _add(self, text: str) -> None:
        plain = "\r" not in text and "\b" not in text and self._cursor == len(self._line)
        if plain and "\n" in text:
            ended, _, rest = text.rpartition("\n")
            self._ended(f"{self._line}{ended}\n")
            self._line = rest
        elif plain:
            self._line += text
        else:
            self._carry_out(text)
            return
        self._settle()
        self._cursor = len(self._line)

    def _carry_out(self, text: str) -> None:
        start = 0
        while True:
            found = _CONTROL.search(text, start)
            piece = text[start : found.start() if found else len(text)]
            self._line = self._line[: self._cursor] + piece + self._line[self._cursor + len(piece) :]
            self._cursor += len(piece)
            self._cursor -= self._settle()
            if found is None:
                return
            start = found.end()
            if found[0] == "\n":
                self._ended(self._line + "\n")
                self._line, self._cursor = "", 0
            elif found[0] == "\r":
                self._cursor = 0
            elif self._cursor > 0:  # as JupyterLab has it, in the middle of a line too
                self._line = self._line[: self._cursor - 1] + self._line[self._cursor + 1 :]
                self._cursor -= 1

    def _ended(self, lines: str) -> None:
        if len(lines) >= 2 * _LONG:
            # The first may be longer than what is held; it is cut where it would have been cut while it came.
            end = lines.index("\n")
            while end >= 2 * _LONG:
                self._hash.update(self._canonical(lines[:_LONG]))
                lines, end = lines[_LONG:], end - _LONG
        self._hash.update(self._canonical(lines))

    def _canonical(self, text: str) -> bytes:
        return _bytes(steady.text(text, stderr=self._stderr))

    def _settle(self) -> int:
        settled = 0
        while len(self._line) >= 2 * _LONG:
            self._hash.update(self._canonical(self._line[:_LONG]))
            self._line = self._line[_LONG:]
            settled += _LONG
        return settled


def _digest(text: str) -> str:
    return blake3(_bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
