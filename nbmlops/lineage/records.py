"""The nouns of lineage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NodeKind = Literal["file", "url", "sql", "cell", "dataset", "fit", "run", "version", "endpoint", "more"]


@dataclass(frozen=True, kw_only=True)
class LineageNode:
    """One thing that data went through.

    `file`, `url` and `sql` are certain bytes of a place, so that another content of the same path is another node. A `cell`
    is one execution in a run; a `dataset` is what went into a fit. `count`: how many things of one kind, with the same
    neighbours, the node stands for. `more` stands for runs that were not followed. `missing`: it is named by a record,
    and is not in this workspace.
    """

    id: str
    kind: NodeKind
    label: str
    detail: str = ""
    run: str | None = None
    digest: str | None = None
    count: int = 1
    missing: bool = False


@dataclass(frozen=True, kw_only=True)
class LineageEdge:
    """`target` was made with `source`; `how` says in what way.

    `sure` is False where the record does not tell which of what came before went in: then all of it may have. `aside` edges
    are shown and not followed: the version whose decay asked for a retraining, a version that was served before.
    """

    source: str
    target: str
    how: str
    sure: bool = True
    aside: bool = False


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """What something was made of and what was made of it. `roots` are the nodes that were asked about."""

    subject: str
    roots: list[str]
    nodes: list[LineageNode]
    edges: list[LineageEdge]
