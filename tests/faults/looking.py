"""What the record says, asked by another process as somebody would who comes later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ASK = """
import json, sys
from nbmlops import run
from nbmlops.contract.request import to_json_values
from nbmlops.workspace import Workspace
place = Workspace.at(sys.argv[1])
print(json.dumps([to_json_values(run.show(one.id, workspace=place)) for one in reversed(run.find(limit=10_000, workspace=place))]))
place.close()
"""


class Seen(dict[str, Any]):
    """A run as `run show` tells it."""

    @property
    def status(self) -> str:
        """finished, failed, killed or running."""
        return str(self["run"]["status"])

    @property
    def told(self) -> tuple[str, str, int | None]:
        """Status, error and the cell that failed."""
        return self.status, self["run"]["error"] or "", self["run"]["failed_cell"]

    @property
    def numbers(self) -> list[tuple[str, int, float]]:
        """Every metric point."""
        return [(point["name"], point["step"], point["value"]) for point in self["history"]]

    @property
    def sources(self) -> list[str]:
        """Its cells, in order."""
        return [cell["source"] for cell in self["cells"]]


def seen(folder: Path) -> list[Seen]:
    """All runs of a folder, oldest first, as `run find` and `run show` in a further process tell them."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")}
    done = subprocess.run([sys.executable, "-c", _ASK, str(folder)], capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [Seen(record) for record in json.loads(done.stdout)]


def one(folder: Path) -> Seen:
    """The only run there is."""
    (found,) = seen(folder)
    return found


def until(what: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found
