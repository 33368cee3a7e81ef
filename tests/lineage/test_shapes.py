"""Lineages of odd shape: cycles, what is missing, thousands of files, very many runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import now_text
from nbmlops.lineage import verbs as lineage
from nbmlops.lineage.records import Lineage
from nbmlops.models.records import Signature
from nbmlops.models.registry import Registry
from nbmlops.monitoring.records import Decision
from nbmlops.monitoring.rules import decision_id
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import FileUse, Fit


def digest(word: Any) -> str:
    """Some digest."""
    return digest_bytes(str(word).encode())


def use(path: str, mode: Any = "read", *, of: Any = None, position: int | None = 0) -> FileUse:
    """A file; its bytes are named by `of`, or by its path."""
    return FileUse(path=path, mode=mode, digest=digest(of or path), size_bytes=5, modified_at=None, position=position, note=None)


def fit(number: int = 0, *, frame: Any = "X", position: int | None = 1, depends: tuple[int, ...] = (0,), estimator: str = "Ridge") -> Fit:
    """A fit on a dataset that is not remembered."""
    return Fit(
        number=number, position=position, estimator=estimator, parameters={}, frame=frame and digest(frame), target=None, duration_s=None,
        artifact=None, note=None, depends=list(depends),
    )  # fmt: skip


def ran(workspace: Any, *facts: FileUse | Fit, name: str = "r") -> str:
    """A run that did these; gives its id."""
    book = RunBook(workspace)
    run = book.open(name, experiment="q", kind="explicit")
    book.add(run, Facts(files=[one for one in facts if isinstance(one, FileUse)], fits=[one for one in facts if isinstance(one, Fit)]))
    book.end(run, "finished")
    return run


def version(workspace: Any, run: str | None, *, model: str = "m", frame: Any = "X", bytes_of: Any = None, number: int | None = None) -> int:
    """A registered version."""
    return Registry(workspace).add(
        model, flavor="sklearn", digest=digest(bytes_of or run), size_bytes=1, signature=Signature(inputs=[], outputs=[]), metrics={},
        run=run, dataset=frame and digest(frame), target=None, estimator="Ridge", description="", fit=number,
    ).version  # fmt: skip


def shown(found: Lineage) -> set[tuple[str, str, bool]]:
    """Edges by the ids of their ends without what is random in them."""
    label = {node.id: f"{node.kind} {node.label}" for node in found.nodes}
    return {(label[edge.source], label[edge.target], edge.sure) for edge in found.edges}


def test_a_run_that_is_gone_is_shown_as_missing(workspace):
    version(workspace, "run-gone")
    found = lineage.show("m", workspace=workspace)
    (missing,) = [node for node in found.nodes if node.missing]
    assert (missing.kind, missing.id) == ("run", "run:run-gone")
    assert {kind for kind, *_ in (edge[0].split() for edge in shown(found))} == {"run", "dataset"}


def test_a_version_without_run_or_data_stands_alone(workspace):
    version(workspace, None, frame=None)
    found = lineage.show("m/1", workspace=workspace)
    assert [node.label for node in found.nodes] == ["m/1"] and found.edges == []


def test_a_fit_that_registered_nothing_ends_the_way_down(workspace):
    run = ran(workspace, use("/a.csv"), fit())
    assert {node.kind for node in lineage.show("/a.csv", downstream=True, workspace=workspace).nodes} == {"file", "cell", "dataset", "fit"}
    assert {node.kind for node in lineage.show(run, workspace=workspace).nodes} == {"file", "cell", "dataset", "fit"}


def test_a_run_that_did_nothing_is_itself(workspace):
    run = ran(workspace)
    assert [node.id for node in lineage.show(run, workspace=workspace).nodes] == [f"run:{run}"]


def test_a_file_rewritten_with_the_same_bytes_closes_a_circle_that_ends(workspace):
    first = ran(workspace, use("/a", of="1"), use("/b", "write", of="2"), name="there")
    second = ran(workspace, use("/b", of="2"), use("/a", "write", of="1"), name="back")
    for subject in ("/a", "/b", first, second):
        found = lineage.show(subject, workspace=workspace)
        assert {node.label for node in found.nodes if node.kind == "file"} == {"a", "b"}
    rewritten = ran(workspace, use("/same"), use("/same", "write"))
    assert len(lineage.show(rewritten, workspace=workspace).edges) == 2


def test_what_was_not_recorded_may_have_gone_in_and_is_told_so(workspace):
    run = ran(workspace, use("/a.csv", position=0), use("/late.csv", position=5), fit(depends=(), position=1))
    version(workspace, run, frame="X")
    found = lineage.show("m", workspace=workspace)
    assert ("cell r [0]", "dataset " + digest("X")[:19], False) in shown(found)
    assert "late.csv" not in {node.label for node in found.nodes}, "it was read after the fit"


def test_a_version_of_an_unknown_fit_is_made_with_all_its_run_read(workspace):
    run = ran(workspace, use("/a.csv"))
    version(workspace, run, frame=None)
    assert shown(lineage.show("m", workspace=workspace)) == {
        ("file a.csv", "cell r [0]", True),
        ("cell r [0]", "run r", False),
        ("run r", "version m/1", False),
    }


def test_a_version_comes_from_the_fit_that_was_registered(workspace):
    run = ran(workspace, use("/a"), use("/b", position=2), fit(0, frame="X"), fit(1, frame="Y", depends=(2,), position=3))
    version(workspace, run, frame="X", number=0)
    files = {node.label for node in lineage.show("m/1", workspace=workspace).nodes if node.kind == "file"}
    assert files == {"a"}


def test_the_last_run_before_that_wrote_the_bytes_is_the_one_that_made_them(workspace):
    for name in ("monday", "tuesday"):
        ran(workspace, use("/raw.csv", of=name), use("/clean.csv", "write", of="clean"), name=name)
    run = ran(workspace, use("/clean.csv", of="clean"), fit())
    ran(workspace, use("/raw.csv", of="wednesday"), use("/clean.csv", "write", of="clean"), name="wednesday")
    found = lineage.show(run, upstream=True, workspace=workspace)
    assert {node.label for node in found.nodes if node.kind == "cell"} == {"tuesday [0]", "r [0]"}


def test_empty_files_are_no_kin(workspace):
    empty = [FileUse(**{**vars(use(path, mode)), "digest": digest_bytes(b"")}) for path, mode in (("/a", "write"), ("/b", "read"))]
    ran(workspace, empty[0])
    run = ran(workspace, empty[1], fit())
    assert "a" not in {node.label for node in lineage.show(run, workspace=workspace).nodes}


def test_thousands_of_files_are_one_node_with_a_count_and_each_by_itself_if_asked(workspace):
    run = ran(workspace, *(use(f"/img/{number}.png") for number in range(3000)), use("/labels.csv"), fit())
    found = lineage.show(run, workspace=workspace)
    counts = {node.label: node.count for node in found.nodes if node.kind == "file"}
    assert counts == {"3,000 files": 3000, "labels.csv": 1}
    assert len(lineage.show(run, every=True, workspace=workspace).nodes) > 3000


def test_many_tries_and_folds_are_one_node_each(workspace):
    run = ran(workspace, use("/a"), *(fit(number, frame=f"fold {number}") for number in range(40)))
    counts = {node.kind: node.count for node in lineage.show(run, workspace=workspace).nodes}
    assert counts == {"file": 1, "cell": 1, "dataset": 40, "fit": 40}


def test_a_retraining_shows_the_version_whose_decay_asked_for_it_and_not_that_ones_data(workspace):
    runs = [ran(workspace, use(f"/{month}.csv"), fit(frame=month)) for month in ("january", "march")]
    for run, month in zip(runs, ("january", "march"), strict=True):
        version(workspace, run, frame=month, number=0)
    at = workspace.clock()
    decided = Decision(
        id=decision_id("e", at), endpoint="e", action="promoted", reason="mae", start=at, end=at, version_before=1, version_after=2,
        candidate=2, run=runs[1], evidence={}, at=at,
    )  # fmt: skip
    with workspace.ledger.write() as tx:
        tx.insert(
            "endpoint", name="e", model="m", alias="champion", target="local", token_digest="", status="stopped", started_at=now_text(at)
        )
        body = json.dumps({**vars(decided), "start": at.isoformat(), "end": at.isoformat(), "at": at.isoformat()})
        tx.insert("decision", id=decided.id, endpoint="e", action="promoted", decision=body, at=now_text(at))
    found = lineage.show("m/2", upstream=True, workspace=workspace)
    assert {node.label for node in found.nodes if node.kind in ("version", "file")} == {"m/1", "m/2", "march.csv"}
    (edge,) = [edge for edge in found.edges if edge.source == "version:m/1"]
    assert edge.how.startswith("retrained by policy, 20") and edge.how.endswith(": promoted")


@pytest.fixture
def nightly(workspace):
    """A file that 400 runs read; three of them registered a model, one wrote what another reads."""
    book = RunBook(workspace)
    runs = []
    for number in range(400):
        run = book.open("nightly", experiment="q", kind="explicit", run_id=f"run-{number:019d}")
        book.add(run, Facts(files=[use("/raw.csv"), use(f"/out/{number}.csv", "write")], fits=[fit(frame=number)]))
        runs.append(run)
    for number in (5, 6, 7):
        version(workspace, runs[number], frame=number, number=0)
    run = ran(workspace, use("/elsewhere.csv", of="/out/9.csv"), fit(frame="after"), name="after")
    version(workspace, run, model="other", frame="after", number=0)
    return workspace


def test_of_very_many_runs_those_that_made_models_are_followed_and_the_rest_are_counted(nightly):
    found = lineage.show("/raw.csv", downstream=True, workspace=nightly)
    assert {node.label for node in found.nodes if node.kind == "version"} == {"m/1", "m/2", "m/3", "other/1"}
    (more,) = [node for node in found.nodes if node.kind == "more"]
    assert more.label == f"and {more.count:,} more runs" and more.count == 400 - 24
    assert len(found.nodes) < 60


def test_an_endpoint_of_an_alias_that_was_taken_away_is_made_of_what_it_was(workspace: Any) -> None:
    one = version(workspace, None)
    registry, at = Registry(workspace), workspace.clock()
    with workspace.ledger.write() as tx:
        tx.insert(
            "endpoint", name="e", model="m", alias="champion", target="local", token_digest="", status="stopped", started_at=now_text(at)
        )
    registry.point("m", "champion", one, way="promote", evidence={})
    registry.unpoint("m", "champion", reason="over")
    found = lineage.show("e", workspace=workspace)
    assert {node.id for node in found.nodes if node.kind == "version"} == {"version:m/1"}
    (edge,) = [edge for edge in found.edges if edge.target == "endpoint:e"]
    assert edge.how.startswith("was champion until 20") and edge.aside
