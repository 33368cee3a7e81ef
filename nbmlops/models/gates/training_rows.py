"""The rows a version was trained on, as one word each: enough to know a row again, and nothing of what stands in it.

Kept where the frame is at hand when a version is registered: given, or still in the notebook under some name.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa

from nbmlops.data import book, rows
from nbmlops.data.fingerprint import fingerprint
from nbmlops.errors import NotFound
from nbmlops.ledger.encode import dump, load
from nbmlops.workspace import Workspace

MOST_VALUES = 200_000_000  # rows × columns; beyond that nothing is kept
_MOST_LOOKED_AT = 8


def words(frame: Any, columns: list[str]) -> Any:
    """One word of 64 bits for each row of a pandas frame (n,), over these columns in the order of their names.

    Numbers are held as floats and the rest as text, so that a row is the same one after it went through a file.

    >>> import pandas as pd
    >>> one, other = pd.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.DataFrame({"b": ["x", None], "a": [1.0, 3.0]})
    >>> (words(one, ["a", "b"]) == words(other, ["b", "a"])).tolist()
    [True, False]
    """
    state = rows.start(len(frame))
    for name in sorted(columns):
        values = frame[name]
        if values.dtype.kind in "iufb" or str(values.dtype) == "boolean":
            array = pa.array(values.to_numpy(dtype=float, na_value=np.nan), from_pandas=False)
        else:
            absent = values.isna().to_numpy()
            array = pa.array([None if gone else str(one) for one, gone in zip(values, absent, strict=True)], pa.large_string())
        state = rows.then(state, rows.hashes(array)[0])
    return state[0]


def keep(workspace: Workspace, dataset: str | None, frame: Any = None) -> None:
    """Keep the words of a dataset's rows, where its frame is given or lives in this notebook; else nothing."""
    if dataset is None or _row(workspace, dataset) is not None:
        return
    found = frame if frame is not None else _living(workspace, dataset)
    if found is None:
        return
    from nbmlops.data.frames import to_frame

    table = to_frame(found)
    if table.size > MOST_VALUES:
        return
    columns = [str(name) for name in table.columns]
    blob = workspace.blobs.put(np.sort(words(table.set_axis(columns, axis=1), columns)).astype("<u8").tobytes())
    with workspace.ledger.write() as tx:
        tx.insert("training_rows", or_replace=True, dataset=dataset, columns=dump(columns), rows=blob)


def known(workspace: Workspace, dataset: str | None) -> tuple[list[str], Any] | None:
    """The columns and the sorted words of a dataset's rows; None where they were not kept."""
    row = _row(workspace, dataset) if dataset else None
    return (load(row["columns"]), np.frombuffer(workspace.blobs.get(row["rows"]), "<u8")) if row else None


def _row(workspace: Workspace, dataset: str) -> Any:
    return workspace.ledger.read_one("SELECT columns, rows FROM training_rows WHERE dataset = ?", dataset)


def _living(workspace: Workspace, dataset: str) -> Any:
    """The frame of this notebook's that has the dataset's fingerprint. Only what has its rows and columns is looked at."""
    try:
        wanted = book.dataset(workspace, dataset)
    except NotFound:
        return None
    shape = (wanted.rows, len(wanted.columns))
    seen = 0
    for value in list(vars(sys.modules["__main__"]).values()):
        if not _is_rows(value, shape):
            continue
        seen += 1
        if seen > _MOST_LOOKED_AT or shape[0] * shape[1] > MOST_VALUES:
            return None
        if fingerprint(value, profile=False).digest == dataset:
            return value
    return None


def _is_rows(value: Any, shape: tuple[int, int]) -> bool:
    """Whether a thing of the notebook's is a frame or an array of this shape."""
    try:
        return tuple(value.shape) == shape and (hasattr(value, "dtypes") or hasattr(value, "dtype"))
    except Exception:  # what an object of the user's own does when it is asked for its shape is its affair
        return False
