"""A ledger of an earlier schema is brought forward with all it holds."""

from __future__ import annotations

import json
import math
import sqlite3

from nbmlops.ledger.sqlite import migrations
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

AT = "2026-01-02T03:04:05.000006+00:00"
RUN = "run-0123456789abcdefghj"


def test_runs_of_the_first_schema_are_whole_in_the_second(tmp_path):
    Workspace.at(tmp_path).close()
    ledger, settings = tmp_path / ".nbmlops" / "ledger.sqlite", tmp_path / ".nbmlops" / "settings.json"
    ledger.unlink(missing_ok=True)
    if settings.exists():
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "schema_version": 1}))
    first = sqlite3.connect(ledger)
    first.executescript(migrations("ledger")[0][1] + "PRAGMA user_version=1;")
    first.execute(
        "INSERT INTO run VALUES (?, 'old', 'e', 'live', 'finished', ?, ?, NULL, 'unknown', '{}', NULL, NULL, ?, NULL, '{\"python\": \"3.11\"}', NULL, 1)",
        (RUN, AT, AT, json.dumps({"team": "pricing"})),
    )
    first.execute("INSERT INTO param VALUES (?, 'lr', '0.1')", (RUN,))
    for step, value, special in ((0, 0.1 + 0.2, None), (1, None, "NaN"), (2, 5e-324, None), (2, 1.0, None)):
        first.execute("INSERT INTO metric (run, name, step, value, special, at) VALUES (?, 'loss', ?, ?, ?, ?)", (RUN, step, value, special, AT))
    first.execute("INSERT INTO file_use VALUES (?, '/a.csv', 'read', 'blake3:1', 3, NULL, 0, NULL)", (RUN,))
    first.commit()
    first.close()
    place = Workspace.at(tmp_path)
    record = RunBook(place).record(RUN)
    place.close()
    assert record.run.tags == {"team": "pricing"} and record.run.params == {"lr": 0.1} and record.run.metrics == {"loss": 1.0}
    assert [point.step for point in record.history] == [0, 1, 2, 2]
    values = [point.value for point in record.history]
    assert values[0] == 0.1 + 0.2 and math.isnan(values[1]) and values[2:] == [5e-324, 1.0]
    assert record.history[0].at.isoformat() == AT and record.environment == {"python": "3.11"}
    assert [(use.path, use.kind, use.detail) for use in record.files] == [("/a.csv", "file", "")]
