"""A comment of names that mean harm: no broken table, no mention, no HTML, and never too long."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from nbmlops.document import MOST_LETTERS, markdown, page
from nbmlops.models.records import GateCheck
from nbmlops.reports import told
from nbmlops.reports.cases import junit
from nbmlops.reports.judging import Tolerances, judged
from nbmlops.reports.records import Baseline, DataChange, ParameterChange, Report, StepReport

HOSTILE = [
    "a|b", "`code`", "``", "<script>alert(1)</script>", "@ada", "#123", "ada/repo#1", "GH-12", "a\nb\n\n# head", "| x | y |", "\\|", "\\\\|", "`|`", "\x1b[31mred",
    "\u202eevil", "[a](javascript:alert(1))", "![x](http://example.org/x.png)", "**bold**", "</details>", "<!--", "&lt;", "```", "~~~", "::error::x", "end`", "\x00", "\ud800", " ", "x" * 5000,
]


def report(name: str, many: int = 1) -> Report:
    steps = [
        StepReport(
            step=f"step{at}" if at else name, status="failed", why=name, notebook=name, run=name, attempts=1, duration_s=1.0, params={name: name}, metrics={name: 1.0},
            error=name, failed_cell=0, failed_source=name, last_lines=[name, "second"], executed="notebooks/x.html", files=[],
        )
        for at in range(many)
    ]  # fmt: skip
    other = Baseline(kind="baseline", name=name, run=name, commit=name, at=None, steps={name: {name: 1.0}})
    checks = [judged("baseline", name, f"{name} mae {at}", 2.0, 1.0, Tolerances({})) for at in range(many)]
    data = [DataChange(step=name, name=name, change="changed", size_before=1, size_after=2, rows_before=1, rows_after=2, columns=[name], note=name) for _ in range(many)]
    return Report(
        pipeline=name, file=name, run=name, status="failed", error=name, hint=name, at=datetime(2026, 1, 1, tzinfo=UTC), duration_s=1.0, commit=name, branch=name, dirty=True,
        params={name: name}, steps=steps, baseline=other, baseline_note=name, model=name, champion=other, champion_note=name, metrics=checks,
        gate=[GateCheck(name=name, passed=False, value=1.0, limit=1.0, reason=name)], gate_note=name,
        parameters=[ParameterChange(step=name, name=name, before=name, after=None)], data=data, data_note=name, notes=[name],
    )  # fmt: skip


def shape(html: BeautifulSoup) -> list[list[int]]:
    return [[len(row.find_all(["td", "th"])) for row in table.find_all("tr")] for table in html.find_all("table")]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_only_ever_a_name(name):
    found = report(name)
    text = markdown(told.blocks(found, {(name, name): ([1.0, 2.0, 3.0], [])}, []))
    text.encode("utf-8")
    plain = markdown(told.blocks(report("plain"), {("plain", "plain"): ([1.0, 2.0, 3.0], [])}, []))
    assert [line.count("\n") for line in text.split("\n| ")] and not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
    # Rendered, it has the tables of a harmless name, and no tag that is not ours.
    html, expected = (BeautifulSoup(MarkdownWithMath(renderer=IPythonRenderer(escape=False)).render(one), "html.parser") for one in (text, plain))
    assert shape(html) == shape(expected)
    assert {tag.name for tag in html.find_all()} == {tag.name for tag in expected.find_all()}
    for quoted in html.find_all(["code", "pre"]):
        quoted.decompose()
    left = html.get_text()
    assert not re.search(r"@\w|#\d|GH-\d", left) and all(a["href"].startswith("#") for a in html.find_all("a"))  # of headings

    whole = BeautifulSoup(page(told.blocks(found, {}, []), name), "html.parser")
    assert not whole.find_all(["script", "img", "iframe"]) and {a["href"] for a in whole.find_all("a")} == {"notebooks/x.html"}
    root = ElementTree.fromstring(junit(found).split("\n", 1)[1])
    assert (root.get("tests"), root.get("failures")) == ("3", "3")


@pytest.mark.parametrize("name", ["n" * 200, "`|" * 100])
def test_a_comment_is_never_too_long(name):
    text = markdown(told.blocks(report(name, many=3000), {}, []))
    assert 20_000 < len(text) < MOST_LETTERS and "… and 2,960 more" in text and "report.html has them all" in text
