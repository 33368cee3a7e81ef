"""A few rows with what the model answered: what a version must answer, wherever it is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.models import portable

MAX_ROWS = 20


@dataclass(frozen=True)
class Fixtures:
    """Rows of plain values, as an endpoint is given them, and the answers: predictions, and probabilities where the model has them."""

    rows: list[dict[str, Any]]
    predictions: list[Any]
    scores: list[Any] | None = None

    def as_bytes(self) -> bytes:
        """As they are kept: JSON, a missing value null."""
        body = {"rows": self.rows, "predictions": _plain(self.predictions), "scores": _plain(self.scores)}
        return (json.dumps(body, indent=1, allow_nan=False) + "\n").encode()


class Answering:
    """A flavor whose living models can be asked for fixtures."""

    name: str

    def fixtures(self, model: Any, sample: Any) -> bytes | None:
        """The first rows of a sample with what the model answers, as they are kept; None where there are no rows."""
        found = taken(self.name, model, sample)
        return found.as_bytes() if found is not None else None


def taken(flavor: str, model: Any, sample: Any) -> Fixtures | None:
    """The first rows of a sample with what the living model answers; None where there are none. Invalid if it cannot answer them."""
    few = sample[:MAX_ROWS] if sample is not None else None
    if few is None or len(few) == 0:
        return None
    try:
        answers = portable.ask(flavor, model, few).tolist()
        given = portable.scores(flavor, model, few)
    except Exception as error:  # what an estimator raises for rows it does not take is of any type
        raise Invalid(
            f"The model cannot answer its own training rows: {str(error)[:300]}", hint="Fit it first; give the frame it was fitted on."
        ) from error
    if not isinstance(answers, list) or len(answers) != len(few):
        raise Invalid("The model gives no answer for each row.", hint="Let it give one answer, or one list of answers, a row.")
    return Fixtures(_rows(few), answers, None if given is None else given.tolist())


def read(kept: bytes) -> Fixtures:
    """Fixtures as they were kept."""
    body = json.loads(kept)
    return Fixtures(body["rows"], body["predictions"], body["scores"])


def _rows(few: Any) -> list[dict[str, Any]]:
    if hasattr(few, "columns"):
        names = [str(name) for name in few.columns]
        columns = [list(few[name]) for name in few.columns]
    else:
        import numpy as np

        columns = [list(part) for part in np.asarray(few).reshape(len(few), -1).T]
        names = [f"x{at}" for at in range(len(columns))]
    return [dict(zip(names, (_plain(value) for value in row), strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    """As JSON has it: what is no number is null, a time is ISO 8601."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item() if value.dtype.kind not in "mM" else value.astype("datetime64[us]").item()
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value if isinstance(value, (str, int, bool)) else str(value)
