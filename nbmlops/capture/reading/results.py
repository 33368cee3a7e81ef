"""The digest of a frame that a statement or an address gave, made beside the user's work from what it was at that moment."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any

from nbmlops.capture.reading.hashing import Job, Unknown

if TYPE_CHECKING:
    from nbmlops.capture.reading.reads import Reads

_FRAMES = ("pandas", "polars", "pyarrow", "geopandas", "numpy")
MOST_ROWS_OF_TUPLES = 200_000
_numbers = itertools.count()


def rows_of(result: Any) -> int | None:
    """How many rows a result has, where that is known without asking it for them.

    >>> rows_of([(1, "a"), (2, "b")]), rows_of(iter([]))
    (2, None)
    """
    if isinstance(result, list):
        return len(result)
    if type(result).__module__.partition(".")[0] not in _FRAMES:
        return None  # DuckDB's relations have a shape too, and run the query for it
    shape = getattr(result, "shape", None)
    return shape[0] if isinstance(shape, tuple) and shape and isinstance(shape[0], int) else None


def fingerprinting(reads: Reads, result: Any, names: list[str] | None = None) -> Job | None:
    """A job that makes the fingerprint of `result`; None where it is no frame. `names` are the columns of a list of rows.

    What is fingerprinted cannot change meanwhile: Polars and Arrow never do, of pandas a copy is taken that is written only
    when the user writes, and of a list its rows.
    """
    held = _held(result, names)
    if held is None:
        return None

    def run(job: Job) -> str:
        from nbmlops.data.fingerprint import fingerprint

        try:
            return fingerprint(_columns(held, names) if isinstance(held, list) else held, profile=False).digest
        except Exception as error:  # a frame may hold whatever there is
            raise Unknown(f"no fingerprint of the result: {type(error).__name__}: {error}"[:300]) from None

    return reads.hasher.ask("a result", (-1, next(_numbers), _bytes_of(result), 0, 0), run)


def _held(result: Any, names: list[str] | None) -> Any:
    library = type(result).__module__.partition(".")[0]
    if library == "polars" and hasattr(result, "to_arrow") and not hasattr(result, "collect"):
        return result
    if library == "pyarrow" and hasattr(result, "num_rows"):
        return result
    if library in ("pandas", "geopandas") and hasattr(result, "iloc") and len(getattr(result, "shape", ())) in (1, 2):
        lazily = int(getattr(sys.modules.get("pandas"), "__version__", "0").partition(".")[0]) >= 3
        return result.copy(deep=not lazily)
    if isinstance(result, list) and names and result and len(result) <= MOST_ROWS_OF_TUPLES and hasattr(result[0], "__getitem__"):
        return list(result)
    return None


def _columns(rows: list[Any], names: list[str] | None) -> Any:
    import pyarrow as pa

    return pa.Table.from_arrays([pa.array(list(values)) for values in zip(*rows, strict=True)], names=[str(name) for name in names or ()])


def _bytes_of(result: Any) -> int:
    found = getattr(result, "nbytes", 0)
    return int(found) if isinstance(found, int) else 0
