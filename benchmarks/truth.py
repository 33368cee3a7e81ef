"""Truth: what is said of a run after each fault, by nbmlops and by MLflow, beside what happened; each in a real kernel of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.timing import mlflow_python

_QUIET = "import warnings, logging; warnings.filterwarnings('ignore'); logging.disable()\n"
_URI = "import mlflow\nmlflow.set_tracking_uri('sqlite:///mlflow.db')\nmlflow.sklearn.autolog(log_models=False)\n"
# As their documentation has it, in the two ways a notebook is written; autologging is on in both.
WAYS = {
    "nbmlops": ("%load_ext nbmlops", None),
    "MLflow, with start_run() around": (_QUIET + _URI, "with mlflow.start_run():\n"),
    "MLflow, start_run() before": (_QUIET + _URI + "run = mlflow.start_run()", None),
}
_THEIR_WORDS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed", "RUNNING": "running"}


def measure() -> list[dict[str, Any]]:
    """For each fault what happened and what each says; the number counts the faults of which it tells the truth."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.faults.faults import FAULTS

    python = mlflow_python()
    ways = [way for way in WAYS if way == "nbmlops" or python]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        os.environ["JUPYTER_PATH"] = str(_kernels(Path(folder), python))
        asked = {
            (fault.name, way): pool.submit(_said, fault, way, Path(folder, f"{at}-{column}"))
            for at, fault in enumerate(FAULTS)
            for column, way in enumerate(ways)
        }
        said = {key: future.result() for key, future in asked.items()}
    rows = []
    for way in ways:
        right = sum(said[fault.name, way] == fault.happened for fault in FAULTS)
        rows.append(
            {
                "what": way, "right": right, "of": len(FAULTS), "base": way == "nbmlops",
                "said": {fault.name: {"happened": fault.happened, "said": said[fault.name, way]} for fault in FAULTS},
            }
        )  # fmt: skip
    return rows


def shown(rows: list[dict[str, Any]]) -> str:
    """A row for each fault, a column for each way; a lie stands in brackets."""
    from tabulate import tabulate

    table = []
    for fault, told in rows[0]["said"].items():
        truth = told["happened"]
        words = [row["said"][fault]["said"] for row in rows]
        table.append([fault, truth, *(word if word == truth else f"[{word}]" for word in words)])
    table.append(["true", "", *(f"{row['right']} of {row['of']}" for row in rows)])
    return tabulate(table, ["fault", "what happened", *(row["what"] for row in rows)], tablefmt="github")


def _kernels(folder: Path, python: str | None) -> Path:
    for name, words in (("nbmlops", sys.executable), ("mlflow", python)):
        if words:
            place = folder / "jupyter" / "kernels" / f"bench-{name}"
            place.mkdir(parents=True)
            argv = [words, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            (place / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
    return folder / "jupyter"


def _said(fault: Any, way: str, folder: Path) -> str:
    """Do it, end the kernel as a user would if it lives, and ask."""
    from tests.capture.kernel import kernel
    from tests.faults.faults import FIT, through
    from tests.faults.looking import until

    folder.mkdir()
    (folder / "x.csv").write_text("a,b\n" + "".join(f"{n},{n * 2 + n % 3}\n" for n in range(20)))
    first, around = WAYS[way]
    with kernel(folder, f"bench-{way.split(',')[0].lower()}") as k:
        assert k.run(first, timeout=120)[0] == "ok"
        cell = fault.cell
        if around:
            cell = _around(around, fault)
        elif not fault.first:
            assert k.run(FIT, timeout=120)[0] == "ok"
        if fault.then is None:
            through(k, cell)
        else:
            if cell is not None:
                k.send(cell)
            if "started" in (cell or ""):
                until((folder / "started").exists)
            fault.then(k, folder)
            if fault.happened == "killed":
                until(lambda: not k.manager.is_alive())
            else:
                through(k, "pass")
        if k.manager.is_alive():
            k.shut_down()
        time.sleep(0.2)
    return _asked(way, folder)


def _around(block: str, fault: Any) -> str:
    """All of it in one cell under `with`; a cell with a syntax error never begins."""
    from tests.faults.faults import FIT, LONG

    inside = "\n".join(([] if fault.first else [FIT]) + [fault.cell or LONG])
    return inside if "def broken" in inside else block + "\n".join("    " + line for line in inside.splitlines())


def _asked(way: str, folder: Path) -> str:
    from tests.faults.looking import seen

    if way == "nbmlops":
        found = [run.status for run in seen(folder)]
    else:
        ledger = sqlite3.connect(folder / "mlflow.db")
        begun = ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone()
        found = [_THEIR_WORDS[row[0]] for row in ledger.execute("SELECT status FROM runs ORDER BY start_time")] if begun else []
        ledger.close()
    return found[-1] if found else "nothing"
