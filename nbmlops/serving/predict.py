"""Rows in, answers out: the one path behind every protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anyio import to_thread

from nbmlops.errors import Conflict, Invalid, NbmlopsError, TooLarge, Unavailable
from nbmlops.models.loading import Loaded
from nbmlops.models.signature import columns_to_frame, rows_to_frame
from nbmlops.serving.body import MAX_ROWS
from nbmlops.serving.log import Answered, inputs_of, new_ids, spelled
from nbmlops.serving.records import Predictions
from nbmlops.serving.served import Served, timed

Rows = list[dict[str, Any]]


async def predict(
    served: Served, given: Rows | dict[str, list[Any]], event_at: list[datetime], *, ids: list[str] | None = None,
    loaded: Loaded | None = None,
) -> Predictions:  # fmt: skip
    """Answer rows (objects, or columns of equal length) and queue them for the log. Invalid for rows that do not fit.

    `ids` of the caller's own make a retry safe: a row asked again under its id is answered and logged once. Conflict
    when an id is another row's.
    """
    began = timed()
    model = loaded or served.loaded
    found = await to_thread.run_sync(_answered, served, model, given, event_at, ids, limiter=served.threads)
    served.count(rows=len(found.ids), seconds=timed() - began)
    return Predictions(endpoint=served.endpoint, version=found.version, predictions=found.outputs, ids=found.ids)


def _answered(served: Served, model: Loaded, given: Any, event_at: list[datetime], ids: list[str] | None) -> Answered:
    rows, outputs = _answer(model, given)
    made = Answered(served.endpoint, model.version.version, ids or new_ids(len(outputs)), rows, outputs, event_at)
    if ids is None:
        served.log.add(made)
        return made
    # One at a time: two requests with one id must not both find it free.
    with served.claiming:
        if not served.log.flush():
            raise Unavailable("The prediction log does not follow.", hint="Ask again, or leave out the ids.")
        before = inputs_of(served.workspace, served.endpoint, ids)
        for id_, row in zip(ids, rows, strict=True):
            if id_ in before and before[id_] != spelled(row):
                raise Conflict(
                    f"The id {id_[:80]!r} is another prediction's.",
                    hint="An id belongs to one row; leave ids out and the server makes them.",
                )
        served.log.add(made)
    return made


def _answer(model: Loaded, given: Any) -> tuple[Rows, list[Any]]:
    signature = model.version.signature
    count = len(given) if isinstance(given, list) else max((len(values) for values in given.values()), default=0)
    if count > MAX_ROWS:
        raise TooLarge(f"{count:,} rows at once.", hint=f"At most {MAX_ROWS:,}; send them in parts.")
    if count == 0:
        raise Invalid("There are no rows.", hint='For example: {"rows": [{"column": 1}]}')
    frame = rows_to_frame(signature, given) if isinstance(given, list) else columns_to_frame(signature, given)
    try:
        outputs = model.predict(frame).tolist()
    except ValueError as error:  # what scikit-learn raises for values it does not take: an unknown category, a number too large
        raise Invalid(
            f"The model does not take these rows: {str(error)[:300]}", hint="The columns fit its signature; a value in them does not."
        ) from error
    except Exception as error:
        raise ModelFailed(
            f"The model could not answer: {type(error).__name__}: {str(error)[:300]}",
            hint="The rows fit its signature; the fault is the model's.",
        ) from error
    if not isinstance(outputs, list) or len(outputs) != count:
        raise ModelFailed(
            f"The model gave no answer for each of {count:,} rows.", hint="The rows fit its signature; the fault is the model's."
        )
    names = [column.name for column in signature.inputs]
    if isinstance(given, list):
        return [row if len(row) == len(names) else {name: row.get(name) for name in names} for row in given], outputs
    return [dict(zip(names, values, strict=True)) for values in zip(*(given[name] for name in names), strict=True)], outputs


class ModelFailed(NbmlopsError):
    """The model raised on rows that fit its signature."""

    code = "model_failed"
