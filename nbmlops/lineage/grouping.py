"""Many as one: nodes of one kind whose neighbours are alike become one node with a count.

Thousands of images read by a cell, or the same notebook run every night, are one thing to look at. Two nodes are alike when
they are of one kind and place, and what they were made of and went into is alike in turn (colour refinement).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from nbmlops.lineage.records import LineageEdge, LineageNode

_MANY = {"file": "files", "url": "addresses", "sql": "results", "cell": "executions", "dataset": "datasets", "fit": "fits"}
FEW = 5  # so many alike still stand each for itself


def grouped(
    nodes: list[LineageNode], edges: list[LineageEdge], roots: Iterable[str]
) -> tuple[list[LineageNode], list[LineageEdge], list[str]]:
    """Nodes, edges and roots with those alike as one.

    >>> files = [LineageNode(id=f"f{n}", kind="file", label=f"{n}.png", detail="/x") for n in range(9)]
    >>> cell = LineageNode(id="c", kind="cell", label="read [1]")
    >>> nodes, edges, _ = grouped([*files, cell], [LineageEdge(source=f.id, target="c", how="read by") for f in files], ["c"])
    >>> [(node.label, node.count) for node in nodes], len(edges)
    ([('9 files', 9), ('read [1]', 1)], 1)
    """
    asked = set(roots)
    colours = _colours(nodes, edges, asked)
    alike: dict[int, list[LineageNode]] = defaultdict(list)
    for node in nodes:
        alike[colours[node.id]].append(node)
    stands_for: dict[str, str] = {}
    kept = []
    for members in alike.values():
        if len(members) <= FEW:
            kept += members
            continue
        one = _one_of(members)
        kept.append(one)
        stands_for |= {member.id: one.id for member in members}
    links: dict[tuple[str, str], LineageEdge] = {}
    for edge in edges:
        source, target = stands_for.get(edge.source, edge.source), stands_for.get(edge.target, edge.target)
        known = links.get((source, target))
        if source != target and (known is None or (known.sure and not edge.sure)):
            links[source, target] = replace(edge, source=source, target=target)
    return kept, list(links.values()), list(dict.fromkeys(stands_for.get(root, root) for root in roots))


def _colours(nodes: list[LineageNode], edges: list[LineageEdge], asked: set[str]) -> dict[str, int]:
    names: dict[object, int] = {}
    colours = {node.id: names.setdefault((_class_of(node), node.id in asked), len(names)) for node in nodes}
    around: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for edge in edges:
        how = edge.how.partition(" until")[0].partition(",")[0]
        around[edge.source].append((edge.target, f"→{how}", edge.sure))
        around[edge.target].append((edge.source, f"←{how}", edge.sure))
    while True:
        names = {}
        finer = {}
        for node in nodes:
            seen = frozenset((colours[other], how, sure) for other, how, sure in around[node.id])
            finer[node.id] = names.setdefault((colours[node.id], seen), len(names))
        if len(names) == len(set(colours.values())):
            return colours
        colours = finer


def _class_of(node: LineageNode) -> tuple[str, ...]:
    if node.kind in ("file", "url", "sql"):
        return (node.kind, _folder(node))
    if node.kind == "version":
        return (node.kind, node.label.rpartition("/")[0])
    if node.kind in ("cell", "fit"):
        return (node.kind, node.label)
    return (node.kind,) if node.kind == "dataset" else (node.kind, node.id)


def _one_of(members: list[LineageNode]) -> LineageNode:
    first, last = members[0], members[-1]
    count = sum(member.count for member in members)
    labels, runs = {member.label for member in members}, {member.run for member in members}
    told = [f"{first.label} … {last.label}", _folder(first)] if len(labels) > 1 else [first.detail]
    many = f"{count:,} {_MANY.get(first.kind, f'{first.kind}s')}"
    return LineageNode(
        id=f"{count} of {first.id}",
        kind=first.kind,
        label=many if len(labels) > 1 else f"{many}: {first.label}"[:120],
        detail=" · ".join(part for part in told if part)[:240],
        run=first.run if len(runs) == 1 else None,
        count=count,
    )


def _folder(node: LineageNode) -> str:
    place = node.id.removeprefix(f"{node.kind}:").rpartition("@")[0]
    return os.path.dirname(place) if node.kind == "file" else ""
