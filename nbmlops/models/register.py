"""From a live estimator or a run to a version: bytes that load again, signature, lineage, reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbmlops import plugins
from nbmlops.capture.attached import facts_of, living_estimators
from nbmlops.capture.fits import class_name, is_model
from nbmlops.data import book
from nbmlops.data.records import Dataset
from nbmlops.errors import Damaged, Invalid, NotFound, Untrusted, there_is
from nbmlops.models.records import ModelVersion, Signature, SignatureColumn
from nbmlops.models.registry import Registry
from nbmlops.models.signature import from_dataset
from nbmlops.runs import spooled
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace


@dataclass(frozen=True)
class _Source:
    flavor: str
    data: bytes
    estimator: str
    run: str | None
    fit: int | None
    frame: str | None
    target: str | None
    sample: Any
    live: Any


def register(
    workspace: Workspace, model: str, *, estimator: Any, run: str | None, data: Any, metrics: dict[str, float] | None, description: str
) -> ModelVersion:
    """Register a version. Raises before anything is written when it could not be loaded and asked again."""
    if estimator is None and run is None:
        raise Invalid("Nothing to register was given.", hint=f"%mlops model register {model} ESTIMATOR, or --run RUN")
    spooled.flush(workspace)  # the fit's dataset may have been said a moment ago
    source = _live(workspace, estimator, run, data) if estimator is not None else _from_run(workspace, str(run))
    reference = book.dataset(workspace, source.frame) if source.frame else None
    outputs = book.dataset(workspace, source.target) if source.target else None
    again = _again(workspace, source)
    named = _named(again, reference, source.sample)
    signature = from_dataset(reference, outputs, named=named) if reference else _by_itself(again)
    if source.live is not None and source.sample is not None:
        _proved(source, signature, again)
    found = dict(RunBook(workspace).run(source.run).metrics) if source.run else {}
    found.update({name: float(value) for name, value in (metrics or {}).items()})
    digest = workspace.blobs.put(source.data)
    return Registry(workspace).add(
        model, flavor=source.flavor, digest=digest, size_bytes=len(source.data), signature=signature, metrics=found,
        run=source.run, fit=source.fit, dataset=source.frame, target=source.target, estimator=source.estimator, description=description,
    )  # fmt: skip


def _live(workspace: Workspace, estimator: Any, run: str | None, data: Any) -> _Source:
    if isinstance(estimator, type):
        raise Invalid(f"{estimator.__name__} is a class, not a model.", hint="Make one of it, and fit it.")
    if not is_model(estimator):
        raise Invalid(f"A {type(estimator).__name__} cannot be registered: it has no predict.", hint="Give a fitted estimator.")
    facts = facts_of(estimator)
    frame = facts.frame if facts else None
    sample = facts.sample if facts else None
    if data is not None:
        from nbmlops.data.fingerprint import fingerprint
        from nbmlops.data.frames import to_frame

        _plain_columns(data)
        seen = fingerprint(data)
        with workspace.ledger.write() as tx:
            frame = book.remember(tx, seen)
        sample = data[:50] if hasattr(data, "shape") else to_frame(data)[:50]
    _plain_columns(sample)
    flavor = _flavor(estimator)
    run_id = RunBook(workspace).full_id(run) if run else (facts.run if facts else None)
    target = facts.target if facts else None
    fit = facts.number if facts and facts.run == run_id else None
    return _Source(flavor.name, _saved(flavor, estimator), class_name(estimator), run_id, fit, frame, target, sample, estimator)


def _from_run(workspace: Workspace, run: str) -> _Source:
    runs = RunBook(workspace)
    run_id = runs.full_id(run)
    living = living_estimators(run_id)
    if living:
        return _live(workspace, living[-1][0], run_id, None)
    fits = runs.fits(run_id)
    kept = [fit for fit in fits if fit.artifact]
    if not kept:
        notes = "; ".join(fit.note for fit in fits if fit.note) or ("it fitted no model" if not fits else "its kernel is gone")
        raise NotFound(
            f"Run {run_id} kept no model: {notes}.", hint="Register the live estimator, or re-execute the notebook: %mlops pipeline run"
        )
    fit = kept[-1]
    assert fit.artifact
    data = workspace.blobs.get(fit.artifact)
    names = {artifact.digest: artifact.name for artifact in runs.record(run_id).artifacts}
    flavor = _by_suffix(names.get(fit.artifact, ""))
    return _Source(flavor, data, fit.estimator, run_id, fit.number, fit.frame, fit.target, None, None)


def _by_suffix(name: str) -> str:
    """Which flavor wrote a file of this name."""
    suffixes = {plugins.adapter("flavor", flavor).suffix: flavor for flavor in plugins.names("flavor")}
    return suffixes.get(name.rpartition(".")[2]) or plugins.names("flavor")[0]


def _plain_columns(sample: Any) -> None:
    """Rows that come in later are JSON objects: a column is called by a text that is its alone."""
    names = list(getattr(sample, "columns", ()))
    if odd := [name for name in names if not isinstance(name, str)]:
        raise Invalid(
            f"The training frame has a column called {odd[0]!r}, which is no text.", hint="Name them: X.columns = X.columns.astype(str)"
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise Invalid(f"The training frame has more than one column {twice[0]!r}.", hint="Give each its own name, and fit again.")


def _flavor(estimator: Any) -> Any:
    flavors = [plugins.adapter("flavor", name)() for name in plugins.names("flavor")]
    for flavor in flavors:
        if flavor.can(estimator):
            return flavor
    raise Invalid(f"No flavor keeps a {class_name(estimator)}.", hint=f"Flavors: {there_is(flavor.name for flavor in flavors)}.")


def _saved(flavor: Any, estimator: Any) -> bytes:
    try:
        return bytes(flavor.save(estimator))
    except Exception as error:
        raise Invalid(
            f"This {type(estimator).__name__} cannot be kept: {error}.",
            hint="Parts of it that are functions of the notebook have no safe form.",
        ) from error


def _named(again: Any, reference: Dataset | None, sample: Any) -> bool:
    """Whether the model is asked with frames: it was trained on one, whose columns it knows by name."""
    if sample is not None:
        return hasattr(sample, "columns")
    if getattr(again, "feature_names_in_", None) is not None:
        return True
    if getattr(again, "n_features_in_", None) is not None or reference is None:
        return False  # it has counted columns, and found no names
    names = [column.name for column in reference.columns]
    return names != [f"x{at}" for at in range(len(names))]


def _by_itself(again: Any) -> Signature:
    """The signature that an estimator tells of itself, where its training data is not known."""
    names = getattr(again, "feature_names_in_", None)
    count = getattr(again, "n_features_in_", None)
    if names is None and not count:
        raise Invalid("What this model takes is not known.", hint="Fit it, or give the frame it was trained on: --data X")
    found = [str(name) for name in names] if names is not None else [f"x{at}" for at in range(int(str(count)))]
    inputs = [SignatureColumn(name=name, type="float", nullable=True) for name in found]
    return Signature(inputs=inputs, outputs=[], named=names is not None)


def _again(workspace: Workspace, source: _Source) -> Any:
    """What the kept bytes give when they are loaded."""
    flavor = plugins.adapter("flavor", source.flavor)()
    try:
        return flavor.load(source.data, workspace.settings.trusted_types)
    except Untrusted:
        raise
    except Exception as error:
        raise Invalid(f"The kept model does not load again: {error}.", hint="Register it from a plain scikit-learn estimator.") from error


def _proved(source: _Source, signature: Signature, again: Any) -> None:
    """The kept model answers as the live one does, on rows such as an endpoint would give it."""
    import numpy as np

    from nbmlops.models.signature import columns_to_frame

    few = source.sample[:5]
    if len(few) == 0:
        return
    try:
        expected = np.asarray(source.live.predict(few))
    except Exception as error:
        raise Invalid(
            f"The model cannot answer its own training rows: {error}", hint="Fit it first; give the frame it was fitted on."
        ) from error
    rows = few if signature.named else np.asarray(few)
    if signature.named:
        rows = columns_to_frame(signature, {name: few[name].tolist() for name in few.columns})
    try:
        answered = np.asarray(again.predict(rows))
    except Exception as error:
        raise Invalid(
            f"The kept model cannot answer rows of plain values: {error}",
            hint="An endpoint gives numbers, text, true and false, times. Let the model's first step make what it needs of them.",
        ) from error
    if not _same(expected, answered):
        raise Damaged("The kept model answers otherwise than the live one.", hint="It depends on more than its state and its rows' values.")


def _same(expected: Any, answered: Any) -> bool:
    import numpy as np

    if expected.shape != answered.shape:
        return False
    return bool(np.allclose(expected, answered, equal_nan=True) if expected.dtype.kind == "f" else np.array_equal(expected, answered))
