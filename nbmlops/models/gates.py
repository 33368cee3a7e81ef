"""Gates: what a version must show before an alias may point at it."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.ledger.encode import dump, load, now_text
from nbmlops.ledger.ids import new_id
from nbmlops.models.loading import load as load_model
from nbmlops.models.quality import canonical, metric_value, paired_interval, row_losses
from nbmlops.models.records import GateCheck, GateReport, GateRule, ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.runs.records import Run, Verdict
from nbmlops.workspace import Workspace

_ON_RECORD = "as recorded when it was registered, on rows of its own"


def set_rule(workspace: Workspace, model: str, rule: GateRule) -> GateRule:
    """Keep a model's gate."""
    with workspace.ledger.write() as tx:
        body = msgspec.to_builtins(rule)
        tx.insert("gate", or_replace=True, model=model, rule=dump(body))
        tx.changed("model", model)
        tx.audit(actor=workspace.actor, verb="model.gate", subject=model, evidence=body, at=workspace.clock())
    return rule


def rule_of(workspace: Workspace, model: str) -> GateRule | None:
    """A model's gate, if it has one."""
    row = workspace.ledger.read_one("SELECT rule FROM gate WHERE model = ?", model)
    return msgspec.convert(load(row["rule"]), GateRule) if row else None


def evaluate(
    workspace: Workspace,
    model: str,
    version: int,
    *,
    rule: GateRule | None = None,
    frame: Any = None,
    labels: Any = None,
    alias: str = "champion",
) -> GateReport:
    """Hold a version against its gate, and against the champion on the same rows where labelled rows are given.

    The report is kept. Without rows the recorded metrics are compared, and the reason says so.
    """
    if frame is None and labels is not None:
        raise Invalid("Labels were given without their rows.", hint="Give both: --data X --labels y")
    registry = Registry(workspace)
    candidate = registry.version(model, version)
    rule = rule or rule_of(workspace, model)
    if rule is None:
        raise Invalid(f"Model {model!r} has no gate.", hint=f"Set one: %mlops model gate {model} mae --limit 10")
    pointed = registry.alias(model, alias)
    champion = registry.version(model, pointed.version) if pointed and pointed.version != version else None
    checks, rows = (
        _on_rows(workspace, rule, candidate, champion, frame, labels)
        if frame is not None
        else (_on_record(rule, candidate.metrics, f"Version {candidate.version}", _ON_RECORD, champion), 0)
    )
    if rule.verified:
        checks = [*checks, _verified(candidate.run, candidate.verdict)]
    report = GateReport(
        id=new_id("gate"), model=model, version=version, champion=champion.version if champion else None,
        passed=all(check.passed for check in checks), checks=checks, rows=rows, at=workspace.clock(),
    )  # fmt: skip
    with workspace.ledger.write() as tx:
        tx.insert(
            "gate_report", id=report.id, model=model, version=version, passed=int(report.passed),
            report=dump(msgspec.to_builtins(report)), at=now_text(report.at),
        )  # fmt: skip
        tx.changed("model", model)
    return report


def on_run(workspace: Workspace, model: str, run: Run, champion: ModelVersion | None) -> list[GateCheck] | None:
    """Hold a run that is no version yet against a model's gate, and the champion, by what it measured; nothing is kept.

    None where the model has no gate.
    """
    rule = rule_of(workspace, model)
    if rule is None:
        return None
    checks = _on_record(rule, run.metrics, f"Run {run.id}", "as the run measured it, on rows of its own", champion)
    return [*checks, _verified(run.id, run.verdict)] if rule.verified else checks


def latest_report(workspace: Workspace, model: str, version: int) -> GateReport | None:
    """The newest report of a version, if it stood before a gate."""
    row = workspace.ledger.read_one(
        "SELECT report FROM gate_report WHERE model = ? AND version = ? ORDER BY at DESC LIMIT 1", model, version
    )
    return msgspec.convert(load(row["report"]), GateReport, strict=False) if row else None


def _on_rows(
    workspace: Workspace, rule: GateRule, candidate: ModelVersion, champion: ModelVersion | None, frame: Any, labels: Any
) -> tuple[list[GateCheck], int]:
    import numpy as np

    if canonical(rule.metric) is None:
        raise Invalid(f"{rule.metric!r} cannot be computed from rows.", hint="Give a gate a metric such as mae, rmse, r2 or accuracy.")
    if labels is None or len(labels) != len(frame):
        raise Invalid(
            f"{len(frame):,} rows with {0 if labels is None else len(labels):,} labels.",
            hint="Give one label for each row: --data X --labels y",
        )
    if len(frame) == 0:
        raise Invalid("A gate needs rows to measure on.", hint="Give labelled rows the candidate was not trained on.")
    truth = np.asarray(labels)
    truth = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
    mine = _answers(workspace, candidate, frame)
    value = metric_value(rule.metric, truth, mine)
    on = f"on {len(frame):,} labelled rows"
    checks = [_limit(rule, value, on)] if rule.limit is not None else []
    if rule.better_percent is not None:
        if champion is None:
            checks.append(_first(rule, value))
        else:
            theirs = _answers(workspace, champion, frame)
            other = metric_value(rule.metric, truth, theirs)
            gaps, interval = row_losses(rule.metric, truth, mine), ""
            if gaps is not None:
                low, high = paired_interval(gaps, row_losses(rule.metric, truth, theirs))
                interval = f"; loss differs by {low:+.3g} to {high:+.3g} (95 %, paired)"
            checks.append(_against(rule, value, other, champion.version, on + interval))
    return checks or [_finite(rule, value, on)], len(frame)


def _answers(workspace: Workspace, version: ModelVersion, frame: Any) -> Any:
    loaded = load_model(workspace, version)
    try:
        return loaded.predict(frame)
    except NbmlopsError:
        raise
    except Exception as error:  # what an estimator raises for rows it does not take is of any type
        raise Invalid(
            f"Version {version.version} cannot answer these rows: {str(error)[:200]}", hint="Give rows such as the model was trained on."
        ) from error


def _on_record(rule: GateRule, metrics: dict[str, float], who: str, on: str, champion: ModelVersion | None) -> list[GateCheck]:
    value = _recorded(metrics, rule.metric)
    if value is None:
        return [
            GateCheck(
                name=f"{rule.metric} is known",
                passed=False,
                value=None,
                limit=None,
                reason=f"{who} has no recorded {rule.metric}; it has {', '.join(metrics) or 'none'}.",
            )
        ]
    checks = [_limit(rule, value, on)] if rule.limit is not None else []
    if rule.better_percent is not None:
        other = _recorded(champion.metrics, rule.metric) if champion else None
        if champion is None:
            checks.append(_first(rule, value))
        elif other is None:
            checks.append(
                GateCheck(
                    name="against the champion",
                    passed=False,
                    value=value,
                    limit=None,
                    reason=f"The champion, version {champion.version}, has no recorded {rule.metric}: give labelled rows.",
                )
            )
        else:
            checks.append(_against(rule, value, other, champion.version, on))
    return checks or [_finite(rule, value, on)]


def _recorded(metrics: dict[str, float], metric: str) -> float | None:
    names = [name for name in metrics if name == metric or (canonical(name) and canonical(name) == canonical(metric))]
    return metrics[names[0]] if names else None


def _verified(run: str | None, verdict: Verdict | None) -> GateCheck:
    said = {
        None: "nobody has executed its run again" if run else "it came from no run",
        "VERIFIED": "its run, executed again, came out the same",
        "DIFFERS": "its run, executed again, comes out otherwise",
        "CANNOT": "its run cannot be executed again",
    }[verdict]
    ask = f" Ask: %mlops run verify {run}" if run and verdict != "VERIFIED" else ""
    return GateCheck(name="verified", passed=verdict == "VERIFIED", value=None, limit=None, reason=f"It must hold: {said}.{ask}")


def _limit(rule: GateRule, value: float, on: str) -> GateCheck:
    assert rule.limit is not None
    passed = math.isfinite(value) and (value <= rule.limit if rule.better == "lower" else value >= rule.limit)
    bound = "at most" if rule.better == "lower" else "at least"
    return GateCheck(
        name=f"{rule.metric} {bound} {rule.limit:g}", passed=passed, value=value, limit=rule.limit,
        reason=f"{rule.metric} is {value:.4g}, {bound} {rule.limit:g} is asked, {on}.",
    )  # fmt: skip


def _against(rule: GateRule, value: float, other: float, champion: int, on: str) -> GateCheck:
    assert rule.better_percent is not None
    share = rule.better_percent / 100 * abs(other)
    bound = other - share if rule.better == "lower" else other + share
    # A champion whose metric is no number is beaten by any candidate whose metric is one.
    passed = math.isfinite(value) and (not math.isfinite(other) or (value <= bound if rule.better == "lower" else value >= bound))
    percent = rule.better_percent
    asked = f"{percent:g} % better" if percent > 0 else f"not {-percent:g} % worse" if percent < 0 else "as good"
    return GateCheck(
        name="against the champion", passed=passed, value=value, limit=bound,
        reason=f"{rule.metric} is {value:.4g}, the champion's (version {champion}) is {other:.4g}; {asked} is asked, {on}.",
    )  # fmt: skip


def _first(rule: GateRule, value: float) -> GateCheck:
    return GateCheck(name="against the champion", passed=math.isfinite(value), value=value, limit=None, reason="There is no champion yet.")


def _finite(rule: GateRule, value: float, on: str) -> GateCheck:
    return GateCheck(
        name=f"{rule.metric} is a number",
        passed=math.isfinite(value),
        value=value,
        limit=None,
        reason=f"{rule.metric} is {value:.4g}, {on}.",
    )
