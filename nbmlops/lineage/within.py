"""The lineage inside one run: which cells read what, and what of it went into which fit."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nbmlops.lineage.graph import Graph
from nbmlops.lineage.naming import cell_node, dataset_node, file_node, fit_node, run_node

MOST_NAMED = 20  # files of a cell that its line is looked for by
MOST_PAIRS = 200  # of reading and writing cells; more meet in the run


class RunLinks:
    """Adds one run's cells, files, datasets and fits to a graph."""

    def __init__(self, graph: Graph, ledger: Any, run: Any) -> None:
        self.graph, self.ledger, self.run = graph, ledger, run
        self.reads: dict[int, set[str]] = defaultdict(set)
        self.writes: dict[int, set[str]] = defaultdict(set)
        self._cells: dict[int, Any] = {}
        self._paths: dict[int, list[str]] = defaultdict(list)

    def add(self) -> list[str]:
        """Add all of it. Gives the ids of what the run did: its cells, datasets, fits and what it wrote; itself if it did nothing."""
        run_id = self.run["id"]
        files = self.ledger.read("SELECT * FROM file_use WHERE run = ?", run_id)
        fits = self.ledger.read(
            "SELECT run, number, position, estimator, frame, target, depends, note FROM fit WHERE run = ? ORDER BY number", run_id
        )
        for use in files:
            if len(named := self._paths[use["position"]]) < MOST_NAMED:
                named.append(use["path"])
        positions = {use["position"] for use in files} | {fit["position"] for fit in fits if fit["position"] is not None}
        for row in rows_in(
            self.ledger, "SELECT position, execution_count, substr(source, 1, 2000) AS source FROM cell WHERE position IN ({}) AND run = ?",
            sorted(positions), run_id,
        ):  # fmt: skip
            self._cells[row["position"]] = row
        made = self._add_files(files)
        made += self._add_fits(fits)
        self._add_written()
        return list(dict.fromkeys(made)) or [self.graph.add(run_node(run_id, self.run))]

    def whole(self) -> str:
        """The run as one node, made with all it read: for what the run is known to have made, and no more."""
        node = self.graph.add(run_node(self.run["id"], self.run))
        for position in self.reads:
            self.graph.link(self._place(position), node, "read in it", sure=False)
        return node

    def _place(self, position: int | None) -> str:
        if position is None or position < 0:  # no cell did it
            return self.graph.add(run_node(self.run["id"], self.run))
        return self.graph.add(cell_node(self.run, position, self._cells.get(position), self._paths[position]))

    def _add_files(self, files: Sequence[Any]) -> list[str]:
        made = []
        for use in files:
            node, place = self.graph.add(file_node(use)), self._place(use["position"])
            made.append(place)
            if use["mode"] == "read":
                self.reads[use["position"]].add(node)
                self.graph.link(node, place, "read by")
            elif use["mode"] == "import":
                self.graph.link(node, place, "imported by")
            else:
                self.writes[use["position"]].add(node)
                self.graph.link(place, node, "wrote")
                made.append(node)
        return made

    def _add_fits(self, fits: Sequence[Any]) -> list[str]:
        digests = sorted({digest for fit in fits for digest in (fit["frame"], fit["target"]) if digest})
        known = {
            row["digest"]: row
            for row in rows_in(self.ledger, "SELECT digest, rows, columns FROM dataset WHERE digest IN ({})", digests)
        }  # fmt: skip
        nodes = {digest: self.graph.add(dataset_node(digest, known.get(digest))) for digest in digests}
        fed: set[tuple[str, str | None, int | None]] = set()
        made = []
        for fit in fits:
            node = self.graph.add(fit_node(self.run, fit))
            made.append(node)
            went_in = [(nodes[fit[part]], part) for part in ("frame", "target") if fit[part]]
            for dataset, part in went_in:
                self.graph.link(dataset, node, part)
                made.append(dataset)
            for target in [dataset for dataset, _ in went_in] or [node]:
                if (key := (target, fit["depends"], fit["position"])) not in fed:
                    fed.add(key)
                    self._feed(target, fit)
        return made

    def _feed(self, target: str, fit: Any) -> None:
        """Link what was fitted to the cells whose reading it depended on; to the cell that fitted where nothing was read."""
        position, depends = fit["position"], set(json.loads(fit["depends"] or "[]"))
        sure = bool(depends)
        if depends:
            depends |= {position} if position is not None else set()
            feeding = {at for at in depends if at in self.reads}
            # What a cell only handed on as a file is shown by way of that file.
            feeding -= {at for at in feeding if any(self.writes[at] & self.reads[to] for to in feeding - {at} if at in self.writes)}
        else:
            feeding = {at for at in self.reads if position is None or at <= position}
        for at in feeding or {-1 if position is None else position}:
            self.graph.link(self._place(at), target, "went into" if sure else "may have gone into", sure=sure or not feeding)

    def _add_written(self) -> None:
        """What was read before a cell wrote may be in what it wrote: the record does not tell."""
        if len(self.reads) * len(self.writes) > MOST_PAIRS:
            hub = self.whole()
            for to in self.writes:
                self.graph.link(hub, self._place(to), "may have gone into", sure=False)
            return
        for at, to in ((at, to) for at in self.reads for to in self.writes if at < to):
            self.graph.link(self._place(at), self._place(to), "may have gone into", sure=False)


def rows_in(ledger: Any, sql: str, values: Iterable[Any], *more: Any, size: int = 500) -> Iterator[Any]:
    """Rows of a question with `IN ({})`, asked in parts that SQLite takes."""
    held = list(values)
    for at in range(0, len(held), size):
        part = held[at : at + size]
        yield from ledger.read(sql.format(",".join("?" * len(part))), *part, *more)
