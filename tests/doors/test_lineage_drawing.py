"""A lineage as a picture and as a tree."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from nbmlops.doors.display import chart_of, html_of
from nbmlops.doors.layers import layout, ranks_of
from nbmlops.doors.text import text_of
from nbmlops.lineage.records import Lineage, LineageEdge, LineageNode

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</svg><script>",
    "🚀 👩‍🚀",
    "x" * 5_000,
    "\x1b[31mred\x07",
    "日本語" * 40,
    "'\"`{x}%s&amp;",
    "\ud800",
]


def chain(name: str = "flights.csv", more: int = 0) -> Lineage:
    """A file, a cell, a version; and more files."""
    nodes = [
        LineageNode(id=f"file:{name}", kind="file", label=name, detail=name),
        LineageNode(id="cell:1", kind="cell", label=name, run=name),
        LineageNode(id="version:m/1", kind="version", label="m/1", missing=True),
        *(LineageNode(id=f"file:{number}", kind="file", label=str(number)) for number in range(more)),
    ]
    edges = [
        LineageEdge(source=f"file:{name}", target="cell:1", how="read by"),
        LineageEdge(source="cell:1", target="version:m/1", how="may have gone into", sure=False),
        *(LineageEdge(source=f"file:{number}", target="cell:1", how="read by") for number in range(more)),
    ]
    return Lineage(subject=name, roots=["version:m/1"], nodes=nodes, edges=edges)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_are_text_in_every_form(name: str) -> None:
    found = chain(name)
    svg = chart_of(found).svg()
    tree = ElementTree.fromstring(svg)
    assert {node.tag.partition("}")[2] for node in tree.iter()} <= {"svg", "g", "title", "desc", "rect", "text", "path"}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", svg) and len(svg) < 20_000
    assert set(re.findall(r"<\s*/?\s*(\w+)", html_of(found))) <= {"table", "thead", "tbody", "tr", "th", "td", "caption"}
    assert max(map(len, text_of(found, width=100).split("\n"))) <= 220


def test_the_picture_tells_what_is_missing_and_what_is_not_sure_and_is_the_same_each_time() -> None:
    svg = chart_of(chain()).svg()
    assert "model version, missing" in svg and "not known for sure" in svg and 'stroke-dasharray="4 4"' in svg
    assert svg == chart_of(chain()).svg()
    bundle = chart_of(chain())._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"} and "flights.csv" in bundle["text/plain"]


def test_a_layer_of_very_many_is_drawn_with_a_count() -> None:
    svg = chart_of(chain(more=500)).svg()
    assert svg.count("<rect") == 16 and "and 488 more" in svg


def test_a_tree_names_what_a_thing_was_made_of_below_it_and_then_what_it_went_into() -> None:
    found = chain()
    assert text_of(found).split("\n")[1:] == ["model m/1 (missing)", "   ←? cell flights.csv", "      ← file flights.csv · flights.csv"]
    down = Lineage(subject="it", roots=["file:flights.csv"], nodes=found.nodes, edges=found.edges)
    assert text_of(down).split("\n")[2:] == [
        "", "Went into", "1 model version: m/1", "file flights.csv · flights.csv", "   → cell flights.csv", "      →? model m/1 (missing)",
    ]  # fmt: skip


def test_a_circle_ends_in_tree_and_picture() -> None:
    nodes = [LineageNode(id=name, kind="file", label=name) for name in "abc"]
    edges = [LineageEdge(source=one, target=other, how="wrote") for one, other in ("ab", "bc", "ca")]
    found = Lineage(subject="a", roots=["a"], nodes=nodes, edges=edges)
    assert "(above)" in text_of(found)
    assert chart_of(found).svg().count("<rect") == 3


def test_no_two_boxes_of_a_layer_touch_and_edges_go_on() -> None:
    chance = random.Random(3)
    for _ in range(30):
        nodes = list(range(chance.randint(1, 40)))
        edges = list({(one, other) for one, other in ((chance.choice(nodes), chance.choice(nodes)) for _ in range(60)) if one != other})
        found = layout(nodes, edges, size=52, gap=14, thin=6)
        layers: dict[int, list[float]] = {}
        for node in nodes:
            layers.setdefault(found.ranks[node], []).append(found.middles[node])
        for middles in layers.values():
            assert all(b - a >= 52 + 14 - 1e-6 for a, b in pairwise(sorted(middles)))
        assert min(found.middles.values()) >= 26 - 1e-6
        assert max(found.middles.values()) <= found.height - 26 + 1e-6


def test_a_long_way_makes_no_deep_recursion() -> None:
    nodes = list(range(5000))
    assert ranks_of(nodes, list(pairwise(nodes)))[4999] == 4999


def test_a_long_chain_is_drawn_in_rows_as_wide_as_a_page() -> None:
    nodes = [LineageNode(id=str(number), kind="cell", label=str(number)) for number in range(40)]
    edges = [LineageEdge(source=str(one), target=str(one + 1), how="went into") for one in range(39)]
    edges += [LineageEdge(source="0", target="39", how="went into"), LineageEdge(source="39", target="3", how="went into")]
    tree = ElementTree.fromstring(chart_of(Lineage(subject="long", roots=["0"], nodes=nodes, edges=edges)).svg())
    assert float(tree.get("width")) < 1400 and float(tree.get("height")) > 6 * 52
    boxes = [(float(box.get("x")), float(box.get("y"))) for box in tree.iter() if box.tag.endswith("rect")]
    assert len(set(boxes)) == 40 and max(y for _, y in boxes) + 52 <= float(tree.get("height"))


def test_any_graph_can_be_drawn() -> None:
    chance = random.Random(5)
    for _ in range(20):
        nodes = [LineageNode(id=str(number), kind="file", label=str(number)) for number in range(chance.randint(1, 60))]
        pairs = {(chance.choice(nodes).id, chance.choice(nodes).id) for _ in range(chance.randint(0, 90))}
        edges = [LineageEdge(source=one, target=other, how="wrote") for one, other in sorted(pairs) if one != other]
        found = Lineage(subject="any", roots=[nodes[0].id], nodes=nodes, edges=edges)
        ElementTree.fromstring(chart_of(found).svg())
        assert text_of(found)
