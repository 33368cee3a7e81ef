"""GitHub's and GitLab's schemas take what is exported, and a shell executes its lines."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from nbmlops import pipeline
from nbmlops.contract.table import verbs
from tests.exports.conftest import CITY, program
from tests.exports.said import all_is_made, steps

pytestmark = [pytest.mark.exports, pytest.mark.slow]
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}


def lines_of(target, found):
    """The lines that a job's shell executes."""
    if target == "gitlab":
        return next(iter(found.values()))["script"]
    return [step["run"] for step in found["jobs"]["pipeline"]["steps"] if "run" in step]


@pytest.mark.parametrize("schedule", [None, "0 6 * * MON-FRI"])
@pytest.mark.parametrize("target", ["github", "gitlab"])
def test_the_service_s_schema_takes_it_and_nothing_else(place, manifests, tmp_path, target, schedule):
    file, how = str(place.root / "air's.yaml"), {"to": target, "schedule": schedule, "params": {"city": CITY}, "workspace": place}
    found = pipeline.export(file, **how)
    check = ("-m", "check_jsonschema", "--builtin-schema", SCHEMAS[target])
    done = manifests(*check, found.file, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    bad = tmp_path / "bad.yml"
    text = Path(found.file).read_text("utf-8")
    for was, other in {"github": [("runs-on:", "runs-at:"), ("steps:", "stepz:")], "gitlab": [("script:", "scripts:"), ("when: always", "when: ever")]}[target]:
        assert was in text
        bad.write_text(text.replace(was, other, 1))
        assert manifests(*check, bad, cwd=tmp_path).returncode != 0, other


@pytest.mark.parametrize("target", ["github", "gitlab"])
def test_a_shell_executes_the_job_s_lines(place, shell, tmp_path, target):
    params = {"city": CITY, "month": 7}
    found = pipeline.export(str(place.root / "air's.yaml"), to=target, params=params, workspace=place)
    lines = lines_of(target, yaml.safe_load(Path(found.file).read_text("utf-8")))
    assert lines[0].startswith("python -m pip install nbmlops==")
    # What only the service has: an index to install from, and a file for the summary.
    program(tmp_path / "bin" / "python", f'#!/bin/sh\necho "$@" >> {tmp_path}/installed\n')
    if "ci" not in {parameter.name for parameter in verbs()["pipeline.run"].parameters}:
        path = tmp_path / "bin" / "nbmlops"
        cut = 'for word; do shift; case "$word" in --ci) skip=1;; *) [ "$skip" ] && skip= || set -- "$@" "$word";; esac; done\n'
        program(path, path.read_text().replace("unset", f"mkdir -p report; echo done > report/report.md\n{cut}unset"))
    env = {**shell, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    options = ["-eo", "pipefail"] if target == "github" else ["-e"]
    done = subprocess.run(["bash", *options, "-c", "\n".join(lines)], cwd=place.root, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all_is_made(place) and (tmp_path / "installed").read_text().startswith("-m pip install nbmlops==")
    assert steps(place) == [("prepare", "finished", 1), ("Train.it", "finished", 2), ("report", "finished", 1)]
    assert os.listdir(place.root / "report") and (target == "gitlab" or (tmp_path / "summary").read_text())
