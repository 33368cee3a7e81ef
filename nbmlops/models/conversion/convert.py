"""From a version to another form of it: made, held against the original, proved, registered; or refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from nbmlops import plugins
from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.models import portable
from nbmlops.models.conversion.agreement import Agreement, agreement
from nbmlops.models.conversion.graphs import graphs
from nbmlops.models.conversion.records import Conversion, Speed
from nbmlops.models.conversion.speed import BATCH_ROWS, taken
from nbmlops.models.fixtures import MAX_ROWS, read
from nbmlops.models.fixtures import taken as fixtures_of
from nbmlops.models.loading import Loaded, load
from nbmlops.models.package import ModelFile, said_columns
from nbmlops.models.proof import proved
from nbmlops.models.records import ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.plugins import needs
from nbmlops.workspace import Workspace

ONNX = "onnx"


@dataclass(frozen=True)
class _Form:
    """The other form of a model, its file, and how far it agrees."""

    model: Loaded
    data: bytes
    held: Agreement


def convert(
    workspace: Workspace, model: str, version: int, *, data: Any, tolerance: float, beyond_percent: float, description: str
) -> Conversion:
    """Register an ONNX form of a version. Raises before anything is written if there is none that agrees."""
    needs("onnx", extra="onnx", why="Converting a model to ONNX")
    needs("onnxruntime", extra="onnx", why="Converting a model to ONNX")
    before = load(workspace, Registry(workspace).version(model, version))
    rows = _rows(workspace, before, data)
    form = _agreeing(workspace, before, rows, tolerance, beyond_percent)
    speeds = _speeds(before, form, rows[0])
    held = {"rows": form.held.rows, "beyond": form.held.beyond, "worst": form.held.worst, "tolerance": tolerance}
    told = {"converted_from": version, "agreement": held, "before": asdict(speeds[0]), "after": asdict(speeds[1])}
    added = _added(workspace, form, rows[0], description or f"Version {version} as ONNX.", told)
    return Conversion(
        model=model, version=added.version, converted_from=version, to=ONNX, rows=form.held.rows, tolerance=tolerance,
        beyond=form.held.beyond, worst_difference=form.held.worst, before=speeds[0], after=replace(speeds[1], version=added.version),
    )  # fmt: skip


def _rows(workspace: Workspace, before: Loaded, data: Any) -> list[Any]:
    """The rows both are asked: those given, those the version is kept with, and some with what may be missing missing."""
    found = [data] if data is not None and len(data) else []
    columns = said_columns(before.version.signature)
    if before.version.fixtures is not None:
        kept = portable.frame_of(read(workspace.blobs.get(before.version.fixtures)).rows, columns)
        found += [kept] if len(kept) else []
    if not found:
        raise Invalid(
            f"There are no rows to hold version {before.version.version} and its ONNX form against each other.",
            hint="Give rows such as it was trained on: --data X",
        )
    return [*found, *_emptied(before, found[-1])]


def _emptied(before: Loaded, frame: Any) -> list[Any]:
    """The first row once for each column that may be null, with a null there, as far as the original answers that."""
    import pandas as pd

    names = [column.name for column in before.version.signature.inputs if column.nullable]
    if not names or not hasattr(frame, "iloc"):
        return []
    rows = [{**frame.iloc[0].to_dict(), name: None} for name in names]
    plain = [{name: None if pd.isna(value) else value for name, value in row.items()} for row in rows]
    made = portable.frame_of(plain, said_columns(before.version.signature))
    try:
        before.predict(made)
    except Exception:  # what it answers with an error, its other form need not answer
        return []
    return [made]


def _agreeing(workspace: Workspace, before: Loaded, rows: list[Any], tolerance: float, beyond_percent: float) -> _Form:
    """The first graph that answers as the original does. Invalid where none can be made, or none does."""
    version = before.version
    data = workspace.blobs.get(version.digest)
    refused: str | None = None
    nearest: Agreement | None = None
    for make in graphs(version.flavor, data, before.estimator, version.signature):
        try:
            form = _held(before, make, rows, tolerance)
        except NbmlopsError:
            raise
        except Exception as error:  # what converters and onnxruntime raise for what they cannot do is of any type
            refused = refused or _said(error)
            continue
        if form.held.beyond <= form.held.rows * beyond_percent / 100:
            return form
        nearest = min(nearest or form.held, form.held, key=lambda one: (one.beyond, one.worst))
    if nearest is not None:
        raise Invalid(
            f"As ONNX, version {version.version} answers otherwise: {nearest.beyond:,} of {nearest.rows:,} rows are further apart than "
            f"{tolerance:g}, at most by {nearest.worst:.2g}.",
            hint="If that is near enough: --tolerance, or --beyond-percent for a share of the rows. Nothing was registered.",
        )
    raise Invalid(
        f"Version {version.version} has no form in ONNX: {refused}", hint="Take that step out of the model, or serve the version as it is."
    )


def _held(before: Loaded, make: Callable[[], Any], rows: list[Any], tolerance: float) -> _Form:
    flavor = plugins.adapter("flavor", ONNX)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # converters speak to who writes converters
        data = flavor.save(make())
        version = replace(before.version, flavor=ONNX, size_bytes=len(data))
        form = Loaded(version, portable.load(ONNX, data))
    form.predict(rows[0][:1])  # what onnxruntime cannot compute it says here
    return _Form(form, data, sum((agreement(before, form, frame, tolerance) for frame in rows), Agreement()))


def _said(error: Exception) -> str:
    """A converter's reason, in a sentence: of many lines the first that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = "".join(letter if letter.isprintable() else " " for letter in (lines or [type(error).__name__])[0])
    return text[:250].rstrip(".") + "."


def _speeds(before: Loaded, form: _Form, frame: Any) -> list[Speed]:
    row, batch = (taken((before, form.model), frame, count) for count in (1, BATCH_ROWS))
    found = []
    for at, (one, size) in enumerate(((before, before.version.size_bytes), (form.model, len(form.data)))):
        number, flavor = one.version.version, one.version.flavor
        found.append(Speed(version=number, flavor=flavor, row_s=row[at], batch_s=batch[at], batch_rows=BATCH_ROWS, size_bytes=size))
    return found


def _added(workspace: Workspace, form: _Form, frame: Any, description: str, told: dict[str, Any]) -> ModelVersion:
    """Prove the form in a clean process, on its own answers to the original's rows, and register it."""
    version = form.model.version
    few = portable.rows_for(frame[:MAX_ROWS], said_columns(version.signature), version.signature.named)
    found = fixtures_of(ONNX, form.model.estimator, few)
    kept = found.as_bytes() if found is not None else None
    proof = proved(workspace, ModelFile(ONNX, form.data, version.signature, kept), run=version.run)
    row = workspace.ledger.read_one("SELECT fit FROM model_version WHERE model = ? AND version = ?", version.model, version.version)
    return Registry(workspace).add(
        version.model, flavor=ONNX, digest=workspace.blobs.put(form.data), size_bytes=len(form.data), signature=version.signature,
        metrics=version.metrics, run=version.run, fit=row["fit"] if row else None, dataset=version.dataset, target=version.target,
        estimator=version.estimator, description=description, fixtures=workspace.blobs.put(kept) if kept else None, python=proof.python,
        distributions=proof.distributions, converted_from=version.version, told=told,
    )  # fmt: skip
