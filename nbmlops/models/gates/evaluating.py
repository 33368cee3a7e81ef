"""A version before its gates: the rule and the document of an alias, asked on rows, or of what was recorded."""

from __future__ import annotations

from typing import Any

from nbmlops import plugins
from nbmlops.data.fingerprint import fingerprint
from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.ledger.ids import new_id
from nbmlops.models import signing
from nbmlops.models.gates import kept_rows
from nbmlops.models.gates.document import read
from nbmlops.models.gates.measuring import SCORED
from nbmlops.models.gates.performance import PerformanceAsked, compared
from nbmlops.models.gates.port import Asked, judged
from nbmlops.models.gates.recorded import ON_RECORD, of_record
from nbmlops.models.gates.reproducibility import made_by_run, verified
from nbmlops.models.gates.standing import RAISED, Standing
from nbmlops.models.gates.store import document_of, keep_report, rule_of
from nbmlops.models.quality import canonical
from nbmlops.models.records import GateCheck, GateDocument, GateReport, GateRule, ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.runs.records import Run
from nbmlops.workspace import Workspace


def evaluate(
    workspace: Workspace,
    model: str,
    version: int,
    *,
    rule: GateRule | None = None,
    frame: Any = None,
    labels: Any = None,
    alias: str = "champion",
    forced: str = "",
    elsewhere: bool = False,
) -> GateReport:
    """Hold a version against its gates, and against the champion on the same rows where there are labelled rows.

    The rows are those kept with the gates, or, where they keep none, those given; `elsewhere` lets others be given all the same,
    where nothing moves. Without rows the recorded metrics are compared, and the reason says so. The report is kept; `forced` is the
    reason with which a version that does not pass is promoted. Untrusted where the version lacks a signature that is demanded.
    """
    if frame is None and labels is not None:
        raise Invalid("Labels were given without their rows.", hint="Give both: --data X --labels y")
    registry = Registry(workspace)
    candidate = registry.version(model, version)
    signing.demand(workspace, candidate)
    rule = rule or rule_of(workspace, model)
    document = document_of(workspace, model, alias)
    if rule is None and document is None:
        raise Invalid(f"Model {model!r} has no gate.", hint=f"Set one: %mlops model gate {model} mae --limit 10")
    kept = document.data if document is not None else None
    if frame is not None and kept is not None and not elsewhere:
        raise Invalid(
            f"The gates of {alias!r} keep the {kept.rows:,} rows that every version is held on; others were given.",
            hint=f"Leave them out. Or keep these instead: %mlops model gates {model} gates.yaml --data X --labels y",
        )
    elsewhere = frame is not None and kept is not None
    pointed = registry.alias(model, alias)
    champion = registry.version(model, pointed.version) if pointed and pointed.version != version else None
    if frame is None and kept is not None:
        frame, labels = kept_rows.opened(workspace, kept)
    code = document.code if document is not None else {}
    on = Standing(
        candidate=candidate, champion=champion, workspace=workspace, rows=frame, labels=labels, alias=alias, code=code,
        elsewhere=elsewhere,
    )  # fmt: skip
    checks = [*(_of_rule(rule, on) if rule is not None else []), *(_of_document(document, on) if document is not None else [])]
    passed = all(check.passed for check in checks)
    return keep_report(
        workspace,
        GateReport(
            id=new_id("gate"), model=model, version=version, champion=champion.version if champion else None, passed=passed, checks=checks,
            rows=0 if frame is None else len(frame), at=workspace.clock(), alias=alias,
            data=None if frame is None else fingerprint(frame, profile=False).digest, gates=document.digest if document else None,
            forced=forced.strip() or None if not passed else None, elsewhere=elsewhere, rule=rule,
        ),
    )  # fmt: skip


def on_run(workspace: Workspace, model: str, run: Run, champion: ModelVersion | None) -> list[GateCheck] | None:
    """Hold a run that is no version yet against a model's gate, and the champion, by what it measured; nothing is kept.

    None where the model has no gate. Of a document, metrics and the verdict can be asked of a run; nothing else.
    """
    rule, document = rule_of(workspace, model), document_of(workspace, model)
    if rule is None and document is None:
        return None
    who, on = f"Run {run.id}", "as the run measured it, on rows of its own"
    checks: list[GateCheck] = []
    if rule is not None:
        checks += of_record(rule.metric, rule.better, rule.limit, rule.better_percent, run.metrics, who, on, champion)
        checks += [verified(run.id, run.verdict)] if rule.verified else []
    for kind, asked in read(document.text, "gates").asked if document is not None else ():
        if isinstance(asked, PerformanceAsked):
            percents: list[float | None] = [*asked.percents] or [None]
            for percent in percents:
                checks += of_record(asked.metric, asked.way, asked.limit, percent, run.metrics, who, on, champion)
        elif kind == "reproducibility":
            checks.append(verified(run.id, run.verdict))
    return checks


def checked(kind: str, asked: Asked, on: Standing) -> list[GateCheck]:
    """The checks of one kind. What cannot be asked does not pass, and the reason says why; so it is where the check itself breaks."""
    gate = plugins.adapter("gate", kind)()
    if gate.needs_rows and on.rows is None:
        reason = f"{kind} needs labelled rows: --data X --labels y, or data: {{file: …, labels: …}} in the gates."
        return [judged(kind, f"{kind} is known", False, reason)]
    try:
        if gate.needs_rows:
            _ = on.truth
        return list(gate.check(asked, on)) or [judged(kind, f"{kind} is known", False, f"{kind} has found nothing to check.")]
    except NbmlopsError as error:
        reason = f"{kind} cannot be asked: {error.message} {error.hint}".rstrip()
    except RAISED as error:  # an adapter of somebody's own raises whatever it likes; a gate that breaks lets nothing through
        reason = f"{kind} broke: {type(error).__name__}: {str(error)[:200]}"
    return [judged(kind, f"{kind} is known", False, reason)]


def _of_rule(rule: GateRule, on: Standing) -> list[GateCheck]:
    if on.rows is None:
        name = f"Version {on.candidate.version}"
        checks = of_record(rule.metric, rule.better, rule.limit, rule.better_percent, on.candidate.metrics, name, ON_RECORD, on.champion)
    else:
        if canonical(rule.metric) is None:
            raise Invalid(f"{rule.metric!r} cannot be computed from rows.", hint="Give a gate a metric such as mae, rmse, r2 or accuracy.")
        if rule.metric in SCORED:
            raise Invalid(f"{rule.metric} is of probabilities.", hint="Ask for it in a gates file: %mlops model gates MODEL gates.yaml")
        fewest = {"min_rows": 1} if rule.test == "difference" else {}  # of a bare difference any row is enough
        try:
            asked = PerformanceAsked(metric=rule.metric, better=rule.better, limit=rule.limit, test=rule.test, **fewest)
        except ValueError as error:
            raise Invalid(f"The rule cannot be asked: {error}.", hint=f"Set it again: %mlops model gate MODEL {rule.metric}") from error
        checks = compared(asked, [] if rule.better_percent is None else [rule.better_percent], on)
    return [*checks, made_by_run(on.candidate)] if rule.verified else checks


def _of_document(document: GateDocument, on: Standing) -> list[GateCheck]:
    return [check for kind, asked in read(document.text, "gates").asked for check in checked(kind, asked, on)]
