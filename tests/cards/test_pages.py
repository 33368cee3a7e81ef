"""A card as Markdown and as HTML: names are only ever names, and nothing is loaded or run."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from sklearn.linear_model import LinearRegression

from nbmlops.cards import verbs
from nbmlops.cards.files import markdown_of, page_of, part
from nbmlops.cards.records import CardBars, CardCurve, CardSection, CardTable, ModelCard
from nbmlops.doors.display import html_of
from nbmlops.doors.text import text_of
from nbmlops.models.records import GateCheck

HOSTILE = [
    "<script>alert(1)</script>", "a|b", "`code`", "](javascript:alert(1))", "[a](javascript:alert(1))", "![x](http://example.org/x.png)", "<img src=x onerror=alert(1)>",
    "@ada", "a\nb\n\n# head", "| x | y |", "\\|", "</style><b>", "\x1b[31mred", "\u202eevil", "- item", "---", "1. one", '" onload="x', "$x$", "x" * 5000, "<!--", "&lt;",
]  # fmt: skip


def card(name: str) -> ModelCard:
    sections = [
        CardSection(
            name=name, title=name, sentences=[name, name], text=f"{name}\n- {name}\n\n{name}", text_note=name, facts={name: name}, code=[name],
            tables=[CardTable(title=name, head=[name, "n"], rows=[[name, name]], right=[1])],
            bars=[CardBars(title=name, names=[name, name], values=[2.0, 1.0], intervals=[[1.0, 3.0], []], unit=name, level=1.5, head=[name, "n"], rows=[[name, name]] * 2)],
            curves=[CardCurve(title=name, x_title=name, y_title=name, x=[0.1, 0.9], y=[0.2, 0.7])],
        )
    ]  # fmt: skip
    return ModelCard(
        model=name, version=1, digest="blake3:0", at=datetime(2026, 1, 1, tzinfo=UTC), by=name, summary=[name, name], sections=sections
    )


def rendered(text: str) -> BeautifulSoup:
    html = BeautifulSoup(MarkdownWithMath(renderer=IPythonRenderer(escape=False)).render(text), "html.parser")
    for link in html.find_all("a", class_="anchor-link"):  # the renderer's own
        link.decompose()
    return html


def tags(html: BeautifulSoup) -> set[str]:
    return {tag.name for tag in html.find_all()}


def harmless(page: BeautifulSoup) -> None:
    """Nothing in it is run, and nothing is loaded."""
    assert not page.find_all(["script", "iframe", "object", "embed", "link", "img", "base", "form"])
    for tag in page.find_all():
        for name, value in tag.attrs.items():
            assert not name.startswith("on") and name not in ("src", "srcset", "action", "background"), (tag.name, name)
            assert name not in ("href", "xlink:href") or str(value).startswith("#"), value
    assert not re.search(r"@import|url\((?!#)", "".join(str(style) for style in page.find_all("style")))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_only_ever_a_name(name):
    page, plain = (BeautifulSoup(page_of(card(one)), "html.parser") for one in (name, "plain"))
    harmless(page)
    assert tags(page) - {"defs", "use", "tspan"} == tags(plain) - {"defs", "use", "tspan"}
    assert "Content-Security-Policy" in str(page.head)
    text, expected = markdown_of(card(name)), rendered(markdown_of(card("plain")))
    made = rendered(text)
    assert tags(made) <= tags(expected) | {"br"} and not made.find_all(["a", "img", "script"])
    assert [len(table.find_all("tr")) for table in made.find_all("table")] == [
        len(table.find_all("tr")) for table in expected.find_all("table")
    ]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text + page_of(card(name)))
    text.encode("utf-8")


def test_the_page_of_a_version_with_everything_is_whole_by_itself(workspace, add, gated, tmp_path):
    random = np.random.default_rng(1)
    name = "<script>alert(1)</script>"
    frame = pd.DataFrame({name: random.normal(size=120), "`|`": random.normal(size=120)})
    version = add(LinearRegression().fit(frame, frame[name]), frame, frame[name], description=name, metrics={name: 1.0})
    gated(
        version,
        GateCheck(
            name=name,
            passed=False,
            value=1.0,
            limit=2.0,
            reason=name,
            kind="slices",
            details={name: name, "groups": [{"group": name, "value": 1.0}]},
        ),
    )
    verbs.importance("m", 1, data=frame, labels=frame[name], repeats=2, workspace=workspace)
    rows = frame.assign(k=np.where(np.arange(120) % 2, name, "other"))
    made = verbs.card(
        "m",
        1,
        section="notes",
        text=name,
        data=rows,
        labels=frame[name],
        slices=["k"],
        output=str(tmp_path / "card.html"),
        workspace=workspace,
    )
    text = (tmp_path / "card.html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    harmless(page)
    assert len(page.find_all("svg")) == 3 and "<script" not in text
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for link in page.nav.find_all("a"):
        assert page.find(id=link["href"][1:]) is not None
    # The notebook shows it in its own colours, the shell as Markdown.
    shown = html_of(made)
    harmless(BeautifulSoup(shown, "html.parser"))
    assert shown == part(made) and "prefers-color-scheme" not in shown and "prefers-color-scheme" in text
    assert text_of(made) == markdown_of(made).rstrip()


def test_what_a_person_writes_keeps_its_lines_and_its_lists():
    page = BeautifulSoup(page_of(card("one")), "html.parser")
    assert [item.string for item in page.find_all("li")][:1] == ["one"]
    assert page.find_all("p")[1].string == "one"
