"""What can go wrong, and what a person can do about it.

Every error carries `code` (a word for programs), `status` (for HTTP) and `hint` (what to do next). On the wire, in the
shell and in a notebook it is always the same three: code, message, hint.

    NbmlopsError            500  internal
    ├─ Invalid              422  invalid        what was asked cannot be understood
    │  └─ TooLarge          413  too_large
    ├─ Unauthenticated      401  unauthenticated
    ├─ Forbidden            403  forbidden
    ├─ NotFound             404  not_found      the hint names what there is
    ├─ Conflict             409  conflict       it is there already, or moved meanwhile
    ├─ GateRefused          409  gate_refused   a candidate did not pass
    ├─ Missing              501  missing        an extra package is not installed
    ├─ Untrusted            422  untrusted      a file asks for types nobody trusts, or nobody signed it who must
    ├─ Damaged              500  damaged        stored bytes do not match their digest
    ├─ Unwritable           507  unwritable     the workspace cannot be written
    ├─ NewerWorkspace       409  newer          written by a newer nbmlops: left untouched
    └─ Unavailable          503  unavailable    a server or kernel does not answer
"""

from __future__ import annotations

from types import TracebackType
from typing import Any


class NbmlopsError(Exception):
    """The root: catch this to catch all of them.

    >>> NotFound("Model 'a' is not registered.", hint="Registered: b").as_record()
    {'code': 'not_found', 'message': "Model 'a' is not registered.", 'hint': 'Registered: b'}
    """

    code = "internal"
    status = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def as_record(self) -> dict[str, Any]:
        """The one shape every door shows: code, message, hint."""
        return {"code": self.code, "message": self.message, "hint": self.hint}

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: the user's own line where Python called us, message, hint.

        IPython asks any exception for this; it still counts as an error for papermill and nbclient.
        """
        lines = [*_called_from(self.__traceback__), *f"{type(self).__name__}: {self.message}".split("\n")]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return ["".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line) for line in lines]


def _called_from(traceback: TracebackType | None) -> list[str]:
    """The line that called nbmlops, if a person wrote it: nothing where a magic did."""
    before = None
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.split(".")[0] == "nbmlops":
            break
        before, traceback = (traceback, module), traceback.tb_next
    if traceback is None or before is None or before[1].split(".")[0] in ("IPython", "ipykernel"):
        return []
    import linecache

    line = linecache.getline(before[0].tb_frame.f_code.co_filename, before[0].tb_lineno).strip()
    return [f"line {before[0].tb_lineno}: {line}"] if line else []


class Invalid(NbmlopsError):
    """What was asked cannot be understood."""

    code, status = "invalid", 422


class TooLarge(Invalid):
    """A name, body or number beyond its limit."""

    code, status = "too_large", 413


class Unauthenticated(NbmlopsError):
    """No token, or not the right one."""

    code, status = "unauthenticated", 401


class Forbidden(NbmlopsError):
    """A host or origin that is not allowed to ask."""

    code, status = "forbidden", 403


class NotFound(NbmlopsError):
    """A name nobody has; the hint says which there are."""

    code, status = "not_found", 404


class Conflict(NbmlopsError):
    """It is there already, or it moved meanwhile."""

    code, status = "conflict", 409


class GateRefused(Conflict):
    """A candidate did not pass its gate; the message says which check and by how much."""

    code = "gate_refused"


class NewerWorkspace(Conflict):
    """The workspace was written by a newer nbmlops and is left untouched."""

    code = "newer"


class Missing(NbmlopsError):
    """An extra package is not installed; the hint is the line that installs it."""

    code, status = "missing", 501


class Untrusted(NbmlopsError):
    """A stored model asks for types that nobody has trusted, or lacks a signature that is demanded."""

    code, status = "untrusted", 422


class Damaged(NbmlopsError):
    """Stored bytes do not match their digest."""

    code, status = "damaged", 500


class Unwritable(NbmlopsError):
    """The workspace cannot be written: disk full, read-only or not permitted."""

    code, status = "unwritable", 507


class Unavailable(NbmlopsError):
    """A server, kernel or lock does not answer."""

    code, status = "unavailable", 503


def of_record(record: Any, status: int) -> NbmlopsError | None:
    """The error that another process showed as a record with this status; None for a record that is not one of ours.

    >>> of_record({"code": "not_found", "message": "There is no b.", "hint": ""}, 404)
    NotFound('There is no b.')
    """
    code, message, hint = (str(record.get(key, "")) for key in ("code", "message", "hint")) if isinstance(record, dict) else ("", "", "")
    kinds = [kind for kind in globals().values() if isinstance(kind, type) and issubclass(kind, NbmlopsError)]
    found = next((kind for kind in kinds if (kind.code, kind.status) == (code, status)), None)
    return None if found is None else found(message, hint=hint)


def there_is(names: object, *, limit: int = 12) -> str:
    """A hint's list of what there is, short enough to read.

    >>> there_is(["b", "a"])
    'a, b'
    >>> there_is([])
    'none yet'
    """
    have = sorted(str(name) for name in names)  # type: ignore[attr-defined]
    if not have:
        return "none yet"
    more = len(have) - limit
    return ", ".join(have[:limit]) + (f" and {more} more" if more > 0 else "")
