"""What a person can ask of endpoints."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from nbmlops import plugins
from nbmlops.endpoints import book, token
from nbmlops.endpoints.records import Calling, Endpoint
from nbmlops.errors import Conflict, Invalid, Unavailable, Unwritable
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import now_text
from nbmlops.ledger.lock import WriteLock
from nbmlops.ledger.names import plain_name
from nbmlops.ledger.owner import this_process
from nbmlops.models.registry import Registry
from nbmlops.serving.records import Labelled, Predictions
from nbmlops.verb import Live, verb
from nbmlops.workspace import Workspace, use

CHUNK = 20_000


@verb("POST /endpoints/{name}")
def start(
    name: Annotated[str, "what to call it; the model's name if no model is given"],
    *,
    model: Annotated[str | None, "the model it serves"] = None,
    alias: Annotated[str, "the alias it follows"] = "champion",
    target: Annotated[str, "where it runs"] = "local",
    port: Annotated[int, "a free one if 0"] = 0,
    workspace: Workspace | None = None,
) -> Endpoint:
    """Serve a model as a process of its own, which goes on when the notebook ends and follows the alias as it moves.

    An endpoint that serves already is left as it is.
    """
    place = use(workspace)
    plain_name(name, "endpoint")
    plain_name(alias, "alias")
    if not 0 <= port < 65536:
        raise Invalid(f"{port} is no port.", hint="0 to 65535")
    served = model or name
    Registry(place).aliased(served, alias)
    runs_on = plugins.adapter("target", target)()
    with _turn(place, name):
        row = place.ledger.read_one("SELECT * FROM endpoint WHERE name = ?", name)
        if row is not None and book.status_of(row) == "serving":
            if (row["model"], row["alias"]) != (served, alias):
                raise Conflict(
                    f"Endpoint {name!r} serves {row['model']} by {row['alias']!r}.", hint=f"Stop it first: %mlops endpoint stop {name}"
                )
            return book.endpoint(place, name)
        secret = token.make(place, name)
        with place.ledger.write() as tx:
            # The owner is who starts it, until the server tells that it serves; a server that finds another's digest ends.
            tx.insert(
                "endpoint", or_replace=True, name=name, model=served, alias=alias, target=target, status="starting",
                owner=this_process().as_text(),
                token_digest=digest_bytes(secret.encode()), started_at=now_text(place.clock()),
            )  # fmt: skip
            tx.changed("endpoint", name)
            evidence = {"model": served, "alias": alias, "target": target}
            tx.audit(actor=place.actor, verb="endpoint.start", subject=name, evidence=evidence, at=place.clock())
        try:
            runs_on.start(place, name, port=port)
        except BaseException as error:
            _set_stopped(place, name, note=str(error)[:1000])
            raise
        return book.endpoint(place, name)


@verb("GET /endpoints")
def find(*, workspace: Workspace | None = None) -> list[Endpoint]:
    """List the endpoints: what they serve, where, and whether their process lives."""
    return book.endpoints(use(workspace))


@verb("GET /endpoints/{name}")
def show(name: Annotated[str, "its name"], *, workspace: Workspace | None = None) -> Endpoint:
    """Show an endpoint: what it serves, where, and how many predictions it logged."""
    return book.endpoint(use(workspace), name)


@verb("DELETE /endpoints/{name}")
def stop(name: Annotated[str, "its name"], *, workspace: Workspace | None = None) -> Endpoint:
    """Stop an endpoint once it has answered what it was asked; its log is kept."""
    place = use(workspace)
    book.row_of(place, name)
    with _turn(place, name):
        found = book.endpoint(place, name)
        if found.status != "stopped":
            plugins.adapter("target", found.target)().stop(place, name)
            _set_stopped(place, name, note=None)
            token.forget(place, name)
            with place.ledger.write() as tx:
                tx.audit(actor=place.actor, verb="endpoint.stop", subject=name, evidence={"model": found.model}, at=place.clock())
        return book.endpoint(place, name)


@verb("POST /endpoints/{name}/predict")
def predict(
    name: Annotated[str, "its name"],
    frame: Annotated[Any, Live("rows: a frame, or a list of dicts")] = None,
    *,
    row: Annotated[dict[str, Any] | None, "one row: column=value"] = None,
    rows: Annotated[list[dict[str, Any]] | None, "rows as JSON objects"] = None,
    event_at: Annotated[datetime | None, "when the rows happened; now if not given"] = None,
    times: Annotated[Any, Live("when each row happened: a column of times")] = None,
    workspace: Workspace | None = None,
) -> Predictions:
    """Ask an endpoint; each answer has an id by which its label can be joined later."""
    from nbmlops.endpoints.client import connected

    place = use(workspace)
    asked = _rows(frame) if frame is not None else (rows if rows is not None else [row] if row is not None else None)
    if not asked:
        raise Invalid("There are no rows to ask.", hint="Give a frame, or --row column=value")
    moments = list(times) if times is not None else None
    if moments is not None and len(moments) != len(asked):
        raise Invalid(f"{len(asked):,} rows with {len(moments):,} times.", hint="Give one time for each row.")
    url, secret = _open(place, name)
    answers: list[Any] = []
    ids: list[str] = []
    version = 0
    with connected(url, secret, name) as client:
        for at in range(0, len(asked), CHUNK):
            when = moments[at : at + CHUNK] if moments is not None else event_at
            try:
                parts = client.predict(asked[at : at + CHUNK], when)
            except Invalid as error:
                if at == 0:
                    raise
                raise type(error)(f"After the first {at:,} rows, which are answered: {error.message}", hint=error.hint) from None
            for found in parts:
                answers += found["predictions"]
                ids += found["ids"]
                version = found["version"]
    return Predictions(endpoint=name, version=version, predictions=answers, ids=ids)


@verb("POST /endpoints/{name}/labels")
def label(
    name: Annotated[str, "its name"],
    ids: Annotated[list[str], "prediction ids"],
    labels: Annotated[list[Any], "the truth for each, in the same order"],
    *,
    workspace: Workspace | None = None,
) -> Labelled:
    """Join labels to predictions, when the truth is known; a label given again replaces the first."""
    from nbmlops.endpoints.client import connected
    from nbmlops.serving.log import join_labels

    place = use(workspace)
    found = book.endpoint(place, name)
    if len(ids) != len(labels):
        raise Invalid(f"{len(ids):,} ids with {len(labels):,} labels.", hint="Give one label for each id.")
    if found.status != "serving":
        return join_labels(place, name, ids, labels)
    url, secret = _open(place, name)
    joined, unknown = 0, []
    with connected(url, secret, name) as client:
        for at in range(0, len(ids), CHUNK):
            pairs = zip(ids[at : at + CHUNK], labels[at : at + CHUNK], strict=True)
            answer = client.post("/labels", {"labels": [{"id": one, "label": truth} for one, truth in pairs]})
            joined += answer["joined"]
            unknown += answer["unknown"]
    return Labelled(endpoint=name, joined=joined, unknown=unknown)


@verb("GET /endpoints/{name}/calling")
def call(name: Annotated[str, "its name"], *, workspace: Workspace | None = None) -> Calling:
    """Tell how to call an endpoint from outside: its address, where its token is, and a line that works."""
    place = use(workspace)
    found = book.endpoint(place, name)
    if found.url is None:
        raise Unavailable(f"Endpoint {name!r} is {found.status}.", hint=f"Start it: %mlops endpoint start {name}")
    path = token.path_of(place, name)
    signature = Registry(place).aliased(found.model, found.alias).signature
    sample = {"float": 1.0, "integer": 1, "string": "text", "boolean": True, "datetime": "2026-01-31T12:00:00"}
    body = json.dumps({"rows": [{column.name: sample[column.type] for column in signature.inputs}]})
    # By curl's own configuration: in its arguments everyone on the machine could read the token.
    header = f'printf \'header = "Authorization: Bearer %s"\' "$(cat {shlex.quote(str(path))})"'
    line = f"{header} | curl -K - {found.url}/predict -H 'Content-Type: application/json' -d {shlex.quote(body)}"
    return Calling(name=name, url=found.url, token_file=str(path), example=line)


@contextmanager
def _turn(place: Workspace, name: str) -> Iterator[None]:
    """One start or stop of an endpoint at a time, whatever process asks for it."""
    path = token.path_of(place, name).with_name(f"{name}.turn")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unwritable(f"{path.parent} cannot be made: {error.strerror}.", hint="Check the disk and the rights.") from error
    with WriteLock(path, timeout_s=90).held():
        yield


def _open(place: Workspace, name: str) -> tuple[str, str]:
    found = book.endpoint(place, name)
    if found.url is None:
        raise Unavailable(f"Endpoint {name!r} is {found.status}.", hint=f"Start it: %mlops endpoint start {name}")
    return found.url, token.read(place, name)


def _set_stopped(place: Workspace, name: str, *, note: str | None) -> None:
    with place.ledger.write() as tx:
        # When the server has told it itself, its time is the right one.
        tx.run(
            "UPDATE endpoint SET stopped_at = CASE WHEN status = 'stopped' THEN stopped_at ELSE ? END, status = 'stopped', note = ? "
            "WHERE name = ?",
            now_text(place.clock()), note, name,
        )  # fmt: skip
        tx.changed("endpoint", name)


def _rows(frame: Any) -> list[dict[str, Any]]:
    if hasattr(frame, "to_dict") and hasattr(frame, "columns"):
        if not frame.columns.is_unique:
            raise Invalid("The frame has a column twice.", hint="Give each column its own name.")
        return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    if isinstance(frame, list) and all(isinstance(row, dict) for row in frame):
        return frame
    if hasattr(frame, "shape") and len(frame.shape) == 2:
        return [{f"x{at}": value for at, value in enumerate(row)} for row in frame.tolist()]
    raise Invalid(f"A {type(frame).__name__} has no rows to ask with.", hint="Give a pandas frame, a 2-d array or a list of dicts.")
