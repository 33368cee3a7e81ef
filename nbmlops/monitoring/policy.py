"""What a policy does at the end of a window: wait, keep, roll back, or retrain and promote or refuse.

In this order, each step with its numbers in the decision's evidence:

1. Fewer than `min_rows` labelled rows, or rows the serving version does not take: wait. Asked again for the same end, it
   looks again.
2. The version before the serving one has an error lower by `rollback_percent` on the same rows, and the paired bootstrap's
   95 % interval of the gain is above 0: roll back.
3. The error is not above the baseline by more than `decay_percent`, and fewer than `drift_columns` columns drifted: keep.
4. Retrain: re-execute the notebook on the days before the window, register what it fitted, hold it against the gate on the
   window's labelled rows, which it has not seen; promote it or refuse it. A gate that demands that runs hold has this one
   executed again first. A notebook that fails changes nothing.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from nbmlops.errors import Conflict, Invalid, NbmlopsError, Unavailable
from nbmlops.ledger.encode import load, plain
from nbmlops.models import gates
from nbmlops.models.quality import canonical, recorded
from nbmlops.models.records import GateReport, GateRule, ModelVersion
from nbmlops.models.registry import Registry, roll_back
from nbmlops.models.verbs import register
from nbmlops.monitoring import reports, rules
from nbmlops.monitoring.advantage import advantage, answers, typed
from nbmlops.monitoring.quality import labelled, measured
from nbmlops.monitoring.records import Decision, PolicyRule
from nbmlops.monitoring.watched import Watched, logged, watched
from nbmlops.monitoring.windows import aware
from nbmlops.pipelines.runner import execute
from nbmlops.replay.records import Verification
from nbmlops.replay.verbs import verify
from nbmlops.workspace import Workspace

Action = Literal["waited", "kept", "promoted", "refused", "rolled_back", "failed"]


def apply(workspace: Workspace, endpoint: str, end: datetime | None = None) -> Decision:
    """Decide for the window that ends at `end` (the workspace's clock if not given), once: a second call gives the same decision.

    Unavailable while another process decides for this endpoint.
    """
    rule = rules.rule_of(workspace, endpoint)
    now = workspace.clock()
    moment = aware(end) or now
    if moment > now:
        raise Invalid(f"The window ends {moment}, which is still to come.", hint=f"It is {now}.")
    with ExitStack() as held:
        try:
            held.enter_context(rules.deciding(workspace, endpoint).held())
        except Unavailable as error:
            raise Unavailable(f"The policy of {endpoint!r} is being applied already.", hint="See: %mlops policy decisions") from error
        taken = rules.decision_of(workspace, endpoint, moment)
        if taken is not None and taken.action != "waited":
            return taken
        decided = _Deciding(workspace, rule, watched(workspace, endpoint), moment).decide()
        if taken is not None and (decided.action, decided.evidence) == ("waited", taken.evidence):
            return taken
        return rules.keep_decision(workspace, decided)


class _Deciding:
    """One decision in the making: what is measured goes into `evidence` as it becomes known."""

    def __init__(self, workspace: Workspace, rule: PolicyRule, served: Watched, end: datetime) -> None:
        self.workspace, self.rule, self.served, self.end = workspace, rule, served, end
        self.start = end - timedelta(days=rule.window_days)
        self.registry = Registry(workspace)
        self.version = self.registry.aliased(served.model, served.alias)
        self.rows = logged(workspace, self.version, served.endpoint, self.start, end)
        self.known = labelled(self.rows)
        self.truth = self.known["label"].tolist()
        self.told = ""
        self.evidence: dict[str, Any] = {"metric": rule.metric, "rows": len(self.rows), "labelled": len(self.known)}

    def decide(self) -> Decision:
        """The four steps."""
        rule, known = self.rule, len(self.known)
        if known < rule.min_rows:
            return self._decided("waited", f"{known:,} of {len(self.rows):,} rows have their label; {rule.min_rows:,} are asked.")
        try:
            mine = answers(self.workspace, self.version, self.known)
        except Invalid as error:  # rows that another version answered and this one would not
            return self._decided("waited", f"Version {self.version.version} cannot answer the window's rows: {error.message}")
        drifted = self._drift()
        if back := self._rolled_back(mine):
            return back
        decayed = self._decayed(mine)
        by_drift = rule.drift_columns > 0 and len(drifted) >= rule.drift_columns
        if not decayed and not by_drift:
            return self._decided("kept", self.told)
        cause = self.told if decayed else f"{self.told[:-1]}, but {len(drifted)} columns drifted: {', '.join(drifted[:8])}."
        return self._retrained(cause)

    # -- measuring

    def _drift(self) -> list[str]:
        """Measure and keep a drift report of the window; the columns that drifted."""
        try:
            report = reports.of_rows(
                self.workspace, self.version, self.served.endpoint, self.rows, self.start, self.end, metric=self.rule.metric
            )
        except Invalid as error:
            self.evidence["drift"] = error.message
            return []
        self.evidence["drift_report"] = report.id
        self.evidence["drifted_columns"] = report.drifted_columns
        self.evidence["drift"] = [
            {"column": score.column, "test": score.test, "value": score.value, "threshold": score.threshold}
            for score in report.scores
            if score.drifted
        ]
        return report.drifted_columns

    def _rolled_back(self, mine: Any) -> Decision | None:
        """Hold the version before against the serving one on the same rows, and go back where it is surely better."""
        served, before = self.served, self.registry.before(self.served.model, self.served.alias)
        if before is None or before == self.version.version:
            return None
        try:
            theirs = answers(self.workspace, self.registry.version(served.model, before), self.known)
        except Exception as error:  # whatever keeps an old version from answering, it is no reason to go back to it
            self.evidence["previous"] = {"version": before, "note": f"could not answer: {error}"}
            return None
        found = advantage(self.rule.metric, self.rule.better, self.truth, mine, theirs)
        interval = [found.low, found.high]
        self.evidence["previous"] = {"version": before, "error": found.other, "better_percent": found.percent, "interval": interval}
        if not found.certain(self.rule.rollback_percent):
            return None
        self.evidence["error"] = found.serving
        reason = (
            f"Version {before} has {self.rule.metric} {found.other:.4g} on the same {len(self.known):,} rows, {found.percent:.0f} % better "
            f"than version {self.version.version} with {found.serving:.4g} (gain {found.low:.3g} to {found.high:.3g}, 95 %)."
        )
        evidence = {"policy": served.endpoint, "decision": self.id, **plain(self.evidence)}
        moved = roll_back(self.registry, served.model, served.alias, reason=reason, evidence=evidence)
        return self._decided("rolled_back", reason, after=moved.version)

    def _decayed(self, mine: Any) -> bool:
        """Hold the window's error against the baseline."""
        rule = self.rule
        error = measured(rule.metric, self.truth, mine)
        baseline, whence = baseline_of(self.workspace, self.version, rule.metric)
        self.evidence |= {"error": error, "baseline": baseline, "baseline_from": whence}
        if baseline is None:
            self.told = f"{rule.metric} is {error:.4g}; version {self.version.version} has no {rule.metric} to hold it against."
            return False
        worse = error - baseline if rule.better == "lower" else baseline - error
        percent = 100 * worse / abs(baseline) if baseline else math.copysign(math.inf, worse) if worse else 0.0
        self.evidence["worse_percent"] = percent
        way = "worse" if percent > 0 else "better"
        compared = "as good as" if abs(percent) < 0.5 else f"{abs(percent):.0f} % {way} than"
        self.told = f"{rule.metric} is {error:.4g}, {compared} {baseline:.4g} ({whence})."
        return not percent <= rule.decay_percent  # an error that is no number is decay

    # -- retraining

    def _retrained(self, cause: str) -> Decision:
        served, rule = self.served, self.rule
        self.evidence["params"] = params = rules.filled(rule, self.end)
        tags = {"policy": served.endpoint, "decision": self.id}
        run = None
        try:
            run = execute(self.workspace.root / rule.notebook, params, experiment=served.model, tags=tags, workspace=self.workspace)
            if run.status != "finished":
                at = "" if run.failed_cell is None else f" in cell {run.failed_cell}"
                return self._decided("failed", f"{cause} The notebook {run.status}{at}: {run.error or 'no reason given'}", run=run.id)
            candidate = register(served.model, run=run.id, description=f"Retrained by a policy: {cause}", workspace=self.workspace)
        except NbmlopsError as error:
            return self._decided("failed", f"{cause} {error.message}", run=run.id if run else None)
        return self._gated(cause, run.id, candidate)

    def _gated(self, cause: str, run: str, candidate: ModelVersion) -> Decision:
        served, place = self.served, self.workspace
        number = candidate.version
        try:
            pointed = self.registry.alias(served.model, served.alias)
            asked = gates.ways_of(place, served.model, served.alias)
            rule = None if asked else GateRule(metric=self.rule.metric, better=self.rule.better)
            champion = self.registry.aliased(served.model, served.alias)
            frame = typed(champion, self.known)
            for name, column in typed(candidate, self.known).items():
                frame[name] = column
            if gates.asks_verified(place, served.model, served.alias):
                found = verify(run, workspace=place)
                assert isinstance(found, Verification)  # of one run
                self.evidence["verification"] = {"verdict": found.verdict, "sentence": found.sentence}
            kept = gates.keeps_rows(place, served.model, served.alias)  # where there are such, the window is no proof before the gate
            frame, truth = (None, None) if kept else (frame, self.truth)
            report = gates.evaluate(place, served.model, number, rule=rule, frame=frame, labels=truth, alias=served.alias)
        except Exception as error:  # a candidate that cannot answer the window's rows is held back, and the reason kept
            return self._decided("refused", f"{cause} Version {number} could not stand before the gate: {error}", run=run, candidate=number)
        self.evidence["gate"] = msgspec.to_builtins(report)
        verdict = " ".join(check.reason for check in report.checks if check.passed == report.passed)
        if not report.passed:
            refused = {"policy": served.endpoint, "decision": self.id, "gate": plain(self.evidence["gate"])}
            self.registry.refuse(served.model, served.alias, number, evidence=refused, reason=cause)
            return self._decided("refused", f"{cause} Version {number} was held back: {verdict}", run=run, candidate=number)
        evidence = {"policy": served.endpoint, "decision": self.id, "run": run, **plain(self.evidence)}
        try:
            self.registry.point(served.model, served.alias, number, way="promote", evidence=evidence, reason=cause, expected=pointed)
        except Conflict as error:  # somebody moved the alias while the notebook ran: theirs stands
            return self._decided("refused", f"{cause} Version {number} was not promoted: {error.message}", run=run, candidate=number)
        return self._decided("promoted", f"{cause} Version {number} passed its gate: {verdict}", run=run, candidate=number, after=number)

    @property
    def id(self) -> str:
        """The decision's id, known before it is taken."""
        return rules.decision_id(self.served.endpoint, self.end)

    def _decided(
        self, action: Action, reason: str, *, run: str | None = None, candidate: int | None = None, after: int | None = None
    ) -> Decision:
        before = self.version.version
        return Decision(
            id=self.id, endpoint=self.served.endpoint, action=action, reason=reason, start=self.start, end=self.end, version_before=before,
            version_after=before if after is None else after, candidate=candidate, run=run, evidence=plain(self.evidence),
            at=self.workspace.clock(),
        )  # fmt: skip


def baseline_of(workspace: Workspace, version: ModelVersion, metric: str) -> tuple[float | None, str]:
    """The metric a version is held against, and where it is from.

    What was recorded when it was registered, on rows of its own that it was not fitted on; else what it showed at the newest
    gate it passed. Recorded first: a version that was the better one of two in a bad week is not to be held to that week.
    """
    found = recorded(version.metrics, metric)
    if found is not None:
        return found, "as recorded when it was registered"
    rows = workspace.ledger.read(
        "SELECT report FROM gate_report WHERE model = ? AND version = ? AND passed = 1 ORDER BY at DESC, rowid DESC",
        version.model,
        version.version,
    )
    for row in rows:
        report = msgspec.convert(load(row["report"]), GateReport, strict=False)
        for check in report.checks if report.rows else []:
            if check.kind != "performance":
                continue
            named = check.reason.split(" is ")[0]  # a check begins by naming the metric it measured
            if check.value is not None and (canonical(named) or named) == (canonical(metric) or metric):
                return check.value, f"on the {report.rows:,} rows of its gate"
    return None, "nowhere"
