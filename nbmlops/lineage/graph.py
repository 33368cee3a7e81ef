"""A directed graph of lineage nodes, and the walk through it that asks for more as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nbmlops.lineage.records import LineageEdge, LineageNode

Expand = Callable[[list[LineageNode]], None]


class Graph:
    """Nodes by id; edges from both sides. Adding what is there already changes nothing."""

    def __init__(self) -> None:
        self.nodes: dict[str, LineageNode] = {}
        self.made_from: dict[str, dict[str, LineageEdge]] = {}
        self.went_into: dict[str, dict[str, LineageEdge]] = {}

    def add(self, node: LineageNode) -> str:
        """Add a node and give its id; one that was missing becomes what it is."""
        known = self.nodes.get(node.id)
        if known is None or (known.missing and not node.missing):
            self.nodes[node.id] = node
        return node.id

    def link(self, source: str, target: str, how: str, *, sure: bool = True, aside: bool = False) -> None:
        """Say that `target` was made with `source`. What is sure replaces what was not.

        `aside`: it is shown and not followed, as of a version that was served before.
        """
        known = self.went_into.setdefault(source, {}).get(target)
        if source != target and (known is None or (sure and not known.sure)):
            edge = LineageEdge(source=source, target=target, how=how, sure=sure, aside=aside)
            self.went_into[source][target] = self.made_from.setdefault(target, {})[source] = edge

    def walk(self, roots: Iterable[str], *, upstream: bool, depth: int | None, expand: Expand) -> list[LineageEdge]:
        """The edges met from `roots` in one direction, at most `depth` steps away.

        `expand` is given the nodes of each step before their edges are looked at, to add what is known of them.
        Cycles end where they began.
        """
        found: dict[tuple[str, str], LineageEdge] = {}
        seen = set(roots)
        frontier = [node for node in dict.fromkeys(roots) if node in self.nodes]
        steps = 0
        while frontier and (depth is None or steps < depth):
            expand([self.nodes[node] for node in frontier])
            edges = self.made_from if upstream else self.went_into
            following = []
            for node in frontier:
                for other, edge in list(edges.get(node, {}).items()):
                    found[edge.source, edge.target] = edge
                    if other not in seen and not edge.aside:
                        seen.add(other)
                        following.append(other)
            frontier = following
            steps += 1
        return list(found.values())
