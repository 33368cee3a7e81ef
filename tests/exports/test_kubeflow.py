"""Kubeflow compiles what is exported to it, and its own reader takes the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from nbmlops import pipeline
from tests.exports.conftest import CITY

pytestmark = [pytest.mark.exports, pytest.mark.slow]
# The package, read by Kubeflow; and the recurring run, asked of a client with the true one's signatures.
READ = """
import importlib.util, sys
from unittest import mock
from kfp import Client, components
component = components.load_component_from_file(sys.argv[2])
print("read", component.name, sorted(component.pipeline_spec.root.dag.tasks))
spec = importlib.util.spec_from_file_location("exported", sys.argv[1])
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)
client = mock.create_autospec(Client, instance=True)
exported.recurring(client)
print("recurring", client.create_recurring_run.call_args.kwargs["cron_expression"])
"""


@pytest.fixture
def exported(place):
    """The Python that is written, and where its package will be."""
    found = pipeline.export(
        str(place.root / "air's.yaml"), to="kubeflow", image="registry.example.com/air:1", schedule="0 6 * * MON-FRI",
        params={"city": CITY, "month": 7}, workspace=place,
    )  # fmt: skip
    return Path(found.file), Path(found.file).with_suffix(".yaml")


def test_kubeflow_compiles_one_container_a_step_in_order(exported, kubeflow, tmp_path):
    source, package = exported
    done = kubeflow("-W", "error::UserWarning", source, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    compiled, platform = yaml.safe_load_all(package.read_text("utf-8"))
    tasks = compiled["root"]["dag"]["tasks"]
    assert {task["taskInfo"]["name"]: task.get("dependentTasks", []) for task in tasks.values()} == {
        "prepare": [], "Train.it": ["step-prepare"], "report": ["step-train-it"]
    }  # fmt: skip
    train = next(task for task in tasks.values() if task["taskInfo"]["name"] == "Train.it")
    assert train["retryPolicy"]["maxRetryCount"] == 1 and not train["cachingOptions"].get("enableCache")
    containers = {name: part["container"] for name, part in compiled["deploymentSpec"]["executors"].items()}
    assert len(containers) == 3 and {part["image"] for part in containers.values()} == {"registry.example.com/air:1"}
    for part in containers.values():
        words = part["args"]
        assert part["command"] == ["nbmlops"] and words[:3] == ["pipeline", "run", "/project/air's.yaml"] and words[-1] == "--once", words
        assert json.loads(next(word for word in words if word.startswith("city=")).removeprefix("city=")) == CITY
        assert "{{" not in str(words) and "$" not in str(words)
    where = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    assert {mount["pvcMount"][0]["mountPath"] for mount in where} == {"/project"} and len(where) == 3
    assert {mount["secretAsEnv"][0]["keyToEnv"][0]["envVar"] for mount in where} == {"DB_PASSWORD"}
    read = kubeflow("-c", READ, source, package, cwd=tmp_path)
    assert "read air-time-2 ['step-prepare', 'step-report', 'step-train-it']" in read.stdout, read.stderr[-3000:]
    assert "recurring 0 0 6 * * MON-FRI" in read.stdout, read.stderr[-3000:]


def test_kubeflow_refuses_a_package_that_is_none(exported, kubeflow, tmp_path):
    source, package = exported
    assert kubeflow(source, cwd=tmp_path).returncode == 0
    package.write_text(package.read_text().replace("dependentTasks:", "dependentTask:"))
    assert kubeflow("-c", READ, source, package, cwd=tmp_path).returncode != 0
