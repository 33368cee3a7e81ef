"""What a word names: a run, a model, a version, an endpoint, a dataset, certain bytes, a path."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.encode import text
from nbmlops.lineage.between import Expansion
from nbmlops.lineage.graph import Graph
from nbmlops.lineage.naming import file_node
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

MOST_VERSIONS = 50  # of a model or a path, the newest
_DIGITS = re.compile(r"(blake3:)?[0-9a-f]{6,64}")
_RUN = re.compile(r"(run-)?[0-9a-z]{4,19}")


class Subjects:
    """Finds what a word names in a workspace and adds it to a graph."""

    def __init__(self, workspace: Workspace, graph: Graph, expansion: Expansion) -> None:
        self.workspace, self.graph, self.expansion = workspace, graph, expansion

    def find(self, word: str) -> tuple[str, list[str]]:
        """What was named, in words, and its nodes. A kind may stand before the name: `endpoint:air-time`."""
        ways: dict[str, Callable[[str], tuple[str, list[str]] | None]] = {
            "run": self._run, "version": self._version, "model": self._model, "endpoint": self._endpoint, "dataset": self._dataset,
            "digest": self._bytes, "file": self._path, "url": self._path, "sql": self._path,
        }  # fmt: skip
        kind, mark, name = word.partition(":")
        if kind in ("cell", "fit") and (found := self._within(word, name)):
            return found
        if mark and kind in ways and (found := ways[kind](name)):
            return found
        for way in ways.values():
            if found := way(word):
                return found
        near = self._near(word)
        hint = f"Did you mean {near[0]}?" if near else "A run's id, MODEL, MODEL/3, MODEL@champion, an endpoint, a digest or a file's path."
        raise NotFound(f"Nothing here is called {word[:120]!r}.", hint=hint)

    def _run(self, word: str) -> tuple[str, list[str]] | None:
        if not _RUN.fullmatch(word):
            return None
        try:
            run = RunBook(self.workspace).full_id(word)
        except NotFound:
            return None
        name = self._one("SELECT name FROM run WHERE id = ?", run)["name"]
        nodes = self.expansion.run(run)
        self.expansion.registered(run)
        # What the run is known to have made, and no more, comes from the run as a whole.
        whole = [f"run:{run}"] if f"run:{run}" in self.graph.nodes else []
        return f"run {name} ({run})", list(dict.fromkeys([*nodes, *whole]))

    def _within(self, node: str, name: str) -> tuple[str, list[str]] | None:
        run = name.rpartition(":")[0]
        if self._one("SELECT id FROM run WHERE id = ?", run) is None:
            return None
        self.expansion.run(run)
        return (f"{self.graph.nodes[node].label} of {run}", [node]) if node in self.graph.nodes else None

    def _version(self, word: str) -> tuple[str, list[str]] | None:
        model, mark, version = word.rpartition("/")
        if mark and version.isdecimal() and len(version) < 19:
            row = self._one("SELECT version FROM model_version WHERE model = ? AND version = ?", model, int(version))
        else:
            model, mark, alias = word.rpartition("@")
            row = self._one("SELECT version FROM alias WHERE model = ? AND alias = ?", model, alias) if mark else None
        if row is None:
            return None
        return f"{model}/{row['version']}", [self.expansion.version(model, row["version"])]

    def _model(self, word: str) -> tuple[str, list[str]] | None:
        rows = self._all("SELECT version FROM model_version WHERE model = ? ORDER BY version DESC LIMIT ?", word, MOST_VERSIONS)
        return (f"model {word}", [self.expansion.version(word, row["version"]) for row in rows]) if rows else None

    def _endpoint(self, word: str) -> tuple[str, list[str]] | None:
        row = self._one("SELECT name FROM endpoint WHERE name = ?", word)
        return (f"endpoint {word}", [self.expansion.endpoint(word)]) if row is not None else None

    def _dataset(self, word: str) -> tuple[str, list[str]] | None:
        known = "SELECT DISTINCT digest FROM dataset WHERE digest >= ? AND digest < ? LIMIT 2"
        fitted = "SELECT DISTINCT frame AS digest FROM fit WHERE frame >= ? AND frame < ? LIMIT 2"
        digest = self._digest(word, known) or self._digest(word, fitted)
        if digest is None:
            return None
        node = self.expansion.dataset(digest)
        self.expansion.fitted(self.graph.nodes[node])
        return f"dataset {digest}", [node]

    def _bytes(self, word: str) -> tuple[str, list[str]] | None:
        digest = self._digest(word, "SELECT DISTINCT digest FROM file_use WHERE digest >= ? AND digest < ? LIMIT 2")
        if digest is None:
            return None
        rows = self._all(
            "SELECT DISTINCT path, detail, kind FROM (SELECT * FROM file_use WHERE digest = ? LIMIT 100000) LIMIT ?", digest, MOST_VERSIONS
        )
        sql = "SELECT * FROM file_use WHERE digest = ? AND path = ? AND detail = ? ORDER BY run DESC LIMIT 1"
        found = [self._one(sql, digest, row["path"], row["detail"]) for row in rows]
        return f"bytes {digest}", [self.graph.add(file_node(row)) for row in found]

    def _path(self, word: str) -> tuple[str, list[str]] | None:
        place, _, state = word.rpartition("@")  # as nodes are called
        for path in dict.fromkeys([word, place, os.path.abspath(Path(word).expanduser()), str(self.workspace.root / word)]):
            if not path:
                continue
            # A path that every night's run reads has few states: jump from one to the next.
            rows = self._all(
                "SELECT DISTINCT digest, detail, kind FROM (SELECT * FROM file_use WHERE path = ? ORDER BY run DESC LIMIT 20000) LIMIT ?",
                path, MOST_VERSIONS,
            )  # fmt: skip
            sql = "SELECT * FROM file_use WHERE path = ? AND digest IS ? AND detail = ? ORDER BY run DESC LIMIT 1"
            nodes = [file_node(self._one(sql, path, row["digest"], row["detail"])) for row in rows]
            nodes = [node for node in nodes if path != place or place == word or node.id.endswith(f"@{state}")]
            if nodes:
                return f"file {path}", list(dict.fromkeys(self.graph.add(node) for node in nodes))
        return None

    def _digest(self, word: str, sql: str) -> str | None:
        if not _DIGITS.fullmatch(word):
            return None
        wanted = word if word.startswith("blake3:") else f"blake3:{word}"
        rows = self._all(sql, wanted, wanted + "g")
        if len(rows) > 1:
            raise Invalid(f"More than one digest begins with {word!r}.", hint="Give more of its digits.")
        return str(rows[0]["digest"]) if rows else None

    def _near(self, word: str) -> list[str]:
        """Paths that end so: a person names a file by its last part."""
        end = os.sep + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._all("SELECT DISTINCT path FROM file_use WHERE path LIKE ? ESCAPE '\\' LIMIT 3", f"%{end}")
        return [row["path"] for row in rows]

    def _all(self, sql: str, *values: Any) -> list[Any]:
        return list(self.workspace.ledger.read(sql, *(text(value) if isinstance(value, str) else value for value in values)))

    def _one(self, sql: str, *values: Any) -> Any:
        rows = self._all(sql, *values)
        return rows[0] if rows else None
