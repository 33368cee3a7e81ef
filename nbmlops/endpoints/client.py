"""Asking a running endpoint over HTTP, as any client would."""

from __future__ import annotations

import http.client
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from nbmlops.errors import NbmlopsError, TooLarge, Unavailable, of_record

TIMEOUT_S = 120.0


class Client:
    """One kept-alive connection to an endpoint."""

    def __init__(self, connection: http.client.HTTPConnection, token: str, name: str) -> None:
        self._connection = connection
        self._token = token
        self._name = name

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send JSON, give the answer; an error of the server's is raised as the same error here."""
        data = orjson.dumps(plain(body), option=orjson.OPT_SERIALIZE_NUMPY)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            self._connection.request("POST", path, data, headers)
            answer = self._connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(
                f"Endpoint {self._name!r} does not answer: {error}.", hint=f"Look at it: %mlops endpoint show {self._name}"
            ) from error
        try:
            found = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise Unavailable(
                f"Endpoint {self._name!r} answered {answer.status} in no form of ours.", hint="Is it behind a proxy?"
            ) from None
        if answer.status >= 400:
            raise _error(found, answer.status)
        return dict(found)

    def predict(self, rows: list[dict[str, Any]], event_at: Any = None) -> list[dict[str, Any]]:
        """Ask rows, in halves where they are too large for one body; the answers in order."""
        when = {} if event_at is None else {"event_at": event_at}
        try:
            return [self.post("/predict", {"rows": rows, **when})]
        except TooLarge:
            if len(rows) == 1:
                raise
        half = len(rows) // 2
        first, last = (event_at[:half], event_at[half:]) if isinstance(event_at, list) else (event_at, event_at)
        return self.predict(rows[:half], first) + self.predict(rows[half:], last)


@contextmanager
def connected(url: str, token: str, name: str) -> Iterator[Client]:
    """A client for one endpoint."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=TIMEOUT_S)
    try:
        yield Client(connection, token, name)
    finally:
        connection.close()


def plain(value: Any) -> Any:
    """JSON values of what a notebook has: numpy scalars, NaN and NA as null, times as ISO text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, date)):
        return value.isoformat() if value == value else None
    if hasattr(value, "item"):
        return plain(value.item())
    return None if type(value).__name__ in ("NAType", "NaTType") else str(value)


def _error(found: Any, status: int) -> NbmlopsError:
    if known := of_record(found, status):
        return known
    record = found if isinstance(found, dict) else {}
    made = NbmlopsError(str(record.get("message", "")) or f"The endpoint answered {status}.", hint=str(record.get("hint", "")))
    made.status = status
    return made
