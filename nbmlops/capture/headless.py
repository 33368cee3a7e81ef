"""What a runner asks of a kernel it started: observe from the first cell, and at the end keep what was fitted."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from numbers import Real
from typing import Any

from nbmlops import plugins
from nbmlops.capture.attached import attach, current_session, living_estimators
from nbmlops.errors import NbmlopsError
from nbmlops.ledger.encode import plain
from nbmlops.ledger.secrets import holds_secret, mask_params
from nbmlops.runs import current, surroundings
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Artifact, MetricPoint

MAX_MODEL_BYTES = 512 << 20
KEPT_MODELS = 3
ROWS = "rows.json"  # beside a kept model

# Run silently, so that neither the user's names nor the execution count change. `get_ipython` is the kernel's own.
BEGIN = "__import__('importlib').import_module('nbmlops.capture.headless').begin(get_ipython())"
FINISH = "__import__('importlib').import_module('nbmlops.capture.headless').finish()"
# What the kernel knows to be secret, for who writes the executed notebook; it travels over the kernel's own sockets.
REMEMBERED = "__import__('importlib').import_module('nbmlops.ledger.secrets').remembered()"


def begin(shell: object) -> None:
    """Observe, before the notebook's first cell."""
    attach(shell)


def finish() -> None:
    """Keep the last fitted models of the run, in their flavor's safe format, and write what is held."""
    session, run = current_session(), current.current()
    if session is None or run is None:
        return
    _tell_values(run, session.shell.user_ns)
    for estimator, facts in living_estimators(run.id)[-KEPT_MODELS:]:
        digest, note = _kept(run, estimator, facts)
        run.book.keep_fitted(run.id, facts.number, digest, note, _state(estimator))
    surroundings.settled()  # a runner that has its answer may kill the kernel
    current.end(run)


def _kept(run: current.OpenRun, estimator: Any, facts: Any) -> tuple[str | None, str | None]:
    """Keep a model in its flavor's format, with rows it was trained on and its answers; gives the digest, or why there is none."""
    try:
        flavor = plugins.taking("flavor", estimator, type(estimator).__name__)
        data = flavor.save(estimator)
        if holds_secret(data):
            return None, "not kept: a secret is in it"
        if len(data) > MAX_MODEL_BYTES:
            return None, f"not kept: {len(data):,} bytes"
        digest = run.workspace.blobs.put(data)
        kept = [_artifact(f"model-{facts.number}.{flavor.suffix}", digest, data)]
        rows = _rows(flavor, estimator, facts.sample)
        if rows is not None and not holds_secret(rows):
            kept.append(_artifact(f"model-{facts.number}.{ROWS}", run.workspace.blobs.put(rows), rows, "application/json"))
        run.book.add(run.id, Facts(artifacts=kept))
    except NbmlopsError as error:
        return None, f"not kept: {error.message}"
    except Exception as error:  # the format's own refusals are of many types
        return None, f"not kept: {type(error).__name__}: {error}"
    return digest, None


def _rows(flavor: Any, estimator: Any, sample: Any) -> bytes | None:
    """Rows with the model's answers; None where it does not answer those it was trained on."""
    try:
        found: bytes | None = flavor.fixtures(estimator, sample)
    except Exception:  # whatever an estimator's own code raises: a transformer's rows, say, are not what it was trained on
        return None
    return found


def _artifact(name: str, digest: str, data: bytes, kind: str = "application/octet-stream") -> Artifact:
    return Artifact(name=name, digest=digest, media_type=kind, size_bytes=len(data), position=None)


def _tell_values(run: current.OpenRun, names: Mapping[str, Any]) -> None:
    """The values that the notebook declares, as the run's: numbers are metrics, other plain values parameters."""
    wanted = json.loads(os.environ.pop(current.VALUES_ENVIRONMENT, "[]"))
    held = {name: names[name] for name in wanted if name in names}
    numbers = {name: value for name, value in held.items() if isinstance(value, Real) and not isinstance(value, bool)}
    now = run.workspace.clock()
    points = [MetricPoint(name=name, step=current.next_step(run, name), value=float(value), at=now) for name, value in numbers.items()]
    params = mask_params({name: plain(value) for name, value in held.items() if name not in numbers})
    if held:
        run.book.add(run.id, Facts(metrics=points, params=params))


def _state(estimator: object) -> str | None:
    """What a fitted estimator is, in brief; None where that cannot be told."""
    from nbmlops.data.values import state_of

    try:
        return state_of(estimator).brief
    except Exception:  # whatever an object's own code raises; nothing of the run depends on it
        return None
