"""Rows in, answers out: the one path behind every protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anyio import CapacityLimiter, to_thread

from nbmlops.errors import Invalid, NbmlopsError, TooLarge
from nbmlops.models.loading import Loaded
from nbmlops.models.signature import columns_to_frame, rows_to_frame
from nbmlops.serving.body import MAX_ROWS
from nbmlops.serving.log import Answered, new_ids
from nbmlops.serving.records import Predictions
from nbmlops.serving.served import Served, timed

_threads: dict[int, CapacityLimiter] = {}


async def predict(
    served: Served, given: list[dict[str, Any]] | dict[str, list[Any]], event_at: list[datetime], ids: list[str] | None = None,
    loaded: Loaded | None = None,
) -> Predictions:  # fmt: skip
    """Answer rows (objects, or columns of equal length); log them after. Raises Invalid for rows that do not fit."""
    began = timed()
    model = loaded or served.loaded
    limiter = _threads.setdefault(id(served), CapacityLimiter(4))
    try:
        rows, outputs = await to_thread.run_sync(_answer, model, given, limiter=limiter)
    except NbmlopsError as error:
        served.count(0, timed() - began, error.code)
        raise
    made = ids or new_ids(len(outputs))
    answered = Answered(served.endpoint, model.version.version, made, rows, outputs, event_at)
    await to_thread.run_sync(served.log.add, answered, limiter=limiter)
    served.count(len(outputs), timed() - began)
    return Predictions(endpoint=served.endpoint, version=model.version.version, predictions=outputs, ids=made)


def _answer(model: Loaded, given: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    signature = model.version.signature
    count = len(given) if isinstance(given, list) else max((len(values) for values in given.values()), default=0)
    if count > MAX_ROWS:
        raise TooLarge(f"{count:,} rows at once.", hint=f"At most {MAX_ROWS:,}; send them in parts.")
    if count == 0:
        raise Invalid("There are no rows.", hint='For example: {"rows": [{"column": 1}]}')
    frame = rows_to_frame(signature, given) if isinstance(given, list) else columns_to_frame(signature, given)
    try:
        outputs = model.predict(frame).tolist()
    except Exception as error:
        raise ModelFailed(f"The model could not answer: {type(error).__name__}: {str(error)[:300]}", hint="The rows fit its signature; the fault is the model's.") from error
    rows = given if isinstance(given, list) else [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]
    return rows, outputs


class ModelFailed(NbmlopsError):
    """The model raised on rows that fit its signature."""

    code = "model_failed"
