"""The sections of a card that tell what a version is: details, data, environment, lineage, how to load it, where its aliases were."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

from nbmlops.cards.figures import counted, listed, number, percent
from nbmlops.cards.known import Known
from nbmlops.cards.records import CardSection, CardTable
from nbmlops.data.records import ColumnProfile, Dataset
from nbmlops.models.records import ModelVersion, SignatureColumn
from nbmlops.runs.sizes import size_text

_MOST_COLUMNS = 200
_MOST_NODES = 40
_TOLD = {  # of a version, in a place of its own
    "model", "version", "flavor", "digest", "size_bytes", "signature", "metrics", "run", "dataset", "target", "estimator", "description",
    "registered_at", "registered_by", "aliases", "verdict", "code", "fixtures", "python", "distributions",
}  # fmt: skip
_LIBRARY = re.compile(r"[/\\](site|dist)-packages[/\\]")  # what a library reads of itself made no model
_VERDICTS = {
    "VERIFIED": "Its run was executed again, and came out the same: VERIFIED.",
    "DIFFERS": "Its run was executed again, and came out otherwise: DIFFERS. What is told below may not hold.",
    "CANNOT": "Its run cannot be executed again: CANNOT.",
    None: "Nobody has executed its run again, so nothing shows that the notebook gives this model.",
}


def details(known: Known) -> CardSection:
    """Name, kind, who and when, digest, size, what it takes and gives."""
    version = known.version
    facts = {
        "model": f"{version.model}, version {version.version}", "estimator": version.estimator, "flavor": version.flavor,
        "aliases": ", ".join(version.aliases) or "none",
        "registered": f"{version.registered_at:%Y-%m-%d %H:%M} UTC by {version.registered_by}",
        "size": size_text(version.size_bytes), "digest": version.digest,
    }  # fmt: skip
    facts |= {"run": _run_text(known)} if version.run else {}
    facts |= {"code it brings": version.code} if version.code else {}
    facts |= {
        field.name.replace("_", " "): _fact(getattr(version, field.name)) for field in fields(version) if _further(version, field.name)
    }
    said = [version.description] if version.description else []
    if version.code:
        said.append("Its file brings code of the notebook's own, which may run where it is loaded: whoever loads it must trust that code.")
    return CardSection(name="details", title="Model details", sentences=said, facts=facts, tables=_signature(version))


def _further(version: ModelVersion, name: str) -> bool:
    """What others add to a version is told as it is."""
    return name not in _TOLD and getattr(version, name) not in (None, "", [], {})


def _fact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)[:400]


def _run_text(known: Known) -> str:
    if known.run is None:
        return f"{known.version.run}, which is not in this workspace"
    run = known.run.run
    commit = f", commit {run.git_commit[:12]}{' with changes that were not committed' if run.git_dirty else ''}" if run.git_commit else ""
    return f"{run.name} ({run.id}){f' of {run.notebook}' if run.notebook else ''}{commit}"


def _signature(version: ModelVersion) -> list[CardTable]:
    def rows(columns: list[SignatureColumn]) -> list[list[str]]:
        return [[column.name, column.type, "may be missing" if column.nullable else "must be there"] for column in columns[:_MOST_COLUMNS]]

    takes = CardTable(title="What it takes", head=["column", "type", "value"], rows=rows(version.signature.inputs))
    gives = CardTable(title="What it gives", head=["column", "type"], rows=[row[:2] for row in rows(version.signature.outputs)])
    return [table for table in (takes, gives) if table.rows]


def data(known: Known) -> CardSection:
    """What it was trained on: rows, columns, ranges, what was missing, and the target."""
    frame, target = known.frame, known.target
    if frame is None:
        unknown = "What it was trained on is not on record: register it from a run, or with its frame (--data X)."
        return CardSection(name="data", title="Training data", sentences=[unknown])
    said = [f"It was trained on {counted(frame.rows, 'row')} of {counted(len(frame.columns), 'column')}."]
    lacking = sorted((column for column in frame.profile if column.nulls), key=lambda column: -column.nulls)
    if lacking:
        worst = ", ".join(f"{column.name} ({percent(column.nulls / max(column.rows, 1))})" for column in lacking[:4])
        said.append(f"Values were missing in {counted(len(lacking), 'column')}: {worst}{' …' if len(lacking) > 4 else ''}.")
    else:
        said.append("No value was missing.")
    same = [column.name for column in frame.profile if _constant(column)]
    said += [f"{listed(same)} never varied: nothing was learnt of {'it' if len(same) == 1 else 'them'}."] if same else []
    said += _of_target(target)
    facts = {"fingerprint": frame.digest} | ({"fingerprint of the target": target.digest} if target else {})
    facts |= {"first seen": f"{frame.first_seen_at:%Y-%m-%d %H:%M} UTC"} if frame.first_seen_at else {}
    head = ["column", "type", "missing", "values"]
    rows = [_column(column) for column in [*frame.profile[:_MOST_COLUMNS], *(target.profile[:3] if target else [])]]
    table = CardTable(title="Columns, the target last" if target else "Columns", head=head, rows=rows, right=[2])
    return CardSection(name="data", title="Training data", sentences=said, facts=facts, tables=[table])


def _of_target(target: Dataset | None) -> list[str]:
    if target is None or not target.profile:
        return []
    column = target.profile[0]
    if column.quantiles and column.kind == "number" and column.mean is not None:
        at = column.quantiles
        middle = f"half of them between {number(at[64])} and {number(at[192])}" if len(at) == 257 else f"mean {number(column.mean)}"
        return [f"The target {column.name} goes from {number(at[0])} to {number(at[-1])}, {middle}."]
    if len(column.counts) < 2 or not column.rows or column.other_count:
        return []
    most, least = max(column.counts.items(), key=lambda one: one[1]), min(column.counts.items(), key=lambda one: one[1])
    shares = f"{most[0]} has {percent(most[1] / column.rows)} of the rows, {least[0]} {percent(least[1] / column.rows)}"
    uneven = " The classes are uneven: accuracy alone says little." if most[1] > 4 * least[1] else ""
    return [f"The target {column.name} has {len(column.counts)} classes: {shares}.{uneven}"]


def _constant(column: ColumnProfile) -> bool:
    ranged = bool(column.quantiles) and column.quantiles[0] == column.quantiles[-1]
    return (
        column.rows > 1 and not column.nulls and (ranged or (len(column.counts) == 1 and not column.other_count and not column.quantiles))
    )


def _column(column: ColumnProfile) -> list[str]:
    return [column.name, column.type, percent(column.nulls / column.rows) if column.rows else "–", _values(column)]


def _values(column: ColumnProfile) -> str:
    if column.quantiles:
        at = column.quantiles
        return f"{number(at[0])} to {number(at[-1])}, median {number(at[len(at) // 2])}"
    if not column.counts:
        return "nearly all different" if column.other_count else "–"
    some = sorted(column.counts.items(), key=lambda one: -one[1])
    told = ", ".join(f"{name} {percent(count / max(column.rows, 1))}" for name, count in some[:3])
    return told + (f" and {len(some) - 3 + (1 if column.other_count else 0):,} more" if len(some) > 3 or column.other_count else "")


def verdict(known: Known) -> CardSection:
    """Whether executing its run again gave the same."""
    if known.version.run is None:
        said = ["It came from no run: what it was made by is not on record, and nobody can execute it again."]
    elif known.version.fit is None:
        said = [f"It was registered with run {known.version.run}, which is not known to have fitted it: no verdict on that is one on it."]
    else:
        said = [_VERDICTS[known.version.verdict]]
        if known.version.verdict is None:
            said.append(f"To find out: %mlops run verify {known.version.run}")
    hidden = known.run.hidden if known.run else []
    if hidden:
        names = listed(list(dict.fromkeys(one.name for one in hidden)))
        said.append(f"The session had hidden state: nobody who reads the notebook from top to bottom expects what {names} held.")
    if known.version.python:
        proof = f"loaded it with Python {known.version.python} and answered rows as the notebook did"
        said.append(f"A process that has nothing of the notebook's {proof}.")
    return CardSection(name="verdict", title="Does it hold", sentences=said)


def environment(known: Known) -> CardSection:
    """Python and distributions."""
    version, run = known.version, known.run
    python = version.python or (run.environment.get("python") if run else None)
    if python is None and not version.distributions:
        return CardSection(name="environment", title="Environment", sentences=["Nothing is on record of what it needs."])
    facts = {"Python": str(python or "–")}
    facts |= {name: str(run.environment[name]) for name in ("platform", "processor", "blas") if run and run.environment.get(name)}
    pinned = [f"{name}=={number_}" for name, number_ in sorted(version.distributions.items())]
    said = [f"It was loaded and asked with Python {python} and {counted(len(pinned), 'distribution')}."] if pinned else []
    return CardSection(name="environment", title="Environment", sentences=said, facts=facts, code=["\n".join(pinned)] if pinned else [])


def lineage(known: Known) -> CardSection:
    """From files to endpoints."""
    nodes = [node for node in known.lineage.nodes if not _LIBRARY.search(node.id)]
    by_kind: dict[str, list[str]] = {}
    for node in nodes:
        by_kind.setdefault(node.kind, []).append(node.label)
    files = [label for kind in ("file", "url", "sql") for label in by_kind.get(kind, [])]
    said = [f"It goes back to {listed(files)}."] if files else ["No file, address or query that it was made of is on record."]
    served = by_kind.get("endpoint", [])
    said.append(
        f"It is, or was, served by {listed(served)}: whoever asks there is touched if it is wrong." if served else "It is not served."
    )
    if lost := [node.label for node in nodes if node.missing]:
        said.append(f"Named by the record and not in this workspace: {listed(lost)}.")
    rows = [[node.kind, node.label, node.detail] for node in nodes[:_MOST_NODES]]
    more = f", the first {_MOST_NODES} of {len(nodes):,}" if len(nodes) > _MOST_NODES else ""
    table = CardTable(title=f"What it was made of, and what was made of it{more}", head=["kind", "what", "told"], rows=rows)
    return CardSection(name="lineage", title="Lineage", sentences=said, tables=[table])


def loading(known: Known) -> CardSection:
    """How to ask it: in Python, behind an endpoint, through MLflow."""
    version = known.version
    own = "\n".join([
        "from nbmlops.models.loading import load",
        "from nbmlops.models.registry import Registry",
        "from nbmlops.workspace import use",
        "",
        f"loaded = load(use(), Registry(use()).version({version.model!r}, {version.version}))",
        "loaded.predict(frame)",
    ])  # fmt: skip
    served = f"%mlops endpoint start {version.model}"
    written = f"%mlops model export {version.model} {version.version} folder"
    mlflow = f"{written}\n\nimport mlflow\n\nmlflow.pyfunc.load_model('folder').predict(frame)"
    said = ["Loading executes no code but what its file brings and somebody trusts." if version.code else "Loading it executes no code."]
    said.append("In Python, behind an endpoint, through MLflow:")
    return CardSection(name="loading", title="How to load it", sentences=said, code=[own, served, mlflow])


def history(known: Known) -> CardSection:
    """When an alias came to the version and when it left."""
    version = known.version
    moves = [move for move in known.model.moves if version.version in (move.version, move.previous)]
    reasons = _reasons(known)
    rows = []
    for move in moves:
        came = move.version == version.version
        how = ("promoted" if move.way == "promote" else "rolled back to") if came else f"left for version {move.version}"
        rows.append([f"{move.at:%Y-%m-%d %H:%M} UTC", move.alias, how, move.actor, reasons.get((move.alias, move.version, move.at), "")])
    head = ["when", "alias", "what", "who", "why"]
    said = [] if rows else ["No alias has ever pointed at it."]
    forced = [row[1] for row in rows if row[4].startswith("past a gate")]
    said += [f"It became {listed(list(dict.fromkeys(forced)))} past a gate that refused it."] if forced else []
    tables = [CardTable(title="", head=head, rows=rows)] if rows else []
    return CardSection(name="history", title="History of its aliases", sentences=said, tables=tables)


def _reasons(known: Known) -> dict[tuple[str, int | None, Any], str]:
    """By alias, version and time: why it was moved, and whether its gate had refused; from the audit trail."""
    from datetime import datetime

    rows = known.workspace.ledger.read(
        "SELECT at, evidence FROM audit WHERE subject = ? AND verb IN ('model.promote', 'model.rollback')", known.version.model
    )
    found: dict[tuple[str, int | None, Any], str] = {}
    for row in rows:
        told = json.loads(row["evidence"])
        why = ": ".join(part for part in ("past a gate that refused" if told.get("forced") else "", str(told.get("reason") or "")) if part)
        found[str(told.get("alias")), int(told.get("version") or 0), datetime.fromisoformat(row["at"])] = why
    return found
