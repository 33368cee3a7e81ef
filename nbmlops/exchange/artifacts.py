"""Files that come or go with a run: their names are never paths of ours, and their text has no secrets."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from pathlib import Path

from nbmlops.ledger.secrets import mask_bytes
from nbmlops.runs.records import Artifact
from nbmlops.workspace import Workspace

_MASKED_BYTES = 16 << 20  # text that is longer is data
_ODD = re.compile(r"[^\w ()+,\-.=@]")
_TEXT = re.compile(r"text/.*|application/(json|x-ndjson|yaml|x-yaml|toml|xml|x-ipynb\+json)")


def kept(workspace: Workspace, name: str, file: Path) -> Artifact:
    """Keep a file's bytes as an artifact."""
    media = _media(name)
    size = file.stat().st_size
    if _is_text(media) and size <= _MASKED_BYTES:
        data = mask_bytes(file.read_bytes())
        return Artifact(name=name, digest=workspace.blobs.put(data), media_type=media, size_bytes=len(data), position=None)
    return Artifact(name=name, digest=workspace.blobs.put_file(file), media_type=media, size_bytes=size, position=None)


def written(workspace: Workspace, artifact: Artifact, folder: Path, path: str) -> Path:
    """Write an artifact's bytes into a folder, under the last part of the path that others are to have it by."""
    file = folder / path.rpartition("/")[2]
    workspace.blobs.write_to(artifact.digest, file)
    if _is_text(_media(artifact.name)) and artifact.size_bytes <= _MASKED_BYTES:
        file.write_bytes(mask_bytes(file.read_bytes()))
    return file


def paths(artifacts: Iterable[Artifact]) -> dict[str, Artifact]:
    """The artifacts by the paths that others have them by, no two alike."""
    found: dict[str, Artifact] = {}
    for artifact in sorted(artifacts, key=lambda one: (harmless(one.name) != one.name, one.name)):
        path = harmless(artifact.name)
        if path in found:
            path = f"{path}-{artifact.digest.partition(':')[2][:12]}"
        found[path] = artifact
    return found


def harmless(name: str) -> str:
    """A name as a relative path that leads nowhere else.

    >>> harmless("plots/loss 1.png"), harmless("../../etc/passwd"), harmless("/x//y?")
    ('plots/loss 1.png', '__/__/etc/passwd', 'x/y_')
    """
    parts = [_ODD.sub("_", part)[:200] for part in name.replace("\\", "/").split("/") if part]
    return "/".join(part if part.strip(". ") else "_" * len(part) for part in parts) or "unnamed"


def _media(name: str) -> str:
    return mimetypes.guess_type(name)[0] or ("text/plain" if name.endswith((".log", ".yaml", ".yml")) else "application/octet-stream")


def _is_text(media: str) -> bool:
    return _TEXT.fullmatch(media) is not None
