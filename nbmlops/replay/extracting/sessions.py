"""Where a session's executions come from: this kernel, or the record of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nbmlops.capture.executed import own_command
from nbmlops.capture.session import Session
from nbmlops.capture.showing.where import notebook_of
from nbmlops.errors import Invalid
from nbmlops.replay.extracting.statements import Execution
from nbmlops.replay.written import cells_in_order, missing
from nbmlops.runs.records import FileUse, RunRecord


@dataclass(frozen=True, kw_only=True)
class Told:
    """A session as it can be executed again: what was executed, where, on which files, and under which name it goes."""

    of: str
    folder: str
    executions: list[Execution]
    files: list[FileUse] = field(default_factory=list)
    names: dict[str, Any] | None = None  # what its names are bound to now, if it lives
    record: RunRecord | None = None  # if it does not


def of_kernel(session: Session) -> Told:
    """The session of this kernel."""
    executions = []
    for position, _, source, names in session.executed.all:
        facts = session.memory.of(position)
        executions.append(
            Execution(
                position=position, source=source, raised=position in session.executed.stopped,
                stopped=session.executed.stopped.get(position), kinds=names.kinds, files=tuple(facts.files),
            )
        )  # fmt: skip
    notebook, _ = notebook_of(session.shell, executed=session.executed.sources)
    return Told(
        of=notebook or "this session", folder=session.folder, executions=executions,
        files=[use for one in executions for use in one.files], names=session.shell.user_ns,
    )  # fmt: skip


def of_record(record: RunRecord) -> Told:
    """The session that a run is the record of. Raises Invalid where it cannot be executed again."""
    if absent := missing(record):
        raise Invalid(f"{record.run.name} cannot be executed again: {absent[0]}.", hint=f"Its cells: %mlops run show {record.run.id}")
    by_position: dict[int | None, list[FileUse]] = {}
    for use in record.files:
        by_position.setdefault(use.position, []).append(use)
    executions = [
        Execution(
            position=cell.position, source=cell.source, raised=cell.error is not None,
            files=tuple(by_position.get(cell.position, ())),
        )
        for cell in cells_in_order(record)
        if not own_command(cell.source)
    ]  # fmt: skip
    return Told(of=record.run.id, folder=str(record.folder), executions=executions, files=list(record.files), record=record)
