"""Content-addressed bytes: a name is the digest of what it holds, so nothing is written twice or changed unseen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from nbmlops.atomic import write_whole
from nbmlops.errors import Damaged, Invalid, NotFound, Unwritable

_PIECE = 4 << 20


def digest_bytes(data: bytes) -> str:
    """`blake3:` and 64 hex digits.

    >>> digest_bytes(b"")[:15]
    'blake3:af1349b9'
    """
    return "blake3:" + blake3(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """The digest of what a file holds, read piece by piece. Raises OSError."""
    hasher = blake3()
    for piece in _pieces(path):
        hasher.update(piece)
    return f"blake3:{hasher.hexdigest()}"


class FolderBlobs:
    """Blobs in a folder: `blobs/ab/cdef…`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep `data`; on the disk (file and folder synced) when this returns. Gives its digest."""
        digest = digest_bytes(data)
        path = self._path(digest)
        if path.exists():
            return digest
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        except OSError as error:
            raise Unwritable(f"Bytes cannot be kept in {self.folder}: {error.strerror}.", hint="Check the disk and the rights.") from error
        return digest

    def put_file(self, source: Path) -> str:
        """Keep a file's bytes, piece by piece. Gives their digest. Raises Invalid if they change meanwhile, Unwritable."""
        try:
            digest = digest_of_file(source)
            path = self._path(digest)
            if path.exists():
                return digest
            path.parent.mkdir(parents=True, exist_ok=True)
            changed = Invalid(f"{source} changed while it was read.", hint="Ask again when it is written.")
            write_whole(path, _checked(source, digest, changed))
        except OSError as error:
            what = f"{source} cannot be kept in {self.folder}: {error.strerror}."
            raise Unwritable(what, hint="Check the disk and the rights.") from error
        return digest

    def write_to(self, digest: str, target: Path) -> None:
        """Write the bytes to a file, checked against their digest before anything stands there. Raises OSError, NotFound, Damaged."""
        source = self._path(digest)
        if not source.exists():
            raise NotFound(f"No blob {digest}.", hint="It was never written here, or removed.")
        write_whole(target, _checked(source, digest, _damaged(digest)))

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their digest at every reading."""
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"No blob {digest}.", hint="It was never written here, or removed.") from None
        if digest_bytes(data) != digest:
            raise _damaged(digest)
        return data

    def has(self, digest: str) -> bool:
        """Whether the bytes are here."""
        return self._path(digest).exists()

    def _path(self, digest: str) -> Path:
        algorithm, _, name = digest.partition(":")
        if algorithm != "blake3" or len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            raise Invalid(f"{digest[:80]!r} is no digest.", hint="A digest is blake3: and 64 hex digits.")
        return self.folder / name[:2] / name[2:]


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _checked(path: Path, digest: str, otherwise: Exception) -> Iterator[bytes]:
    """A file's bytes; raises at their end if they are not those of the digest."""
    hasher = blake3()
    for piece in _pieces(path):
        hasher.update(piece)
        yield piece
    if f"blake3:{hasher.hexdigest()}" != digest:
        raise otherwise


def _damaged(digest: str) -> Damaged:
    return Damaged(f"Blob {digest} has other content than its name says.", hint="Restore it from a copy.")
