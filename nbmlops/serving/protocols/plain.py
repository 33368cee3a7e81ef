"""The plain JSON form: `POST /predict {"rows": [{…}]}` and `POST /labels {"labels": [{"id": …, "label": …}]}`.

Of a key that an object has twice, the last counts, as in most readers of JSON.
"""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from starlette.requests import Request

from nbmlops.errors import Invalid, TooLarge, Unavailable
from nbmlops.serving.body import MAX_ROWS, event_times, json_object
from nbmlops.serving.log import join_labels
from nbmlops.serving.predict import predict
from nbmlops.serving.served import Served


async def answer(served: Served, request: Request) -> dict[str, Any]:
    """Predictions in the order of the rows, an id each, and the version that answered."""
    body = await json_object(request)
    _only(body, {"rows", "event_at", "ids"})
    rows = body.get("rows")
    if not isinstance(rows, list):
        raise Invalid("The body has no rows.", hint='For example: {"rows": [{"column": 1}]}')
    ids = body.get("ids")
    if ids is not None and not (
        isinstance(ids, list) and len(ids) == len(rows) and all(isinstance(one, str) and 0 < len(one) <= 200 for one in ids)
    ):
        raise Invalid("ids are not one text for each row.", hint="Leave them out: the server makes them.")
    if ids is not None and len(set(ids)) < len(ids):
        raise Invalid("An id is given to two rows.", hint="Give each row its own, or leave ids out.")
    found = await predict(served, rows, event_times(body.get("event_at"), len(rows)), ids=ids)
    return {"model": served.model, "version": found.version, "predictions": found.predictions, "ids": found.ids}


async def labels(served: Served, request: Request) -> dict[str, Any]:
    """Join labels to predictions."""
    body = await json_object(request)
    _only(body, {"labels"})
    given = body.get("labels")
    if isinstance(given, list) and len(given) > MAX_ROWS:
        raise TooLarge(f"{len(given):,} labels at once.", hint=f"At most {MAX_ROWS:,}; send them in parts.")
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.keys() == {"id", "label"} for one in given):
        raise Invalid("labels are not a list of objects with id and label.", hint='For example: {"labels": [{"id": "p-…", "label": 3.2}]}')
    if not await to_thread.run_sync(served.log.flush):  # a label may come before its prediction is written
        raise Unavailable("The prediction log does not follow.", hint="Send the labels again in a moment.")
    found = await to_thread.run_sync(
        join_labels, served.workspace, served.endpoint, [str(one["id"]) for one in given], [one["label"] for one in given]
    )
    return {"joined": found.joined, "unknown": found.unknown}


def _only(body: dict[str, Any], known: set[str]) -> None:
    if extra := [name for name in body if name not in known]:
        raise Invalid(f"The body has {str(extra[0])[:60]!r}, which is not understood.", hint=f"It takes {', '.join(sorted(known))}.")
