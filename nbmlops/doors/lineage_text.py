"""A lineage as an indented tree: what a thing was made of below it, then what was made of it."""

from __future__ import annotations

from typing import Any

from nbmlops.doors.tables import Table, visible

_MOST_LINES = 200
_MOST_IN_TABLE = 500
# What the kinds at both ends tell already.
_PLAIN = ("read by", "wrote", "went into", "may have gone into", "frame", "target", "registered as", "trained on", "read in it")
_MOST_NAMED = 12
_COUNTED = {"version": "model version", "endpoint": "endpoint"}


def tree(lineage: Any, *, width: int = 160) -> str:
    """The tree; what stands in it already is named again and not unfolded again.

    Arrows point the way the data went; `?` marks what the record does not tell for sure.
    """
    nodes = {node.id: node for node in lineage.nodes}
    sources: dict[str, list[Any]] = {}
    targets: dict[str, list[Any]] = {}
    for edge in lineage.edges:
        sources.setdefault(edge.target, []).append(edge)
        targets.setdefault(edge.source, []).append(edge)
    roots = set(lineage.roots)
    lines = [f"Lineage of {lineage.subject}"]
    # Of several that were asked about, those stand at the head that went into no other of them.
    heads = [root for root in lineage.roots if not any(edge.target in roots for edge in targets.get(root, ()))] or list(lineage.roots)
    for head in heads:
        lines.append(_line(nodes[head], "", ""))
        lines += _branches(head, nodes, sources, "←", lambda edge: edge.source, 1)
    touched: list[str] = []
    for root in dict.fromkeys([*heads, *lineage.roots]):
        outside = {root: [edge for edge in targets.get(root, ()) if edge.target not in roots]}
        if outside[root]:
            touched.append(_line(nodes[root], "", ""))
            touched += _branches(root, nodes, {**targets, **outside}, "→", lambda edge: edge.target, 1)
    if touched:
        lines += ["", *_counted([node for node in lineage.nodes if node.id not in roots]), *touched]
    more = len(lines) - _MOST_LINES
    if more > 0:
        lines = [*lines[:_MOST_LINES], f"… and {more} more lines: --json has all"]
    return "\n".join(visible(line, width=width) for line in lines)


def _counted(nodes: list[Any]) -> list[str]:
    """Who is touched, before the whole story: models and endpoints by name, as long as they are few."""
    lines = ["Went into"]
    for kind, word in _COUNTED.items():
        found = [node for node in nodes if node.kind == kind]
        if count := sum(node.count for node in found):
            names = ", ".join(node.label for node in found[:_MOST_NAMED]) + (", …" if len(found) > _MOST_NAMED else "")
            lines.append(f"{count:,} {word}{'' if count == 1 else 's'}: {names}")
    return lines


def table_of(lineage: Any) -> Table:
    """One row a node, with what it was made of: the picture for those who read."""
    label = {node.id: node.label for node in lineage.nodes}
    made_from: dict[str, list[str]] = {}
    for edge in lineage.edges:
        made_from.setdefault(edge.target, []).append(label[edge.source] + ("" if edge.sure else " (?)"))
    rows = [
        [node.kind, node.label, node.detail, made_from.get(node.id, [])[:6], "missing" if node.missing else None]
        for node in lineage.nodes[:_MOST_IN_TABLE]
    ]
    kept = 5 if any(row[4] for row in rows) else 4
    return Table(f"Lineage of {lineage.subject}", ["kind", "name", "detail", "made from", "note"][:kept], [row[:kept] for row in rows])


def _branches(head: str, nodes: dict[str, Any], edges: dict[str, list[Any]], arrow: str, other: Any, deep: int) -> list[str]:
    lines: list[str] = []
    unfolded = {head}
    waiting = [(edge, deep) for edge in reversed(edges.get(head, []))]
    while waiting and len(lines) <= _MOST_LINES:
        edge, depth = waiting.pop()
        node = other(edge)
        again = node in unfolded and bool(edges.get(node))
        told = f"  ({edge.how})" if edge.how not in _PLAIN else ""
        lines.append("   " * depth + _line(nodes[node], arrow, "" if edge.sure else "?") + told + ("  (above)" if again else ""))
        if node not in unfolded:
            unfolded.add(node)
            waiting += [(following, depth + 1) for following in reversed(edges.get(node, []))]
    return lines


def _line(node: Any, arrow: str, mark: str) -> str:
    kind = {"version": "model", "more": ""}.get(node.kind, node.kind)
    parts = [arrow + mark, kind, node.label, f"· {node.detail}" if node.detail else "", "(missing)" if node.missing else ""]
    return " ".join(part for part in parts if part)
