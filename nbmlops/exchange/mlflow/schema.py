"""What a model takes, as MLflow's schema says it, in our signature; and rows of its example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.models import portable
from nbmlops.models.files.folder import MAX_SAID, inside, read_file
from nbmlops.models.package import said_columns
from nbmlops.models.records import ColumnType, Signature, SignatureColumn

_TYPES: dict[str, ColumnType] = {
    "double": "float", "float": "float", "long": "integer", "integer": "integer", "string": "string", "boolean": "boolean",
    "datetime": "datetime",
}  # fmt: skip
_AGAIN = "Log it again with a signature: mlflow.models.infer_signature(X, model.predict(X))"
_EXAMPLE_ROWS = 20


def signature_of(said: Any, flavor: str, model: Any) -> Signature:
    """A model's signature; of one that was logged without, what it says of itself. Invalid where that is nothing."""
    inputs = _loaded(said, "inputs")
    if inputs is None:
        return _by_itself(model)
    columns, named = _columns(inputs)
    if flavor == "lightgbm":
        columns = _categories(columns, model)
    outputs, _ = _columns(_loaded(said, "outputs") or [], lenient=True)
    return Signature(inputs=columns, outputs=outputs[:1], named=named)


def example_of(about: dict[str, Any], folder: Path, signature: Signature) -> Any:
    """The rows that were logged as an example, as the model takes them; None where there are none that can be read."""
    said = about.get("saved_input_example_info")
    if not isinstance(said, dict) or not isinstance(said.get("artifact_path"), str):
        return None
    try:
        kept = json.loads(read_file(folder / inside(said["artifact_path"], "MLmodel"), MAX_SAID))
        if said.get("type") == "dataframe" and isinstance(kept, dict) and "data" in kept:
            names = kept.get("columns") or [column.name for column in signature.inputs]
            rows: Any = [dict(zip(names, row, strict=True)) for row in kept["data"]]
        elif said.get("type") == "ndarray":
            rows = kept["inputs"] if isinstance(kept, dict) else kept
        else:
            return None
        columns = said_columns(signature)
        return portable.rows_for(portable.typed(rows[:_EXAMPLE_ROWS], columns), columns, signature.named)
    except Exception:  # what somebody logged need not be rows; what pandas raises for such is of any type
        return None


def _loaded(said: Any, part: str) -> Any:
    kept = said.get(part) if isinstance(said, dict) else None
    try:
        return json.loads(kept) if isinstance(kept, str) else kept
    except (ValueError, RecursionError):
        return None


def _columns(said: Any, *, lenient: bool = False) -> tuple[list[SignatureColumn], bool]:
    """Columns, and whether they have names of their own."""
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise Invalid("its signature cannot be read.", hint=_AGAIN)
    if len(said) == 1 and said[0].get("type") == "tensor":
        shape = (said[0].get("tensor-spec") or {}).get("shape") or []
        if len(shape) == 2 and isinstance(shape[1], int) and shape[1] > 0:
            return [SignatureColumn(name=f"x{at}", type="float", nullable=False) for at in range(shape[1])], False
        if lenient:
            return [], False
        raise Invalid(f"it takes tensors of the shape {shape}.", hint="What is served here takes rows of columns.")
    found = []
    for at, one in enumerate(said):
        kind = _TYPES.get(str(one.get("type")))
        if kind is None and not lenient:
            raise Invalid(f"its column {str(one.get('name', at))[:80]!r} is {str(one.get('type'))[:40]}.", hint=_AGAIN)
        nullable = not one.get("required", True) or kind == "float"
        found.append(SignatureColumn(name=str(one.get("name") or f"x{at}"), type=kind or "string", nullable=nullable))
    return found, all(one.get("name") for one in said)


def _categories(columns: list[SignatureColumn], model: Any) -> list[SignatureColumn]:
    """lightgbm keeps the categories it was trained on, in the order of their columns; MLflow calls these text."""
    from dataclasses import replace

    known = iter(getattr(model, "pandas_categorical", None) or ())
    made = [replace(one, categories=next(known, None), coded=True) if one.type == "string" else one for one in columns]
    if lacking := [one.name for one in made if one.type == "string" and not one.categories]:
        raise Invalid(
            f"which categories its column {lacking[0][:80]!r} has is not known.", hint="Register it from the notebook that trains it."
        )
    return made


def _by_itself(model: Any) -> Signature:
    names, count = getattr(model, "feature_names_in_", None), getattr(model, "n_features_in_", None)
    if names is None and callable(getattr(model, "feature_name", None)):
        names = model.feature_name()  # lightgbm
    if names is None and type(model).__name__ == "Booster":
        names = getattr(model, "feature_names", None)  # xgboost
    if names is None and not count:
        raise Invalid("it was logged without a signature, and what it takes is not known.", hint=_AGAIN)
    columns = [str(name) for name in names] if names is not None else [f"x{at}" for at in range(int(str(count)))]
    return Signature(
        inputs=[SignatureColumn(name=name, type="float", nullable=True) for name in columns], outputs=[], named=names is not None
    )
