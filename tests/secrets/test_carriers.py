"""Hundreds of made-up secrets go through real kernels, and not a byte of one is on the disk."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from nbmlops.pipelines.runner import execute
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.capture.kernel import kernel
from tests.pipelines.notebooks import done, papermill, runs
from tests.secrets import sessions
from tests.secrets.disk import leaks

pytestmark = pytest.mark.slow


def found(folder: Path) -> list[str]:
    """What is seen in the workspace's folder and in what is left in the temporary one."""
    return leaks(folder / ".nbmlops", sessions.values()) + leaks(folder.parent / "t", sessions.values())


def notebook(path: Path, *cells: str) -> Path:
    made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "python3", "language": "python"}})
    made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    made.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(made, path)
    return path


def test_a_live_session_leaves_no_byte(folder):
    with kernel(folder, **sessions.ENVIRONMENT, TMPDIR=str(folder.parent / "t")) as live:
        said = [live.run("%load_ext nbmlops")]
        said += [live.run(source, f"c{at}") for at, source in enumerate(sessions.CELLS)]
        said += [
            live.run("import nbmlops\nnested = json.loads(" + repr(sessions.NESTED) + ")\nnbmlops.run.start('explicit', params=nested)")
        ]
        said += [live.run("nbmlops.run.log({'mae': 1.0}, params=nested)")]
        for at, source in enumerate(sessions.RAISED):
            live.run(source, f"r{at}")
        said += [live.run("nbmlops.run.end()")]
        assert not found(folder), "before the kernel ends: spool, WAL, blobs"
        live.shut_down()
    assert [status for status, _ in said] == ["ok"] * len(said), [text[-600:] for status, text in said if status != "ok"]
    assert not found(folder)
    place = Workspace.at(folder)
    records = [RunBook(place).record(run.id) for run in RunBook(place).find()]
    assert {record.run.name for record in records} >= {"explicit"} and any(record.fits for record in records)
    cells = [cell.source for record in records for cell in record.cells]
    assert any("•••" in source and "alpha = 0.5" in source for source in cells), "masked, and readable"
    assert any(record.git.get("remote") for record in records)
    kinds = {artifact.media_type for record in records for artifact in record.artifacts}
    assert {"image/svg+xml", "application/vnd.plotly.v1+json", "text/x-diff"} <= kinds, "figures and changes were recorded"
    place.close()


def test_the_runner_leaves_no_byte_and_writes_none_into_the_executed_notebook(folder, monkeypatch):
    for name, value in sessions.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    path = notebook(folder / "in.ipynb", *sessions.CELLS[:-1], *sessions.RAISED[:1])
    place = Workspace.at(folder)
    given = {name: value + "z9" for name, value in list(sessions.NAMED.items())[:20]}
    out = folder / "written"
    run = execute(path, given, output=out / "out.ipynb", workspace=place)
    place.close()
    assert run.status == "failed" and run.error
    nbformat.validate(nbformat.read(out / "out.ipynb", 4))
    assert not found(folder)
    assert not leaks(out, [*sessions.values(), *given.items()])
    assert not leaks(folder / ".nbmlops", given.items())


def test_papermill_leaves_no_byte_in_the_workspace(folder):
    path = notebook(folder / "in.ipynb", *sessions.CELLS[:-1], *sessions.RAISED[1:2])
    words = [word for name, value in list(sessions.NAMED.items())[:10] for word in ("-r", name, value)]
    code, said = done(papermill(folder, path.name, "out.ipynb", *words, env=sessions.ENVIRONMENT))
    assert code != 0 and "RuntimeError" in said
    (run,) = runs(folder)
    assert run.status == "failed"
    assert not found(folder)
