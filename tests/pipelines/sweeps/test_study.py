"""Studies executed, with real kernels: whatever fails, is pruned or killed on the way."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbmlops import model, pipeline, run
from nbmlops.errors import Conflict
from nbmlops.pipelines.sweeps.records import Study
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import TRAIN, written

pytestmark = pytest.mark.slow
COUNT = "open('count.txt', 'a').write(f'{alpha} {depth}\\n');"
LOG = "from nbmlops import run\nrun.log({'rmse': rmse});"


@pytest.fixture
def place(folder: Path):
    found = Workspace.at(folder)
    yield found
    found.close()


def notebook(place: Workspace, *cells: str, parameters: str = "alpha = 1.0\ndepth: int = 1") -> str:
    return str(written(place.root / "in.ipynb", COUNT, *cells, LOG, parameters=parameters))


def shell(place: Workspace, *words: str, **more: Any) -> subprocess.Popen[str]:
    line = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", *words]
    return subprocess.Popen(line, cwd=place.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def counted(place: Workspace) -> list[str]:
    count = place.root / "count.txt"
    return sorted(count.read_text().splitlines()) if count.exists() else []


def trial_runs(place: Workspace, name: str) -> dict[int, list[str]]:
    """The statuses of the runs that each trial had."""
    found: dict[int, list[str]] = {}
    for one in RunBook(place).find(f"tags.study = '{name}' and kind = papermill", sort="started asc", limit=1000):
        found.setdefault(int(one.tags["trial"]), []).append(one.status)
    return found


def until(what: Any, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_a_grid_by_the_shell_is_one_run_with_its_trials_and_the_best_is_registered(place: Workspace) -> None:
    written(place.root / "in.ipynb", TRAIN.replace("alpha=alpha", "alpha=alpha, positive=kind == '<b>&'"), parameters="alpha = 1.0\nkind = 'x'")
    words = ["sweep", "in.ipynb", "--over", "alpha=[100, 1, 1e4]", "--over", 'kind=["x", "<b>&"]', "--metric", "mae", "--name", "grid"]
    began = shell(place, *words, "--json")
    out, err = began.communicate(timeout=300)
    assert began.returncode == 0, err
    told = json.loads(out)
    assert (told["status"], told["complete"], told["by"], told["asked"], told["direction"]) == ("finished", 6, "grid", 6, "minimize")
    tried = sorted((one["params"]["alpha"], one["params"]["kind"]) for one in told["trials"])
    assert tried == [(1, "<b>&"), (1, "x"), (100, "<b>&"), (100, "x"), (1e4, "<b>&"), (1e4, "x")]
    values = [one["metrics"]["mae"] for one in told["trials"]]
    assert values == sorted(values) and told["best"] == values[0] and told["best_params"] == told["trials"][0]["params"]

    record = run.show(told["run"], workspace=place)
    assert (record.run.kind, record.run.status, record.run.metrics) == ("study", "finished", {"mae": values[0]})
    assert record.run.params["over.alpha"] == "[100, 1, 10000.0]" and record.run.params["metric"] == "mae" and record.run.notebook == str(place.root / "in.ipynb")
    assert [trial.number for trial in record.trials] == list(range(6)) and {trial.source for trial in record.trials} == {"sweep"}
    for trial in record.trials:
        own = run.show(trial.own_run, workspace=place).run
        assert (own.tags["study"], own.tags["trial"], own.metrics["mae"]) == ("grid", str(trial.number), trial.metrics["mae"])
        assert {name: own.params[name] for name in trial.params} == trial.params and own.experiment == "grid"
    assert record.run.tags["best"] == told["best_run"] and RunBook(place).count() == 7

    assert told["register"] == f"%mlops model register MODEL --run {told['best_run']}"
    assert model.register("m", run=told["best_run"], workspace=place).metrics["mae"] == values[0]

    # Asked again it answers, and executes nothing; the text is a table, and what the values hold is text.
    again = shell(place, *words)
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0 and RunBook(place).count() == 7, err
    assert "trials" in out and "<b>&" in out and "register" in out
    from nbmlops.doors.display import chart_of, html_of

    shown = pipeline.study("grid", workspace=place)
    assert "<b>" not in html_of(shown).replace("<b>&amp;", "") and "&lt;b&gt;&amp;" in html_of(shown)
    assert [axis.name for axis in chart_of(shown).panels[0].axes] == ["alpha", "kind", "mae"]
    assert set(shown.importance) == {"alpha", "kind"} and [one.name for one in pipeline.studies(workspace=place)] == ["grid"]


def done(place: Workspace) -> int:
    return int(place.ledger.read("SELECT count(*) AS n FROM trial WHERE state = 'complete'")[0]["n"])


def test_of_equals_the_first_is_the_best_even_where_it_ends_last(place: Workspace) -> None:
    over = "run.find('params.wait = 1 and status = finished')"
    later = f"import time\nfrom nbmlops import run\nwhile not wait and not {over}: time.sleep(0.05)\nrun.log({{'mae': 1.0}})"
    written(place.root / "in.ipynb", later, parameters="wait = 0")
    told = pipeline.sweep("in.ipynb", over={"wait": [0, 1]}, metric="mae", name="equal", jobs=2, workspace=place)
    first, second = (trial.own_run for trial in sorted(told.trials, key=lambda trial: trial.number))
    ended = [run.show(str(one), workspace=place).run.ended_at for one in (first, second)]
    assert ended[0] > ended[1] and told.best_run == first
    assert run.show(told.run, workspace=place).run.tags["best"] == first


def test_thirty_trials_by_optuna_killed_at_any_moment_are_thirty_and_none_twice(place: Workspace) -> None:
    notebook(place, "rmse = (alpha - 0.3) ** 2 + depth")
    words = ["sweep", "in.ipynb", "--over", "alpha=0.01..10,log", "--over", "depth=1..5", "--metric", "rmse", "--trials", "30", "--by", "optuna", "--name", "s"]
    chance = random.Random(11)
    for how in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGKILL):
        asked, until = shell(place, *words), done(place) + chance.randint(1, 5)
        while done(place) < until and asked.poll() is None:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 0.4))
        asked.send_signal(how)
        asked.communicate(timeout=60)
        assert asked.returncode == (130 if how == signal.SIGINT else -how)
        now = pipeline.study("s", workspace=place)
        assert now.status == "killed" and now.error == ("Interrupted." if how == signal.SIGINT else "The process that ran it is gone.")
        assert {trial.state for trial in now.trials} <= {"complete", "killed"}
    last = shell(place, *words, "--json")
    out, err = last.communicate(timeout=500)
    assert last.returncode == 0, err
    found = json.loads(out)
    assert (found["status"], found["complete"], found["failed"], found["error"]) == ("finished", 30, 0, None)
    assert sorted(one["number"] for one in found["trials"]) == list(range(30))
    runs = trial_runs(place, "s")
    assert sorted(runs) == list(range(30)) and {statuses.count("finished") for statuses in runs.values()} == {1}
    assert {status for statuses in runs.values() for status in statuses} <= {"finished", "killed"} and [s[-1] for s in runs.values()] == ["finished"] * 30
    assert len(RunBook(place).find("kind = study")) == 1
    values = {f"{one['params']['alpha']} {one['params']['depth']}" for one in found["trials"]}
    assert values <= set(counted(place)) and len(values) == 30, "a trial that was killed was executed again with the values it had"
    assert found["best"] == min((one["params"]["alpha"] - 0.3) ** 2 + one["params"]["depth"] for one in found["trials"]) < 1.5
    assert not [process for process in psutil.process_iter() if _works_in(process, place.root)]

    # More of it goes on where it was.
    more = pipeline.sweep(str(place.root / "in.ipynb"), name="s", trials=32, workspace=place)
    assert (more.complete, more.run, more.by) == (32, found["run"], "optuna")
    assert {n: s for n, s in trial_runs(place, "s").items() if n < 30} == runs, "what had ended was left alone"


def test_pruning_stops_what_is_worse_than_the_others_and_says_at_which_step(place: Workspace) -> None:
    steps = "import time\nfrom nbmlops import run\nfor step in range(40 if depth > 6 else 4):\n    run.log({'rmse': depth + 1 / (step + 1)}, step=step); time.sleep(0.5 if depth > 6 else 0)"
    at = written(place.root / "in.ipynb", steps, "open(f'whole-{depth}', 'w');", parameters="depth = 1")
    found = pipeline.sweep(str(at), over={"depth": [1, 2, 3, 4, 5, 7, 8]}, by="grid", metric="rmse", prune=True, jobs=2, workspace=place)
    states = {trial.params["depth"]: trial for trial in found.trials}
    assert (found.complete, found.pruned, found.failed, found.status) == (5, 2, 0, "finished") and found.best_params == {"depth": 1}
    for depth in (7, 8):
        trial = states[depth]
        own = RunBook(place).run(trial.own_run)
        assert trial.state == "pruned" and trial.note and trial.note.startswith("Pruned at step ") and 0 <= int(trial.note[15:-1]) < 30
        assert own.status == "killed" and own.error == trial.note and own.tags["trial"] == str(trial.number) and not (place.root / f"whole-{depth}").exists()
        assert trial.metrics["rmse"] > depth
    assert (place.root / "whole-5").exists()
    # What was pruned has ended: nothing is executed again, and more of it knows of them.
    again = pipeline.sweep(str(at), over={"depth": [1, 2, 3, 4, 5, 7, 8]}, by="grid", metric="rmse", prune=True, workspace=place)
    assert again == found


def test_trials_that_fail_are_kept_and_the_rest_goes_on(place: Workspace) -> None:
    cells = [
        "if kind == 'raises': raise ValueError('no <rows>')", "import os\nif kind == 'dies': os._exit(3)", "import time\nif kind == 'slow': time.sleep(300)",
        "rmse = {'nan': float('nan'), 'worst': float('-inf'), 'good': 0.5}.get(kind, 1.0)", "from nbmlops import run\nif kind != 'silent': run.log({'rmse': rmse})",
    ]  # fmt: skip
    at = written(place.root / "in.ipynb", *cells, parameters="kind = ''")
    kinds = ["other", "raises", "dies", "nan", "worst", "silent", "slow", "good"]
    found = pipeline.sweep(str(at), over={"kind": kinds}, metric="rmse", name="f", timeout_s=20, workspace=place)
    assert (found.status, found.complete, found.failed, found.best, found.best_params) == ("finished", 2, 6, 0.5, {"kind": "good"})
    notes = {trial.params["kind"]: trial.note for trial in found.trials}
    assert notes["raises"] == "ValueError: no <rows>" and notes["dies"] == "The kernel died." and notes["slow"] == "Stopped after 20 s."
    assert notes["nan"] == "Its rmse is nan." and notes["worst"] == "Its rmse is -inf." and "no value 'rmse'" in notes["silent"]
    assert "%mlops run log rmse={rmse}" in notes["silent"] and notes["good"] is None

    written(at, "1 / 0", parameters="alpha = 1.0")
    failing = pipeline.sweep(str(at), over={"alpha": "0..1"}, metric="rmse", trials=20, by="random", jobs=2, workspace=place)
    assert failing.status == "failed" and not failing.passed and failing.best is None
    assert failing.error == "The first 5 trials failed. The first: ZeroDivisionError: division by zero" and 5 <= failing.failed <= 7


def test_code_that_changes_on_the_way_ends_the_study_and_nothing_is_mixed(place: Workspace) -> None:
    changing = "if alpha == 2: open('in.ipynb', 'a').write(' '); text = open('in.ipynb').read(); open('in.ipynb', 'w').write(text.replace('rmse = alpha', 'rmse = 1'))"
    at = notebook(place, "rmse = alpha", changing)
    found = pipeline.sweep(at, over={"alpha": [1, 2, 3, 4]}, metric="rmse", name="c", jobs=1, workspace=place)
    assert (found.status, found.complete, found.error) == ("failed", 2, "Its code was changed while it was executed.")
    with pytest.raises(Conflict, match="its code"):
        pipeline.sweep(at, over={"alpha": [1, 2, 3, 4]}, metric="rmse", name="c", workspace=place)


def test_only_one_process_at_a_time_and_an_interrupted_study_goes_on(place: Workspace) -> None:
    notebook(place, "import time; time.sleep(2)", "rmse = alpha")
    words = ["sweep", "in.ipynb", "--over", "alpha=[1, 2, 3, 4]", "--metric", "rmse", "--name", "one", "--jobs", "2"]
    first = shell(place, *words)
    until(lambda: len(counted(place)) >= 2)
    with pytest.raises(Conflict, match=f"being executed already.*process {first.pid}"):
        pipeline.sweep(str(place.root / "in.ipynb"), name="one", workspace=place)
    first.send_signal(signal.SIGINT)
    _, err = first.communicate(timeout=60)
    now = pipeline.study("one", workspace=place)
    assert first.returncode == 130 and "Traceback" not in err and (now.status, now.error) == ("killed", "Interrupted.")
    halves = {n: statuses for n, statuses in trial_runs(place, "one").items() if statuses != ["finished"]}
    assert halves and {status for statuses in halves.values() for status in statuses} == {"killed"}
    (half,) = RunBook(place).find(f"tags.trial = {next(iter(halves))} and kind = papermill")
    assert half.error == "The study was interrupted."
    found = pipeline.sweep(str(place.root / "in.ipynb"), name="one", workspace=place)
    assert (found.complete, found.best, found.error, found.run) == (4, 1.0, None, now.run)
    assert all(trial_runs(place, "one")[n] == ["killed", "finished"] for n in halves)


def test_of_a_pipeline_what_does_not_change_is_executed_once(place: Workspace) -> None:
    root = place.root
    written(root / "prepare.ipynb", "open('prepared.txt', 'a').write('x'); open('clean.csv', 'w').write('1');", parameters=None)
    written(root / "train.ipynb", "from nbmlops import run\nrun.log({'rmse': (alpha - 2) ** 2});", parameters="alpha = 1.0")
    (root / "p.yaml").write_text(
        "params: {alpha: 1.0}\nsteps:\n  prepare: {notebook: prepare.ipynb, outputs: [clean.csv]}\n"
        "  train: {notebook: train.ipynb, inputs: [clean.csv], params: {alpha: '${params.alpha}'}}\n"
    )
    found: Study = pipeline.sweep(str(root / "p.yaml"), over={"alpha": [1.0, 2.0, 5.0]}, metric="rmse", workspace=place)
    assert (found.status, found.complete, found.best, found.best_params) == ("finished", 3, 0.0, {"alpha": 2.0}), found
    assert (root / "prepared.txt").read_text() == "x"
    own = RunBook(place).run(found.best_run)
    assert own.params["alpha"] == 2.0 and (own.tags["step"], own.tags["study"], own.tags["trial"]) == ("train", found.name, "1")
    assert pipeline.sweep(str(root / "p.yaml"), over={"alpha": [1.0, 2.0, 5.0]}, metric="rmse", workspace=place) == found


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
