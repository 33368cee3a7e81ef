"""Whatever holds rows → one Arrow table: the form in which data is fingerprinted and profiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from nbmlops.errors import Invalid
from nbmlops.ledger.encode import dump, plain

MAX_COLUMNS = 20_000


def to_table(data: Any, *, name: str = "x") -> pa.Table:
    """`data` as a table, without its index.

    Takes pandas frames and series, polars frames, Arrow tables, numpy arrays of any rank (columns `x0`, `x1` …; more
    than two dimensions are flattened behind the first), scipy sparse matrices (as row, column, value), dicts of columns
    and lists. NaN stays NaN where the type has one; a missing value of a nullable type is null.

    >>> import numpy as np
    >>> to_table(np.zeros((2, 3))).column_names
    ['x0', 'x1', 'x2']
    """
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pd.DataFrame):
        return _columns([(str(label), data.iloc[:, at]) for at, label in enumerate(data.columns)])
    if isinstance(data, pd.Series):
        return _columns([(name if data.name is None else str(data.name), data)])
    if isinstance(data, (pa.Array, pa.ChunkedArray)):
        return pa.table({name: data})
    if hasattr(data, "to_arrow"):  # polars
        found = data.to_arrow()
        return found if isinstance(found, pa.Table) else pa.table({data.name or name: found})
    if hasattr(data, "tocoo"):  # scipy.sparse
        return _sparse(data)
    if isinstance(data, dict):
        return _columns([(str(key), value) for key, value in data.items()])
    array = np.asarray(data)
    if array.ndim == 0:
        raise Invalid(f"A {type(data).__name__} has no rows.", hint="Give a frame, an array or a list.")
    if array.ndim == 1:
        return _columns([(name, array)])
    flat = array.reshape(len(array), -1)
    return _columns([(f"{name}{at}", flat[:, at]) for at in range(flat.shape[1])])


def to_frame(data: Any) -> pd.DataFrame:
    """`data` as a pandas frame; a pandas frame is given back as it is.

    >>> to_frame([[1, 2]]).columns.tolist()
    ['x0', 'x1']
    """
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, pd.Series):
        return data.to_frame()
    return to_table(data).to_pandas()


def _columns(columns: list[tuple[str, Any]]) -> pa.Table:
    if len(columns) > MAX_COLUMNS:
        raise Invalid(f"{len(columns):,} columns are too many to fingerprint one by one.", hint=f"At most {MAX_COLUMNS:,}.")
    return pa.Table.from_arrays([_array(values) for _, values in columns], names=[label for label, _ in columns])


def _array(values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pd.Series):
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iufb":
            # from_pandas would turn NaN into null; here they are two things.
            return pa.array(np.ascontiguousarray(values.to_numpy()), from_pandas=False)
        missing = True
    else:
        values = values if isinstance(values, list) else np.ascontiguousarray(values)
        missing = not (isinstance(values, np.ndarray) and values.dtype.kind == "f")
    try:
        return pa.array(values, from_pandas=missing)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        # Mixed objects: each named by content, never by address.
        return pa.array([None if value is None else _spelled(value) for value in list(values)], pa.large_string())


def _spelled(value: Any) -> str:
    return f"{type(value).__name__}:{dump(plain(value))}"


def _sparse(matrix: Any) -> pa.Table:
    found = matrix.tocsr().tocoo()
    rows, columns = np.array([matrix.shape[0]], np.int64), np.array([matrix.shape[1]], np.int64)
    return pa.table(
        {
            "row": np.concatenate([found.row.astype(np.int64), rows]),
            "column": np.concatenate([found.col.astype(np.int64), columns]),
            "value": np.concatenate([found.data, np.zeros(1, found.data.dtype)]),
        }
    )
