"""Airflow executes what is exported to it."""

from __future__ import annotations

import json

import pytest

from nbmlops import pipeline
from tests.exports.conftest import CITY
from tests.exports.said import all_is_made, steps

pytestmark = [pytest.mark.exports, pytest.mark.slow]
LOOKED_AT = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
print("found", json.dumps([bag.import_errors, {
    dag.dag_id: {task.task_id: [sorted(task.upstream_task_ids), task.retries, task.execution_timeout and task.execution_timeout.total_seconds()]
                 for task in dag.tasks} | {"schedule": getattr(dag.timetable, "expression", None)} for dag in bag.dags.values()}]))
"""


@pytest.fixture
def home(tmp_path, airflow, shell):
    """Airflow's own folder, with its tables made, and where it looks for DAGs."""
    (tmp_path / "dags").mkdir()
    shell |= {
        "AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}", "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }  # fmt: skip
    made = airflow("-m", "airflow", "db", "migrate", cwd=tmp_path)
    assert made.returncode == 0, made.stderr[-3000:]
    return tmp_path


def test_airflow_imports_the_dag_and_executes_each_step(home, place, airflow):
    dag = home / "dags" / "air_time.py"
    pipeline.export(
        str(place.root / "air's.yaml"), to="airflow", output=str(dag), schedule="0 6 * * MON-FRI", params={"city": CITY, "month": 7}, workspace=place
    )
    looked = airflow("-c", LOOKED_AT, str(dag.parent), cwd=home)
    line = next((line for line in looked.stdout.splitlines() if line.startswith("found ")), looked.stdout + looked.stderr)
    errors, dags = json.loads(line.removeprefix("found "))
    assert errors == {}
    assert dags == {
        "Air.Time_2": {"prepare": [[], 0, 600], "Train.it": [["prepare"], 1, 600], "report": [["Train.it"], 0, None], "schedule": "0 6 * * MON-FRI"}
    }
    there = {"NBMLOPS_PROJECT": str(place.root)}
    done = airflow("-m", "airflow", "dags", "test", "Air.Time_2", "2025-11-21", cwd=home, **there)
    said = done.stdout[-3000:] + done.stderr[-3000:]
    assert done.returncode == 0, said
    assert steps(place) == [("prepare", "finished", 1), ("Train.it", "failed", 1), ("Train.it", "finished", 1), ("report", "finished", 1)], said
    assert all_is_made(place)

    (place.root / "out" / "report.txt").unlink()
    (place.root / "train.ipynb").write_text((place.root / "train.ipynb").read_text().replace("not first", "False"))
    failed = airflow("-m", "airflow", "dags", "test", "Air.Time_2", "2025-11-22", cwd=home, **there)
    assert failed.returncode != 0 and not (place.root / "out" / "report.txt").exists()
    assert steps(place)[4:] == [("prepare", "skipped", 0), ("Train.it", "failed", 1), ("Train.it", "failed", 1)]
