"""Lineage and differences over Jupyter's server."""

from __future__ import annotations

from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import FileUse
from nbmlops.workspace import Workspace


def read(workspace: Workspace, digit: str) -> str:
    """A run that read a file of a strange name."""
    book = RunBook(workspace)
    run = book.open("r", experiment="q", kind="explicit")
    path, digest = "/data/a b&c=<i>/ü.csv", f"blake3:{digit * 64}"
    use = FileUse(path=path, mode="read", digest=digest, size_bytes=3, modified_at=None, position=0, note=None)
    book.add(run, Facts(files=[use]))
    book.end(run, "finished")
    return run


async def test_a_lineage_is_asked_for_by_any_name_and_direction(ask, workspace: Workspace):
    run = read(workspace, "a")
    for subject in (run, "/data/a b&c=<i>/ü.csv", "blake3:" + "a" * 64):
        answer = await ask("GET", "lineage", subject=subject, depth="3", every="true")
        assert answer.status == 200
        assert {node["kind"] for node in answer.body["nodes"]} == {"file", "cell"}
    assert (await ask("GET", "lineage", subject=run, downstream="true")).body["edges"] == []
    assert (await ask("GET", "lineage", subject="nothing")).status == 404
    assert (await ask("GET", "lineage", subject=run, depth="x")).status == 422


async def test_two_runs_data_are_compared(ask, workspace: Workspace):
    before, after = read(workspace, "a"), read(workspace, "b")
    answer = await ask("GET", "dataset-differences", before=before, after=after)
    assert [(file["change"], file["digest_after"][7]) for file in answer.body["files"]] == [("changed", "b")]
    assert (await ask("GET", "dataset-differences", before=before, after="run-gone")).status == 404
