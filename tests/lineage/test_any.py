"""Whatever runs did, every node of a lineage is there, can be asked about, and agrees with the others."""

from __future__ import annotations

import random

import pytest

from nbmlops.doors.display import chart_of, html_of
from nbmlops.doors.text import text_of
from nbmlops.lineage import verbs as lineage
from tests.lineage.test_shapes import fit, ran, use, version


@pytest.mark.parametrize("seed", range(3))
def test_any_history_has_lineages_that_hang_together(workspace, seed):
    chance = random.Random(seed)
    paths = [f"/{folder}/{number}.csv" for folder in "ab" for number in range(4)]
    runs = []
    for number in range(12):
        facts = []
        for _ in range(chance.randint(0, 8)):
            mode = chance.choice(["read", "read", "write"])
            position = chance.choice([None, 0, 1, 2, 3])
            facts.append(use(chance.choice(paths), mode, of=f"bytes {chance.randint(0, 12)}", position=position))
        for at in range(chance.randint(0, 3)):
            depends = tuple(chance.sample(range(4), chance.randint(0, 3)))
            frame = chance.choice([None, f"frame {chance.randint(0, 5)}"])
            facts.append(fit(at, frame=frame, depends=depends, position=chance.choice([None, 2, 3])))
        runs.append(ran(workspace, *facts, name=f"run {number}"))
        if chance.random() < 0.4:
            version(
                workspace, chance.choice([None, "run-gone", *runs[-3:]]), frame=chance.choice([None, "frame 1"]), bytes_of=number,
                number=chance.choice([None, 0]),
            )  # fmt: skip
    every = [lineage.show(run, every=True, workspace=workspace) for run in runs]
    made_of = {run: {edge.source for edge in lineage.show(run, upstream=True, every=True, workspace=workspace).edges} for run in runs}
    for run, found in zip(runs, every, strict=True):
        ids = {node.id for node in found.nodes}
        assert len(ids) == len(found.nodes) and set(found.roots) <= ids
        assert all({edge.source, edge.target} <= ids for edge in found.edges)
        assert made_of[run] <= ids
        few = lineage.show(run, workspace=workspace)
        assert sum(node.count for node in few.nodes) == len(found.nodes)
        assert {end for edge in few.edges for end in (edge.source, edge.target)} <= {node.id for node in few.nodes}
        assert text_of(few) and html_of(few) and chart_of(few).svg()
    for number, row in enumerate(workspace.ledger.read("SELECT model, version, run FROM model_version")):
        if row["run"] in runs:
            told = {node.id for node in every[runs.index(row["run"])].nodes}
            assert f"version:{row['model']}/{row['version']}" in told, number
    for node in {node.id: node for found in every for node in found.nodes}.values():
        if node.kind not in ("more", "run") and not node.missing:
            again = lineage.show(node.id, every=True, workspace=workspace)
            assert node.id in again.roots
