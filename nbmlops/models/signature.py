"""The columns a model takes and gives: inferred from data, held against rows that come in."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from nbmlops.data.records import ColumnProfile, Dataset
from nbmlops.errors import Invalid, there_is
from nbmlops.models.records import ColumnType, Signature, SignatureColumn

_WORDS: dict[ColumnType, str] = {
    "float": "a number", "integer": "a whole number", "string": "text", "boolean": "true or false", "datetime": "a time (ISO 8601)",
}  # fmt: skip
_MOST = sys.float_info.max


def infer(inputs: Any, outputs: Any = None) -> Signature:
    """The signature of data: `inputs` a frame (named columns) or an array (columns x0, x1 …), `outputs` what was predicted.

    >>> import pandas as pd
    >>> infer(pd.DataFrame({"a": [1, 2], "b": ["x", None]})).inputs[1]
    SignatureColumn(name='b', type='string', nullable=True, least=None, most=None, categories=['x'], coded=False)
    """
    from nbmlops.data.frames import to_table

    def columns(data: Any, name: str) -> list[SignatureColumn]:
        from nbmlops.data.fingerprint import fingerprint

        return _columns(fingerprint(to_table(data, name=name)))

    return Signature(
        inputs=columns(inputs, "x"), outputs=columns(outputs, "prediction") if outputs is not None else [], named=hasattr(inputs, "columns")
    )


def from_dataset(inputs: Dataset, outputs: Dataset | None = None, *, named: bool = True) -> Signature:
    """The signature of datasets known by their profile."""
    return Signature(inputs=_columns(inputs), outputs=_columns(outputs) if outputs else [], named=named)


def coded(signature: Signature, sample: Any) -> Signature:
    """A signature that knows which columns the model was trained on as pandas categories, and of which."""
    kinds = dict(sample.dtypes) if hasattr(sample, "dtypes") and hasattr(sample, "columns") else {}
    known = {name: list(kind.categories) for name, kind in kinds.items() if hasattr(kind, "categories") and hasattr(kind, "ordered")}
    plain = {name: values for name, values in known.items() if all(isinstance(value, str) for value in values)}
    inputs = [replace(column, categories=plain[column.name], coded=True) if column.name in plain else column for column in signature.inputs]
    return replace(signature, inputs=inputs)


def giving(signature: Signature, answers: Sequence[Any]) -> Signature:
    """A signature whose outputs are of the types that a model's answers have; names and ranges are those of the target, where known.

    Several answers a row that nobody named stay one output without a name.

    >>> giving(Signature(inputs=[], outputs=[]), [0.5, 1.0]).outputs
    [SignatureColumn(name='prediction', type='float', nullable=False, least=None, most=None, categories=None, coded=False)]
    """
    wide = {len(one) if isinstance(one, (list, tuple)) else None for one in answers}
    if len(wide) != 1 or wide == {0}:  # lists of any length, such as labels of a text
        return signature
    parts = [answers] if wide == {None} else list(zip(*answers, strict=True))
    kinds = [_answered(part) for part in parts]
    if None in kinds:
        return signature
    known = signature.outputs
    if len(known) != len(parts):
        if len(parts) > 1:
            return signature
        known = [SignatureColumn(name="prediction", type="float", nullable=False)]
    return replace(signature, outputs=[replace(column, type=kind) for column, kind in zip(known, kinds, strict=True) if kind])


def _answered(values: Sequence[Any]) -> ColumnType | None:
    """What all of a column's answers are; None where they are of no type that a column has."""
    types: dict[type, ColumnType] = {bool: "boolean", int: "integer", float: "float", str: "string"}
    found = {types.get(type(one)) for one in values if one is not None}
    return "float" if found == {"integer", "float"} else found.pop() if len(found) == 1 else None


def _columns(dataset: Dataset) -> list[SignatureColumn]:
    return [_column_of(column) for column in dataset.profile]


def _column_of(column: ColumnProfile) -> SignatureColumn:
    kind = _type_of(column.type, column.kind)
    least, most = (column.quantiles[0], column.quantiles[-1]) if column.quantiles else (None, None)
    few = kind == "string" and column.counts and not column.other_count
    return SignatureColumn(
        name=column.name, type=kind, nullable=column.nulls > 0, least=least, most=most, categories=sorted(column.counts) if few else None
    )


def _type_of(arrow: str, kind: str) -> ColumnType:
    if kind == "flag":
        return "boolean"
    if kind == "time":
        return "datetime"
    if kind == "number":
        return "integer" if arrow.startswith(("int", "uint")) else "float"
    return "string"


def rows_to_frame(signature: Signature, rows: list[dict[str, Any]]) -> Any:
    """Rows (JSON objects) as a typed frame in the signature's order.

    Raises Invalid naming the first row and column that do not fit: missing, extra, of another type, or null (NaN is
    null) where the training data had none.
    """
    if not isinstance(rows, list):
        raise Invalid("Rows are a list of objects.", hint=f"Each with: {_asked(signature)}.")
    names = [column.name for column in signature.inputs]
    known = set(names)
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Invalid(f"Row {at} is not an object.", hint=f"Give each row with: {_asked(signature)}.")
        if row.keys() != known:
            if extra := [name for name in row if name not in known]:
                raise Invalid(
                    f"Row {at} has a column {str(extra[0])[:80]!r} that the model does not take.", hint=f"It takes: {_asked(signature)}."
                )
            missing = next(name for name in names if name not in row)
            if not next(column for column in signature.inputs if column.name == missing).nullable:
                raise Invalid(f"Row {at} lacks the column {missing!r}.", hint=f"Give each row with: {_asked(signature)}.")
    return columns_to_frame(signature, {name: [row.get(name) for row in rows] for name in names})


def columns_to_frame(signature: Signature, columns: dict[str, Sequence[Any]]) -> Any:
    """Columns of equal length as a typed frame in the signature's order; Invalid as `rows_to_frame`."""
    import pandas as pd

    names = [column.name for column in signature.inputs]
    if extra := [name for name in columns if name not in names]:
        raise Invalid(f"There is a column {str(extra[0])[:80]!r} that the model does not take.", hint=f"It takes: {_asked(signature)}.")
    if missing := [name for name in names if name not in columns]:
        raise Invalid(f"The column {missing[0]!r} is missing.", hint=f"It takes: {_asked(signature)}.")
    for name, values in columns.items():
        if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
            raise Invalid(f"The values of {name!r} are no list.", hint="Give each column as a list, one value a row.")
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise Invalid(f"The columns have {there_is(lengths)} rows.", hint="Give each the same number.")
    made = {column.name: _column(column, columns[column.name]) for column in signature.inputs}
    return pd.DataFrame(made, columns=names)


def _column(column: SignatureColumn, values: Sequence[Any]) -> Any:
    import pandas as pd

    checked = [_value(column, value, at) for at, value in enumerate(values)]
    if column.type == "integer" and not any(value is None for value in checked):
        return pd.Series(checked, dtype="int64")
    if column.type == "integer":
        return pd.Series([math.nan if value is None else float(value) for value in checked], dtype="float64")
    if column.type == "boolean" and not any(value is None for value in checked):
        return pd.Series(checked, dtype="bool")
    if column.type == "float":
        return pd.Series([math.nan if value is None else value for value in checked], dtype="float64")
    if column.type == "datetime":
        return pd.to_datetime(pd.Series(checked, dtype="object"), utc=any(v is not None and v.tzinfo is not None for v in checked))
    if column.type == "string":  # a missing text is NaN, as readers of files leave it and encoders learn it
        return pd.Series([math.nan if value is None else value for value in checked], dtype="object")
    return pd.Series(checked, dtype="boolean")


def _value(column: SignatureColumn, value: Any, at: int) -> Any:
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():  # when rows come from Python
        value = value.astype("datetime64[us]").item() if value.dtype.kind == "M" else value.item()
    if (
        value is None or type(value).__name__ == "NAType" or (isinstance(value, (float, datetime)) and value != value)
    ):  # NaN and NaT are unequal to themselves
        if not column.nullable:
            raise Invalid(
                f"Row {at}: {column.name!r} is null.", hint=f"The model was trained without nulls there: give {_WORDS[column.type]}."
            )
        return None
    kind = column.type
    if kind == "float" and isinstance(value, (int, float)) and not isinstance(value, bool):
        if -_MOST <= value <= _MOST:  # an infinity is no number a model was made for
            return float(value)
    elif kind == "integer" and isinstance(value, (int, float)) and not isinstance(value, bool):
        if -(2**63) <= value < 2**63 and value == int(value):
            return int(value)
    elif (kind == "boolean" and isinstance(value, bool)) or (kind == "string" and isinstance(value, str)):
        return value
    elif kind == "datetime":
        moment = _moment(value)
        if moment is not None and 1678 <= moment.year <= 2261:  # what nanoseconds can say
            return moment
    raise Invalid(f"Row {at}: {column.name!r} is {_shown(value)}, not {_WORDS[kind]}.", hint=f"It takes: {column.name}: {kind}.")


def _moment(value: Any) -> datetime | None:
    try:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _asked(signature: Signature) -> str:
    shown = [f"{column.name}: {column.type}{'?' if column.nullable else ''}" for column in signature.inputs]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")
