"""The model that answers: follows its alias, swaps without a pause, keeps the old one when the new does not load."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

from nbmlops.errors import NbmlopsError, Unavailable
from nbmlops.models.loading import Loaded, load
from nbmlops.models.registry import Registry
from nbmlops.serving.log import LogWriter
from nbmlops.workspace import Workspace

POLL_S = 0.2


class Served:
    """One endpoint's model. `loaded` is read once per request, so that a swap never splits one."""

    def __init__(self, workspace: Workspace, endpoint: str, model: str, alias: str, token_digest: str) -> None:
        self.workspace = workspace
        self.endpoint = endpoint
        self.model = model
        self.alias = alias
        self.token_digest = token_digest
        self.log = LogWriter(workspace)
        self.counts: Counter[str] = Counter()
        self.latency_s = 0.0
        self._counting = threading.Lock()
        self._loaded: Loaded | None = None
        self._refused: int | None = None
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="alias-watcher")

    @property
    def loaded(self) -> Loaded:
        """The model that answers now."""
        found = self._loaded
        if found is None:
            raise Unavailable(f"{self.model} is not loaded yet.", hint="Ask again in a moment.")
        return found

    @property
    def ready(self) -> bool:
        """Whether a model answers."""
        return self._loaded is not None

    def start(self) -> None:
        """Load the alias's version (raises when it cannot be) and begin to follow it."""
        self._loaded = load(self.workspace, Registry(self.workspace).aliased(self.model, self.alias))
        self._watcher.start()

    def stop(self) -> None:
        """Stop following; write what is in the log's queue."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join(timeout=5)
        self.log.close()

    def count(self, rows: int, seconds: float, error: str | None = None) -> None:
        """One request was answered, or refused with an error's code."""
        with self._counting:
            self.counts["requests"] += 1
            self.counts["rows"] += rows
            self.latency_s += seconds
            if error:
                self.counts[f"error:{error}"] += 1

    def metrics_text(self) -> str:
        """Prometheus' text form."""
        labels = f'endpoint="{self.endpoint}",model="{self.model}"'
        lines = ["# TYPE nbmlops_requests_total counter", f"nbmlops_requests_total{{{labels}}} {self.counts['requests']}"]
        lines += ["# TYPE nbmlops_rows_total counter", f"nbmlops_rows_total{{{labels}}} {self.counts['rows']}"]
        lines += ["# TYPE nbmlops_request_seconds_total counter", f"nbmlops_request_seconds_total{{{labels}}} {self.latency_s:.6f}"]
        lines.append("# TYPE nbmlops_errors_total counter")
        errors = [(name.partition(":")[2], value) for name, value in sorted(self.counts.items()) if name.startswith("error:")]
        lines += [f'nbmlops_errors_total{{{labels},code="{code}"}} {value}' for code, value in errors]
        lines += ["# TYPE nbmlops_log_dropped_rows_total counter", f"nbmlops_log_dropped_rows_total{{{labels}}} {self.log.dropped_rows}"]
        version = self._loaded.version.version if self._loaded else 0
        lines += ["# TYPE nbmlops_serving_version gauge", f"nbmlops_serving_version{{{labels}}} {version}"]
        return "\n".join(lines) + "\n"

    def _watch(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self._follow()
            except NbmlopsError as error:
                self._note(error.message)
            except Exception as error:
                # The model that answers goes on answering, whatever became of the ledger or of the new version.
                self._note(f"{type(error).__name__}: {error}")

    def _follow(self) -> None:
        registry = Registry(self.workspace)
        pointed = registry.alias(self.model, self.alias)
        now = self._loaded.version.version if self._loaded else None
        if pointed is None or pointed.version in (now, self._refused):
            return
        try:
            self._loaded = load(self.workspace, registry.version(self.model, pointed.version))
        except Exception as error:
            self._refused = pointed.version
            self._note(f"version {pointed.version} does not load, version {now} goes on: {error}")
            return
        self._refused = None
        self._note(None)

    def _note(self, note: str | None) -> None:
        """Tell the endpoint's row what is served; a ledger that cannot be written is tried again at the next change."""
        try:
            with self.workspace.ledger.write() as tx:
                tx.run(
                    "UPDATE endpoint SET serving_version = ?, note = ? WHERE name = ? AND (serving_version IS NOT ? OR note IS NOT ?)",
                    self.loaded.version.version, note, self.endpoint, self.loaded.version.version, note,
                )  # fmt: skip
                tx.changed("endpoint", self.endpoint)
        except NbmlopsError:
            self._stop.wait(1)


def timed() -> float:
    """Seconds of a clock that only goes forward."""
    return time.perf_counter()
