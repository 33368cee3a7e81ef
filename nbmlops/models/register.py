"""From a live estimator or a run to a version: bytes that load again, signature, lineage, reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbmlops import plugins
from nbmlops.capture.fits import class_name, is_model
from nbmlops.capture.session import facts_of, living_estimators
from nbmlops.data import book
from nbmlops.errors import Damaged, Invalid, NotFound, Untrusted, there_is
from nbmlops.models.records import ModelVersion, Signature, SignatureColumn
from nbmlops.models.registry import Registry
from nbmlops.models.signature import from_dataset
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace


@dataclass(frozen=True)
class _Source:
    flavor: str
    data: bytes
    estimator: str
    run: str | None
    frame: str | None
    target: str | None
    named: bool
    sample: Any
    live: Any


def register(
    workspace: Workspace, model: str, *, estimator: Any, run: str | None, data: Any, metrics: dict[str, float] | None, description: str
) -> ModelVersion:
    """Register a version. Raises before anything is written when it could not be loaded and asked again."""
    if estimator is None and run is None:
        raise Invalid("Nothing to register was given.", hint=f"%mlops model register {model} ESTIMATOR, or --run RUN")
    source = _live(workspace, estimator, run, data) if estimator is not None else _from_run(workspace, str(run))
    reference = book.dataset(workspace, source.frame) if source.frame else None
    outputs = book.dataset(workspace, source.target) if source.target else None
    signature = from_dataset(reference, outputs, named=source.named) if reference else _by_itself(source)
    _proved(workspace, source, signature)
    found = dict(RunBook(workspace).run(source.run).metrics) if source.run else {}
    found.update({name: float(value) for name, value in (metrics or {}).items()})
    return Registry(workspace).add(
        model, flavor=source.flavor, digest=workspace.blobs.put(source.data), size_bytes=len(source.data), signature=signature, metrics=found,
        run=source.run, dataset=source.frame, target=source.target, estimator=source.estimator, description=description,
    )  # fmt: skip


def _live(workspace: Workspace, estimator: Any, run: str | None, data: Any) -> _Source:
    if not is_model(estimator):
        raise Invalid(f"A {type(estimator).__name__} cannot be registered: it has no predict.", hint="Give a fitted estimator.")
    facts = facts_of(estimator)
    frame = facts.frame if facts else None
    sample = facts.sample if facts else None
    if data is not None:
        from nbmlops.data.fingerprint import fingerprint

        seen = fingerprint(data)
        with workspace.ledger.write() as tx:
            frame = book.remember(tx, seen)
        sample = data[:50]
    if sample is None:
        names = getattr(estimator, "feature_names_in_", None)
        named = names is not None
    else:
        named = hasattr(sample, "columns")
    flavor = _flavor(estimator)
    run_id = RunBook(workspace).full_id(run) if run else (facts.run if facts else None)
    return _Source(flavor.name, _saved(flavor, estimator), class_name(estimator), run_id, frame, facts.target if facts else None, named, sample, estimator)


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
        raise NotFound(f"Run {run_id} kept no model: {notes}.", hint="Register the live estimator, or re-execute the notebook: %mlops pipeline run")
    fit = kept[-1]
    assert fit.artifact
    data = workspace.blobs.get(fit.artifact)
    named = True
    if fit.frame:
        names = [column.name for column in book.dataset(workspace, fit.frame).columns]
        named = names != [f"x{at}" for at in range(len(names))]
    flavor = next(name for name in plugins.names("flavor"))
    return _Source(flavor, data, fit.estimator, run_id, fit.frame, fit.target, named, None, None)


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
        raise Invalid(f"This {type(estimator).__name__} cannot be kept: {error}.", hint="Parts of it that are functions of the notebook have no safe form.") from error


def _by_itself(source: _Source) -> Signature:
    """The signature that an estimator tells of itself, where its training data is not known."""
    names = getattr(source.live, "feature_names_in_", None)
    count = getattr(source.live, "n_features_in_", None)
    if names is None and not count:
        raise Invalid("What this model takes is not known.", hint="Give the frame it was trained on: --data X")
    found = [str(name) for name in names] if names is not None else [f"x{at}" for at in range(int(count))]
    return Signature(inputs=[SignatureColumn(name=name, type="float", nullable=True) for name in found], outputs=[], named=names is not None)


def _proved(workspace: Workspace, source: _Source, signature: Signature) -> None:
    """The kept bytes load, and answer as the live estimator does."""
    import numpy as np

    from nbmlops.models.signature import columns_to_frame

    flavor = plugins.adapter("flavor", source.flavor)()
    try:
        again = flavor.load(source.data, workspace.settings.trusted_types)
    except Untrusted:
        raise
    except Exception as error:
        raise Invalid(f"The kept model does not load again: {error}.", hint="Register it from a plain scikit-learn estimator.") from error
    if source.live is None or source.sample is None or len(source.sample) == 0:
        return
    few = source.sample[:5]
    if hasattr(few, "columns"):
        columns_to_frame(signature, {str(name): few[name].tolist() for name in few.columns})
    expected, answered = np.asarray(source.live.predict(few)), np.asarray(again.predict(few))
    same = np.allclose(expected, answered, equal_nan=True) if expected.dtype.kind == "f" else np.array_equal(expected, answered)
    if not same:
        raise Damaged("The kept model answers otherwise than the live one.", hint="Its state is not in its attributes; it cannot be registered.")
