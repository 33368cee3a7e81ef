"""From a live estimator, a run or a file to a version: bytes that load again, signature, lineage, reference."""

from __future__ import annotations

from typing import Any

from nbmlops import plugins
from nbmlops.capture.attached import say_now
from nbmlops.data import book
from nbmlops.data.records import Dataset
from nbmlops.errors import Damaged, Invalid, Untrusted
from nbmlops.models import portable
from nbmlops.models.fixtures import Fixtures, read
from nbmlops.models.package import ModelFile, said_columns
from nbmlops.models.proof import Environment, proved
from nbmlops.models.records import ModelVersion, Signature
from nbmlops.models.registry import Registry
from nbmlops.models.signature import coded, from_dataset, giving
from nbmlops.models.sources import Source, living, of_file, of_run, run_around
from nbmlops.models.telling import takes
from nbmlops.runs import spooled
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace


def register(
    workspace: Workspace, model: str, *, estimator: Any, run: str | None, data: Any, metrics: dict[str, float] | None, description: str,
    code: bool = False, env: Environment = "here", file: str | None = None, trust: str | None = None,
) -> ModelVersion:  # fmt: skip
    """Register a version. Raises before anything is written when a clean process could not load it and be asked."""
    if estimator is None and run is None and file is None:
        raise Invalid("Nothing to register was given.", hint=f"%mlops model register {model} ESTIMATOR, or --run RUN, or --file PATH")
    if file is not None and (estimator is not None or run is not None):
        raise Invalid("A file was given, and something else to register.", hint="Give one of them.")
    say_now()  # the fit may be of this cell
    spooled.flush(workspace)
    if file is not None:
        source = of_file(workspace, file, data, code=code, trust=trust)
    else:
        given = estimator is not None
        source = living(workspace, estimator, run, data, around=run_around(workspace)) if given else of_run(workspace, str(run))
    flavor = plugins.adapter("flavor", source.flavor)()
    brought = flavor.code(source.data)
    trusted = list(workspace.trusted())
    if brought is not None and brought not in trusted:
        if not code and brought not in source.vouched:
            raise _unasked(flavor, source)
        trusted.append(brought)
    again = _again(flavor, source, trusted)
    reference = book.dataset(workspace, source.frame) if source.frame and not source.sparse else None
    outputs = book.dataset(workspace, source.target) if source.target else None
    named = _named(again, reference, source.sample)
    signature = from_dataset(reference, outputs, named=named) if reference else source.signature or _by_itself(again)
    signature = coded(signature, source.sample)
    if source.fixtures is not None:
        kept_rows = read(source.fixtures)
        _answers_rows(source.flavor, again, signature, kept_rows)
        signature = giving(signature, kept_rows.predictions)
    kept_file = ModelFile(source.flavor, source.data, signature, source.fixtures)
    proof = proved(workspace, kept_file, run=source.run, env=env)
    found = dict(RunBook(workspace).run(source.run).metrics) if source.run else {}
    found.update({name: float(value) for name, value in (metrics or {}).items()})
    if brought is not None:
        workspace.trust_code(brought)
    kept = workspace.blobs.put(source.fixtures) if source.fixtures else None
    return Registry(workspace).add(
        model, flavor=source.flavor, digest=workspace.blobs.put(source.data), size_bytes=len(source.data), signature=signature,
        metrics=found, run=source.run, fit=source.fit, dataset=source.frame, target=source.target, estimator=source.estimator,
        description=description, code=brought, fixtures=kept, python=proof.python, distributions=proof.distributions,
        parameters=source.parameters,
    )  # fmt: skip


def _unasked(flavor: Any, source: Source) -> Untrusted:
    """A model that brings code, and nobody said that it may."""
    name, what = source.estimator.rpartition(".")[2], flavor.described(source.data)
    if flavor.sources(source.data):
        return Untrusted(
            f"This {name} is made of code of the notebook's own ({what}).",
            hint="It can travel with the model, and may then run wherever the model is loaded: add --code",
        )
    return Untrusted(
        f"This {name} is kept as {what}, which runs code when it is loaded.",
        hint="If that may be where the model is loaded (trusted by this file's digest alone): add --code",
    )


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
    found = takes(again)
    if found is None:
        raise Invalid("What this model takes is not known.", hint="Fit it, or give the frame it was trained on: --data X")
    return Signature(inputs=found[0], outputs=[], named=found[1])


def _again(flavor: Any, source: Source, trusted: list[str]) -> Any:
    """What the kept bytes give when they are loaded."""
    try:
        return flavor.load(source.data, trusted)
    except (Untrusted, Invalid):
        raise
    except Exception as error:
        said = getattr(error, "message", str(error)).rstrip(".")
        raise Invalid(f"The kept model does not load again: {said}.", hint="Register it from a plain scikit-learn estimator.") from error


def _answers_rows(flavor: str, again: Any, signature: Signature, fixtures: Fixtures) -> None:
    """The kept model answers as the live one does, on rows such as an endpoint would give it."""
    columns = said_columns(signature)
    try:
        rows = portable.rows_for(portable.frame_of(fixtures.rows, columns), columns, signature.named)
        answered = portable.ask(flavor, again, rows).tolist()
    except Exception as error:
        raise Invalid(
            f"The kept model cannot answer rows of plain values: {error}",
            hint="An endpoint gives numbers, text, true and false, times. Let the model's first step make what it needs of them.",
        ) from error
    if answered and all(one is None for one in answered):
        raise Invalid("The model answers None to every row.", hint="Does its function return what it computes?")
    if (differs := portable.differing(fixtures.predictions, answered)) is not None:
        raise Damaged(
            f"The kept model answers otherwise than the live one: {differs[:200]}.",
            hint="It depends on more than its state and its rows' values.",
        )
