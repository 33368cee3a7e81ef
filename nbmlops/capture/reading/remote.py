"""What came from the web: its address without secrets, and a digest of the bytes as they were fetched.

Nothing is fetched a second time. Where a library keeps the bytes to itself, the frame it made of them has a fingerprint, and
the note says so.
"""

from __future__ import annotations

import re
import urllib.parse
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nbmlops.capture.reading.results import fingerprinting
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.secrets import MASK, mask
from nbmlops.ledger.secrets.names import says
from nbmlops.runs.records import FileUse

if TYPE_CHECKING:
    from nbmlops.capture.reading.reads import Reads

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*::)*([A-Za-z][A-Za-z0-9+.-]+)://", re.IGNORECASE)
_SIGNED = re.compile(
    r"(?i)(x-(amz|goog|oss|ms)-.*|sig|signature|awsaccesskeyid|googleaccessid|policy|key-pair-id|code|key|st|se|sp|sv|sr|skoid)"
)
UNSEEN = "asked for by a library: its bytes were not seen"
MOST_BYTES = 256 << 20


def address(given: Any) -> str | None:
    """The address in what a reader was given; None for a name of a file.

    >>> address("https://x.org/a.csv"), address("simplecache::s3://b/a.csv"), address("file:///x.csv"), address("x.csv")
    ('https://x.org/a.csv', 's3://b/a.csv', None, None)
    """
    if not isinstance(given, str):
        return None
    found = _ADDRESS.match(given)
    if found is None or found[1].lower() in ("file", "local", "zip", "tar", "memory"):
        return None
    return given[found.start(1) :]


@lru_cache(512)
def without_secrets(url: str) -> str:
    """An address without user, password, fragment, and the values of what signs it.

    >>> without_secrets("https://ada:pw@x.org/a.csv?sig=abc&page=2#top")
    'https://x.org/a.csv?sig=•••&page=2'
    """
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return mask(url)
    query = "&".join(
        f"{name}={MASK}" if value and (_SIGNED.fullmatch(name) or says(name) != "no") else pair
        for pair in parts.query.split("&")
        for name, _, value in [pair.partition("=")]
    )
    return mask(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{'?' if query else ''}{query}")


def heard(reads: Reads, url: str) -> None:
    """An address that was asked for somewhere."""
    found = address(url)
    if found is not None:
        reads.other(_use(found, note=UNSEEN))


def heard_sending(reads: Reads, connection: Any, data: bytes) -> None:
    """The first line of a request as it leaves."""
    target = data.split(b" ", 2)[1].decode("ascii", "replace")
    secure = "HTTPS" in type(connection).__name__.upper() or hasattr(connection, "key_file") or connection.default_port == 443
    scheme, standard = ("https", 443) if secure else ("http", 80)
    if target.startswith("/"):
        port = "" if connection.port in (standard, None) else f":{connection.port}"
        host = f"[{connection.host}]" if ":" in connection.host else connection.host
        target = f"{scheme}://{host}{port}{target}"
    heard(reads, target)


def called(reads: Reads, name: str, owner: Any, args: dict[int | str, Any], result: Any) -> bool:
    """Whether a call was one of a web library's; if so, what it fetched is said."""
    kind = type(result)
    library = kind.__module__.partition(".")[0]
    if library in ("requests", "httpx") and kind.__name__ == "Response":
        if str(getattr(result.request, "method", "")).upper() == "GET":
            _response(reads, result)
        return True
    if name == "read" and type(owner).__module__ == "http.client" and isinstance(result, bytes):
        length = owner.headers.get("Content-Length") if owner.headers is not None else None
        url = getattr(owner, "url", None)
        if url and owner.isclosed() and (length is None or int(length) == len(result)):
            _bytes(reads, url, result, owner.headers)
        return True
    if name == "urlretrieve" and isinstance(result, tuple) and result:
        url = args.get(0, args.get("url"))
        if isinstance(url, str) and address(url) is not None:
            _retrieved(reads, url, result)
        return True
    return name == "urlopen"


def given(reads: Reads, url: str, result: Any, mode: str = "read") -> None:
    """A reader or writer was given an address, and this came of it."""
    library = type(result).__module__.partition(".")[0]
    job = fingerprinting(reads, result) if mode == "read" else None
    if job is not None:
        note = f"fingerprint of the frame that {library} made of it: its bytes were not seen"
    else:
        note = UNSEEN if mode == "read" else "what was sent was not seen"
    reads.other(_use(url, note=note, mode=mode), job)


def _use(url: str, *, digest: str | None = None, size: int | None = None, note: str | None, mode: Any = "read") -> FileUse:
    return FileUse(
        path=without_secrets(url), mode=mode, digest=digest, size_bytes=size, modified_at=None, position=None, note=note, kind="url"
    )


def _response(reads: Reads, response: Any) -> None:
    # Asking for the content of a stream would read it away from the user.
    content = getattr(response, "_content", None)
    url = str((response.history or [response])[0].url)
    status = response.status_code
    if isinstance(content, bytes) and len(content) <= MOST_BYTES:
        _bytes(reads, url, content, response.headers, "" if status == 200 else f"answered {status}")
    else:
        reads.other(_use(url, note="read as a stream: its bytes were not seen"))


def _bytes(reads: Reads, url: str, content: bytes, headers: Any, more: str = "") -> None:
    said = [f"{name.lower()}: {headers[name]}"[:200] for name in ("ETag", "Last-Modified") if headers is not None and headers.get(name)]
    note = mask("; ".join(part for part in (more, *said) if part)) or None
    if len(content) <= 4 << 20:
        reads.other(_use(url, digest=digest_bytes(content), size=len(content), note=note))
        return
    job = reads.hasher.ask(url, (-2, id(content), len(content), 0, 0), lambda job: digest_bytes(content))
    reads.other(_use(url, size=len(content), note=note), job)


def _retrieved(reads: Reads, url: str, result: tuple[Any, ...]) -> None:
    import os

    from nbmlops.capture.reading.hashing import state_of
    from nbmlops.capture.reading.reads import absolute

    path = absolute(result[0])
    if path is not None and os.path.isfile(path):
        found = os.stat(path)
        reads.other(_use(url, size=found.st_size, note=f"kept as {os.path.basename(path)}"), reads.hasher.file(path, state_of(found)))
