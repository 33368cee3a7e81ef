"""What a person can ask of policies."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from nbmlops.errors import Invalid
from nbmlops.ledger.names import free_name, plain_name
from nbmlops.monitoring import rules
from nbmlops.monitoring.records import Decision, PolicyRule
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("PUT /policies/{endpoint}")
def set_(
    endpoint: Annotated[str, "whose model is watched; it may be started later"],
    notebook: Annotated[str, "the .ipynb file that trains"],
    *,
    params: Annotated[dict[str, Any] | None, "its parameters, with {train_start} {train_end} {window_start} {window_end} filled in"] = None,
    metric: Annotated[str, "the error that is watched: mae, rmse, accuracy …"] = "mae",
    window_days: Annotated[float, "how long a window is"] = 7.0,
    train_days: Annotated[float, "how many days before the window a retraining learns from"] = 28.0,
    decay_percent: Annotated[float, "retrain when the error is so much above what it was"] = 15.0,
    drift_columns: Annotated[int, "retrain when so many columns drifted; 0: never by drift alone"] = 0,
    rollback_percent: Annotated[float, "roll back when the version before is so much better on the same rows"] = 10.0,
    min_rows: Annotated[int, "wait with fewer labelled rows"] = 200,
    workspace: Workspace | None = None,
) -> PolicyRule:
    """Set what to do when an endpoint's model decays or its data drifts; it is done by `policy apply`."""
    from nbmlops.models.quality import canonical, direction, known_metrics
    from nbmlops.pipelines.runner import check
    from nbmlops.workspace import utc_now

    place = use(workspace)
    plain_name(endpoint, "endpoint")
    known = canonical(metric)
    if known is None:
        raise Invalid(f"{metric[:80]!r} cannot be computed from labels.", hint=f"There are: {', '.join(known_metrics())}.")
    for name in params or {}:
        free_name(name, "parameter")
    for name, value, least in (
        ("window_days", window_days, 1 / 24), ("train_days", train_days, 1 / 24), ("decay_percent", decay_percent, 0),
        ("drift_columns", drift_columns, 0), ("rollback_percent", rollback_percent, 0), ("min_rows", min_rows, 2),
    ):  # fmt: skip
        if not least <= value <= 1_000_000:
            raise Invalid(f"{name} is {value!r}.", hint=f"From {least:g} to 1,000,000.")
    path = rules.notebook_path(place, notebook)
    root = place.root.resolve()
    rule = PolicyRule(
        endpoint=endpoint, notebook=str(path.relative_to(root) if path.is_relative_to(root) else path), params=params or {}, metric=known,
        better=direction(known), window_days=window_days, train_days=train_days, decay_percent=decay_percent, drift_columns=drift_columns,
        rollback_percent=rollback_percent, min_rows=min_rows,
    )  # fmt: skip
    check(path, rules.filled(rule, utc_now()), place)
    return rules.keep_rule(place, rule)


@verb("GET /policies/{endpoint}")
def show(endpoint: Annotated[str, "its name"], *, workspace: Workspace | None = None) -> PolicyRule:
    """Show an endpoint's policy."""
    return rules.rule_of(use(workspace), endpoint)


@verb("POST /policies/{endpoint}/apply")
def apply(
    endpoint: Annotated[str, "its name"],
    *,
    end: Annotated[datetime | None, "the window's end, itself not in it; now if not given"] = None,
    workspace: Workspace | None = None,
) -> Decision:
    """Decide for the window that ends now (or at `end`): wait, keep, roll back, or retrain and promote or refuse.

    Decided once: asked again for the same end, it gives the same decision, unless that was to wait for labels.
    """
    from nbmlops.monitoring.policy import apply as applied

    return applied(use(workspace), endpoint, end)


@verb("GET /decisions")
def decisions(
    *,
    endpoint: Annotated[str | None, "only of this endpoint"] = None,
    limit: Annotated[int, "how many, newest first"] = 50,
    workspace: Workspace | None = None,
) -> list[Decision]:
    """List what policies decided, newest first, with reasons and evidence."""
    return rules.decisions(use(workspace), endpoint=endpoint, limit=max(0, min(limit, 1_000)))
