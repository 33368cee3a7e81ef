"""Masking: a cell's source of 1 KB, an output and an executed notebook's text, beside a scanner of secrets."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from benchmarks.timing import in_turn

CELL = """\
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error

flights = pd.read_csv("flights.csv")
columns = ["sched_dep_time", "distance", "seats"]
for month in range(1, 13):
    part = flights[flights["month"] == month].dropna(subset=columns + ["air_time"])
    train, test = part[part["day"] < 20], part[part["day"] >= 20]
    model = Ridge(alpha=alpha).fit(train[columns], train["air_time"])
    predicted = model.predict(test[columns])
    mae = mean_absolute_error(test["air_time"], predicted)
    scores[month] = {"mae": mae, "rows": len(test), "bias": float((predicted - test["air_time"]).mean())}
    print(f"{month:>2}: {mae:6.2f} min over {len(test):,} flights")

best = min(scores, key=lambda month: scores[month]["mae"])
figure = px.line(pd.DataFrame(scores).T, y="mae", title="Mean absolute error by month", markers=True)
figure.update_layout(xaxis_title="month of 2013", yaxis_title="minutes", template="plotly_white")
figure.show()
"""
KEYED = CELL + 'engine = create_engine(f"postgresql://{user}:{password}@{host}/x")\napi_key = os.environ["API_KEY"]\n'


def measure() -> list[dict[str, Any]]:
    """Medians; the note says how much text it was. The scanner reads a file, as it is made to."""
    from nbmlops.ledger.secrets import mask, mask_bytes

    plain, keyed = CELL[:1024], KEYED[-1024:]
    notebook = json.dumps(
        {"cells": [{"source": CELL.splitlines(keepends=True), "outputs": [{"text": [CELL]}]} for _ in range(50)]}
    ).encode()
    candidates: dict[str, Any] = {
        "mask, a cell": lambda: mask(plain),
        "mask, a cell that names secrets": lambda: mask(keyed),
        "mask, 100 KB of output": lambda: mask(plain * 100),
        "mask_bytes, a notebook of 50 cells": lambda: mask_bytes(notebook),
    }
    notes = dict(zip(candidates, ("1 KB", "1 KB", "100 KB", f"{len(notebook) // 1024} KB"), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cell.py")
        with open(path, "w") as file:
            file.write(plain)
        for name, scan in _scanners(path).items():
            candidates[name] = scan
            notes[name] = "1 KB; finds lines, masks nothing"
        found = in_turn(candidates, rounds=201)
    return [{"what": name, "seconds": seconds, "base": name == "mask, a cell", "note": notes[name]} for name, seconds in found.items()]


def _scanners(path: str) -> dict[str, Any]:
    try:
        from detect_secrets import SecretsCollection
        from detect_secrets.settings import default_settings
    except ModuleNotFoundError:
        print("detect-secrets is not compared: pip install detect-secrets")
        return {}

    def scan() -> None:
        with default_settings():
            SecretsCollection().scan_file(path)

    return {"detect-secrets, a cell": scan}
