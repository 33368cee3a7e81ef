"""A gates file: what is not understood is named with its line, and what the documentation shows is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from nbmlops import plugins
from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.models.gates.document import read

DOCS = Path(__file__).parents[3] / "docs" / "gates.md"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "asks for nothing"), ("- a", "asks for nothing"), ("alias: champion", "asks for nothing"), ("alias: 3\nsize: {megabytes: 1}", "line 1: alias is 3"),
        ("size: {megabytes: 1}\nperformanse: {metric: mae}", "line 2: 'performanse' is no kind of gate"),
        ("performance:\n  metric: mae\n  limti: 3", "line 3: performance: 'limti' is not understood"),
        ("performance:\n  metric: mae\n  limit: low", "line 3: performance: limit is a text, not a number"),
        ("performance: {limit: 3}", "performance: metric is missing"), ("performance: mae", "performance is 'mae', not a mapping"),
        ("performance: {metric: mae, better_percent: -1}", "margin_percent"), ("performance: {metric: mae, confidence: 2}", "confidence is a share"),
        ("slices: {columns: [], metric: mae, limit: 1}", "at least one column"), ("slices: {columns: [a], metric: mae}", "give a limit"),
        ("fairness: {columns: [sex], metrics: {parity: 0.1}}", "'parity' is no metric of fairness"), ("latency: {calls: 3}", "give p50_ms"),
        ("robustness:\n  noise: {by: 0.1}\n  missing:\n    shere: 0.1", "line 4: robustness: 'shere' is not understood in missing"),
        ("custom: {function: 'os.system(1)'}", "no name of a function"), ("approval: {by: [ben], count: 2}", "count is at least 1"),
        ("data: {file: a.csv}\nsize: {megabytes: 1}", "data: labels is missing"), ("size: {megabytes: 1}\nsize: {megabytes: 2}", "stands twice"),
        ("size: &a {megabytes: 1}", "anchors"), ("size: !!python/object:os.system {}", "tag"), ("size: {megabytes: 1", "line"), ("size: []", "asks for nothing"),
        ("performance: {metric: mae, better: higher}", "of mae, lower is better, not higher"), ("performance: {metric: mae, min_rows: -5}", "min_rows is at least 1"),
        ("slices: {columns: [a], metric: roc_auc, better: lower, limit: 1}", "of roc_auc, higher is better"),
        ("fairness: {columns: [a], metrics: {mae_difference: 1}, min_rows: -5}", "at least 2"),
        ("size: {megabytes: -1}", "above 0"), ("performance: {metric: mae, resamples: 1e9}", "resamples"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(text, words):
    with pytest.raises(NbmlopsError, match=re.escape(words)) as refused:
        read(text, "gates.yaml")
    assert "gates.yaml" in str(refused.value) and refused.value.hint and len(str(refused.value)) < 700


def test_the_documented_file_is_understood_and_shows_every_kind_and_default():
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.S)
    found = read(text, "gates.yaml")
    assert set(found.kinds) >= set(plugins.names("gate")) and found.data is not None
    prose = DOCS.read_text("utf-8")
    for kind in plugins.names("gate"):
        for field in msgspec.structs.fields(plugins.adapter("gate", kind).asks):
            assert f"{field.name}" in prose, f"{kind}: {field.name}"


def test_a_kind_of_somebody_elses_is_asked_by_its_name(monkeypatch):
    from nbmlops.models.gates.port import Asked, judged
    from tests.models.gates.standings import Model, asked, good, numbers, standing

    class Even(Asked, frozen=True, kw_only=True):
        by: int = 2

    class Parity:
        kind, asks, needs_rows = "parity", Even, True

        def check(self, keys, on):
            if keys.by == 0:
                raise ZeroDivisionError("by nothing")
            return [judged("parity", "rows are even", len(on.rows) % keys.by == 0, f"{len(on.rows)} rows")]

    adapter, names = plugins.adapter, plugins.names
    monkeypatch.setattr(plugins, "adapter", lambda port, name: Parity if name == "parity" else adapter(port, name))
    monkeypatch.setattr(plugins, "names", lambda port: [*names(port), "parity"])
    assert read("parity: {by: 3}", "g").asked[0][1].by == 3
    with pytest.raises(Invalid, match="parity: by is a text"):
        read("parity: {by: x}", "g")
    rows, y = numbers(21)
    assert not asked("parity", standing(rows, y, Model(good)))[0].passed
    (broken,) = asked("parity", standing(rows, y, Model(good)), by=0)
    assert not broken.passed and "parity broke: ZeroDivisionError" in broken.reason
