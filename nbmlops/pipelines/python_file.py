"""A pipeline that a Python file describes: what it binds `pipeline` to. The file is executed in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid

_MOST_S = 60
_READ = """
import json, os, runpy, sys, traceback
answer = os.fdopen(os.dup(1), "w"); os.dup2(2, 1)
try:
    found = runpy.run_path(sys.argv[1], run_name="__pipeline__")
    told = {"pipeline": found["pipeline"]} if "pipeline" in found else {"none": True}
    text = json.dumps(told)
except BaseException as error:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == sys.argv[1]]
    text = json.dumps({"raised": f"{type(error).__name__}: {error}"[:500], "line": lines[-1] if lines else getattr(error, "lineno", None)})
print(text, file=answer, flush=True)
"""


def described(file: Path) -> Any:
    """The plain values that a Python file binds `pipeline` to. Raises Invalid, with the line where it raised."""
    words = [sys.executable, "-c", _READ, str(file.absolute())]
    try:
        place = file.absolute().parent
        done = subprocess.run(words, cwd=place, capture_output=True, text=True, timeout=_MOST_S, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        what = f"{file.name} did not come to its end in {_MOST_S} s."
        raise Invalid(what, hint="It describes a pipeline; its notebooks do the work.") from None
    told: dict[str, Any] = {"raised": "it ended before its last line", "line": None}
    if done.stdout.strip():
        told = json.loads(done.stdout.splitlines()[-1])
    if "raised" in told:
        where = f", line {told['line']}" if told["line"] else ""
        raise Invalid(f"{file.name}{where}: {told['raised']}", hint="It binds `pipeline` to plain values, as a YAML file has them.")
    if "none" in told:
        raise Invalid(f"{file.name} binds no `pipeline`.", hint='pipeline = {"steps": {"train": {"notebook": "train.ipynb"}}}')
    return told["pipeline"]
