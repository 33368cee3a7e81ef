"""Layers in rows, as text is in lines: a long chain stays as wide as a page, and readable."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from nbmlops.doors.layers import Layout

_BETWEEN = 34  # height between two rows, where edges turn back to the left
_LANES = 6


class Bands:
    """Turns layers and heights of a layout into points: `across` layers a row, each `wide`, `beside` apart, with a margin `edge`."""

    def __init__(self, found: Layout, *, across: int, wide: int, beside: int, edge: int, size: float) -> None:
        self.found, self.across, self.wide, self.beside, self.edge = found, across, wide, beside, edge
        self.rows = -(-found.layers // across)
        places = [(found.ranks[node], middle) for node, middle in found.middles.items()]
        places += [place for way in found.ways.values() for place in way]
        self._shift: list[float] = []
        top = float(edge)
        self._floor: list[float] = []
        for row in range(self.rows):
            heights = [middle for rank, middle in places if rank // across == row]
            self._shift.append(top - (min(heights) - size / 2))
            top += max(heights) - min(heights) + size
            self._floor.append(top)
            top += _BETWEEN
        self.height = round(top - _BETWEEN + edge)
        self._margin = edge if self.rows == 1 else edge + beside // 2
        columns = min(found.layers, across)
        self.width = columns * (wide + beside) - beside + 2 * self._margin
        self._turned: dict[int, int] = {}

    def left(self, rank: int) -> int:
        """Where the boxes of a layer begin."""
        return self._margin + rank % self.across * (self.wide + self.beside)

    def middle(self, rank: int, height: float) -> float:
        """Where a height of the layout is drawn."""
        return height + self._shift[rank // self.across]

    def path(self, edge: Any) -> tuple[str, tuple[float, float], bool]:
        """An edge's path, the point where it ends, and whether it goes on (or back, and closes a circle)."""
        source, target = edge
        found = self.found
        forth = found.ranks[source] < found.ranks[target]
        stops = [(found.ranks[source], found.middles[source]), *found.ways[edge], (found.ranks[target], found.middles[target])]
        if found.ranks[source] == found.ranks[target]:  # beside each other: out and in at the right
            side, below = self.left(found.ranks[source]) + self.wide, self.beside * 0.6
            y, end_y = (self.middle(rank, height) for rank, height in stops)
            return f"M{side} {y:.1f}C{side + below} {y:.1f} {side + below} {end_y:.1f} {side} {end_y:.1f}", (side, end_y), False
        words: list[str] = []
        end = (0.0, 0.0)
        for (rank, height), (to_rank, to_height) in pairwise(stops):
            start = self.left(rank) + (self.wide if forth else 0), self.middle(rank, height)
            end = self.left(to_rank) + (0 if forth else self.wide), self.middle(to_rank, to_height)
            # A place on the way is crossed level, from side to side.
            words.append(f"{'L' if words else 'M'}{start[0]} {start[1]:.1f}")
            words.append(self._turn(rank, start, end) if forth and rank // self.across != to_rank // self.across else _curve(start, end))
        return "".join(words), end, forth

    def _turn(self, rank: int, start: tuple[float, float], end: tuple[float, float]) -> str:
        """Out at the right, back between the rows, in at the left; neighbours each in a lane of their own."""
        row = rank // self.across
        lane = self._turned[row] = self._turned.get(row, -1) + 1
        aside = 4 + lane % _LANES * (self.beside // 2 - 8) / _LANES
        level = self._floor[row] + 6 + lane % _LANES * (_BETWEEN - 12) / _LANES
        return f"H{start[0] + aside:.1f}V{level:.1f}H{end[0] - 8 - aside:.1f}V{end[1]:.1f}H{end[0]}"


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    if start[1] == end[1]:
        return f"H{end[0]}"
    middle = (start[0] + end[0]) / 2
    return f"C{middle} {start[1]:.1f} {middle} {end[1]:.1f} {end[0]} {end[1]:.1f}"
