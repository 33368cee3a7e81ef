"""Runs from the folders of W&B: each once, and more of it where its file has grown since or it was resumed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from nbmlops.errors import NbmlopsError, NotFound, Unwritable
from nbmlops.exchange import artifacts
from nbmlops.exchange.book import ExchangeBook
from nbmlops.exchange.progress import counted
from nbmlops.exchange.records import Exchange
from nbmlops.exchange.tally import Tally
from nbmlops.exchange.wandb.told import Told, as_number, told_by
from nbmlops.exchange.words import one_line
from nbmlops.ledger.blobs import digest_of_file
from nbmlops.ledger.encode import now_text
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.owner import this_process
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Artifact, MetricPoint, RunRecord, Status
from nbmlops.runs.spooled import Ended, Event, Opened
from nbmlops.workspace import Workspace

_LONGEST_TAG = 2000


def pull(workspace: Workspace, folder: Path) -> Exchange:
    """Take in every run under a folder. NotFound where there is none."""
    files = list(_files(folder))
    if not files:
        raise NotFound(f"There is no run of W&B's in {folder}.", hint="Name the folder wandb, or one wandb/offline-run-… in it.")
    puller = _Puller(workspace)
    for file in counted(files, "runs"):
        try:
            puller.pull(file)
        except Unwritable:
            raise
        except NbmlopsError as error:
            puller.tally.told["refused"].append(f"{file.parent.name}: {error.message}")
        except OSError as error:
            puller.tally.told["refused"].append(f"{file.parent.name}: it cannot be read: {error.strerror}.")
    done = puller.tally.over("wandb", "pull", str(folder))
    if done.runs or done.runs_changed or not done.passed:
        puller.book.told("pull", {"folder": str(folder), "runs": done.runs, "runs_changed": done.runs_changed, "refused": done.refused})
    return done


def _files(folder: Path) -> Iterator[Path]:
    """The files of runs in a folder: a run's own, one of many runs, or one with such a folder named wandb; the oldest first."""
    for place in (folder, folder / "wandb"):
        runs = [place, *(sorted(one for one in place.iterdir() if one.is_dir() and not one.is_symlink()) if place.is_dir() else [])]
        found = [
            file for run in runs if run.is_dir() for file in sorted(run.glob("run-*.wandb")) if file.is_file() and not file.is_symlink()
        ]
        if found:
            yield from sorted(found, key=lambda file: file.parent.name)
            return


class _Puller:
    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.tally = workspace, Tally()
        self.book = ExchangeBook(workspace, "wandb", "offline")
        self.runs = RunBook(workspace)
        self._runs = {known.there: known.here for known in self.book.all("run")}
        self._seen = {known.here for known in self.book.all("file")}

    def pull(self, file: Path) -> None:
        """One file's run."""
        digest = digest_of_file(file)
        seen = f"{file.parent.name}/{digest}"
        if seen in self._seen:
            self.tally.counted["runs_known"] += 1
            return
        told = told_by(file)
        told.run_id = told.run_id or file.stem.removeprefix("run-")
        there = f"{told.project}/{told.run_id}"
        mine = self._runs.get(there)
        before = self.runs.record(mine) if mine is not None else None
        facts = self._facts(told, file.parent, before)
        mine = mine or new_id("run")
        started = told.started_at or _changed(file)
        status, ended = _end(told, started, file)
        event = Event(mine, facts=facts)
        if before is None:
            event.opened = Opened(
                name=one_line(told.name or told.run_id), experiment=one_line(told.project or "wandb"), kind="imported", started_at=started,
                owner=this_process().as_text(), notebook=None, known_from="unknown",
            )  # fmt: skip
            event.ended = Ended(status, ended, _why(told))
        self.book.take(event, there)
        if before is not None:
            self._ended_anew(mine, status, ended, told)
        self.book.note("file", seen, there)
        self._runs[there] = mine
        self.tally.counted["runs"] += before is None
        self.tally.counted["runs_changed"] += before is not None
        if told.lost:
            self.tally.told["left_out"].append(
                f"{file.parent.name}: {told.lost} places of its file cannot be read; what else it holds is here."
            )
        if told.exit_code is None:
            self.tally.told["left_out"].append(f"{file.parent.name}: it has no end; pull it again if it is still running.")

    def _ended_anew(self, mine: str, status: Status, ended: datetime, told: Told) -> None:
        """A run that went on, or was resumed, has another end."""
        with self.workspace.ledger.write() as tx:
            tx.run(
                "UPDATE run SET status = ?, ended_at = ?, error = ? WHERE id = ? AND kind = 'imported'",
                status, now_text(ended), _why(told), mine,
            )  # fmt: skip
            tx.changed("run", mine)

    def _facts(self, told: Told, folder: Path, before: RunRecord | None) -> Facts:
        have = {(one.name, one.step) for one in before.history} if before is not None else set()
        last = max((step for _, step, *_ in told.points), default=0)
        at = told.last_at or told.started_at or self.workspace.clock()
        points = {(one_line(name), step): (value, when or at) for name, step, value, when in told.points}
        measured = {name for name, _ in points}
        for name, value in told.summary.items():  # what was said at the end alone
            if not name.startswith("_") and one_line(name) not in measured and (number := as_number(value)) is not None:
                points[one_line(name), last] = (number, at)
        return Facts(
            params={one_line(name): value for name, value in told.config.items() if not name.startswith("_wandb")},
            metrics=[
                MetricPoint(name=name, step=step, value=value, at=when)
                for (name, step), (value, when) in points.items()
                if (name, step) not in have
            ],
            tags=_tags(told), artifacts=self._artifacts(folder / "files", before), git={"commit": told.commit} if told.commit else None,
        )  # fmt: skip

    def _artifacts(self, folder: Path, before: RunRecord | None) -> list[Artifact]:
        """The run's files; links lead elsewhere, and are told of."""
        have = {(one.name, one.digest) for one in before.artifacts} if before is not None else set()
        made = []
        for place, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted([*names, *(one for one in folders if (Path(place) / one).is_symlink())]):
                path = Path(place) / name
                shown = one_line(path.relative_to(folder).as_posix())
                if path.is_symlink():
                    self.tally.told["left_out"].append(f"{folder.parent.name}: {shown} is a link to a file elsewhere.")
                elif path.is_file():
                    made.append(artifacts.kept(self.workspace, shown, path))
        fresh = [one for one in made if (one.name, one.digest) not in have]
        self.tally.counted["artifacts"] += len(fresh)
        return fresh


def _tags(told: Told) -> dict[str, str]:
    said = {
        "wandb.run": f"{told.project}/{told.run_id}", "wandb.group": told.group, "wandb.job_type": told.job_type, "wandb.notes": told.notes,
        "wandb.sweep": told.sweep, "wandb.host": told.host, "wandb.damaged": f"{told.lost} places cannot be read" if told.lost else "",
    }  # fmt: skip
    words = {f"summary.{name}": value for name, value in told.summary.items() if isinstance(value, str) and as_number(value) is None}
    return {
        **{one_line(tag): "true" for tag in told.tags},
        **{
            one_line(name): str(value)[:_LONGEST_TAG]
            for name, value in {**words, **said}.items()
            if value and not name.startswith("summary._")
        },
    }


def _end(told: Told, started: datetime, file: Path) -> tuple[Status, datetime]:
    status: Status = "killed" if told.exit_code is None else "failed" if told.exit_code else "finished"
    if told.exit_code is not None and told.runtime_s is not None:
        return status, max(started + timedelta(seconds=told.runtime_s), told.last_at or started)
    return status, max(started, told.last_at or _changed(file))


def _why(told: Told) -> str | None:
    if told.exit_code is None:
        return "Its file has no end."
    return f"It ended with {told.exit_code}." if told.exit_code else None


def _changed(file: Path) -> datetime:
    from datetime import UTC

    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
