"""A ledger of an earlier schema is brought forward with all it holds."""

from __future__ import annotations

import json
import math
import sqlite3

import pytest

from nbmlops.ledger.sqlite import migrations
from nbmlops.runs.book import RunBook
from nbmlops.settings import FILE
from nbmlops.workspace import Workspace

AT = "2026-01-02T03:04:05.000006+00:00"
RUN = "run-0123456789abcdefghj"


@pytest.mark.parametrize("schema", [1, 2])
def test_runs_of_an_earlier_schema_are_whole_in_this_one(tmp_path, schema):
    Workspace.at(tmp_path).close()
    ledger, settings = tmp_path / ".nbmlops" / "ledger.sqlite", tmp_path / ".nbmlops" / FILE
    ledger.unlink(missing_ok=True)
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "schema_version": schema}))
    before = sqlite3.connect(ledger)
    before.executescript(migrations("ledger")[0][1])
    before.execute(
        "INSERT INTO run VALUES (?, 'old', 'e', 'live', 'finished', ?, ?, NULL, 'unknown', '{}', NULL, NULL, ?, NULL, '{\"python\": \"3.11\"}', NULL, 1)",
        (RUN, AT, AT, json.dumps({"team": "pricing"})),
    )
    before.execute("INSERT INTO param VALUES (?, 'lr', '0.1')", (RUN,))
    for step, value, special in ((0, 0.1 + 0.2, None), (1, None, "NaN"), (2, 5e-324, None), (2, 1.0, None)):
        before.execute("INSERT INTO metric (run, name, step, value, special, at) VALUES (?, 'loss', ?, ?, ?, ?)", (RUN, step, value, special, AT))
    before.execute("INSERT INTO file_use VALUES (?, '/a.csv', 'read', 'blake3:1', 3, NULL, 0, NULL)", (RUN,))
    before.commit()
    if schema == 2:
        before.executescript(migrations("ledger")[1][1])
        before.execute("UPDATE metric SET fit = 7 WHERE step = 0")
        before.commit()
    before.execute(f"PRAGMA user_version={schema}")
    before.close()
    place = Workspace.at(tmp_path)
    record = RunBook(place).record(RUN)
    place.close()
    assert record.run.tags == {"team": "pricing"} and record.run.params == {"lr": 0.1} and record.run.metrics == {"loss": 1.0}
    assert [point.step for point in record.history] == [0, 1, 2, 2]
    values = [point.value for point in record.history]
    assert values[0] == 0.1 + 0.2 and math.isnan(values[1]) and values[2:] == [5e-324, 1.0]
    assert [point.fit for point in record.history] == [7 if schema == 2 else None, None, None, None]
    assert record.history[0].at.isoformat() == AT and record.environment == {"python": "3.11"}
    assert [(use.path, use.kind, use.detail) for use in record.files] == [("/a.csv", "file", "")]
