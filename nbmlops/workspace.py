"""One project, opened: settings, ledger, blobs, clock.

A workspace is a `.nbmlops` folder, found by walking up from the notebook and made on first use.
"""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nbmlops import plugins
from nbmlops.errors import NewerWorkspace, Unwritable
from nbmlops.settings import FOLDER, SCHEMA_VERSION, Settings, find_root, read_settings, write_settings

_current: ContextVar[Workspace | None] = ContextVar("nbmlops_workspace", default=None)
_opened: dict[tuple[Path, int], Workspace] = {}


LOOK_S = 0.05


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


class Workspace:
    """Open with `Workspace.at(folder)`; the ledger and the blobs open when first asked for."""

    def __init__(self, root: Path, settings: Settings, *, clock: Callable[[], datetime] = utc_now, actor: str | None = None) -> None:
        self.root = root
        self.settings = settings
        self.clock = clock
        self._actor = actor
        self.opened_id: tuple[int, int] | None = None
        self._looked_at: float = 0.0
        self._seen: tuple[int, int] | None = None
        self.closing: list[Callable[[], None]] = []  # who wants to write before it closes

    @classmethod
    def at(cls, folder: Path | str, *, clock: Callable[[], datetime] = utc_now, actor: str | None = None) -> Workspace:
        """The workspace at `folder`, made if there is none.

        Raises Unwritable when it cannot be made, NewerWorkspace when a newer nbmlops wrote it.
        """
        root = Path(folder).expanduser().absolute()
        settings = read_settings(root)
        known = SCHEMA_VERSION
        if settings is not None and settings.schema_version > known:
            raise NewerWorkspace(
                f"The workspace at {root} has schema {settings.schema_version}; this nbmlops knows {known}.",
                hint="Upgrade: pip install -U nbmlops. Nothing in it was touched.",
            )
        if settings is None or settings.schema_version < known:
            _make(root)
            settings = replace(settings or Settings(), schema_version=known)
            write_settings(root, settings)
        return cls(root, settings, clock=clock, actor=actor)

    @property
    def folder(self) -> Path:
        """The `.nbmlops` folder."""
        return self.root / FOLDER

    def folder_id(self) -> tuple[int, int] | None:
        """Which folder on the disk this is now, whatever its name; None if it is gone."""
        try:
            found = self.folder.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def is_still(self, folder_id: tuple[int, int] | None) -> bool:
        """Whether the folder on the disk is the one it was; looked at a few times a second, since it is asked for at every step."""
        now = time.monotonic()
        if now - self._looked_at > LOOK_S or self._seen != folder_id:
            self._looked_at, self._seen = now, self.folder_id()
        return folder_id is not None and self._seen == folder_id

    def place_of(self, file: Path) -> Path:
        """Where a file is that was named: where the person stands, or else in this workspace's folder."""
        here = file.expanduser().absolute()
        return here if here.is_file() or file.is_absolute() else self.root / file

    @property
    def actor(self) -> str:
        """Who the audit trail names."""
        if self._actor:
            return self._actor
        try:
            return os.environ.get("NBMLOPS_ACTOR") or getpass.getuser()
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    @cached_property
    def ledger(self) -> Any:
        """Everything remembered but bytes and predictions."""
        return plugins.adapter("ledger", self.settings.ledger)(self.folder / "ledger.sqlite")

    @cached_property
    def prediction_ledger(self) -> Any:
        """The prediction log: a store of its own, since it grows and is pruned by other rules."""
        return plugins.adapter("ledger", self.settings.ledger)(self.folder / "predictions.sqlite", kind="predictions")

    @cached_property
    def blobs(self) -> Any:
        """Bytes by digest."""
        return plugins.adapter("blobs", self.settings.blobs)(self.folder / "blobs")

    def trusted(self) -> tuple[str, ...]:
        """What a model file may name or bring, as `workspace.json` says now: types by name, code by digest."""
        self.settings = read_settings(self.root) or self.settings
        return self.settings.trusted

    def required_signers(self) -> tuple[str, ...]:
        """One of whom must have signed a version before it is loaded or promoted, as `workspace.json` says now; empty: nobody must."""
        self.settings = read_settings(self.root) or self.settings
        return self.settings.required_signers

    def trust_code(self, digest: str) -> None:
        """Have code of this digest run where a model brings it; written into `workspace.json`, and in the audit trail."""
        with self.ledger.write() as tx:  # one at a time
            if digest not in self.trusted():
                self.settings = replace(self.settings, trusted_code=(*self.settings.trusted_code, digest))
                write_settings(self.root, self.settings)
                tx.audit(actor=self.actor, verb="workspace.trust", subject=digest, evidence={"code": digest}, at=self.clock())

    def close(self) -> None:
        """Close what was opened, after what waits to be written."""
        while self.closing:
            self.closing.pop()()
        for name in ("ledger", "prediction_ledger"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()


def use(workspace: Workspace | None = None) -> Workspace:
    """The workspace a verb works in: the one given, the one a door set, or the nearest above the current folder."""
    chosen = workspace or _current.get()
    return chosen if chosen is not None else opened(Path.cwd())


def opened(start: Path) -> Workspace:
    """The nearest workspace at or above `start`, opened once per process; made at `start` if there is none."""
    root = find_root(start) or start.absolute()
    key = (root, os.getpid())
    known = _opened.get(key)
    if known is None or known.folder_id() != known.opened_id:
        if known is not None:
            known.close()  # the folder was taken away, and perhaps made anew: what is open here is nobody's
        known = _opened[key] = Workspace.at(root)
        known.opened_id = known.folder_id()
    return known


@contextmanager
def within(workspace: Workspace) -> Any:
    """Verbs called inside work in `workspace`."""
    token = _current.set(workspace)
    try:
        yield workspace
    finally:
        _current.reset(token)


def _make(root: Path) -> None:
    folder = root / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
    except OSError as error:
        raise Unwritable(
            f"No workspace can be made at {root}: {error.strerror}.",
            hint="Check the disk and the rights, or name another: NBMLOPS_WORKSPACE.",
        ) from error
