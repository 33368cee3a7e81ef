"""Kills: a pipeline of five steps, killed at random moments; each time it goes on, and its artifacts are those of one left alone.

Killed are the runner, the process that executes, its kernel, or everything at once. One step takes checkpoints after every cell.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import psutil

KILLS = 200
_EACH = 5  # kills before it is left alone
PIPELINE = """
params: {n: 400}
steps:
  draw: {notebook: draw.ipynb, params: {n: "${params.n}"}, outputs: [raw.csv]}
  clean: {notebook: clean.ipynb, inputs: [raw.csv], outputs: [clean.csv], checkpoint_s: 0}
  train: {notebook: train.ipynb, params: {rows: "${clean.rows}"}, inputs: [clean.csv], outputs: [model.json]}
  score: {notebook: score.ipynb, inputs: [model.json, clean.csv], outputs: [scores.csv]}
  report: {notebook: report.ipynb, params: {mean: "${score.mean}"}, inputs: [scores.csv], outputs: [report/all.txt]}
"""
NOTEBOOKS = {
    "draw": ["n = 1", "import random\nrandom.seed(3)\nrows = [random.gauss(0, 1) for _ in range(n)]",
             "with open('raw.csv', 'w') as file:\n    for row in rows:\n        file.write(f'{row!r}\\n')"],
    "clean": ["low = -1.0", "values = [float(line) for line in open('raw.csv')]\nfile = 'clean.csv'",
              "class Cut:\n    def __call__(self, value): return max(value, low)\ncut = Cut()",
              "open(file, 'w').writelines(f'{cut(value)!r}\\n' for value in values[:200])",
              "open(file, 'a').writelines(f'{cut(value)!r}\\n' for value in values[200:])",
              "%load_ext nbmlops\n%mlops run log rows={len(values)}"],
    "train": ["rows: int = 0", "values = [float(line) for line in open('clean.csv')]\nassert len(values) == rows",
              "import json\njson.dump({'mean': sum(values) / len(values)}, open('model.json', 'w'))"],
    "score": ["scale = 2.0", "import json\nmean = json.load(open('model.json'))['mean']",
              "values = [float(line) for line in open('clean.csv')]",
              "open('scores.csv', 'w').writelines(f'{(value - mean) * scale!r}\\n' for value in values)",
              "%load_ext nbmlops\n%mlops run log mean={mean}"],
    "report": ["mean = 0.0", "import os\nos.makedirs('report', exist_ok=True)\nlines = open('scores.csv').read().split()",
               "open('report/all.txt', 'w').write(f'{len(lines)} {mean!r} {max(map(float, lines))!r}')"],
}  # fmt: skip


def measure(kills: int = KILLS) -> dict[str, Any]:
    """How many kills there were, of what, during what; and whether all that came of it was right."""
    chance = random.Random(11)
    killed: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="nbmlops-kills-") as held:
        alone = _place(Path(held) / "alone")
        _asked(alone).wait()
        expected = _artifacts(alone)
        assert len(expected) == 5, expected
        began, rounds = time.monotonic(), 0
        while sum(killed.values()) < kills:
            rounds += 1
            place = _place(Path(held) / f"round-{rounds}")
            for _ in range(_EACH):
                what = chance.choice(["the runner", "what executes", "the kernel", "everything"])
                if _killed(place, what, chance.uniform(0.3, 4.5)):
                    killed[what] += 1
                    print(f"\r{sum(killed.values())} kills", end="", file=sys.stderr, flush=True)
            code = _asked(place).wait()
            if code or _artifacts(place) != expected:
                wrong.append(f"round {rounds}: exit {code}, {sorted(_artifacts(place))}")
            if (twice := {step: times for step, times in _committed(place).items() if times != 1}) or len(_committed(place)) != 5:
                wrong.append(f"round {rounds}: committed {twice or _committed(place)}")
            shutil.rmtree(place)
        return {"kills": killed, "rounds": rounds, "wrong": wrong, "seconds": time.monotonic() - began}


def shown(found: dict[str, Any]) -> str:
    """What was killed how often, and what was wrong."""
    from tabulate import tabulate

    rows = [[what, times] for what, times in sorted(found["kills"].items())] + [["in all", sum(found["kills"].values())]]
    said = f"{found['rounds']} pipelines, {len(found['wrong'])} with other artifacts, or a step committed twice or not at all"
    return "\n".join([str(tabulate(rows, ["killed", "times"], tablefmt="github")), "", said, *found["wrong"]])


def _place(folder: Path) -> Path:
    folder.mkdir()
    (folder / "p.yaml").write_text(PIPELINE)
    for name, (parameters, *cells) in NOTEBOOKS.items():
        book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
        book.cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}), *map(nbformat.v4.new_code_cell, cells)]
        nbformat.write(book, folder / f"{name}.ipynb")
    (folder / ".nbmlops").mkdir(exist_ok=True)
    return folder


def _asked(place: Path) -> subprocess.Popen[bytes]:
    words = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", "run", "p.yaml"]
    return subprocess.Popen(words, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def _killed(place: Path, what: str, after_s: float) -> bool:
    """Begin or go on, kill after so many seconds, wait until nothing of it runs any more; False if it was done before."""
    asked = _asked(place)
    time.sleep(after_s)
    if asked.poll() is not None:
        return False
    runner = psutil.Process(asked.pid)
    below = runner.children(recursive=True)
    words = {process: " ".join(_words(process)) for process in below}
    aims = {
        "the runner": [runner], "everything": [runner, *below],
        "what executes": [process for process in below if "nbmlops.pipelines.child" in words[process]],
        "the kernel": [process for process in below if "ipykernel" in words[process]],
    }[what]  # fmt: skip
    for process in aims or [runner]:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGKILL)
    asked.wait(120)
    end = time.monotonic() + 30
    while any(_lives(process) for process in below) and time.monotonic() < end:
        time.sleep(0.05)
    return True


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _artifacts(place: Path) -> dict[str, bytes]:
    paths = [place / name for name in ("raw.csv", "clean.csv", "model.json", "scores.csv", "report/all.txt")]
    return {path.name: path.read_bytes() for path in paths if path.exists()}


def _committed(place: Path) -> dict[str, int]:
    words = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", "find", "--json", "--limit", "1000"]
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=True, env={**os.environ})
    return dict(Counter(step["step"] for run in json.loads(done.stdout) for step in run["steps"] if step["status"] == "finished"))
