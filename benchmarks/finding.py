"""Finding: a page of 50 out of 100,000 runs, filtered and sorted, the records included; MLflow's search on SQLite beside it."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sqlite3
import statistics
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import many_runs
from benchmarks.timing import ROOT, mlflow_python

OUT = Path(__file__).parent / "out"
ROUNDS = 15
PATIENCE_S = 60.0  # with MLflow, for one question
NEWEST = "the newest"
# What is asked, as nbmlops and as MLflow have it; None where MLflow's language has no word for it.
QUESTIONS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    NEWEST: ({}, {}),
    "one status": ({"filter": "status = failed"}, {"filter_string": "attributes.status = 'FAILED'"}),
    "sorted by a metric, all runs": ({"sort": "metrics.mae"}, {"order_by": ["metrics.mae ASC"]}),
    "sorted by a metric, page 200": ({"sort": "metrics.mae", "offset": 9950}, None),
    "two metrics and a parameter, sorted by a metric": (
        {"filter": "metrics.mae < 3 and metrics.acc > 0.5 and params.model = gb", "sort": "metrics.rmse"},
        {"filter_string": "metrics.mae < 3 and metrics.acc > 0.5 and params.model = 'gb'", "order_by": ["metrics.rmse ASC"]},
    ),
    "a metric half of them have, and not two values": (
        {"filter": "metrics.auc > 0.9 and params.depth not in (3, 4)", "sort": "-metrics.auc"}, None,
    ),
    "a range of days and a metric, sorted": (
        {"filter": "started > 2026-03-01 and started < 2026-03-05 and metrics.mae < 2", "sort": "metrics.mae"},
        {"filter_string": f"attributes.start_time > {1772323200000} and attributes.start_time < {1772668800000} and metrics.mae < 2",
         "order_by": ["metrics.mae ASC"]},
    ),
    "either of three": (
        {"filter": "metrics.mae < 0 or metrics.acc > 0.999 or params.p1 < 0.001", "sort": "-started"}, None,
    ),
    "a wildcard in a tag, few": (
        {"filter": "tags.note like '*atch 4999'", "sort": "metrics.mae"},
        {"filter_string": "tags.note LIKE '%atch 4999'", "order_by": ["metrics.mae ASC"]},
    ),
    "a wildcard in names, none": ({"filter": "name ~ *nope*"}, {"filter_string": "attributes.run_name ILIKE '%nope%'"}),
    "a wildcard in a parameter, none": ({"filter": "params.model ~ *nope*"}, {"filter_string": "params.model ILIKE '%nope%'"}),
    "a word, none": ({"filter": "nope"}, None),
    "a data hash by its beginning": ({"filter": "data_hash = blake3:ab1*"}, None),
    "longest first, over ten minutes": ({"filter": "duration > 10m", "sort": "-duration"}, None),
    "worst: two halves with nothing in common": (
        {"filter": "metrics.mae < 5 and metrics.loss < -5", "sort": "metrics.acc"},
        {"filter_string": "metrics.mae < 5 and metrics.loss < -5", "order_by": ["metrics.acc ASC"]},
    ),
}  # fmt: skip
THEIRS = """
import sys, json, time, os, logging, warnings; warnings.filterwarnings("ignore"); logging.disable()
sys.path.insert(0, {root!r}); os.chdir({folder!r})
from pathlib import Path
import mlflow
from benchmarks import many_runs
fresh = not Path("whole").exists()
mlflow.set_tracking_uri("sqlite:///m.db"); experiment = mlflow.set_experiment("e").experiment_id
if fresh:
    many_runs.theirs(Path("m.db"), int(experiment)); Path("whole").write_text("")
client = mlflow.MlflowClient()
asked = json.loads({asked!r}); taken = []; runs = []
while asked is not None and (not taken or (len(taken) < 3 and sum(taken) < 10)):  # what takes long is asked once
    t = time.perf_counter(); runs = client.search_runs([experiment], max_results=50, **asked); taken.append(time.perf_counter() - t)
print(json.dumps([min(taken, default=0), [int(run.info.run_id, 16) for run in runs]]))
"""


def measure() -> list[dict[str, Any]]:
    """Medians; first and 95th percentile are noted. What both answer is held against each other."""
    from nbmlops.runs.book import RunBook
    from nbmlops.workspace import Workspace

    place = Workspace.at(_ledger())
    book = RunBook(place)
    before = _memory()
    rows, answers = [], {}
    for name, (asked, _) in QUESTIONS.items():
        taken, busy = [], time.process_time()
        for _ in range(ROUNDS):
            began = time.perf_counter()
            found = book.find(**asked)
            taken.append(time.perf_counter() - began)
        busy = (time.process_time() - busy) / ROUNDS
        answers[name] = [int(run.id.removeprefix("run-")) for run in found]
        first, p95 = taken[0], statistics.quantiles(taken, n=20)[-1]
        note = f"{len(found)} runs; first {first * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms, of the processor {busy * 1e3:.0f} ms"
        rows.append({"what": name, "seconds": statistics.median(taken), "base": name == NEWEST, "note": note})
    rows.append({"what": "settling: is any running run's process gone?", "seconds": _settling(book), "note": "done by every find above"})
    rows[0]["note"] += f"; all of this took {(_memory() - before) / 2**20:.0f} MiB more memory at most"
    place.close()
    python = mlflow_python()
    return rows if python is None else [*rows, *_beside(python, answers)]


def _beside(python: str, answers: dict[str, list[int]]) -> list[dict[str, Any]]:
    folder = OUT / "finding-mlflow"
    if folder.is_dir() and not (folder / "whole").exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    told = {"root": str(ROOT), "folder": str(folder)}
    subprocess.run([python, "-c", THEIRS.format(asked="null", **told)], stdout=subprocess.PIPE, check=True)  # fills the tables
    rows = [_asked(python, name, told, answers) for name, (_, theirs) in QUESTIONS.items() if theirs is not None]
    # SQLite plans some of MLflow's joins as loops in loops while it has no statistics, and MLflow asks for none. With them:
    with closing(sqlite3.connect(folder / "m.db")) as store:
        store.execute("ANALYZE")
        slow = [row["what"].removeprefix("MLflow: ") for row in rows if row["seconds"] > 5]
        again = [_asked(python, name, told, answers) for name in slow]
        store.execute("DROP TABLE sqlite_stat1")
        store.commit()
    return rows + [{**row, "what": row["what"] + ", after ANALYZE"} for row in again]


def _asked(python: str, name: str, told: dict[str, str], answers: dict[str, list[int]]) -> dict[str, Any]:
    """MLflow's time for one question, in a process of its own."""
    code = THEIRS.format(asked=json.dumps(QUESTIONS[name][1]), **told)
    try:
        done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return {"what": f"MLflow: {name}", "seconds": PATIENCE_S, "note": f"no answer in {PATIENCE_S:.0f} s"}
    seconds, found = json.loads(done.stdout.splitlines()[-1])
    same = "the same runs" if found == answers[name] else f"{len(set(found) ^ set(answers[name]))} other runs of {len(found)}"
    return {"what": f"MLflow: {name}", "seconds": seconds, "note": same}


def _settling(book: Any) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        book.settle()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ledger() -> Path:
    """The workspace with the runs, made anew when the tables or the runs are others."""
    from nbmlops.ledger.sqlite import migrations
    from nbmlops.workspace import Workspace

    told = "".join(sql for _, sql in migrations("ledger")) + Path(many_runs.__file__).read_text("utf-8")
    folder = OUT / f"finding-{hashlib.sha256(told.encode()).hexdigest()[:10]}"
    if not (folder / "whole").exists():
        for old in OUT.glob("finding-*"):
            if old.is_dir() and old.name != "finding-mlflow":
                shutil.rmtree(old)
        folder.mkdir(parents=True)
        place = Workspace.at(folder)
        place.ledger.read("SELECT 1")
        place.close()
        many_runs.ours(place.folder / "ledger.sqlite")
        (folder / "whole").write_text("")
    return folder
