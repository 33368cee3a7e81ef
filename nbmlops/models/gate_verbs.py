"""What a person can ask of gates: set them, look at them and their reports, approve a version."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.names import plain_name
from nbmlops.models.gates import kept_rows, named_metrics, store
from nbmlops.models.gates.approval import approve as approved
from nbmlops.models.gates.custom import kept
from nbmlops.models.gates.document import Written, read
from nbmlops.models.gates.robustness import RobustnessAsked, named
from nbmlops.models.records import Approval, GateDocument, GateReport, GateRows
from nbmlops.models.registry import Registry
from nbmlops.verb import Column, Live, Rows, verb
from nbmlops.workspace import Workspace, use


@verb("PUT /models/{model}/gates")
def gates(
    model: Annotated[str, "its name"],
    file: Annotated[str | None, "a gates file, YAML"] = None,
    *,
    text: Annotated[str | None, "the same, as text"] = None,
    alias: Annotated[str | None, "the name that may only point at what passes; the file's, or champion"] = None,
    data: Annotated[Any, Rows("rows the gates are held on, which are kept")] = None,
    labels: Annotated[Any, Column("their labels")] = None,
    sensitive: Annotated[Any, Live("columns for fairness that are not in the rows")] = None,
    functions: Annotated[Any, Live("a custom gate's function, or functions by name, where they are not called so in the notebook")] = None,
    code: Annotated[bool, "the functions of custom gates travel along, and may run wherever the model is promoted"] = False,
    remove: Annotated[bool, "take the gates away; needs a reason"] = False,
    reason: Annotated[str, "why, for the audit trail"] = "",
    workspace: Workspace | None = None,
) -> GateDocument:
    """Set what a version must show before an alias may point at it: a gates file with everything that must hold.

    Its rows, from a file it names or given here, are kept, so that a promotion from anywhere is held on the same ones. Set again
    without any, the gates keep those they have.
    """
    place = use(workspace)
    plain_name(model, "model")
    if remove:
        if not reason.strip():
            raise Invalid("Taking gates away needs a reason.", hint="Say why: --reason …")
        return store.remove_document(place, model, plain_name(alias or "champion", "alias"), reason)
    if file is not None and text is None and _is_text(str(file)):
        file, text = None, str(file)
    if (file is None) == (text is None):
        raise Invalid("Give a gates file, or its text.", hint=f"%mlops model gates {model} gates.yaml")
    source = place.place_of(Path(file)) if file is not None else None
    name = source.name if source is not None else "gates"
    body = _read(source) if source is not None else str(text)
    found = read(body, name)
    named_metrics.named(place, model, found)
    where = plain_name(alias or found.alias or "champion", "alias")
    before = store.document_of(place, model, where)
    asked: list[Any] = [one for kind, one in found.asked if kind == "custom"]
    given = functions if isinstance(functions, dict) else {getattr(functions, "__name__", ""): functions} if functions is not None else {}
    rows: GateRows | None
    if data is not None or labels is not None or sensitive is not None:
        if data is None:
            raise Invalid("Labels were given without their rows.", hint="Give both: --data X --labels y")
        rows = kept_rows.given(place, data, labels, sensitive)
    elif found.data is not None:
        beside = (source.parent if source is not None else Path.cwd()) / found.data.file
        path = beside if beside.is_file() else place.place_of(Path(found.data.file))
        rows = kept_rows.from_file(place, path, found.data.labels, found.data.sensitive)
    else:
        rows = before.data if before is not None else None
    carried = rows is not None and before is not None and rows is before.data
    _fits(place, found, rows)
    brought = kept(place, [one.function for one in asked], given, before.code if before else {}, code=code)
    return store.set_document(place, model, where, body, found.kinds, rows, brought, carried=carried)


@verb("GET /models/{model}/gates")
def asked(
    model: Annotated[str, "its name"],
    *,
    alias: Annotated[str, "the name that they stand before"] = "champion",
    workspace: Workspace | None = None,
) -> GateDocument:
    """Show the gates of an alias as they were written, with their rows and code."""
    plain_name(alias, "alias")
    return store.document(use(workspace), plain_name(model, "model"), alias)


@verb("GET /models/{model}/reports")
def judged(
    model: Annotated[str, "its name"],
    *,
    version: Annotated[int | None, "of this version alone"] = None,
    limit: Annotated[int, "at most so many"] = 50,
    workspace: Workspace | None = None,
) -> list[GateReport]:
    """List what came of a model's versions before their gates, the newest first."""
    place = use(workspace)
    Registry(place).model(plain_name(model, "model"))
    return store.reports(place, model, version, limit)


@verb("GET /models/{model}/reports/{id}")
def report(
    model: Annotated[str, "its name"],
    id: Annotated[str, "a gate report's id, as the audit trail has it"],
    *,
    workspace: Workspace | None = None,
) -> GateReport:
    """Show one gate report: every check, with what was measured."""
    return store.report(use(workspace), plain_name(model, "model"), id)


@verb("POST /models/{model}/versions/{version}/approvals")
def approve(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    reason: Annotated[str, "what was looked at"] = "",
    workspace: Workspace | None = None,
) -> Approval:
    """Say yes to a version that somebody else registered, and somebody else will promote."""
    return approved(use(workspace), plain_name(model, "model"), version, reason)


def _fits(place: Workspace, found: Written, rows: GateRows | None) -> None:
    """Invalid where a gate names a column that the kept rows have not; whether the model takes it is seen when it is judged."""
    asked = [one for _, one in found.asked if isinstance(one, RobustnessAsked) and one.columns]
    if rows is not None and asked:
        there = kept_rows.columns(place, rows)
        for one in asked:
            named(one, there, "The rows have")


def _is_text(given: str) -> bool:
    """Whether what should be a file's name is what stands in one."""
    return "\n" in given or (re.match(r"\w+:( |$)", given) is not None and not Path(given).exists())


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise NotFound(f"There is no gates file {str(path)!r}.", hint="A YAML file: performance: {metric: mae, limit: 10}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} cannot be read: {error}.", hint="Gates are a YAML file of UTF-8 text.") from error
