"""Where the nodes of a directed graph stand when it is drawn in layers from left to right.

Ranks by the longest way from a source; long edges through places of their own in the layers between; order within a
layer by the middle of the neighbours; then each as near to its neighbours as the others allow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Edge = tuple[Any, Any]
_SWEEPS = 6


@dataclass(frozen=True)
class Layout:
    """Layer of each node, from 0; its middle height; and the layers and heights at which an edge passes others."""

    ranks: dict[Any, int]
    middles: dict[Any, float]
    ways: dict[Edge, list[tuple[int, float]]]
    layers: int
    height: float


def ranks_of(nodes: Iterable[Any], edges: Iterable[Edge]) -> dict[Any, int]:
    """The layer of each node: one more than the last of what leads to it. Edges that close a cycle do not count.

    >>> ranks_of("abcd", [("a", "b"), ("b", "c"), ("c", "a"), ("d", "c")])
    {'a': 0, 'b': 1, 'c': 2, 'd': 1}
    """
    into, out = _forward(list(nodes), list(edges))
    ranks: dict[Any, int] = {}
    waiting = {node: len(sources) for node, sources in into.items()}
    ready = [node for node, count in waiting.items() if count == 0]
    while ready:
        node = ready.pop()
        ranks[node] = max((ranks[source] + 1 for source in into[node]), default=0)
        for other in out[node]:
            waiting[other] -= 1
            if waiting[other] == 0:
                ready.append(other)
    for node in sorted(ranks, key=lambda node: -ranks[node]):
        if not into[node] and out[node]:  # a source stands beside what it leads to
            ranks[node] = min(ranks[other] for other in out[node]) - 1
    return {node: ranks[node] for node in into}


def placed_ranks(nodes: list[Any], edges: list[Edge], aside: Collection[Edge]) -> dict[Any, int]:
    """Layers in which edges `aside` count for those nodes only that have no others.

    >>> placed_ranks(list("abcz"), [("a", "b"), ("b", "c"), ("z", "c")], {("z", "c")})
    {'a': 0, 'b': 1, 'c': 2, 'z': 1}
    """
    counted = [edge for edge in edges if edge not in aside]
    ranks = ranks_of(nodes, counted)
    held = {node for edge in counted for node in edge}
    for source, target in edges:
        if source not in held and target in held:
            ranks[source] = ranks[target] - 1
        elif target not in held and source in held:
            ranks[target] = ranks[source] + 1
    steps = {rank: number for number, rank in enumerate(sorted(set(ranks.values())))}
    return {node: steps[rank] for node, rank in ranks.items()}


def _forward(nodes: list[Any], edges: list[Edge]) -> tuple[dict[Any, list[Any]], dict[Any, list[Any]]]:
    """Neighbours both ways without the edges that close cycles (found depth first, without recursion)."""
    following: dict[Any, list[Any]] = {node: [] for node in nodes}
    for source, target in edges:
        if source != target:
            following[source].append(target)
    into: dict[Any, list[Any]] = {node: [] for node in nodes}
    out: dict[Any, list[Any]] = {node: [] for node in nodes}
    state: dict[Any, int] = {}
    for start in nodes:
        if start in state:
            continue
        state[start] = 1
        way = [(start, iter(following[start]))]
        while way:
            node, rest = way[-1]
            other = next(rest, None)
            if other is None:
                state[node] = 2
                way.pop()
                continue
            if state.get(other) != 1:
                out[node].append(other)
                into[other].append(node)
            if other not in state:
                state[other] = 1
                way.append((other, iter(following[other])))
    return into, out


def layout(nodes: list[Any], edges: list[Edge], *, size: float, gap: float, thin: float, aside: Collection[Edge] = ()) -> Layout:
    """Places for nodes `size` high, `gap` apart; a long edge takes `thin` in each layer it crosses."""
    ranks = placed_ranks(nodes, edges, aside)
    layers: list[list[Any]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
    for node in nodes:
        layers[ranks[node]].append(node)
    near: dict[Any, list[Any]] = defaultdict(list)
    ways: dict[Edge, list[Any]] = {}
    for edge in edges:
        source, target = edge
        low, high = sorted((ranks[source], ranks[target]))
        between = [("way", edge, rank) for rank in range(low + 1, high)]
        ways[edge] = between if ranks[source] <= ranks[target] else between[::-1]
        for place in between:
            layers[place[2]].append(place)
        chain = [source, *ways[edge], target]
        for one, other in pairwise(chain):
            near[one].append(other)
            near[other].append(one)
    high_of = {place: size if place in ranks else thin for layer in layers for place in layer}
    _order(layers, near)
    middles = _placed(layers, near, high_of, gap)
    return Layout(
        ranks=ranks,
        middles={node: middles[node] for node in nodes},
        ways={edge: [(place[2], middles[place]) for place in places] for edge, places in ways.items()},
        layers=len(layers),
        height=max((middles[place] + high_of[place] / 2 for place in middles), default=0.0),
    )


def _order(layers: list[list[Any]], near: dict[Any, list[Any]]) -> None:
    at = {place: float(number) for layer in layers for number, place in enumerate(layer)}
    rank = {place: number for number, layer in enumerate(layers) for place in layer}
    for sweep in range(_SWEEPS):
        for number in range(len(layers)) if sweep % 2 == 0 else range(len(layers) - 1, -1, -1):
            side = number - 1 if sweep % 2 == 0 else number + 1

            def middle(place: Any, side: int = side) -> float:
                found = [at[other] for other in near[place] if rank[other] == side]
                return sum(found) / len(found) if found else at[place]

            layers[number].sort(key=middle)
            at.update((place, float(position)) for position, place in enumerate(layers[number]))


def _placed(layers: list[list[Any]], near: dict[Any, list[Any]], high_of: dict[Any, float], gap: float) -> dict[Any, float]:
    middles: dict[Any, float] = {}
    for layer in layers:
        total = sum(high_of[place] for place in layer) + gap * (len(layer) - 1)
        y = -total / 2
        for place in layer:
            middles[place] = y + high_of[place] / 2
            y += high_of[place] + gap
    for _ in range(_SWEEPS):
        for layer in layers:
            wanted = {
                place: sum(middles[other] for other in near[place]) / len(near[place]) if near[place] else middles[place] for place in layer
            }
            y = float("-inf")
            moved = {}
            for place in layer:
                moved[place] = max(wanted[place], y + high_of[place] / 2)
                y = moved[place] + high_of[place] / 2 + gap
            # Pushed down by those above: half of it back up, so that nothing drifts.
            back = sum(moved[place] - wanted[place] for place in layer) / max(len(layer), 1)
            middles.update((place, middle - back) for place, middle in moved.items())
    top = min((middles[place] - high_of[place] / 2 for place in middles), default=0.0)
    return {place: middle - top for place, middle in middles.items()}
