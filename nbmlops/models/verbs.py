"""What a person can ask of models."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from nbmlops.errors import GateRefused, Invalid, TooLarge
from nbmlops.ledger.names import free_name, plain_name
from nbmlops.models import gates, history, quality
from nbmlops.models.records import GateReport, GateRule, Model, ModelAlias, ModelVersion
from nbmlops.models.registry import Registry, roll_back
from nbmlops.verb import Column, Live, Rows, verb
from nbmlops.workspace import Workspace, use


@verb("POST /models/{model}/versions")
def register(
    model: Annotated[str, "the name it gets or has"],
    estimator: Annotated[Any, Live("the fitted estimator")] = None,
    *,
    run: Annotated[str | None, "a run, whose last fitted model is registered"] = None,
    data: Annotated[Any, Rows("the frame it was trained on, where capture has not seen it")] = None,
    metrics: Annotated[dict[str, float] | None, "numbers beside those of the run"] = None,
    description: Annotated[str, "a sentence for those who come later"] = "",
    code: Annotated[bool, "the notebook's own code travels along, and may run where the model is loaded"] = False,
    file: Annotated[str | None, "a model's file or folder that you have; what it is comes from its content"] = None,
    trust: Annotated[str | None, "the digest (sha256:…) of the file, or of code in it, that you know and trust"] = None,
    env: Annotated[Literal["here", "recreate"], "where a clean process asks it: in this environment, or in the recorded one"] = "here",
    workspace: Workspace | None = None,
) -> ModelVersion:
    """Register a model's next version, from a live estimator, a run, or a file.

    The version holds the model in a safe format, its signature, its metrics, and its lineage to run and data. Before it
    exists, a clean process loads what is kept and answers rows as the notebook did. A file is first looked at by a process
    with limits; one that runs code when it is loaded (a pickle) is opened only where its digest is trusted.
    """
    from nbmlops.models.register import register as registered

    plain_name(model, "model")
    for name, value in (metrics or {}).items():
        free_name(name, "metric")
        try:
            float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise Invalid(f"The metric {name!r} is no number: {str(value)[:80]!r}.", hint="Give each metric one number.") from error
    if len(description) > 4000:
        raise TooLarge(f"The description has {len(description):,} characters.", hint="At most 4,000.")
    return registered(
        use(workspace), model, estimator=estimator, run=run, data=data, metrics=metrics, description=description, code=code, env=env,
        file=file, trust=trust,
    )  # fmt: skip


@verb("GET /models")
def find(*, workspace: Workspace | None = None) -> list[Model]:
    """List the registered models with their versions and aliases."""
    registry = Registry(use(workspace))
    return [registry.model(name) for name in registry.names()]


@verb("GET /models/{model}")
def show(model: Annotated[str, "its name"], *, workspace: Workspace | None = None) -> Model:
    """Show a model: versions, aliases, and every move of its aliases."""
    return Registry(use(workspace)).model(model)


@verb("PUT /models/{model}/gate")
def gate(
    model: Annotated[str, "its name"],
    metric: Annotated[str, "mae, rmse, r2, accuracy …, or one the runs log"],
    *,
    better: Annotated[Literal["lower", "higher"] | None, "which way is better; known of the usual metrics"] = None,
    limit: Annotated[float | None, "it must be at most (or at least) this"] = None,
    better_percent: Annotated[float | None, "by how much better than the champion; negative: so much worse is allowed"] = 0.0,
    verified: Annotated[bool, "executing its run again must have shown that it holds"] = False,
    test: Annotated[Literal["difference", "interval"], "on rows: the bare difference, or what is shown not to be chance"] = "difference",
    workspace: Workspace | None = None,
) -> GateRule:
    """Set what a version must show before it may be promoted: a limit, the comparison with the champion, that its run holds."""
    plain_name(model, "model")
    free_name(metric, "metric")
    if better not in (None, "lower", "higher"):
        raise Invalid(f"{str(better)[:80]!r} is no way for {metric!r} to be better.", hint="Say lower or higher, or leave it out.")
    for number in (limit, better_percent):
        if number is not None and not math.isfinite(number):
            raise Invalid(f"A gate cannot ask for {number}.", hint="Give a number, or leave it out.")
    if test not in ("difference", "interval"):
        raise Invalid(f"{str(test)[:80]!r} is no way to compare.", hint="Say difference or interval.")
    way = better or quality.direction(metric)
    rule = GateRule(metric=metric, better=way, limit=limit, better_percent=better_percent, verified=verified, test=test)
    return gates.set_rule(use(workspace), model, rule)


@verb("POST /models/{model}/versions/{version}/check")
def check(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    alias: Annotated[str, "the name it is to have"] = "champion",
    data: Annotated[Any, Rows("rows it was not trained on")] = None,
    labels: Annotated[Any, Column("their labels")] = None,
    workspace: Workspace | None = None,
) -> GateReport:
    """Hold a version against the model's gate; nothing moves."""
    return gates.evaluate(
        use(workspace), model, version, frame=data, labels=labels, alias=plain_name(alias, "alias"), elsewhere=True
    )  # fmt: skip


@verb("PUT /models/{model}/aliases/{alias}")
def promote(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    alias: Annotated[str, "the name that moves"] = "champion",
    force: Annotated[bool, "past a gate that refuses; needs a reason"] = False,
    reason: Annotated[str, "why, for the audit trail"] = "",
    data: Annotated[Any, Rows("rows for the gate")] = None,
    labels: Annotated[Any, Column("their labels")] = None,
    workspace: Workspace | None = None,
) -> ModelAlias:
    """Point an alias at a version, through the gate; `previous` says where it pointed."""
    place = use(workspace)
    plain_name(alias, "alias")
    registry = Registry(place)
    registry.version(model, version)
    pointed = registry.alias(model, alias)
    if pointed is not None and pointed.version == version:
        return pointed
    evidence: dict[str, Any] = {}
    if gates.has_gate(place, model, alias):
        report = gates.evaluate(place, model, version, frame=data, labels=labels, alias=alias, forced=reason if force else "")
        evidence = gates.evidence(report)
        if not report.passed:
            if not force:
                registry.refuse(model, alias, version, evidence=evidence, reason=reason)
                raise GateRefused(
                    gates.refusal(report),
                    hint=f"Promote it all the same: %mlops model promote {model} {version} --force --reason …",
                )
            if not reason.strip():
                raise Invalid("Forcing a gate needs a reason.", hint="Say why: --reason …")
    return registry.point(model, alias, version, way="promote", evidence=evidence, reason=reason, expected=pointed)


@verb("POST /models/{model}/aliases/{alias}/rollback")
def rollback(
    model: Annotated[str, "its name"],
    *,
    alias: Annotated[str, "the name that moves"] = "champion",
    to: Annotated[str | None, "a version it was at, or when: 2026-03-03 is that day's end in UTC, else a time"] = None,
    reason: Annotated[str, "why, for the audit trail"] = "",
    workspace: Workspace | None = None,
) -> ModelAlias:
    """Point an alias where it was before its last promotion, again goes further back; or where it was on a day, or at a version."""
    plain_name(alias, "alias")
    registry = Registry(use(workspace))
    if to is None:
        return roll_back(registry, model, alias, reason=reason, evidence={})
    return roll_back(registry, model, alias, version=history.meant(registry, model, alias, to), reason=reason, evidence={"to": to})
