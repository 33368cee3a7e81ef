"""What a CI's log shows while steps are executed: a line for each that begins and for each that ends.

They go to standard error, so that standard output has the record alone. GitHub reads commands in a log: `::group::` and `::error`
are said to it where it executes this, and nothing that a notebook says can be one.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from nbmlops.ledger.secrets import mask
from nbmlops.markdown import one_line
from nbmlops.reports.records import Report

_LONGEST = 500


class Log:
    """Lines of a log; steps are executed side by side."""

    def __init__(self) -> None:
        self.github = os.environ.get("GITHUB_ACTIONS") == "true"
        self._lock = threading.Lock()

    def say(self, step: str, how: str) -> None:
        """How a step stands, unless it is only at its next cell."""
        if not how.startswith("cell "):
            self.line(f"{step}: {how}")

    def line(self, text: str) -> None:
        """One line that is no command to anybody."""
        told = one_line(mask(text), _LONGEST).replace("##[", "# #[")
        self._write(f"· {told}")

    def over(self, report: Report) -> None:
        """What did not pass, at the end: GitHub shows it beside the files that it is about."""
        for step in report.steps:
            if step.status in ("failed", "killed"):
                if self.github and step.last_lines:
                    self._write(f"::group::{step.step}: the last lines")
                for line in step.last_lines:
                    if line.strip():
                        self.line(line)
                if self.github and step.last_lines:
                    self._write("::endgroup::")
                cell = "" if step.failed_cell is None else f" in code cell {step.failed_cell + 1}"
                self._error(f"Step {step.step} failed{cell}: {step.error or step.status}", _from_checkout(report, step.notebook))
        for check in report.checks:
            if not check.passed:
                self._error(f"{check.name}: {check.reason}", None)
        if report.error is not None and not report.steps:
            self._error(report.error, None)
        self.line(f"{report.pipeline}: {'passed' if report.passed else 'did not pass'}")

    def _error(self, text: str, file: str | None) -> None:
        if not self.github:
            self.line(text)
            return
        told = one_line(mask(text), _LONGEST).replace("%", "%25")
        about = "" if file is None else " file=" + one_line(file).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
        self._write(f"::error{about}::{told}")

    def _write(self, line: str) -> None:
        with self._lock:
            try:
                sys.stderr.write(line.encode("utf-8", "backslashreplace").decode() + "\n")
                sys.stderr.flush()
            except (OSError, ValueError):
                return  # nobody reads it any more; the report is written all the same


def _from_checkout(report: Report, notebook: str) -> str:
    """A notebook's path from where GitHub has checked the repository out."""
    return os.path.relpath(Path(report.file).parent / notebook, os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
