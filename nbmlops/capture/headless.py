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
        digest, note = None, None
        try:
            flavors = [plugins.adapter("flavor", name)() for name in plugins.names("flavor")]
            flavor = next((flavor for flavor in flavors if flavor.can(estimator)), None)
            if flavor is None:
                note = "not kept: no installed flavor takes it"
            else:
                data = flavor.save(estimator)
                if holds_secret(data):
                    note = "not kept: a secret is in it"
                elif len(data) > MAX_MODEL_BYTES:
                    note = f"not kept: {len(data):,} bytes"
                else:
                    digest = run.workspace.blobs.put(data)
                    name = f"model-{facts.number}.{flavor.suffix}"
                    artifact = Artifact(
                        name=name, digest=digest, media_type="application/octet-stream", size_bytes=len(data), position=None
                    )
                    run.book.add(run.id, Facts(artifacts=[artifact]))
        except NbmlopsError as error:
            note = f"not kept: {error.message}"
        except Exception as error:  # the format's own refusals are of many types
            note = f"not kept: {type(error).__name__}: {error}"
        run.book.keep_fitted(run.id, facts.number, digest, note, _state(estimator))
    surroundings.settled()  # a runner that has its answer may kill the kernel
    current.end(run)


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
