"""A pipeline in CI: what makes the model worse says so and does not pass."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from nbmlops import model, pipeline, run
from nbmlops.errors import Invalid, NotFound
from tests.pipelines.notebooks import written
from tests.reports.conftest import PIPELINE, PREPARE, TRAIN

pytestmark = pytest.mark.slow


def metric(came, against, name):
    return next(one for one in came.data["metrics"] if (one["against"], one["metric"]) == (against, name))


def test_a_change_that_makes_the_model_worse_says_so_and_does_not_pass(project, tmp_path, opened):
    project.commit(p_yaml=PIPELINE.format(alpha=5000.0))
    first = project.ci()
    assert first.code == 0 and "No execution of main is known here: run it there and keep .nbmlops" in first.markdown, first.log
    assert first.cases()["metrics against the baseline"][0] == "skipped" and "· train: running: never executed" in first.log

    project.git("checkout", "-qb", "weaker")
    project.commit(p_yaml=PIPELINE.format(alpha=50_000.0))
    summary = tmp_path / "summary.md"
    worse = project.ci("--json", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary), GITHUB_WORKSPACE=str(tmp_path))
    mae = metric(worse, "baseline", "mae")
    assert worse.code == 1 and mae["judgement"] == "worse" and mae["value"] > 2 * mae["other"]
    there, here = f"{mae['other']:.6g}", f"{mae['value']:.6g}"
    assert re.search(rf"❌ \| `train` \| `mae` \| {here} \| {there} \|.*\| 1 % \| \*\*worse\*\*; lower is better", worse.markdown)
    outcome, message, _ = worse.cases()["train.mae against the baseline"]
    assert outcome == "failure" and here in message and there in message and "at most 1 % is allowed" in message
    assert worse.markdown.startswith("## ❌ `p`: 1 metric is worse") and "of `weaker`" in worse.markdown and "Compared with `main at " in worse.markdown
    assert summary.read_text() == worse.markdown + "\n" and f"::error::train.mae against the baseline: mae is {here}, was {there}" in worse.log
    assert "| `train` | `alpha` | `5000.0` | `50000.0` |" in worse.markdown and "| ⏭️ | `prepare` | skipped |" in worse.markdown
    assert worse.cases()["prepare"] == ("passed", "None", worse.cases()["prepare"][2]) and "nothing changed since" in worse.cases()["prepare"][2]
    assert "did not pass" in worse.log and json.loads(worse.out)["checks"][0]["passed"] is False

    project.git("checkout", "-q", "main")
    project.git("checkout", "-qb", "better")
    project.commit(p_yaml=PIPELINE.format(alpha=1.0))
    better = project.ci()
    assert better.code == 0 and metric(better, "baseline", "mae")["judgement"] == "better" and better.markdown.startswith("## ✅"), better.markdown
    assert f"| {metric(better, 'baseline', 'mae')['value']:.6g} | {there} |" in better.markdown

    # Allowed to be so much worse; not judged; against another; and what cannot be asked.
    project.git("checkout", "-q", "weaker")
    assert project.ci("--tolerance", "mae=1000").code == 0
    off = project.ci("--tolerance", "train.mae=off", "--tolerance", "nobody=1")
    assert off.code == 0 and "nobody: no metric that was compared" in off.markdown
    against = project.ci("--against", worse.data["run"])
    assert against.code == 0 and metric(against, "baseline", "mae")["judgement"] == "same"
    assert project.ci("--against", "better").code == 1
    place = opened(tmp_path)
    for asked, words in (({"tolerance": {"mae": -1}}, "no tolerance"), ({"against": "run-06aaaaaaaaaa"}, "no run"), ({"baseline": "nobody.json"}, "no report")):
        with pytest.raises((Invalid, NotFound), match=words):
            pipeline.run(str(tmp_path / "p.yaml"), ci=str(tmp_path / "other"), workspace=place, **asked)
        assert words in (tmp_path / "other" / "report.md").read_text()
    with pytest.raises(Invalid, match="only it compares"):
        pipeline.run(str(tmp_path / "p.yaml"), model="m", workspace=place)

    # Merged by squashing, main's steps are skipped: their runs are the branch's, and the execution is main's all the same.
    project.git("checkout", "-q", "main")
    project.commit(p_yaml=PIPELINE.format(alpha=1.0))
    merged = project.ci()
    assert merged.code == 0 and {step["status"] for step in merged.data["steps"]} == {"skipped"}
    project.git("checkout", "-qb", "next")
    following = project.ci()
    assert following.data["baseline"]["run"] == merged.data["run"]


def test_the_report_of_another_machine_is_a_baseline_and_a_change_of_data_is_shown(project, tmp_path, tmp_path_factory):
    assert project.ci().code == 0
    other = tmp_path_factory.mktemp("container") / "checkout"
    shutil.copytree(tmp_path, other, ignore=shutil.ignore_patterns(".nbmlops", "out", "report"))
    there = type(project)(other)
    (other / "x.csv").write_text("a,b\n" + "".join(f"{n},{n * 2 + n % 3 * 40}\n" for n in range(90)))
    (other / "main").mkdir()
    shutil.copy(tmp_path / "report" / "report.json", other / "main" / "report.json")
    worse = there.ci("--baseline", "main/report.json")
    assert worse.code == 1 and metric(worse, "baseline", "mae")["judgement"] == "worse" and "from report.json" in worse.markdown
    assert "| `prepare` | `x.csv` | changed |" in worse.markdown and metric(worse, "baseline", "rows")["judgement"] == "shown"
    # In one workspace both versions can be read, and columns and rows are told.
    shutil.copy(other / "x.csv", tmp_path / "x.csv")
    project.git("checkout", "-qb", "data")
    project.commit()
    assert project.ci().code == 1
    came = project.ci()  # skipped by now, and worse all the same
    assert came.code == 1 and re.search(r"`prepare` \| `x.csv` \| changed \| .* \| 60 \| 90 \| `.*b \(values\)", came.markdown), came.markdown
    (other / "main" / "report.json").write_text('{"schema_version": 1, "status": "finished", "steps": 3}')
    bad = there.ci("--baseline", "main/report.json")
    assert bad.code == 1 and "report.json is no report" in bad.markdown and bad.cases()["execution"][0] == "error"


def test_a_champion_and_its_gate(project, tmp_path, opened):
    project.commit(p_yaml="model: rides\n" + PIPELINE.format(alpha=1.0))
    first = project.ci()
    assert first.code == 0 and "Model rides has no champion here." in first.markdown
    place = opened(tmp_path)
    train = next(step["run"] for step in first.data["steps"] if step["step"] == "train")
    model.register("rides", run=train, workspace=place)
    model.promote("rides", 1, workspace=place)
    model.gate("rides", "mae", limit=5, workspace=place)
    assert "of this very run" in project.ci().markdown
    project.git("checkout", "-qb", "weaker")
    project.commit(p_yaml="model: rides\n" + PIPELINE.format(alpha=50_000.0))
    worse = project.ci("--tolerance", "mae=off")
    assert worse.code == 1 and [one["passed"] for one in worse.data["gate"]] == [False, False] and not worse.data["notes"]
    assert "### Gate of `rides`" in worse.markdown and "at most 5 is asked, as the run measured it" in worse.cases()["gate of rides: mae at most 5"][1]
    worse = project.ci("--against", "weaker")
    assert metric(worse, "champion", "mae")["judgement"] == "worse" and "Metrics against the champion `rides 1`" in worse.markdown
    assert worse.cases()["train.mae against the champion"][0] == "failure" and not model.show("rides", workspace=place).versions[1:]
    # The champion is known from main's report where the workspace is new.
    shutil.rmtree(tmp_path / ".nbmlops")
    (tmp_path / "out" / "clean.csv").unlink()
    shutil.copy(tmp_path / "report" / "report.json", tmp_path / "main.json")
    again = project.ci("--baseline", "main.json")
    assert again.code == 1 and metric(again, "champion", "mae")["judgement"] == "worse" and metric(again, "baseline", "mae")["judgement"] == "same"


FAILS = "import sys\nprint('before')\nvalue = {'a': 1}\nraise ValueError('no | `column` <b> @ada #12 password=hunter2secret')"


def test_a_notebook_that_fails_is_told_by_cell_and_last_lines(project, tmp_path):
    written(tmp_path / "prepare.ipynb", "1 + 1", FAILS, parameters=None)
    came = project.ci(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(tmp_path.parent))
    outcome, message, text = came.cases()["prepare"]
    assert came.code == 1 and outcome == "failure" and message.startswith("code cell 2: ValueError: no | `column` <b>")
    assert "executed: notebooks/prepare.html" in text and "value = {'a': 1}" in text and "----> 4 raise ValueError" in text
    assert came.cases()["train"] == ("skipped", "prepare did not come to its end", "")
    assert came.markdown.startswith("## ❌ `p`: 1 step failed") and "failed in code cell 2: ``ValueError: no \\| `column` <b> @ada #12" in came.markdown
    everything = came.log + "".join(path.read_text() for path in (tmp_path / "report").rglob("*.*"))
    assert "hunter2secret" not in everything and "ValueError" in (tmp_path / "report" / "notebooks" / "prepare.html").read_text()
    assert f"::error file={tmp_path.name}/prepare.ipynb::Step prepare failed in code cell 2" in came.log and "::group::prepare" in came.log
    assert not (tmp_path / "report" / "notebooks" / "train.html").exists() and came.data["steps"][0]["failed_cell"] == 1


def test_what_could_not_begin_is_written_down_too(project, tmp_path):
    for text, words in (("steps: {", "p.yaml"), ("steps: {a: {notebook: nope.ipynb}}", "Step 'a': There is no notebook")):
        (tmp_path / "p.yaml").write_text(text)
        came = project.ci()
        outcome, message, _ = came.cases()["execution"]
        assert came.code == 1 and outcome == "error" and words in message and "it could not start" in came.markdown and words in came.log
        assert came.data["status"] == "failed" and came.data["run"] is None and "could not start" in (tmp_path / "report" / "report.html").read_text()
    (tmp_path / "report" / "junit.xml").unlink()
    (tmp_path / "file").write_text("")
    assert "cannot be written" in project.ci("--ci", "file/report").log and not (tmp_path / "report" / "junit.xml").exists()


def test_without_git_and_without_a_home(tmp_path, project):
    shutil.rmtree(tmp_path / ".git")
    came = project.ci(GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert came.code == 0 and "There is no git repository here" in came.markdown and came.data["commit"] is None
    assert "mae" in came.markdown and "### Metrics\n" in came.markdown
    again = project.ci("--force", "--against", came.data["run"], GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert again.code == 0 and metric(again, "baseline", "mae")["judgement"] == "same"


def test_a_metric_that_is_told_no_more_does_not_pass(project, tmp_path):
    project.ci()
    project.git("checkout", "-qb", "silent")
    written(tmp_path / "train.ipynb", TRAIN.replace("run.log({\"mae\": mae});", "run.log({\"mae\": float('nan')});").replace("val_loss", "other_loss"), parameters="alpha = 1.0")
    project.commit()
    came = project.ci()
    assert came.code == 1 and metric(came, "baseline", "val_loss")["judgement"] == "missing" and metric(came, "baseline", "other_loss")["judgement"] == "new"
    assert metric(came, "baseline", "mae")["judgement"] == "worse" and came.data["steps"][1]["metrics"]["mae"] == "NaN"
    assert project.ci("--tolerance", "val_loss=off", "--tolerance", "mae=off").code == 0


def test_the_notebooks_are_pages_that_run_nothing(project, tmp_path):
    shows = [
        "import pandas as pd\npd.DataFrame({'a': [1.25], 'b': ['<i>x</i>']})",
        "from IPython.display import HTML, Javascript, SVG, display\ndisplay(HTML('<scr' + 'ipt>alert(1)</scr' + 'ipt><b on' + 'click=\"x()\">bold</b>'))",
        "display(Javascript('alert' + '(2)')); display(HTML('<img src=\"https://exam' + 'ple.org/x.png\"><ifr' + 'ame src=x></ifr' + 'ame>'))",
        "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"><scr' + 'ipt>alert(3)</scr' + 'ipt></svg>'))",
        "display({'application/vnd.plotly.v1+json': {}, 'text/html': '<scr' + 'ipt>Plotly</scr' + 'ipt>'}, raw=True)",
    ]
    written(tmp_path / "prepare.ipynb", PREPARE, *shows, parameters=None)
    book = nbformat.read(tmp_path / "prepare.ipynb", 4)
    book.cells.insert(0, nbformat.v4.new_markdown_cell("# A *title*\n\n<script>alert(4)</script>\n\n[go](javascript:alert(5))"))
    nbformat.write(book, tmp_path / "prepare.ipynb")
    assert project.ci().code == 0
    page = (tmp_path / "report" / "notebooks" / "prepare.html").read_text()
    assert re.search(r"<th>a</th>\s*<th>b</th>", page) and "<td>1.25</td>" in page and "<em>title</em>" in page and "<b>bold</b>" in page
    for word in ("<script", "<iframe", "onclick=", "javascript:", "<b on", "example.org", "cdnjs", "unpkg"):
        assert word not in page, word
    soup = BeautifulSoup(page, "html.parser")
    assert {str(image.get("src", "data:image/"))[:11] for image in soup.find_all("img")} == {"data:image/"} and not soup.find_all("svg")
    assert "Content-Security-Policy" in page and "default-src 'none'" in page and "data:image/svg+xml;base64," in page
    assert "Something interactive was shown here" in page
    report = (tmp_path / "report" / "report.html").read_text()
    assert report.count("data:image/svg+xml;base64,") == 3 and 'href="notebooks/train.html"' in report and "<script" not in report and "http:" not in report and "https:" not in report


def test_interrupted_it_is_told_as_far_as_it_came(project, tmp_path):
    import os
    import signal
    import time

    written(tmp_path / "train.ipynb", "open('began', 'w').close()", "import time; time.sleep(120)", parameters="alpha = 1.0")
    words = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", "run", "p.yaml", "--ci", "report"]
    asked = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "HOME": "/dev/null"})
    until = time.monotonic() + 120
    while not (tmp_path / "began").exists() and time.monotonic() < until:
        time.sleep(0.1)
    asked.send_signal(signal.SIGINT)
    _, said = asked.communicate(timeout=120)
    came = json.loads((tmp_path / "report" / "report.json").read_text())
    assert asked.returncode == 130 and came["status"] == "cancelled" and came["error"] == "Interrupted.", said
    assert {step["step"]: step["status"] for step in came["steps"]} in ({"prepare": "finished", "train": "killed"}, {"prepare": "finished", "train": "failed"})


def test_a_run_of_a_step_is_a_baseline(project, tmp_path, opened):
    first = project.ci()
    place = opened(tmp_path)
    prepared, trained = (next(step["run"] for step in first.data["steps"] if step["step"] == name) for name in ("prepare", "train"))
    found = pipeline.run(str(tmp_path / "p.yaml"), ci=str(tmp_path / "report"), against=trained, only="train", force=True, workspace=place)
    assert found.passed and {check.name for check in found.checks} == {"train.val_loss against the baseline", "train.mae against the baseline"}
    assert run.show(prepared, workspace=place).run.status == "finished"
