"""The rows that gates are held on: read from a file or given, kept as a parquet blob, the same ones at every promotion."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nbmlops.data.files import has, rows_in
from nbmlops.data.fingerprint import fingerprint
from nbmlops.data.frames import to_frame
from nbmlops.errors import Invalid
from nbmlops.models.quality import all_known
from nbmlops.models.records import GateRows
from nbmlops.workspace import Workspace


def from_file(workspace: Workspace, path: Path, labels: str, sensitive: list[str]) -> GateRows:
    """The rows of a file, kept. NotFound, or Invalid where it has no such column or cannot be read."""
    frame = rows_in(path)
    for name in (labels, *sensitive):
        has(frame, name, path.name)
    return _kept(workspace, frame, labels, sensitive, str(path))


def given(workspace: Workspace, data: Any, labels: Any, sensitive: Any = None) -> GateRows:
    """Rows, labels and sensitive columns as they are in the notebook, kept. Invalid where they do not fit together."""
    if labels is None:
        raise Invalid("Rows were given without their labels.", hint="Give both: --data X --labels y")
    frame = to_frame(data).reset_index(drop=True)
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    beside = None if sensitive is None else to_frame(sensitive).reset_index(drop=True)
    truth = np.asarray(labels)
    truth = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
    if len(truth) != len(frame) or (beside is not None and len(beside) != len(frame)):
        raise Invalid(f"{len(frame):,} rows with {len(truth):,} labels.", hint="Give one label, and one sensitive row, for each row.")
    names = []
    for name in beside.columns if beside is not None else ():
        assert beside is not None
        if str(name) in frame.columns and not frame[str(name)].equals(beside[name]):
            raise Invalid(f"The column {str(name)[:80]!r} is in the rows and in the sensitive ones, and differs.", hint="Name one anew.")
        frame[str(name)] = beside[name]
        names.append(str(name))
    called = str(getattr(labels, "name", None) or "label")
    while called in frame.columns:
        called += "_"
    return _kept(workspace, frame.assign(**{called: truth}), called, names, None)


def opened(workspace: Workspace, kept: GateRows) -> tuple[Any, Any]:
    """The rows and the labels. Damaged where the bytes are not the ones that were kept."""
    import pandas as pd

    frame = pd.read_parquet(io.BytesIO(workspace.blobs.get(kept.digest)))
    return frame.drop(columns=[kept.labels]), frame[kept.labels]


def columns(workspace: Workspace, kept: GateRows) -> list[str]:
    """What the rows hold beside the labels."""
    return [str(name) for name in opened(workspace, kept)[0].columns]


def _kept(workspace: Workspace, frame: Any, labels: str, sensitive: list[str], file: str | None) -> GateRows:
    if len(frame) == 0:
        raise Invalid("A gate needs rows to measure on.", hint="Give labelled rows the candidate was not trained on.")
    all_known(frame[labels])
    out = io.BytesIO()
    try:
        frame.to_parquet(out, index=False)
    except Exception as error:  # what Arrow raises for values it has no type for is of any type
        raise Invalid(
            f"The rows cannot be kept: {str(error)[:200]}", hint="Give columns of numbers, text, times, true and false."
        ) from error
    kept = GateRows(
        digest=workspace.blobs.put(out.getvalue()), fingerprint="", rows=len(frame), labels=labels, sensitive=sensitive, file=file
    )
    # Of the rows as they come back: what a format makes of a null is the same in every report.
    return replace(kept, fingerprint=fingerprint(opened(workspace, kept)[0], profile=False).digest)
