"""The lineage between runs, models and endpoints: who wrote what was read, who reads what was written, what was registered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbmlops.endpoints.book import status_of
from nbmlops.lineage.graph import Graph
from nbmlops.lineage.naming import dataset_node, file_node, run_node, version_node
from nbmlops.lineage.records import LineageNode
from nbmlops.lineage.within import RunLinks, rows_in
from nbmlops.workspace import Workspace

MOST_REGISTERED = 200  # runs with registered models that are followed from one content
MOST_OTHERS = 20  # runs without
EMPTY = "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"  # of no bytes: no sign of kinship

_READERS = "SELECT DISTINCT run FROM file_use WHERE digest = ? AND mode = 'read' AND run >= ?"
_COUNT_READERS = "SELECT count(DISTINCT run) FROM file_use WHERE digest = ? AND mode = 'read' AND run >= ?"
_REGISTERED_READERS = """
SELECT DISTINCT v.run FROM model_version v WHERE v.run >= ?
  AND EXISTS (SELECT 1 FROM file_use f WHERE f.digest = ? AND f.mode = 'read' AND f.run = v.run) ORDER BY v.run DESC LIMIT ?
"""
_WRITING_READERS = """
SELECT DISTINCT w.run FROM file_use w WHERE w.mode = 'write' AND w.digest IS NOT NULL AND w.run >= ?
  AND EXISTS (SELECT 1 FROM file_use f WHERE f.digest = ? AND f.mode = 'read' AND f.run = w.run)
  AND EXISTS (SELECT 1 FROM file_use o WHERE o.digest = w.digest AND o.mode = 'read' AND o.run > w.run) ORDER BY w.run DESC LIMIT ?
"""


class Expansion:
    """Adds to a graph what is known around some of its nodes, one way or the other. Each run is read once."""

    def __init__(self, workspace: Workspace, graph: Graph) -> None:
        self.ledger, self.graph = workspace.ledger, graph
        self._runs: dict[str, RunLinks | None] = {}
        self._made: dict[str, list[str]] = {}
        self._looked: set[tuple[str, str]] = set()

    def run(self, run_id: str) -> list[str]:
        """Add a run; gives the nodes that are the run's, or a missing one."""
        if run_id not in self._made:
            row = self.ledger.read_one("SELECT id, name, status, started_at FROM run WHERE id = ?", run_id)
            self._runs[run_id] = RunLinks(self.graph, self.ledger, row) if row is not None else None
            links = self._runs[run_id]
            self._made[run_id] = links.add() if links is not None else [self.graph.add(run_node(run_id, None))]
        return self._made[run_id]

    def version(self, model: str, version: int) -> str:
        """Add a version, linked with the fit that made it or, where that is not known, its run and dataset."""
        node, row = self._named_version(model, version)
        if row is None:
            return node
        fit = None
        if row["run"]:
            self.run(row["run"])
            fit = f"fit:{row['run']}:{self._fit_of(row)}"
        if fit in self.graph.nodes:
            self.graph.link(fit, node, "registered as")
        elif row["run"]:
            links = self._runs[row["run"]]
            self.graph.link(links.whole() if links else f"run:{row['run']}", node, "registered as", sure=links is None)
        if fit not in self.graph.nodes and row["dataset"]:
            self.graph.link(self.dataset(row["dataset"]), node, "trained on")
        self._retrained_from(row, node)
        return node

    def registered(self, run: str) -> None:
        """Add the versions that were registered from a run."""
        self._registered("run = ?", run)

    def dataset(self, digest: str) -> str:
        """Add a dataset by its digest."""
        if f"dataset:{digest}" in self.graph.nodes:
            return f"dataset:{digest}"
        return self.graph.add(
            dataset_node(digest, self.ledger.read_one("SELECT digest, rows, columns FROM dataset WHERE digest = ?", digest))
        )

    def endpoint(self, name: str) -> str:
        """Add an endpoint, made of the version it answers with; those it answered with before stand aside."""
        if f"endpoint:{name}" in self.graph.nodes:
            return f"endpoint:{name}"
        row = self.ledger.read_one("SELECT * FROM endpoint WHERE name = ?", name)
        status = status_of(row)
        node = self.graph.add(
            LineageNode(id=f"endpoint:{name}", kind="endpoint", label=name, detail=f"{status} · follows {row['model']}@{row['alias']}")
        )
        for version, (how, now) in self._served(row, status).items():
            self.graph.link(self._named_version(row["model"], version)[0], node, how, aside=not now)
        return node

    def _named_version(self, model: str, version: int) -> tuple[str, Any]:
        row = self.ledger.read_one("SELECT * FROM model_version WHERE model = ? AND version = ?", model, version)
        aliases = [found["alias"] for found in self.ledger.read("SELECT alias FROM alias WHERE model = ? AND version = ?", model, version)]
        return self.graph.add(version_node(model, version, row, aliases)), row

    # -- a step of the walk

    def up(self, nodes: list[LineageNode]) -> None:
        """Add what these were made of."""
        self._writers([node for node in nodes if node.digest and node.kind in ("file", "url", "sql")])
        for node in nodes:
            if node.run and node.kind in ("cell", "fit", "run"):
                self.run(node.run)
            elif node.kind == "version" and not node.missing:
                self.version(*model_and_version(node))
            elif node.kind == "dataset" and not self.graph.made_from.get(node.id):
                self.fitted(node)

    def down(self, nodes: list[LineageNode]) -> None:
        """Add what was made of these."""
        self._readers([node for node in nodes if node.digest and node.kind in ("file", "url", "sql")])
        for node in nodes:
            if node.kind in ("cell", "fit", "run") and node.run:
                # Of a cell's run too: which fit made a version may not be known.
                self.registered(node.run)
            elif node.kind == "dataset" and node.digest:
                self._registered("dataset = ?", node.digest)
                self.fitted(node)
            elif node.kind == "version":
                model, _ = model_and_version(node)
                for row in self.ledger.read("SELECT name FROM endpoint WHERE model = ? ORDER BY name", model):
                    self.endpoint(row["name"])

    def fitted(self, node: LineageNode) -> None:
        """Add the runs that fitted a dataset: those with registered models, and the newest others."""
        runs = [
            row["run"]
            for row in self.ledger.read(
                "SELECT DISTINCT run FROM model_version WHERE dataset = ? AND run IS NOT NULL ORDER BY run DESC LIMIT ?",
                node.digest, MOST_REGISTERED,
            )
        ]  # fmt: skip
        sql = "SELECT DISTINCT run FROM fit WHERE frame = ? ORDER BY run DESC LIMIT ?"
        newest = [row["run"] for row in self.ledger.read(sql, node.digest, MOST_OTHERS)]
        self._follow(node, [*runs, *newest], "SELECT count(DISTINCT run) FROM fit WHERE frame = ?", node.digest)

    # -- files

    def _writers(self, nodes: list[LineageNode]) -> None:
        """Link files with the last run before that wrote these very bytes, to the same path if one did."""
        by_digest: dict[str, list[LineageNode]] = {}
        for node in nodes:
            if node.digest != EMPTY:
                by_digest.setdefault(str(node.digest), []).append(node)
        sql = "SELECT DISTINCT digest FROM file_use WHERE digest IN ({}) AND mode = 'write'"
        for row in list(rows_in(self.ledger, sql, by_digest)):
            for node in by_digest[row["digest"]]:
                self._writer_of(node)

    def _writer_of(self, node: LineageNode) -> None:
        readers = [self.graph.nodes[edge.target] for edge in self.graph.went_into.get(node.id, {}).values()]
        last = max((reader.run or "" for reader in readers), default="") or "s"  # ids sort by time, and begin with r
        found = self.ledger.read(
            "SELECT * FROM file_use WHERE digest = ? AND mode = 'write' AND run <= ? ORDER BY run DESC LIMIT 50", node.digest, last
        )
        first_read = {reader.run: position_of(reader) for reader in reversed(sorted(readers, key=position_of))}
        found = [row for row in found if row["run"] not in first_read or row["position"] <= first_read[row["run"]]]
        same = [row for row in found if file_node(row).id == node.id]
        for row in (same or found)[:1]:
            self.run(row["run"])
            self.graph.link(file_node(row).id, node.id, "same bytes as")

    def _readers(self, nodes: list[LineageNode]) -> None:
        """Link files with the runs that read these very bytes: after they were written, if they were."""
        by_digest: dict[str, list[LineageNode]] = {}
        for node in nodes:
            if node.digest != EMPTY:
                by_digest.setdefault(str(node.digest), []).append(node)
        sql = "SELECT DISTINCT digest FROM file_use WHERE digest IN ({}) AND mode = 'read'"
        for row in list(rows_in(self.ledger, sql, by_digest)):
            for node in by_digest[row["digest"]]:
                self._readers_linked(node)

    def _readers_linked(self, node: LineageNode) -> None:
        writers = [self.graph.nodes[edge.source].run for edge in self.graph.made_from.get(node.id, {}).values()]
        since = min((run for run in writers if run), default="")
        runs = self._readers_of(node, since)
        self._follow(node, runs, _COUNT_READERS, node.digest, since)
        for run in runs:
            links = self._runs.get(run)
            for read in set().union(*links.reads.values()) if links else ():
                if self.graph.nodes[read].digest == node.digest:
                    self.graph.link(node.id, read, "same bytes as")

    def _readers_of(self, node: LineageNode, since: str) -> list[str]:
        few = self.ledger.read(f"{_READERS} ORDER BY run DESC LIMIT ?", node.digest, since, MOST_OTHERS + 1)
        found = [row["run"] for row in few]
        if len(found) > MOST_OTHERS:
            first = self.ledger.read(_REGISTERED_READERS, since, node.digest, MOST_REGISTERED)
            second = self.ledger.read(_WRITING_READERS, since, node.digest, MOST_OTHERS)
            found = [row["run"] for row in (*first, *second)] + found[:MOST_OTHERS]
        return list(dict.fromkeys(found))

    def _follow(self, node: LineageNode, runs: Iterable[str], count: str, *values: Any) -> None:
        followed = set(runs)
        for run in followed:
            self.run(run)
        if len(followed) >= MOST_OTHERS:
            left = int(self.ledger.read_one(count, *values)[0]) - len(followed)
            if left > 0:
                told = "not followed: none of them registered a model" if len(followed) < MOST_REGISTERED else "not followed"
                more = LineageNode(id=f"more:{node.id}", kind="more", label=f"and {left:,} more runs", detail=told, count=left)
                self.graph.link(node.id, self.graph.add(more), "went into")

    # -- models and endpoints

    def _registered(self, where: str, value: str) -> None:
        if (where, value) in self._looked:
            return
        self._looked.add((where, value))
        sql = f"SELECT model, version FROM model_version WHERE {where} ORDER BY model, version"  # noqa: S608 - fixed words
        for row in self.ledger.read(sql, value):
            self.version(row["model"], row["version"])

    def _fit_of(self, version: Any) -> int | None:
        """Which fit of its run made a version: as it was registered; else the one kept as its bytes, or the last on its dataset."""
        if version["fit"] is not None:
            return int(version["fit"])
        row = self.ledger.read_one(
            "SELECT number FROM fit WHERE run = ? AND artifact = ? ORDER BY number DESC LIMIT 1", version["run"], version["digest"]
        ) or self.ledger.read_one(
            "SELECT number FROM fit WHERE run = ? AND frame = ? AND target IS ? ORDER BY estimator = ? DESC, number DESC LIMIT 1",
            version["run"], version["dataset"], version["target"], version["estimator"],
        )  # fmt: skip
        return None if row is None else int(row["number"])

    def _retrained_from(self, row: Any, node: str) -> None:
        """A policy's decision says which version's decay asked for this one; that version's own lineage is its own."""
        decisions = self.ledger.read(
            "SELECT d.action, json_extract(d.decision, '$.version_before') AS before, json_extract(d.decision, '$.end') AS until"
            " FROM endpoint e JOIN decision d ON d.endpoint = e.name"
            " WHERE e.model = ? AND json_extract(d.decision, '$.candidate') = ?",
            row["model"], row["version"],
        )  # fmt: skip
        for decision in decisions:
            if decision["before"] is None or decision["before"] == row["version"]:
                continue
            source, _ = self._named_version(row["model"], decision["before"])
            how = f"retrained by policy, {str(decision['until'])[:10]}: {decision['action']}"
            self.graph.link(source, node, how, aside=True)

    def _served(self, endpoint: Any, status: str) -> dict[int, tuple[str, bool]]:
        """The versions that an endpoint answers or answered with: how that is known, and whether it does now."""
        alias = endpoint["alias"]
        moves = self.ledger.read("SELECT version, at FROM alias_move WHERE model = ? AND alias = ? ORDER BY id", endpoint["model"], alias)
        found = {}
        for at, move in enumerate(moves[:-1]):
            until = moves[at + 1]["at"]
            if until > endpoint["started_at"] and move["version"] is not None:
                found[move["version"]] = (f"was {alias} until {until[:10]}", False)
        if moves and moves[-1]["version"] is not None:  # it was not taken away
            found[moves[-1]["version"]] = (f"is {alias} for", True)
        if endpoint["serving_version"] is not None:
            found[endpoint["serving_version"]] = ("is served by" if status == "serving" else "was served by", True)
        return found


def model_and_version(node: LineageNode) -> tuple[str, int]:
    """The model and number that a version's node names."""
    model, _, version = node.id.removeprefix("version:").rpartition("/")
    return model, int(version)


def position_of(node: LineageNode) -> int:
    """The position of the cell that a node stands for; before all where it is no cell."""
    return int(node.id.rpartition(":")[2]) if node.kind == "cell" else -1
