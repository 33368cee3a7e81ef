"""What a person can ask of a model's past, and of its aliases beside pointing them."""

from __future__ import annotations

from typing import Annotated

from nbmlops.ledger.names import plain_name
from nbmlops.models import history as past
from nbmlops.models.records import AliasMove, ModelHistory
from nbmlops.models.registry import Registry
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("GET /models/{model}/history")
def history(
    model: Annotated[str, "its name"],
    *,
    alias: Annotated[str | None, "one alias; all if not given"] = None,
    at: Annotated[str | None, "what they pointed at then: 2026-03-03 is that day's end in UTC, else a time"] = None,
    workspace: Workspace | None = None,
) -> ModelHistory:
    """Show what a model's aliases pointed at over time: who moved them, why, on what data and gate, approved by whom, answering where.

    Refusals are in it. `at` answers what was champion on a day.
    """
    if alias is not None:
        plain_name(alias, "alias")
    return past.history(use(workspace), model, alias=alias, at=at)


@verb("DELETE /models/{model}/aliases/{alias}")
def unalias(
    model: Annotated[str, "its name"],
    alias: Annotated[str, "the name that is taken away"],
    *,
    reason: Annotated[str, "why, for the audit trail"] = "",
    workspace: Workspace | None = None,
) -> AliasMove:
    """Take an alias away; what answers by it goes on. A rollback puts it back where it was."""
    plain_name(alias, "alias")
    return Registry(use(workspace)).unpoint(model, alias, reason=reason)
