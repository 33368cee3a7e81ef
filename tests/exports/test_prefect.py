"""Prefect executes what is exported to it, in a server of its own that lives as long as the flow."""

from __future__ import annotations

import pytest

from nbmlops import pipeline
from tests.exports.conftest import CITY
from tests.exports.said import all_is_made, steps

pytestmark = [pytest.mark.exports, pytest.mark.slow]
ALONE = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true", "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "200",
}  # fmt: skip
# Executed as a program until it waits for its time; then Prefect's server is asked what it was told, and it is stopped.
SERVED = """
import runpy, sys
from unittest import mock
from prefect import get_client
from prefect.runner import Runner
async def instead(runner, *_, **__):
    async with get_client() as client:
        (kept,) = await client.read_deployments()
    schedules = [(one.schedule.cron, one.schedule.timezone or "UTC", one.active) for one in kept.schedules]
    print("kept", schedules, kept.global_concurrency_limit.limit if kept.global_concurrency_limit else runner.limit)
with mock.patch.object(Runner, "start", instead):
    runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Prefect's own folder; the first server in it makes its tables."""
    return str(tmp_path_factory.mktemp("prefect"))


def test_prefect_executes_the_flow_in_order_and_tries_again(place, prefect, tmp_path, home):
    found = pipeline.export(str(place.root / "air's.yaml"), to="prefect", params={"city": CITY, "month": 7}, workspace=place)
    done = prefect(found.file, cwd=tmp_path, PREFECT_HOME=home, **ALONE)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5000:]
    assert steps(place) == [("prepare", "finished", 1), ("Train.it", "failed", 1), ("Train.it", "finished", 1), ("report", "finished", 1)], said
    assert all_is_made(place) and "AssertionError" in said  # what a step prints is in Prefect's log

    (place.root / "out" / "report.txt").unlink()
    (place.root / "tried").unlink()
    (place.root / "train.ipynb").write_text((place.root / "train.ipynb").read_text().replace("not first", "False"))
    failed = prefect(found.file, cwd=tmp_path, PREFECT_HOME=home, **ALONE)
    assert failed.returncode != 0 and not (place.root / "out" / "report.txt").exists()
    assert steps(place)[4:] == [("prepare", "skipped", 0), ("Train.it", "failed", 1), ("Train.it", "failed", 1)]


def test_prefect_serves_the_flow_on_its_schedule(place, prefect, tmp_path, home):
    found = pipeline.export(str(place.root / "air's.yaml"), to="prefect", schedule="0 6 * * MON-FRI", workspace=place)
    served = prefect("-u", "-c", SERVED, found.file, cwd=tmp_path, PREFECT_HOME=home, **ALONE)
    said = served.stdout + served.stderr
    assert "Your flow 'Air.Time_2' is being served" in said and "kept [('0 6 * * MON-FRI', 'UTC', True)] 1" in said, said[-3000:]
