"""Where a model that is to be registered comes from: a living object, what a run kept, or a file that somebody has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

from nbmlops import plugins
from nbmlops.capture.attached import facts_of, living_estimators
from nbmlops.capture.fits import class_name, is_model, parameters
from nbmlops.capture.headless import ROWS
from nbmlops.data import book
from nbmlops.errors import Invalid, NbmlopsError, NotFound
from nbmlops.models.gates import training_rows
from nbmlops.models.records import Signature
from nbmlops.models.travelling.own import code_of, parts
from nbmlops.runs import current
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

_MOST_CELLS = 50_000_000


@dataclass(frozen=True)
class Source:
    """A model's file with what is known of it: `sample` is of the rows it was trained on, `fixtures` rows with its answers.

    Of a file that somebody has: `signature` where its folder says it, `vouched` the digests that it was trusted by. `sparse`: it was
    fitted on a sparse matrix, whose fingerprint is of rows, columns and values.
    """

    flavor: str
    data: bytes
    estimator: str
    run: str | None
    fit: int | None
    frame: str | None
    target: str | None
    sample: Any
    fixtures: bytes | None
    signature: Signature | None = None
    vouched: tuple[str, ...] = ()
    sparse: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)


def living(workspace: Workspace, estimator: Any, run: str | None, data: Any, *, around: str | None = None) -> Source:
    """A living estimator, or a function, of `run`; else of the run that saw it fitted, or of the one `around`. Invalid for what cannot
    be asked."""
    if isinstance(estimator, type):
        raise Invalid(f"{estimator.__name__} is a class, not a model.", hint="Make one of it, and fit it.")
    if not is_model(estimator) and not any(plugins.adapter("flavor", name)().can(estimator) for name in plugins.names("flavor")):
        raise Invalid(
            f"A {type(estimator).__name__} cannot be registered: it has no predict.",
            hint="Give a fitted estimator, or a function that takes a frame and gives an answer a row.",
        )
    _named_texts(estimator)
    facts = facts_of(estimator)
    frame = facts.frame if facts else None
    sample = _dense(facts.sample) if facts else None
    sparse = data is None and facts is not None and sample is not facts.sample
    if data is not None:
        data = _dense(data)
        sample = _first(data)
        frame = _remembered(workspace, data)
    _plain_columns(sample)
    training_rows.keep(workspace, frame, data)
    flavor = plugins.taking("flavor", estimator, class_name(estimator))
    run_id = RunBook(workspace).full_id(run) if run else (facts.run if facts else around)
    target = facts.target if facts else None
    fit = facts.number if facts and facts.run == run_id else None
    name = class_name(estimator) if not isinstance(estimator, FunctionType) else f"{estimator.__module__}.{estimator.__qualname__}"
    data = _saved(flavor, estimator)
    fixtures = flavor.fixtures(estimator, sample)
    return Source(
        flavor.name, data, name, run_id, fit, frame, target, sample, fixtures, sparse=sparse, parameters=_set_to(estimator),
    )  # fmt: skip


def _set_to(estimator: Any) -> dict[str, Any]:
    """An estimator's parameters as plain values; none where it does not tell them."""
    try:
        return parameters(estimator)
    except Exception:  # get_params is somebody's code, and what it raises is no reason not to keep the model
        return {}


def run_around(workspace: Workspace) -> str | None:
    """The run that all of this happens in: of a notebook that is executed, or begun by somebody's word; not one that a fit began."""
    found = current.current()
    return found.id if found is not None and found.how != "live" and found.workspace.root == workspace.root else None


def of_file(workspace: Workspace, file: str, data: Any, *, code: bool, trust: str | None) -> Source:
    """A file or folder that somebody has. Whatever is wrong with it is raised before anything of it is kept."""
    from nbmlops.models.files.kinds import JSON
    from nbmlops.models.files.source import opened, vouched_for

    sample = _first(data) if data is not None else None
    found = opened(workspace, file, sample, code=code, trust=trust)
    if found.model is not None:
        source = living(workspace, found.model, None, data)
        return replace(source, vouched=vouched_for(found, plugins.adapter("flavor", source.flavor)(), source.data))
    told, flavor = found.told, plugins.adapter("flavor", found.told.flavor)()
    kept = found.data
    if told.kind == JSON.words:
        kept = _saved(flavor, flavor.load(kept))
    fixtures = told.fixtures.encode() if told.fixtures else None
    if told.runs and sample is not None:
        fixtures = flavor.fixtures(flavor.load(kept, found.vouched), sample)
    frame = _remembered(workspace, data) if data is not None else None
    return Source(
        told.flavor, kept, told.estimator or told.kind, None, None, frame, None, sample, fixtures, found.signature, found.vouched
    )  # fmt: skip


def _dense(rows: Any) -> Any:
    """A sparse matrix as an array: who asks a model gives every column. Anything else as it is."""
    if not hasattr(rows, "toarray") or not hasattr(rows, "nnz"):
        return rows
    cells = rows.shape[0] * rows.shape[1]
    if cells > _MOST_CELLS:
        raise Invalid(f"The sparse rows have {cells:,} cells, more than {_MOST_CELLS:,}.", hint="Give some of them: --data X[:1000]")
    return rows.toarray()


def _named_texts(estimator: Any) -> None:
    """Invalid for a model whose first step takes texts that are in no column."""
    step = getattr(estimator, "steps", [(None, estimator)])[0][1]
    if hasattr(step, "build_analyzer"):
        kind = type(step).__name__
        raise Invalid(
            f"The model's first step, a {kind}, takes bare texts, and the rows that a model is asked have named columns.",
            hint=f"Fit it on a frame: make_pipeline(ColumnTransformer([('text', {kind}(), 'text')]), …).fit(frame, y)",
        )


def _first(data: Any) -> Any:
    """A frame's first rows."""
    from nbmlops.data.frames import to_frame

    _plain_columns(data)
    return data[:50] if hasattr(data, "shape") else to_frame(data)[:50]


def _remembered(workspace: Workspace, data: Any) -> str:
    """A frame's fingerprint."""
    from nbmlops.data.fingerprint import fingerprint

    seen = fingerprint(data)
    with workspace.ledger.write() as tx:
        return str(book.remember(tx, seen))


def of_run(workspace: Workspace, run: str) -> Source:
    """The model that a run fitted last: as it lives here, or as it was kept. NotFound where none was."""
    runs = RunBook(workspace)
    run_id = runs.full_id(run)
    if here := living_estimators(run_id):
        return living(workspace, here[-1][0], run_id, None)
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
    artifacts = runs.record(run_id).artifacts
    names = {artifact.digest: artifact.name for artifact in artifacts}
    rows = next((found.digest for found in artifacts if found.name == f"model-{fit.number}.{ROWS}"), None)
    flavor = _by_suffix(names.get(fit.artifact, ""))
    return Source(flavor, data, fit.estimator, run_id, fit.number, fit.frame, fit.target, None, workspace.blobs.get(rows) if rows else None)


def _by_suffix(name: str) -> str:
    """Which flavor wrote a file of this name."""
    suffixes = {flavor: f".{plugins.adapter('flavor', flavor).suffix}" for flavor in plugins.names("flavor")}
    fitting = [flavor for flavor, suffix in suffixes.items() if name.endswith(suffix)]
    return max(fitting, key=lambda flavor: len(suffixes[flavor]), default=plugins.names("flavor")[0])


def _plain_columns(sample: Any) -> None:
    """Rows that come in later are JSON objects: a column is called by a text that is its alone."""
    names = list(getattr(sample, "columns", ()))
    if odd := [name for name in names if not isinstance(name, str)]:
        raise Invalid(
            f"The training frame has a column called {odd[0]!r}, which is no text.", hint="Name them: X.columns = X.columns.astype(str)"
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise Invalid(f"The training frame has more than one column {twice[0]!r}.", hint="Give each its own name, and fit again.")


def _saved(flavor: Any, estimator: Any) -> bytes:
    try:
        return bytes(flavor.save(estimator))
    except NbmlopsError:
        raise
    except Exception as error:
        raise Invalid(
            f"This {type(estimator).__name__} cannot be kept: {error}.",
            hint=_form(estimator),
        ) from error


def _form(estimator: Any) -> str:
    """What mends an object that has no safe form."""
    slotted = [code_of(part).__name__ for part in parts(estimator).values() if "__slots__" in vars(code_of(part))]
    if slotted:
        return f"Take __slots__ out of {slotted[0]} (what is kept is an object's __dict__), and fit again."
    return "Parts of it that are functions of the notebook have no safe form. Keep numbers, text, arrays, frames or estimators in it."
