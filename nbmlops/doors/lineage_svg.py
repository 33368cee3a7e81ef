"""A lineage as a picture: boxes in layers, from what was read on the left to what answers on the right.

Plain SVG, written here; every name in it is escaped text. The whole lineage in words is in its description.
"""

from __future__ import annotations

import html
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from nbmlops.doors.bands import Bands
from nbmlops.doors.layers import layout, placed_ranks
from nbmlops.doors.lineage_text import tree
from nbmlops.doors.panels import INK
from nbmlops.doors.tables import visible

_COLOURS = {
    "file": "#0072b2", "url": "#0072b2", "sql": "#0072b2", "cell": "#6e7781", "dataset": "#007a5a", "fit": "#b35900", "run": "#6e7781",
    "version": "#a8467d", "endpoint": "#c04400", "more": "#6e7781",
}  # fmt: skip
_WORDS = {"version": "model version", "more": "…"}
_ACROSS, _WIDE, _HIGH, _BESIDE, _GAP, _THIN, _EDGE = 6, 176, 52, 40, 14, 6, 8
_MOST_IN_LAYER = 14
_LETTERS, _SMALL = 23, 29  # columns of text that fit in a box


@dataclass(frozen=True)
class LineageDrawing:
    """A lineage as a notebook shows it: SVG that stays in the saved file."""

    lineage: Any

    @property
    def panels(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.lineage.nodes)

    def svg(self) -> str:
        """The picture; equal lineages give equal bytes."""
        return drawing(self.lineage)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"image/svg+xml": self.svg(), "text/plain": f"Picture: lineage of {visible(self.lineage.subject, width=80)}"}


def drawing(lineage: Any) -> str:
    """The picture, from `<svg` on."""
    nodes, edges = _few(lineage)
    found = layout([node.id for node in nodes], _pairs(edges), size=_HIGH, gap=_GAP, thin=_THIN, aside=_aside(edges))
    bands = Bands(found, across=_ACROSS, wide=_WIDE, beside=_BESIDE, edge=_EDGE, size=_HIGH)
    width, height = bands.width, bands.height
    title = visible(f"Lineage of {lineage.subject}", width=160)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'
        ' font-family="system-ui, sans-serif">',
        f"<title>{html.escape(title)}</title>",
        f"<desc>{html.escape(tree(lineage))}</desc>",
    ]
    parts += [_edge(edge, bands) for edge in edges]
    roots = set(lineage.roots)
    for node in nodes:
        rank = found.ranks[node.id]
        parts.append(_box(node, bands.left(rank), bands.middle(rank, found.middles[node.id]) - _HIGH / 2, node.id in roots))
    return "".join([*parts, "</svg>"])


def _pairs(edges: Any) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in edges]


def _aside(edges: Any) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in edges if edge.aside}


def _few(lineage: Any) -> tuple[list[Any], list[Any]]:
    """Nodes and edges with what is too much for one layer as one box that says how many."""
    ranks = placed_ranks([node.id for node in lineage.nodes], _pairs(lineage.edges), _aside(lineage.edges))
    layers: dict[int, list[Any]] = {}
    for node in lineage.nodes:
        layers.setdefault(ranks[node.id], []).append(node)
    roots = set(lineage.roots)
    kept: list[Any] = []
    instead: dict[str, str] = {}
    for rank, layer in layers.items():
        if len(layer) <= _MOST_IN_LAYER:
            kept += layer
            continue
        layer.sort(key=lambda node: node.id not in roots)
        shown, hidden = layer[: _MOST_IN_LAYER - 1], layer[_MOST_IN_LAYER - 1 :]
        label = f"and {sum(node.count for node in hidden):,} more"
        rest = replace(hidden[0], id=f"…{rank}", kind="more", label=label, detail="all: --json", missing=False)
        kept += [*shown, rest]
        instead |= {node.id: rest.id for node in hidden}
    edges: dict[tuple[str, str], Any] = {}
    for edge in lineage.edges:
        source, target = instead.get(edge.source, edge.source), instead.get(edge.target, edge.target)
        if source != target:
            edges.setdefault((source, target), replace(edge, source=source, target=target))
    return kept, list(edges.values())


def _edge(edge: Any, bands: Bands) -> str:
    path, (end_x, end_y), forth = bands.path((edge.source, edge.target))
    dashes = ' stroke-dasharray="1 3"' if edge.aside else "" if edge.sure else ' stroke-dasharray="4 4"'
    said = html.escape(visible(edge.how, width=120) + ("" if edge.sure else " (not known for sure)"))
    tip = -6 if forth else 6
    arrow = f'<path d="M{end_x + tip} {end_y - 4:.1f}L{end_x} {end_y:.1f}L{end_x + tip} {end_y + 4:.1f}" fill="none" stroke="{INK}"/>'
    return f'<g><title>{said}</title><path d="{path}" fill="none" stroke="{INK}" stroke-width="1.2"{dashes}/>{arrow}</g>'


def _box(node: Any, left: float, top: float, asked: bool) -> str:
    colour = _COLOURS[node.kind]
    whole = html.escape(visible("\n".join(part for part in (node.label, node.detail, node.id) if part).replace("\n", " · "), width=400))
    kind = _WORDS.get(node.kind, node.kind) + (", missing" if node.missing else "")
    dashes = ' stroke-dasharray="4 3"' if node.missing or node.kind == "more" else ""
    # Light boxes with dark letters are read on a white page and on a dark one.
    return (
        f'<g><title>{whole}</title><rect x="{left}" y="{top:.1f}" width="{_WIDE}" height="{_HIGH}" rx="6" fill="#f7f8fa" stroke="{colour}"'
        f' stroke-width="{2.6 if asked else 1.2}"{dashes}/>'
        f'<text x="{left + 10}" y="{top + 14:.1f}" font-size="9.5" fill="{colour}">{kind}</text>'
        f'<text x="{left + 10}" y="{top + 29:.1f}" font-size="11.5" font-weight="600" fill="#1f2328">{_cut(node.label, _LETTERS)}</text>'
        f'<text x="{left + 10}" y="{top + 44:.1f}" font-size="10" fill="#57606a">{_cut(node.detail, _SMALL)}</text></g>'
    )


def _cut(text: str, columns: int) -> str:
    """Escaped text that takes at most so many columns; wide letters take two.

    >>> _cut("<b>", 5), _cut("<b><b>", 5), _cut("日本語", 5)
    ('&lt;b&gt;', '&lt;b&gt;&lt;…', '日本…')
    """
    kept, used = "", 0
    for letter in visible(text):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        kept += letter
        if used > columns:
            while used > columns - 1:
                used -= 2 if unicodedata.east_asian_width(kept[-1]) in "WF" else 1
                kept = kept[:-1]
            return html.escape(kept.rstrip()) + "…"
    return html.escape(kept)
