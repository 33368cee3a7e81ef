"""A pipeline handed over to other tools: what is written, and what is refused. Whether the tools take it: tests/exports."""

from __future__ import annotations

import ast
import itertools
import json
import shlex
from pathlib import Path

import pytest
import yaml

from nbmlops import pipeline
from nbmlops.errors import Conflict, Invalid, NotFound
from nbmlops.pipelines.exports import TARGETS
from nbmlops.pipelines.exports.asked import allowed
from nbmlops.pipelines.exports.cron import checked
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

IN_CONTAINERS = ("kubeflow", "argo", "cronjob")
STEP_BY_STEP = ("airflow", "kubeflow", "prefect", "argo")
HOSTILE = "it's \"$(id)\" `id` {{ x }} ${{ secrets.X }} {% x %} {# $[[ x ]] %s \\ ; & \n- a: b # ünï ✓ \u2028 {{$.inputs}}"
PIPELINE = """
params: {month: 3, city: Oslo}
steps:
  report: {notebook: report.ipynb, inputs: [out/model.json]}
  Train.it:
    notebook: train.ipynb
    inputs: [out/clean.csv]
    outputs: [out/model.json]
    variables: [STAGE, DB_PASSWORD, GITHUB_SHA]
    retries: 2
    backoff_s: 5
    timeout_s: 1200.5
  prepare: {notebook: prepare.ipynb, params: {month: "${params.month}"}, outputs: [out/clean.csv], timeout_s: 60}
"""


@pytest.fixture
def place(tmp_path):
    """A workspace with a pipeline of three steps."""
    for name in ("prepare", "train", "report"):
        written(tmp_path / f"{name}.ipynb", parameters="month = 1\ncity = ''")
    (tmp_path / "flights.yaml").write_text(PIPELINE)
    found = Workspace.at(tmp_path)
    yield found
    found.close()


def exported(place, target, *, file="flights.yaml", **how):
    """What is written for a target: the record, and the text."""
    how.setdefault("schedule", "0 6 * * *")
    if target in IN_CONTAINERS:
        how.setdefault("image", "registry.example.com:5000/ada/flights:1.2")
    found = pipeline.export(str(place.root / file), to=target, workspace=place, **how)
    return found, Path(found.file).read_text("utf-8")


def texts(value):
    """Every text in what a YAML file or a Python file says, wherever it stands."""
    if isinstance(value, ast.AST):
        return [node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if isinstance(value, dict):
        return [text for key, part in value.items() for text in [key, *texts(part)]]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def read(found, text):
    """A generated file as its own language reads it."""
    return ast.parse(text) if found.file.endswith(".py") else yaml.safe_load(text)


def words_of(found, text):
    """Every word that reaches `nbmlops` over there."""
    said = texts(read(found, text))
    lines = [line for line in said if line.startswith(("nbmlops pipeline ", "exec "))]
    return [word for line in lines for word in shlex.split(line)] if lines else said


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_file_gives_the_same_bytes_with_nothing_of_this_machine(place, target):
    found, text = exported(place, target)
    again, same = exported(place, target)
    assert (found.target, found.pipeline, found.schedule, found.replaced, again.replaced) == (target, "flights", "0 6 * * *", False, True)
    assert found.steps == ["prepare", "Train.it", "report"] and found.use and same == text
    assert Path(found.file).stat().st_mode & 0o777 == 0o644  # a scheduler reads it under a name of its own
    assert str(place.root) not in text and "flights.yaml" in text.splitlines()[0]
    again_words = shlex.split(text.splitlines()[1].removeprefix("#"))
    assert again_words[:6] == ["nbmlops", "pipeline", "export", "flights.yaml", "--to", target]
    words = words_of(found, text)
    assert "--alone" in words and ("--once" in words) == (target in STEP_BY_STEP)
    assert [after for word, after in itertools.pairwise(words) if word == "--only"] == (found.steps if target in STEP_BY_STEP else [])
    (place.root / "other").mkdir()
    _, elsewhere = exported(place, target, output=str(place.root / "other" / "x"))
    if target in ("airflow", "prefect"):
        assert "os.path.join(HERE, '..')" in elsewhere and "os.path.join(HERE, '.')" in text


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_of_a_value_or_a_name_becomes_code(place, target):
    name = "ada's \"best\" `id` ünï; #1 %s.yaml"
    (place.root / name).write_text(PIPELINE.replace("params:", "name: '1e3'\nparams:", 1))
    found, text = exported(place, target, file=name, params={"city": HOSTILE, "month": 7})
    words = words_of(found, text)
    given = [word for word in words if word.startswith("city=")]
    assert given and {json.loads(word.removeprefix("city=")) for word in given} == {HOSTILE}
    assert any(word.endswith(name) for word in words) and "month=7" in words
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for template in ("{{", "{%", "{#", "$(", "$[["):
        own = body.replace("${{ runner.os }}", "").replace("${{ github.run_", "").replace("${{ secrets.DB_PASSWORD", "").replace("${{ vars.STAGE", "")
        assert template not in own, template
    assert all(line.isprintable() for line in text.split("\n"))
    for bad in ("{{ x }}.yaml", "$(id).yaml", "a\nb.yaml"):
        (place.root / bad).write_text(PIPELINE)
        with pytest.raises(Invalid, match="cannot be exported"):
            exported(place, target, file=bad)


@pytest.mark.parametrize("target", TARGETS)
def test_a_secret_is_not_written_and_the_way_for_it_is_said(place, target):
    with pytest.raises(Invalid, match="city looks like a secret") as error:
        exported(place, target, params={"city": {"db_password": "hunter2hunter2"}})
    assert "environment variable" in error.value.hint and "secrets" in error.value.hint
    with pytest.raises(Invalid, match="looks like a secret"):
        exported(place, target, params={"city": "postgresql://ada:hunter2@db/x"})
    there = {path.name for path in place.root.iterdir()}
    assert there == {"prepare.ipynb", "train.ipynb", "report.ipynb", "flights.yaml", ".nbmlops"}


def test_steps_wait_retry_and_stop_as_the_file_says(place):
    argo = read(*exported(place, "argo"))
    assert argo["kind"] == "CronWorkflow" and argo["spec"]["concurrencyPolicy"] == "Forbid" and argo["spec"]["schedules"] == ["0 6 * * *"]
    whole, prepare, train, report = argo["spec"]["workflowSpec"]["templates"]
    after = {task["name"]: task.get("dependencies", []) for task in whole["dag"]["tasks"]}
    assert after == {"prepare": [], "train-it": ["prepare"], "report": ["train-it"]}
    assert train["retryStrategy"] == {"limit": 2, "retryPolicy": "Always", "backoff": {"duration": "5s", "factor": 2}}
    assert (train["activeDeadlineSeconds"], prepare["activeDeadlineSeconds"], report.get("activeDeadlineSeconds")) == (1501, 360, None)
    taken = {one["name"]: next(iter(one["valueFrom"])) for one in train["container"]["env"]}
    assert taken == {"DB_PASSWORD": "secretKeyRef", "GITHUB_SHA": "configMapKeyRef", "STAGE": "configMapKeyRef"}
    assert read(*exported(place, "argo", schedule=None, replace=True))["kind"] == "WorkflowTemplate"

    airflow = exported(place, "airflow")[1]
    assert "steps['prepare'] >> steps['Train.it']\n" in airflow and "steps['Train.it'] >> steps['report']\n" in airflow
    assert "retries=2,\n        retry_delay=timedelta(seconds=5),\n        retry_exponential_backoff=2.0,\n" in airflow
    assert airflow.count("execution_timeout") == 2 and "execution_timeout=timedelta(seconds=1501)" in airflow

    prefect = exported(place, "prefect")[1]
    assert "name='Train.it', retries=2, retry_delay_seconds=[5.0, 10.0], timeout_seconds=1501)" in prefect
    assert "wait_for=[steps['Train.it']]" in prefect and "cron='0 6 * * *', limit=1" in prefect

    kubeflow = exported(place, "kubeflow")[1]
    assert "steps['Train.it'].set_retry(2, backoff_duration='5s', backoff_factor=2)" in kubeflow
    assert "steps['Train.it'].after(steps['prepare'])" in kubeflow and "cron_expression='0 0 6 * * *'" in kubeflow

    job = read(*exported(place, "cronjob"))["spec"]
    assert (job["concurrencyPolicy"], job["jobTemplate"]["spec"]["backoffLimit"]) == ("Forbid", 0)
    (place.root / "flights.yaml").write_text(PIPELINE.replace("report.ipynb,", "report.ipynb, timeout_s: 1,"))
    limit = read(*exported(place, "cronjob"))["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    assert limit == 5178  # 360 + 301 + 3 · 1500.5, and pauses of 5 and 10, rounded up
    workflow = read(*exported(place, "github"))["jobs"]["pipeline"]
    execute = next(step for step in workflow["steps"] if step.get("name") == "Execute the pipeline")
    assert workflow["timeout-minutes"] == 96 and execute["env"] == {"DB_PASSWORD": "${{ secrets.DB_PASSWORD }}", "STAGE": "${{ vars.STAGE }}"}
    assert read(*exported(place, "gitlab"))["pipeline-flights"]["timeout"] == "96 minutes"


def test_a_service_s_file_stands_in_its_repository_and_works_in_the_project_s_folder(tmp_path):
    project = tmp_path / "repo" / "models" / "air"
    (project / "sub").mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    written(project / "sub" / "a.ipynb")
    (project / "sub" / "p.yaml").write_text("steps: {a: {notebook: a.ipynb}}")
    (project / "requirements.txt").write_text("pandas\n")
    place = Workspace.at(project)
    try:
        found, text = exported(place, "github", file="sub/p.yaml", schedule=None)
        assert Path(found.file) == tmp_path / "repo" / ".github" / "workflows" / "p.yml"
        workflow = yaml.safe_load(text)
        job = workflow["jobs"]["pipeline"]
        assert "push" in workflow["on"] and job["defaults"]["run"]["working-directory"] == "models/air"
        said = {step.get("name"): step for step in job["steps"]}
        assert said["Execute the pipeline"]["run"] == "nbmlops pipeline run sub/p.yaml --alone --ci report"
        assert said["Keep what is done"]["with"]["path"] == "models/air/.nbmlops" and said["Install"]["run"].endswith("-r requirements.txt")
        found, text = exported(place, "gitlab", file="sub/p.yaml")
        job = yaml.safe_load(text)["pipeline-p"]
        assert Path(found.file) == tmp_path / "repo" / ".gitlab-ci.yml" and job["script"][0] == "cd models/air"
        assert job["cache"]["paths"] == ["models/air/.nbmlops/"] and job["artifacts"]["reports"]["junit"] == "models/air/report/*.xml"
        assert "0 6 * * * in UTC" in text
        argo = exported(place, "argo", file="sub/p.yaml")[1]
        assert "- /project/sub/p.yaml\n" in argo and "- --workspace\n" in argo
    finally:
        place.close()


def test_a_file_that_is_somebody_else_s_is_left_alone(place):
    mine = place.root / ".gitlab-ci.yml"
    mine.write_text("build: {script: make}\n")
    with pytest.raises(Conflict, match="was not exported") as error:
        exported(place, "gitlab")
    assert mine.read_text() == "build: {script: make}\n" and "--replace" in error.value.hint
    assert exported(place, "gitlab", replace=True)[0].replaced
    exported(place, "gitlab", schedule=None)  # ours: no need to ask
    mine.write_text(mine.read_text().replace("max: 2", "max: 1"))
    with pytest.raises(Conflict, match="changed by hand"):
        exported(place, "gitlab")
    mine.write_bytes(exported(place, "gitlab", replace=True)[1].replace("\n", "\r\n").encode())  # as git may have it
    assert exported(place, "gitlab")[0].replaced
    for output, why in (("flights.yaml", "is the pipeline itself"), (".", "is a folder")):
        with pytest.raises(Invalid, match=why):
            exported(place, "gitlab", output=str(place.root / output), replace=True)


def test_what_cannot_be_is_said(place):
    with pytest.raises(NotFound, match="Nothing is exported to 'jenkins'") as error:
        exported(place, "jenkins")
    assert error.value.hint == "There is: airflow, kubeflow, prefect, github, gitlab, argo, cronjob."
    with pytest.raises(Invalid, match="no image is named"):
        exported(place, "argo", image=None)
    with pytest.raises(Invalid, match="Airflow is given no container image"):
        exported(place, "airflow", image="x:1")
    with pytest.raises(Invalid, match="is no container image"):
        exported(place, "argo", image="ada:hunter2@registry/x {{ y }}")
    with pytest.raises(Invalid, match="A CronJob has a schedule"):
        exported(place, "cronjob", schedule=None)
    with pytest.raises(Invalid, match="no parameter 'mnth'"):
        exported(place, "argo", params={"mnth": 3})
    with pytest.raises(Invalid, match="too long for a command"):
        exported(place, "argo", params={"city": "x" * 40_000})
    (place.root / "report.ipynb").unlink()
    with pytest.raises(NotFound, match=r"Step 'report': there is no notebook"):
        exported(place, "argo")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 6 * *", "has 4 fields, not 5"), ("@daily", "has 1 fields"), ("60 6 * * *", "60 is no minute"), ("0 24 * * *", "24 is no hour"),
        ("0 6 0 * *", "0 is no day of the month"), ("0 6 * 13 *", "13 is no month"), ("0 6 * * 7", "7 is no day of the week"),
        ("0 6 * * MUN", "'MUN' is no day of the week"), ("0 6 * MON *", "'MON' is no month"), ("5-1 6 * * *", "has no minute in it"),
        ("*/0 6 * * *", "has no minute in it"), ("0 6 31 2,4 *", "never comes"), ("0 6 ? * *", "'[?]' is no day"), ("0 6 * * *; id", "fields"),
        ("$(id) 6 * * *", "is no minute"), ("0 6 * * 1#2", "is no day of the week"), ("-5 6 * * *", "is no minute"), ("٣ 6 * * *", "is no minute"),
    ],
)  # fmt: skip
def test_a_schedule_that_is_none_says_where(place, text, why):
    with pytest.raises(Invalid, match=why):
        exported(place, "airflow", schedule=text)


def test_schedules_that_are():
    for text in ("*/15 0-6,20 1-31/2 JAN-MAR,12 MON-FRI", "0 6 29 2 *", "0 6 31 2 FRI", "5/20 * * * 0"):
        assert checked(text) == text


def test_names_become_those_that_kubernetes_allows_and_no_two_are_alike():
    names = ["a", "A", "a.", "a_b", "a-b", "x" * 63, "x" * 64, "X" * 64, "1", "...", "naïve", "whole-pipeline"]
    found = allowed(names, {"whole-pipeline"})
    assert found == allowed(names, {"whole-pipeline"}) and list(found) == names and len(set(found.values())) == len(names)
    assert found["a"] == "a" and found["a-b"] == "a-b" and found["whole-pipeline"] != "whole-pipeline"
    for short in found.values():
        assert len(short) <= 63 and short == short.strip("-") and set(short) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"), short
