"""The nouns of models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbmlops.runs.records import AuditEvent, Difference, Run, Verdict

ColumnType = Literal["float", "integer", "string", "boolean", "datetime"]
Way = Literal["promote", "rollback", "unalias"]
How = Literal["promote", "force", "rollback", "unalias", "refuse"]


@dataclass(frozen=True, kw_only=True)
class SignatureColumn:
    """One column a model takes or gives. `nullable`: the data it was trained on had nulls (or NaN) there.

    `least` and `most` are the least and the greatest number of the training data, `categories` its texts, where they are few.
    `coded`: the model was trained on pandas categories, and gets what it is asked as these.
    """

    name: str
    type: ColumnType
    nullable: bool
    least: float | None = None
    most: float | None = None
    categories: list[str] | None = None
    coded: bool = False


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The columns a model takes and gives, in order. `named`: rows are frames with column names, not bare arrays."""

    inputs: list[SignatureColumn]
    outputs: list[SignatureColumn]
    named: bool = True


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """One immutable version of a model, with its lineage: the run, and the fingerprints of inputs and target it was trained on.

    `fit` is the number of the run's fit that made it; None where that is not known, and then no verdict on the run is one on it.
    `verdict` is what executing its run again showed last; None where nobody asked. `code` is the digest of the code that its
    file brings, which somebody must trust before it is loaded. `python` and `distributions` are what a clean process had when it
    answered as the notebook did (None: it was registered before that was asked); `fixtures` the digest of the rows it answered.
    `converted_from` is the version that it is another form of; `parameters` what its estimator was set to when it was registered.
    `forced`: it was once promoted past a gate that refused it, and stays marked.
    """

    model: str
    version: int
    flavor: str
    digest: str
    size_bytes: int
    signature: Signature
    metrics: dict[str, float]
    run: str | None
    dataset: str | None
    target: str | None
    estimator: str
    description: str
    registered_at: datetime
    registered_by: str
    fit: int | None = None
    aliases: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    code: str | None = None
    fixtures: str | None = None
    python: str | None = None
    distributions: dict[str, str] = field(default_factory=dict)
    converted_from: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    forced: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelAlias:
    """A movable name for one version; `previous` says where it pointed."""

    model: str
    alias: str
    version: int
    previous: int | None
    moved_at: datetime


@dataclass(frozen=True, kw_only=True)
class AliasMove:
    """One move in an alias's history, with what it was made on; no `version`: the alias was taken away.

    `gate` is the id of the gate's report, `forced`: past a gate that refused. `dataset`, `target` and `run` are what the version
    was made of, `verdict` what executing its run again had shown by then.
    """

    model: str
    alias: str
    version: int | None
    previous: int | None
    way: Way
    at: datetime
    actor: str
    reason: str = ""
    gate: str | None = None
    forced: bool = False
    dataset: str | None = None
    target: str | None = None
    run: str | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class Answering:
    """An endpoint that answered with a version, `[start, end)`; no `end`: it still does."""

    endpoint: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, kw_only=True)
class AliasPeriod:
    """What an alias pointed at, `[start, end)`, how it came there, and on what; no `end`: it still does. A refusal lasted no time.

    `gate` is the id of the gate's report and `gate_passed` what it said, None where no gate was asked. `approvals` are those that the
    audit trail had by then, `endpoints` those that answered with the version in that time.
    """

    model: str
    alias: str
    version: int | None
    start: datetime
    end: datetime | None
    way: How
    actor: str
    reason: str
    gate: str | None
    gate_passed: bool | None
    dataset: str | None
    target: str | None
    run: str | None
    verdict: Verdict | None
    approvals: list[AuditEvent] = field(default_factory=list)
    endpoints: list[Answering] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ModelHistory:
    """A model's aliases over time, newest first; with `at`, what they pointed at then."""

    model: str
    at: datetime | None
    periods: list[AliasPeriod]


@dataclass(frozen=True, kw_only=True)
class ModelSignature:
    """One signature of a version: by which key (`signer`, the public key's fingerprint), who made it and when, and whether it holds.

    `digest` finds the signature among the blobs; `note` says why it does not hold.
    """

    model: str
    version: int
    signer: str
    signed_at: datetime
    signed_by: str
    digest: str
    holds: bool
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignatureCheck:
    """A version's signatures; `required` are the signers one of whom it must bear, and `passed` whether it does and all of them hold."""

    model: str
    version: int
    passed: bool
    required: list[str]
    signatures: list[ModelSignature]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A registered name: its versions (newest first), aliases, and the moves of its aliases (newest first).

    `before` says where each alias would go if it were rolled back; an alias that has nowhere to go is not in it.
    """

    name: str
    versions: list[ModelVersion]
    aliases: dict[str, int]
    moves: list[AliasMove]
    before: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModelExport:
    """A version as a folder. `flavors` are MLflow's by which it loads it; `code` is the digest of code that runs where it is loaded.

    `replaced`: an export that stood there before is gone.
    """

    model: str
    version: int
    folder: str
    flavors: list[str]
    code: str | None
    files: list[str]
    size_bytes: int
    replaced: bool


@dataclass(frozen=True, kw_only=True)
class GateRule:
    """What a version must show before it may be promoted.

    `metric` is mae, rmse, r2, accuracy, f1, log_loss … as scikit-learn defines them, or a metric the run logged.
    `limit` bounds it (at most, where lower is better; at least, where higher is). `better_percent`: it must be better
    than the champion's by this share, on the same rows where rows are given; negative allows it to be that much worse;
    None asks for no comparison. `verified`: executing its run again must have shown that it holds. `test`: on rows, the bare
    difference counts, or the interval must show that it is no chance.
    """

    metric: str
    better: Literal["lower", "higher"]
    limit: float | None = None
    better_percent: float | None = 0.0
    verified: bool = False
    test: Literal["difference", "interval"] = "difference"


@dataclass(frozen=True, kw_only=True)
class GateRows:
    """Labelled rows that gates are held on, kept as one parquet blob: `digest` of its bytes, `fingerprint` of what is in it.

    `labels` and `sensitive` are columns of it; `file` is where the rows were read, if they were.
    """

    digest: str
    fingerprint: str
    rows: int
    labels: str
    sensitive: list[str] = field(default_factory=list)
    file: str | None = None


@dataclass(frozen=True, kw_only=True)
class GateDocument:
    """What a version of a model must show before an alias may point at it, as somebody wrote it, with its rows and its code.

    `digest` is of everything in it: text, rows, and the functions of custom gates (`code`: name → digest of what is kept).
    `carried`: no rows were given when it was set, so that they are those of the gates before.
    """

    model: str
    alias: str
    digest: str
    text: str
    kinds: list[str]
    data: GateRows | None
    code: dict[str, str]
    at: datetime
    by: str
    carried: bool = False


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Somebody's yes to a version."""

    model: str
    version: int
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class GateCheck:
    """One check of a gate: what was measured, what was asked, and on what.

    `kind` is what the check is about: performance, slices, fairness … `details` is what a plot or a card shows of it.
    """

    name: str
    passed: bool
    value: float | None
    limit: float | None
    reason: str
    kind: str = "performance"
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """A version before its gate. `rows` is how many labelled rows both models answered; 0: recorded metrics were compared.

    `data` is the fingerprint of these rows, `gates` the digest of the gates' document (None: a rule alone was asked), `rule` the
    rule that was asked. `forced` is the reason for which it was promoted though it did not pass. `elsewhere`: the rows were given
    for a check alone, and are not those that the gates keep.
    """

    id: str
    model: str
    version: int
    champion: int | None
    passed: bool
    checks: list[GateCheck]
    rows: int
    at: datetime
    alias: str = "champion"
    data: str | None = None
    gates: str | None = None
    forced: str | None = None
    elsewhere: bool = False
    rule: GateRule | None = None


@dataclass(frozen=True, kw_only=True)
class ModelComparison:
    """Versions of one model side by side, what differs in front; numbers are held against the first version's.

    `same` is what all of them have alike. A difference of the part `gate` is from each version's latest report.
    """

    model: str
    versions: list[ModelVersion]
    champion: int | None
    differences: list[Difference]
    same: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A row with what the model answered when it was registered; `scores` are probabilities, where it gives them."""

    row: dict[str, Any]
    answer: Any
    scores: Any = None


@dataclass(frozen=True, kw_only=True)
class VersionPage:
    """Everything that is known of one version.

    `parameters` are those of the estimator when it was fitted, or registered. `reports` are of its gate, newest first; `moves` those
    of aliases to it and from it. `by_version` has each of its metrics in all versions (metric → version → value). `gated`: the champion
    must show something first. `subject` is what lineage calls it, `load` the Python that loads it. `notes` say what could not be read.
    """

    version: ModelVersion
    champion: int | None
    run: Run | None
    rows: int | None
    parameters: dict[str, Any]
    examples: list[Example]
    reports: list[GateReport]
    moves: list[AliasMove]
    by_version: dict[str, dict[str, float]]
    gated: bool
    subject: str
    load: list[str]
    notes: list[str] = field(default_factory=list)
