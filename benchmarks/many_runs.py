"""A hundred thousand runs, the same ones for nbmlops and for MLflow; put into the tables in bulk, by SQL alone.

Plain Python without packages: an interpreter that has MLflow and not nbmlops makes the same runs.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

RUNS = 100_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = 3


def made(runs: int = RUNS) -> Iterator[dict[str, Any]]:
    """Each run: 10 parameters, 5 metrics of 3 steps, 3 tags; `loss` is the opposite of `mae`, and `auc` is missing in half."""
    chance = random.Random(11)
    for number in range(runs):
        mae = chance.gauss(5, 2)
        yield {
            "number": number,
            "name": f"run {number % 977}",
            "experiment": f"exp-{number % 20}",
            "status": chance.choice(["finished"] * 8 + ["failed", "killed"]),
            "started": BEGIN + timedelta(minutes=3 * number, milliseconds=chance.randrange(60_000)),
            "seconds": round(chance.uniform(0, 900), 3),
            "params": {
                "lr": 10 ** chance.uniform(-4, 0), "depth": chance.randrange(2, 20), "model": chance.choice(["gb", "rf", "mlp", "ridge"]),
                "flag": chance.random() < 0.5, **{f"p{n}": chance.random() for n in range(6)},
            },
            "metrics": {
                "mae": mae, "rmse": mae * 1.4, "loss": -mae, "acc": chance.random(),
                **({"auc": chance.random()} if number % 2 else {"f1": mae}),
            },
            "tags": {
                "team": chance.choice(["pricing", "growth", "search"]), "stage": chance.choice(["dev", "prod"]),
                "note": f"batch {number % 5000}",
            },
            "data": f"blake3:{chance.getrandbits(256):064x}",
        }  # fmt: skip


def bulk(path: Path, tables: dict[str, list[tuple[Any, ...]]]) -> None:
    """Rows into tables, columns given by the statement that names them."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for statement, rows in tables.items():
            marks = ",".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {statement} VALUES ({marks})", rows)  # noqa: S608
    connection.close()


def ours(path: Path, runs: int = RUNS) -> None:
    """Into a ledger of nbmlops that is there and empty."""
    rows: dict[str, list[tuple[Any, ...]]] = {
        "run (id, name, experiment, kind, status, started_at, ended_at, notebook, notebook_known_from, owner, tags, git, data_hash,"
        " schema_version)": [],
        "param (run, name, value, number)": [],
        "last_metric (run, name, step, value)": [],
        "points (run, name, number, last_step, last_at, points)": [],
        "tag (run, name, value)": [],
    }
    run, param, last, metric, tag = rows.values()
    for one in made(runs):
        name = f"run-{one['number']:019d}"
        at, end = (
            moment.isoformat(timespec="microseconds") for moment in (one["started"], one["started"] + timedelta(seconds=one["seconds"]))
        )
        git = json.dumps({"commit": f"{one['number']:040x}", "branch": "main"})
        known = (name, one["name"], one["experiment"], "live", one["status"], at, end, f"/projects/{one['number'] % 50}.ipynb", "session")
        run.append((*known, "{}", "{}", git, one["data"], 2))
        for key, value in one["params"].items():
            amount = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
            param.append((name, key, json.dumps(value), amount))
        for key, value in one["metrics"].items():
            last.append((name, key, STEPS - 1, value))
            points = [[step, value + STEPS - 1 - step, at, None] for step in range(STEPS)]
            metric.append((name, key, 0, STEPS - 1, at, json.dumps(points)))
        tag += [(name, key, value) for key, value in one["tags"].items()]
    bulk(path, rows)


def theirs(path: Path, experiment: int, runs: int = RUNS) -> None:
    """Into MLflow's tables on SQLite, all in one experiment, as its schema of 3.x has them."""
    rows: dict[str, list[tuple[Any, ...]]] = {
        "runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version,"
        " lifecycle_stage, artifact_uri, experiment_id)": [],
        "params (key, value, run_uuid)": [],
        "latest_metrics (key, value, timestamp, step, is_nan, run_uuid)": [],
        "metrics (key, value, timestamp, run_uuid, step, is_nan)": [],
        "tags (key, value, run_uuid)": [],
    }
    run, param, last, metric, tag = rows.values()
    for one in made(runs):
        name = f"{one['number']:032x}"
        at = int(one["started"].timestamp() * 1000)
        end = at + int(one["seconds"] * 1000)
        run.append((name, one["name"], "NOTEBOOK", "", "", "ada", one["status"].upper(), at, end, "", "active", f"/a/{name}", experiment))
        param += [(key, str(value), name) for key, value in one["params"].items()]
        for key, value in one["metrics"].items():
            last.append((key, value, at, STEPS - 1, 0, name))
            metric += [(key, value + STEPS - 1 - step, at, name, step, 0) for step in range(STEPS)]
        tag += [(key, value, name) for key, value in {**one["tags"], "mlflow.runName": one["name"]}.items()]
    bulk(path, rows)
