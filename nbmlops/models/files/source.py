"""From a file that somebody has to the model that is registered."""

from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbmlops import plugins
from nbmlops.errors import Damaged, Invalid, NotFound, Untrusted, there_is
from nbmlops.models.files import opening
from nbmlops.models.files.folder import read_file
from nbmlops.models.files.kinds import PACKED, PICKLE
from nbmlops.models.files.records import Limits, Question, Told
from nbmlops.models.flavors.executing import Executing
from nbmlops.models.flavors.zipped import shown
from nbmlops.models.records import Signature, SignatureColumn
from nbmlops.workspace import Workspace

_LEAST = 256 << 20


@dataclass(frozen=True)
class Opened:
    """What a file gave: bytes of a flavor, or the `model` that a trusted pickle held. `vouched`: digests it was trusted by."""

    told: Told
    data: bytes
    model: Any = None
    vouched: tuple[str, ...] = ()

    @property
    def signature(self) -> Signature | None:
        """What the model takes, as its folder says; None where nobody does."""
        if self.told.columns is None or self.told.file is None:
            return None
        return Signature(inputs=[SignatureColumn(**column) for column in self.told.columns], outputs=[], named=self.told.named)


def opened(workspace: Workspace, file: str, sample: Any, *, code: bool, trust: str | None) -> Opened:
    """A file or folder, once a process with limits has told what it is, and nothing of it is trusted that nobody trusts.

    `code`: sources that a skops file brings may run. A file that is trusted whole (a pickle, a program of torch) is trusted by its
    digest alone: in workspace.json, or in `trust`.
    """
    path = _place(workspace, file)
    trusted = (*workspace.trusted(), *([trust] if trust else []))
    told, data = looked(workspace, path, trusted, sample, code=code)
    flavor = plugins.adapter("flavor", told.flavor)() if told.flavor in plugins.names("flavor") else None
    if not told.runs:
        assert flavor is not None
        if trust is not None and trust != flavor.code(data):
            raise Untrusted(f"The file brings no code of the digest {shown(trust)}.", hint="Leave --trust out, or see what you have.")
        return Opened(told, data, vouched=(trust,) if trust else ())
    return _trusted_whole(told, data, path.name, trusted, trust)


def looked(workspace: Workspace, path: Path, trusted: tuple[str, ...], sample: Any = None, *, code: bool = False) -> tuple[Told, bytes]:
    """What a process with limits tells of a file or folder, and the bytes it told it of; who trusts what `runs` is not asked yet."""
    rows = pickle.dumps(sample) if sample is not None else None
    limits = _limits(workspace)
    told = opening.look(Question(path=str(path), trusted=trusted, code=code, sample=rows), limits)
    data = read_file(path / told.file if told.file else path, limits.file_bytes)
    if _digest(data) != told.digest:
        raise Damaged(f"{shown(path.name)!r} changed while it was looked at.", hint="Ask again when it is written.")
    return told, data


def _trusted_whole(told: Told, data: bytes, name: str, trusted: tuple[str, ...], trust: str | None) -> Opened:
    """A file that runs code when it is opened."""
    if not told.flavor:
        raise Invalid(
            f"{shown(name)!r} is {told.kind}: weights, or a module that is code.",
            hint="What is kept of torch is a program: torch.export.save(torch.export.export(module.eval(), (rows,)), 'model.pt2')",
        )
    if trust is not None and trust != told.digest:
        raise Untrusted(f"--trust names {shown(trust)}, and {shown(name)!r} is {told.digest}.", hint="It is not the file that you know.")
    if told.digest not in trusted:
        line = f'"trusted_code": ["{told.digest}"]'
        raise Untrusted(
            f"{shown(name)!r} is {told.kind}, which runs code when it is loaded, and nobody has trusted it: {told.digest}.",
            hint=f"If you know where it comes from, list it in .nbmlops/workspace.json: {line}. --code does not do that.",
        )
    if told.flavor != "pickle":
        return Opened(told, data, vouched=(told.digest,))
    return Opened(told, data, _unpickled(data, name), vouched=(told.digest,))


def _unpickled(data: bytes, name: str) -> Any:
    """What a pickle holds that somebody has trusted; joblib reads plain ones too, packed or not."""
    import joblib

    try:
        return joblib.load(io.BytesIO(data))
    except Exception as error:  # a pickle raises whatever it likes
        said = shown(f"{type(error).__name__}: {error}", 200)
        needed = "It needs the packages it was made with."
        raise Damaged(f"{shown(name)!r} is trusted, and cannot be unpickled: {said}.", hint=needed) from error


def vouched_for(opened: Opened, flavor: Any, data: bytes) -> tuple[str, ...]:
    """By which digests a model is trusted that a trusted pickle held: what has no form but a pickle is one again, made here."""
    return (str(flavor.code(data)),) if isinstance(flavor, Executing) and opened.told.kind in (PICKLE.words, PACKED.words) else ()


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _place(workspace: Workspace, file: str) -> Path:
    given = Path(file).expanduser()
    path = given.absolute() if given.exists() or given.is_absolute() else workspace.root / given
    if path.is_symlink() and not path.exists():
        raise NotFound(f"{shown(path.name)!r} is a link to what is not there.", hint="Name the file itself.")
    if not path.exists():
        near = [shown(one.name) for one in path.parent.iterdir()] if path.parent.is_dir() else []
        raise NotFound(f"There is no file {shown(str(file))!r}.", hint=f"In {path.parent}: {there_is(near)}.")
    return path


def _limits(workspace: Workspace) -> Limits:
    """As workspace.json says."""
    most = workspace.settings.file_memory_bytes
    if isinstance(most, bool) or not isinstance(most, int) or most < _LEAST:
        raise Invalid(f"workspace.json gives a model's file {most!r} bytes of memory.", hint=f"file_memory_bytes is at least {_LEAST:,}.")
    return Limits(memory_bytes=most, file_bytes=min(Limits().file_bytes, most))
