"""From an observed call to a fact: a fit, a metric, a score, a file given to a reader."""

from __future__ import annotations

import os
import time
from typing import Any, Protocol

from nbmlops.capture.calls import FITS, Call, Site
from nbmlops.capture.fits import SAMPLE_ROWS, Fingerprints, FitFacts, Living, class_name, is_fit, is_model, parameters
from nbmlops.capture.reads import reads
from nbmlops.errors import NbmlopsError
from nbmlops.runs import current
from nbmlops.runs.current import OpenRun
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Fit, MetricPoint

_PATH_NAMES = ("filepath_or_buffer", "path", "source", "io", "file", "filename", "path_or_buf", "fname", "where")
_READING = ("pandas", "polars", "pyarrow", "duckdb", "numpy", "joblib", "PIL", "_duckdb")


class Noting(Protocol):
    """What an observer needs of the session it notes for."""

    pid: int
    recording: bool
    position: int
    now: Facts
    data: dict[str, Any]
    living: Living
    fit_count: int

    def open_live(self) -> OpenRun:
        """The open run, opened now if there was none."""


class Observer:
    """Turns calls that came back into facts of the session."""

    def __init__(self, session: Noting) -> None:
        self.session = session
        self.fingerprints = Fingerprints()

    def done(self, call: Call, site: Site, result: Any) -> None:
        """One call came back with `result`."""
        session = self.session
        if not session.recording or os.getpid() != session.pid:
            return
        name = getattr(call.callee, "__name__", "")
        module = getattr(call.callee, "__module__", None) or ""
        if name in FITS and is_fit(call.callee):
            self._fit(call)
        elif module.startswith("sklearn.metrics"):
            self._metric(site.assigned or name, result)
        elif name == "score" and is_fit(call.callee):
            self._metric(site.assigned or "score", result)
        elif module.startswith(_READING) or type(call.callee).__module__.startswith(_READING):
            given = call.args.get(0, next((call.args[key] for key in _PATH_NAMES if key in call.args), None))
            if isinstance(given, (str, os.PathLike)):
                writes = name.startswith(("to_", "write", "save", "dump"))
                reads.note(given, "write" if writes else "read")

    def _fit(self, call: Call) -> None:
        session, estimator = self.session, call.callee.__self__
        duration_s = time.perf_counter() - call.began
        reads_on = reads._watching
        reads.listen(False)
        try:
            model = is_model(estimator)
            run = session.open_live() if model else current.current()
            if run is None:
                return  # a transformer before any model: it is inside the frame the model gets
            frame, target, note = self._inputs(call)
            number = session.fit_count
            session.fit_count += 1
            session.now.fits.append(
                Fit(
                    number=number,
                    position=session.position,
                    estimator=class_name(estimator),
                    parameters=parameters(estimator),
                    frame=frame,
                    target=target,
                    duration_s=duration_s,
                    artifact=None,
                    note=note,
                )
            )
            if model:
                sample = _first_rows(call.args.get(0, call.args.get("X")))
                session.living.remember(estimator, FitFacts(run.id, number, frame, target, sample))
        finally:
            reads.listen(reads_on)

    def _inputs(self, call: Call) -> tuple[str | None, str | None, str | None]:
        found: list[str | None] = []
        note = None
        for at, name in ((0, "X"), (1, "y")):
            value = call.args.get(at, call.args.get(name))
            if value is None:
                found.append(None)
                continue
            try:
                dataset = self.fingerprints.of(value, name.lower())
                self.session.data[dataset.digest] = dataset
                found.append(dataset.digest)
            except (NbmlopsError, TypeError, ValueError) as error:
                found.append(None)
                note = f"{name} has no fingerprint: {error}"
        return found[0], found[1], note

    def _metric(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not (
            isinstance(value, (int, float)) or (hasattr(value, "item") and getattr(value, "shape", None) == ())
        ):
            return
        session, run = self.session, current.current()
        if run is None:
            return  # a number about no model of this session
        step = current.next_step(run, name)
        session.now.metrics.append(MetricPoint(name=name, step=step, value=float(value), at=run.workspace.clock()))


def _first_rows(data: Any) -> Any:
    try:
        return data[:SAMPLE_ROWS].copy()
    except (TypeError, AttributeError, KeyError, IndexError):
        return None
