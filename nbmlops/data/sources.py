"""Whatever holds rows, as columns: pandas, polars, Arrow and all that speaks its stream, numpy, scipy.sparse, dicts, lists.

The index of a pandas frame is not part of its data, nor is an index column pandas put into a file without a name of the
user's (`__index_level_0__`): `frame.reset_index()` makes data of an index.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from nbmlops.data.canonical import type_name
from nbmlops.data.categories import of_codes, of_dictionary
from nbmlops.data.columns import Column, of_arrow, of_chunks, of_numpy, of_objects
from nbmlops.errors import Invalid

MAX_COLUMNS = 20_000
_INDEX = re.compile(r"__index_level_\d+__")


def columns_of(data: Any, *, name: str = "x") -> tuple[list[Column], int]:
    """The columns of `data` and its number of rows.

    Arrays have the columns `x0`, `x1` … (more than two dimensions are flattened behind the first), one of one dimension
    has the column `x`, structured ones have their fields. Sparse matrices are row, column and value of what is stored.

    >>> [column.kind for column in columns_of(pd.DataFrame({"a": [1], "b": ["x"]}))[0]]
    ['int64', 'string']
    """
    found, rows = _columns(data, name)
    if len(found) > MAX_COLUMNS:
        raise Invalid(f"{len(found):,} columns are too many to fingerprint one by one.", hint=f"At most {MAX_COLUMNS:,}.")
    if any(column.rows != rows for column in found):
        raise Invalid("The columns differ in length.", hint="Give columns of one length.")
    return found, rows


def _columns(data: Any, name: str) -> tuple[list[Column], int]:
    if isinstance(data, pd.DataFrame):
        return [of_series(label, data.iloc[:, at]) for at, label in enumerate(data.columns[: MAX_COLUMNS + 1])], len(data)
    if isinstance(data, pd.Series):
        return [of_series(name if data.name is None else data.name, data)], len(data)
    if isinstance(data, pd.Index):
        return [of_series(name if data.name is None else data.name, data.to_series())], len(data)
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if isinstance(data, pa.Table):
        return _of_table(data), data.num_rows
    if isinstance(data, (pa.Array, pa.ChunkedArray)):
        return [_of_chunked(name, data)], len(data)
    if hasattr(data, "get_columns") and hasattr(data, "to_arrow"):
        return [_of_polars(one.name, one) for one in data.get_columns()], data.height
    if hasattr(data, "to_arrow") and hasattr(data, "dtype"):
        return [_of_polars(data.name or name, data)], len(data)
    if hasattr(data, "__arrow_c_stream__"):
        table = pa.table(data)
        return _of_table(table), table.num_rows
    if hasattr(data, "tocoo"):
        return _of_sparse(data)
    if isinstance(data, dict):
        columns = [_of_values(label, values) for label, values in data.items()]
        return columns, columns[0].rows if columns else 0
    if isinstance(data, np.ndarray):
        return _of_array(np.asarray(data) if isinstance(data, np.matrix) else data, name)
    return _of_array(_array(data), name)


def of_series(label: Any, series: Any) -> Column:
    """A column of a pandas series, whatever its dtype."""
    values, rows = series.array, len(series)
    if isinstance(series.dtype, np.dtype):
        return of_numpy(label, series.to_numpy())
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = of_series("categories", series.dtype.categories.to_series())
        return of_codes(label, values.codes, categories, ordered=bool(series.dtype.ordered))
    if isinstance(series.dtype, pd.SparseDtype):
        kind = of_numpy(label, np.asarray(values[:0])).kind
        return of_chunks(label, rows, kind, lambda a, b: of_numpy(label, np.asarray(values[a:b])).block(0, b - a))
    if isinstance(series.dtype, pd.StringDtype) and series.dtype.storage == "python":
        return of_objects(label, series.to_numpy(object)) if rows else of_arrow(label, pa.chunked_array([], pa.large_string()))
    if hasattr(values, "_pa_array") or isinstance(series.dtype, pd.ArrowDtype):
        return _of_chunked(label, values.__arrow_array__())
    if isinstance(series.dtype, (pd.DatetimeTZDtype, pd.PeriodDtype, pd.IntervalDtype)) or hasattr(values, "__arrow_array__"):
        kind = type_name(pa.array(series.iloc[:0]).type)
        return of_chunks(label, rows, kind, lambda a, b: pa.array(series.iloc[a:b]))
    return of_objects(label, np.asarray(values, object))


def _of_chunked(label: Any, values: Any, *, declared: bool = False) -> Column:
    chunks = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values], values.type)
    if pa.types.is_dictionary(chunks.type):
        return of_dictionary(label, chunks, declared=declared)
    return of_arrow(label, chunks)


def _of_table(table: pa.Table) -> list[Column]:
    told = table.schema.pandas_metadata or {}
    declared = {str(column.get("field_name")) for column in told.get("columns", ()) if column.get("pandas_type") == "categorical"}
    index = {level for level in told.get("index_columns", ()) if isinstance(level, str) and _INDEX.fullmatch(level)}
    pairs = zip(table.column_names, table.columns, strict=True)
    return [_of_chunked(label, chunks, declared=label in declared) for label, chunks in pairs if label not in index]


def _of_polars(label: Any, series: Any) -> Column:
    kind = str(series.dtype)
    if kind == "Object":  # polars would give addresses
        return of_objects(label, _objects(series.to_list()))
    if kind in ("Int128", "UInt128"):
        text = type(series.cast(str).dtype)
        return of_chunks(
            label, len(series), kind.lower(), lambda a, b: pa.array(series.slice(a, b - a).cast(text).to_list(), pa.large_string())
        )
    return _of_chunked(label, pa.chunked_array(series))


def _of_array(array: Any, name: str) -> tuple[list[Column], int]:
    if isinstance(array, pd.Series):
        return [of_series(name, array)], len(array)
    if array.ndim == 0:
        raise Invalid(f"A {type(array.item()).__name__} has no rows.", hint="Give a frame, an array or a list.")
    if array.dtype.names and array.ndim == 1:
        return [_of_field(label, array[label]) for label in array.dtype.names], len(array)
    if array.ndim == 1:
        return [of_numpy(name, array)], len(array)
    flat = array.reshape(len(array), -1) if array.size else np.empty((len(array), int(np.prod(array.shape[1:]))), array.dtype)
    return [of_numpy(f"{name}{at}", flat[:, at]) for at in range(min(flat.shape[1], MAX_COLUMNS + 1))], len(array)


def _of_field(label: str, values: Any) -> Column:
    return of_numpy(label, values) if values.ndim == 1 and not values.dtype.names else of_objects(label, _objects(values.tolist()))


def _of_values(label: Any, values: Any) -> Column:
    found = _columns(values if hasattr(values, "dtype") or hasattr(values, "type") else pd.Series(values), "x")[0]
    if len(found) != 1:
        raise Invalid(f"{str(label)[:60]!r} has {len(found)} columns of its own.", hint="Give one column for each name.")
    found[0].label = label
    return found[0]


def _array(data: Any) -> Any:
    """A list as the array numpy makes of it, unless that would change the values; then as pandas reads it."""
    if isinstance(data, (list, tuple)) and not all(isinstance(value, (list, tuple, np.ndarray)) or np.isscalar(value) for value in data):
        return pd.Series(list(data), dtype=object) if data else np.zeros(0)
    try:
        array = np.asarray(data)
    except ValueError:  # rows of different lengths
        return pd.Series(list(data), dtype=object)
    if array.ndim == 0 or array.dtype.kind not in "USO":
        return array
    flat = np.asarray(data, object)
    return array if array.dtype.kind == "O" or set(map(type, flat.ravel())) <= {str} or isinstance(data, np.ndarray) else flat


def _objects(values: list[Any]) -> Any:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _of_sparse(matrix: Any) -> tuple[list[Column], int]:
    found = matrix.tocsr(copy=True)
    found.sum_duplicates()
    stored = found.tocoo()
    shape = np.array([[size] for size in matrix.shape], np.int64)
    rows = [stored.row.astype(np.int64), stored.col.astype(np.int64)]
    columns = {
        "row": np.concatenate([rows[0], shape[0]]),
        "column": np.concatenate([rows[1], shape[1]]),
        "value": np.concatenate([stored.data, np.zeros(1, stored.data.dtype)]),
    }
    return [of_numpy(label, values) for label, values in columns.items()], len(stored.data) + 1
