"""What a kernel's cells show, heard where every message leaves for the front end: in ipykernel's own output thread.

There, and nowhere before, it is whole and in order: what threads display, what forked processes print, what goes into a
widget. Nothing is asked of the user's stdout; the message is sent first and looked at after.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from nbmlops.capture.showing.figures import MOST, Figure, figure_of
from nbmlops.capture.showing.shown import Shown, digest_of_saved
from nbmlops.runs import trouble

__all__ = ["Outputs", "digest_of_saved"]

_DELIMITER = b"<IDS|MSG>"
_SENDS = "_really_send"
_KINDS = frozenset(("stream", "display_data", "execute_result", "update_display_data", "error", "clear_output", "comm_msg"))
PATIENCE_S = 2.0
Told = Callable[[str | None, list[Figure]], None]


class Outputs:
    """Listens while a cell executes. A shell that has no kernel of ipykernel's shows nothing here: digests are None."""

    def __init__(self) -> None:
        self._shell: Any = None
        self._thread: Any = None
        self._listening: Callable[..., None] | None = None
        self._streams: list[Any] = []
        self._cell: _Cell | None = None
        self._cells: dict[str, _Cell] = {}  # those whose outputs may still be on their way, by the message that asked for them
        self._leaving: list[_Cell] = []

    def attach(self, shell: Any) -> None:
        """Begin to listen. Of the cell that is executing already, what it showed is known only in part."""
        thread = getattr(getattr(shell, "kernel", None), "iopub_thread", None)
        if thread is None or not callable(getattr(thread, _SENDS, None)):
            return
        send = getattr(thread, _SENDS)

        def sent(message: Any, *given: Any, **named: Any) -> None:
            send(message, *given, **named)
            self._heard(message)

        self._shell, self._thread, self._listening = shell, thread, sent
        setattr(thread, _SENDS, sent)
        self.begin()
        if self._cell is not None:
            self._cell.whole = False

    def detach(self) -> None:
        """Leave the thread as it was; under somebody else's wrapper ours stays and hears nothing."""
        if self._thread is not None and vars(self._thread).get(_SENDS) is self._listening:
            delattr(self._thread, _SENDS)
        self.settle()
        self._shell = self._thread = self._listening = self._cell = None
        self._streams = []

    def begin(self) -> None:
        """A cell begins."""
        if self._thread is not None:
            # The user may have put something else in stdout's place; what is written to the kernel's own still shows.
            for stream in (sys.stdout, sys.stderr):
                if getattr(stream, "pub_thread", None) is self._thread and stream not in self._streams:
                    self._streams.append(stream)
            self._cell = cell = _Cell(_message_id(self._shell))
            if cell.id is not None:
                self._cells[cell.id] = cell

    def leave(self, told: Told) -> None:
        """The cell ends. `told` is called a moment later, by the thread that sends, once all that the cell showed has left:
        with the digest of it, None where it is not known whole, and with its figures. Nobody waits for it."""
        cell, self._cell = self._cell, None
        if cell is None:
            return
        thread = self._thread
        self._leaving = [other for other in self._leaving if not other.over.is_set()] + [cell]

        def sent() -> None:
            if cell.id is not None:
                self._cells.pop(cell.id, None)
            try:
                if cell.error is not None:
                    trouble.say(cell.error)
                whole = cell.whole and cell.error is None and cell.id is not None
                told(cell.shown.digest() if whole else None, cell.figures)
            except Exception as error:  # the thread sends everything the kernel shows: it must go on
                trouble.say(error)
            finally:
                cell.over.set()

        for stream in self._streams:
            thread.schedule(stream._flush)
        # Flushing only puts the text in the queue of what is to be sent: the end of the queue is asked for after that.
        thread.schedule(lambda: thread.schedule(sent))

    def settle(self) -> None:
        """Wait until it is told what the cells before showed."""
        if threading.current_thread() is not getattr(self._thread, "thread", None):
            for cell in self._leaving:
                cell.over.wait(PATIENCE_S)

    def _heard(self, message: Any) -> None:
        if not self._cells:
            return
        cell = None
        try:
            at = message.index(_DELIMITER)
            session = self._shell.kernel.session
            kind = session.unpack(message[at + 2])["msg_type"]
            if kind not in _KINDS or (kind == "comm_msg" and b'"msg_id"' not in bytes(message[at + 5])):
                return
            # What an earlier cell's threads still show is shown under that cell, whose digest has been told.
            cell = self._cells.get(session.unpack(message[at + 3]).get("msg_id"))
            if cell is not None:
                cell.heard(kind, session.unpack(message[at + 5]))
        except Exception as error:  # as above
            if cell is not None:
                cell.error = error


class _Cell:
    """One execution, by the id of the message that asked for it."""

    def __init__(self, message_id: str | None) -> None:
        self.id = message_id
        self.over = threading.Event()
        self.whole = True
        self.error: Exception | None = None
        self.shown = Shown()
        self.figures: list[Figure] = []
        self._widgets: list[str] = []  # output widgets that take what is shown, the innermost last

    def heard(self, kind: str, content: Any) -> None:
        if kind == "comm_msg":
            self._caught(content)
            return
        data = content.get("data") or {}
        if len(self.figures) < MOST and (figure := figure_of(data)) is not None:
            self.figures.append(figure)
        if self._widgets and kind != "update_display_data":
            return  # it stands in the widget, not under the cell
        shown, display_id = self.shown, (content.get("transient") or {}).get("display_id")
        if kind == "stream":
            shown.stream(content["name"], content["text"])
        elif kind == "update_display_data":
            shown.update(data, display_id)
        elif kind == "error":
            shown.error(content["ename"], content["evalue"])
        elif kind == "clear_output":
            shown.clear(bool(content.get("wait")))
        else:
            shown.display(kind, data, display_id)

    def _caught(self, content: Any) -> None:
        """`with Output():` tells the front end which message's outputs it takes, and the empty id when it is over."""
        state = (content.get("data") or {}).get("state") or {}
        if "msg_id" in state:
            widget = content["comm_id"]
            self._widgets = [other for other in self._widgets if other != widget] + ([widget] if state["msg_id"] == self.id else [])


def _message_id(shell: Any) -> str | None:
    parent = shell.get_parent() or {}
    found = (parent.get("header") or {}).get("msg_id")
    return found if isinstance(found, str) else None
