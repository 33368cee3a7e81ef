"""The model that answers: follows its alias, swaps without a pause, keeps the old one when the new does not load."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any

from anyio import CapacityLimiter

from nbmlops.errors import Unavailable
from nbmlops.ledger.owner import this_process
from nbmlops.models.loading import Loaded, load
from nbmlops.models.registry import Registry
from nbmlops.serving import answering
from nbmlops.serving.writer import LogWriter
from nbmlops.workspace import Workspace

POLL_S = 0.2
_AGAIN_S = (0.5, 30.0)  # a version that did not load is tried again after this, then twice as long, at most this
_THREADS = 4  # requests that a model answers at once


class Served:
    """One endpoint's model. `loaded` is read once per request, so that a swap never splits one."""

    def __init__(
        self, workspace: Workspace, endpoint: str, model: str, alias: str, token_digest: str, *, on_lost: Callable[[], None] = lambda: None
    ) -> None:
        self.workspace = workspace
        self.endpoint = endpoint
        self.model = model
        self.alias = alias
        self.token_digest = token_digest
        self.owner = this_process().as_text()
        self.log = LogWriter(workspace)
        self.counts: Counter[str] = Counter()
        self.latency_s = 0.0
        self._counting = threading.Lock()
        self._loaded: Loaded | None = None
        self._on_lost = on_lost
        self._refused: int | None = None
        self._patience_s, self._again_at = _AGAIN_S[0], 0.0
        self._note: str | None = None
        self._told: tuple[Any, ...] | None = None
        self.claiming = threading.Lock()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="alias-watcher")

    @cached_property
    def threads(self) -> CapacityLimiter:
        """How many requests are answered at once; made where the server's loop runs."""
        return CapacityLimiter(_THREADS)

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

    def load(self) -> None:
        """Load the alias's version; raises when it cannot be."""
        self._loaded = load(self.workspace, Registry(self.workspace).aliased(self.model, self.alias))

    def follow(self) -> None:
        """Begin to follow the alias."""
        self._watcher.start()

    def stop(self) -> None:
        """Stop following; write what is in the log's queue."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join(timeout=5)
        self.log.close()

    def count(self, *, rows: int = 0, seconds: float = 0.0, error: str | None = None) -> None:
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
                if not self._mine():
                    self._on_lost()
                    return
                self._follow()
                self._tell()
            except Exception as error:
                # The model that answers goes on answering, whatever became of the ledger.
                sys.stderr.write(f"following {self.model!r}: {type(error).__name__}: {error}\n")
                self._stop.wait(1)

    def _mine(self) -> bool:
        """Whether the endpoint's row is still this server's: a start anew or a stop that did not reach it ends it."""
        row = self.workspace.ledger.read_one("SELECT token_digest, owner, status FROM endpoint WHERE name = ?", self.endpoint)
        return row is not None and (row["token_digest"], row["owner"], row["status"]) == (self.token_digest, self.owner, "serving")

    def _follow(self) -> None:
        registry = Registry(self.workspace)
        pointed = registry.alias(self.model, self.alias)
        now = self.loaded.version.version
        if pointed is None or pointed.version == now:
            self._refused, self._note = None, None
            return
        if pointed.version == self._refused and time.monotonic() < self._again_at:
            return
        try:
            self._loaded = load(self.workspace, registry.version(self.model, pointed.version))
        except Exception as error:
            # Tried again, ever more seldom: a file is mended, a lock is freed, a type is trusted.
            self._patience_s = min(self._patience_s * 2, _AGAIN_S[1]) if pointed.version == self._refused else _AGAIN_S[0]
            self._refused, self._again_at = pointed.version, time.monotonic() + self._patience_s
            self._note = f"Version {pointed.version} does not load, version {now} goes on: {error}"[:1000]
            return
        self._refused, self._note = None, None

    def _tell(self) -> None:
        """Write what is served into the endpoint's row, when it is not what was told last."""
        lost = (
            f"{self.log.dropped_rows:,} answered rows are not in the log: {self.log.error or 'it is written again'}."
            if self.log.dropped_rows
            else None
        )
        version, note = self.loaded.version.version, " ".join(part for part in (self._note, lost) if part) or None
        if (version, note) == self._told:
            return
        with self.workspace.ledger.write() as tx:
            mine = tx.run(
                "UPDATE endpoint SET serving_version = ?, note = ? WHERE name = ? AND token_digest = ?",
                version,
                note,
                self.endpoint,
                self.token_digest,
            ).rowcount
            if mine:
                answering.tell(tx, self.endpoint, self.model, version, self.workspace.clock())
            tx.changed("endpoint", self.endpoint)
        self._told = (version, note)


def timed() -> float:
    """Seconds of a clock that only goes forward."""
    return time.perf_counter()
