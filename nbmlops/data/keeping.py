"""Versions of files that a person asked to keep, by path and digest; the bytes are blobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbmlops.data.records import KeptFile
from nbmlops.errors import Invalid, NotFound, Unwritable
from nbmlops.ledger.encode import now_text
from nbmlops.settings import FOLDER
from nbmlops.workspace import Workspace

_SECRETS = (".env", ".netrc", ".pem", ".key", ".pgpass", ".git-credentials", "id_rsa", "id_ed25519", "id_ecdsa", "credentials")
MOST_FILES = 100_000


def keep(workspace: Workspace, path: Path, *, progress: Callable[[int], object] = lambda size: None) -> list[KeptFile]:
    """Keep a file, or every file of a folder, as it is now. `progress` is told of the bytes kept, file by file.

    What is kept already is not kept twice. Raises NotFound, Invalid for what no run should read again, Unwritable.
    """
    found = []
    for file in list(files(path)):
        digest = workspace.blobs.put_file(file)
        state = file.stat()
        modified = datetime.fromtimestamp(state.st_mtime, UTC)
        found.append(KeptFile(path=str(file), digest=digest, size_bytes=state.st_size, modified_at=modified, kept_at=workspace.clock()))
        progress(state.st_size)
    with workspace.ledger.write() as tx:
        for one in found:
            tx.run(
                "INSERT OR IGNORE INTO kept_file (path, digest, size_bytes, modified_at, kept_at) VALUES (?, ?, ?, ?, ?)",
                one.path, one.digest, one.size_bytes, now_text(one.modified_at), now_text(one.kept_at),
            )  # fmt: skip
    return found


def files(path: Path) -> Iterator[Path]:
    """A file, or the files of a folder, without hidden ones. Raises NotFound or Invalid."""
    if path.is_file():
        if _is_secret(path.name):
            raise Invalid(f"{path.name} holds secrets by its name, and they are not kept.", hint="A run reads them from where they are.")
        yield path
        return
    if not path.is_dir():
        raise NotFound(f"There is no file {str(path)!r}.", hint="A file, or a folder.")
    count = 0
    for place, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != FOLDER)
        for name in sorted(names):
            file = Path(place, name)
            if name.startswith(".") or _is_secret(name) or not file.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                raise Invalid(f"{path} has more than {MOST_FILES:,} files.", hint="Keep the folders in it that runs read, one by one.")
            yield file
    if not count:
        raise NotFound(f"There is no file in {str(path)!r}.", hint="Hidden files are left out.")


def versions(workspace: Workspace, path: str | None = None) -> list[KeptFile]:
    """What is kept, the newest first: of a file, of what is in a folder, or of everything."""
    inside = "" if path is None else os.path.join(path, "")
    rows = workspace.ledger.read(
        "SELECT * FROM kept_file WHERE ? IS NULL OR path = ? OR substr(path, 1, length(?)) = ? ORDER BY kept_at DESC, path",
        path, path, inside, inside,
    )  # fmt: skip
    return [_kept(row) for row in rows]


def restore(workspace: Workspace, path: Path, *, digest: str | None, output: Path) -> KeptFile:
    """Write a version to `output`, the newest if none is named; what is there is kept first. Raises NotFound or Unwritable."""
    of_path = [one for one in versions(workspace, str(path)) if one.path == str(path)]
    if not of_path:
        raise NotFound(f"No version of {str(path)!r} is kept.", hint="What is kept: %mlops data versions")
    wanted = digest if digest is None or digest.startswith("blake3:") else f"blake3:{digest}"
    found = next((one for one in of_path if wanted is None or one.digest.startswith(wanted)), None)
    if found is None:
        what = f"No version of {str(path)!r} begins with {str(digest)[:80]!r}."
        raise NotFound(what, hint=f"There are {len(of_path)}: %mlops data versions")
    mode = 0o644
    if output.is_file():
        mode = output.stat().st_mode & 0o777
        keep(workspace, output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        workspace.blobs.write_to(found.digest, output)
        output.chmod(mode)
    except OSError as error:
        raise Unwritable(f"{str(output)!r} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
    return found


def _is_secret(name: str) -> bool:
    lower = name.lower()
    return lower in _SECRETS or lower.startswith((".env", "credentials.")) or os.path.splitext(lower)[1] in _SECRETS


def _kept(row: Any) -> KeptFile:
    modified, kept = (datetime.fromisoformat(row[name]) for name in ("modified_at", "kept_at"))
    return KeptFile(path=row["path"], digest=row["digest"], size_bytes=row["size_bytes"], modified_at=modified, kept_at=kept)
