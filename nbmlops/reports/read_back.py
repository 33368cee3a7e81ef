"""The report.json of another execution, read as what to compare with. Whoever wrote it, it is data."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid, NotFound
from nbmlops.reports.records import REPORT_SCHEMA, Against, Baseline, ReadFile

_MOST_BYTES = 100_000_000


def baseline(file: Path) -> tuple[Baseline, Baseline | None]:
    """An execution, and the champion that it was compared with, if there was one."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise Invalid(f"{file.name} is larger than {_MOST_BYTES:,} bytes.", hint="Give the report.json of an execution.")
        told = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        hint = "It is written by: %mlops pipeline run FILE --ci FOLDER"
        raise NotFound(f"There is no report {str(file)!r}.", hint=hint) from None
    except (OSError, ValueError, RecursionError) as error:
        raise Invalid(f"{file.name} cannot be read: {str(error)[:200]}.", hint="Give the report.json of an execution.") from error
    try:
        if told["schema_version"] > REPORT_SCHEMA:
            raise Invalid(f"{file.name} was written by a newer nbmlops.", hint="Upgrade: pip install -U nbmlops")
        if told["status"] != "finished":
            raise Invalid(f"The execution of {file.name} is {told['status']}.", hint="Give the report.json of one that finished.")
        where = f"{told['branch'] or 'another execution'}{' at ' + str(told['commit'])[:8] if told['commit'] else ''}"
        steps = {str(step["step"]): step for step in told["steps"] if step["status"] in ("finished", "skipped")}
        found = Baseline(
            kind="baseline", name=str(where), run=told["run"], commit=told["commit"], at=datetime.fromisoformat(told["at"]),
            steps={name: _numbers(step["metrics"]) for name, step in steps.items()},
            params={name: dict(step["params"]) for name, step in steps.items()},
            files={name: [_file(one) for one in step["files"]] for name, step in steps.items()},
        )  # fmt: skip
        other = told["champion"]
        return found, None if other is None else _champion(other)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"{file.name} is no report: {error}.", hint="Give the report.json of an execution.") from error


def _champion(told: dict[str, Any]) -> Baseline:
    kind: Against = "champion"
    steps = {str(name): _numbers(metrics) for name, metrics in told["steps"].items()}
    return Baseline(kind=kind, name=str(told["name"]), run=told["run"], commit=None, at=None, steps=steps)


def _numbers(metrics: dict[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in metrics.items()}  # those that are no numbers are spelled out


def _file(told: dict[str, Any]) -> ReadFile:
    return ReadFile(path=str(told["path"]), detail=str(told["detail"]), digest=told["digest"], size_bytes=told["size_bytes"])
