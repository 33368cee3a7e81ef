"""Request bodies: limited in size, parsed strictly, never trusted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
from anyio import move_on_after
from starlette.requests import Request

from nbmlops.errors import Invalid, TooLarge

MAX_BYTES = 16 << 20
MAX_ROWS = 100_000
READ_OFF_BYTES, READ_OFF_S = 64 << 20, 5.0


async def json_object(request: Request, *, most_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The body as a JSON object. TooLarge as soon as it is known, Invalid for anything that is no JSON object."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise Unsupported(f"A body of type {kind[:60]!r} is not understood.", hint="Send application/json.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Unsupported("A packed body is not understood.", hint="Send plain application/json, without Content-Encoding.")
    limit = f"At most {most_bytes:,} bytes; send fewer rows at once."
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most_bytes:
        await _read_off(request)
        raise TooLarge(f"The body has {int(length):,} bytes.", hint=limit)
    parts: list[bytes] = []
    size = 0
    stream = request.stream()
    async for chunk in stream:
        size += len(chunk)
        if size > most_bytes:
            parts.clear()
            await _read_off(request, stream)
            raise TooLarge(f"The body has more than {most_bytes:,} bytes.", hint=limit)
        parts.append(chunk)
    try:
        found = orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"The body is not JSON: {error}.", hint='For example: {"rows": [{"column": 1}]}. JSON has no NaN: use null.'
        ) from error
    if not isinstance(found, dict):
        raise Invalid("The body is not a JSON object.", hint='For example: {"rows": [{"column": 1}]}')
    return found


async def _read_off(request: Request, stream: AsyncIterator[bytes] | None = None) -> None:
    """Read on for a while and keep nothing: a client that is still sending would not see the answer."""
    left = READ_OFF_BYTES
    with move_on_after(READ_OFF_S):
        async for chunk in stream or request.stream():
            left -= len(chunk)
            if left <= 0:
                return


class Unsupported(Invalid):
    """A body in another form than JSON."""

    status = 415


def event_times(given: Any, rows: int) -> list[datetime]:
    """When the rows happened: one time for all, one for each, or now."""
    if given is None:
        return [datetime.now(UTC)] * rows
    if isinstance(given, str):
        return [_time(given)] * rows
    if isinstance(given, list) and len(given) == rows:
        return [_time(value) for value in given]
    raise Invalid("event_at is neither a time nor one time for each row.", hint="Give ISO 8601: 2026-01-31T12:00:00Z")


def _time(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(f"event_at {str(value)[:60]!r} is no time.", hint="Give ISO 8601: 2026-01-31T12:00:00Z") from error
