"""Content-addressed bytes: a name is the digest of what it holds, so nothing is written twice or changed unseen."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from nbmlops.atomic import write_whole
from nbmlops.errors import Damaged, Invalid, NotFound, Unwritable


def digest_bytes(data: bytes) -> str:
    """`blake3:` and 64 hex digits.

    >>> digest_bytes(b"")[:15]
    'blake3:af1349b9'
    """
    return "blake3:" + blake3(data).hexdigest()


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

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their digest at every reading."""
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"No blob {digest}.", hint="It was never written here, or removed.") from None
        if digest_bytes(data) != digest:
            raise Damaged(f"Blob {digest} has other content than its name says.", hint="Restore it from a copy.")
        return data

    def has(self, digest: str) -> bool:
        """Whether the bytes are here."""
        return self._path(digest).exists()

    def _path(self, digest: str) -> Path:
        algorithm, _, name = digest.partition(":")
        if algorithm != "blake3" or len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            raise Invalid(f"{digest[:80]!r} is no digest.", hint="A digest is blake3: and 64 hex digits.")
        return self.folder / name[:2] / name[2:]
