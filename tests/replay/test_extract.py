"""Messy sessions: of each the smallest notebook is taken, executed by somebody else, and must give the same.

Each file in `messy/` is a session in percent format, in the order in which its cells were executed; a cell that was edited or
executed again stands there again, under its id. Its head says what is to be made, and an expression that tells all of it:

    # target: model
    # result: model.coef_.round(9).tolist()
    # deleted: c, e           (cells that are not in the notebook any more)
    # keeps: 3                (executions that are needed, as a person judges)
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from tests.capture.kernel import kernel
from tests.notebooks.corpus_data import make

FOLDER = Path(__file__).parent / "messy"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipy"))


@dataclass
class Session:
    """A messy session: (cell id, source, whether it raises) as executed, what is wanted of it, what tells that."""

    executed: list[tuple[str, str, bool]]
    target: str
    result: str
    deleted: list[str]
    keeps: int


def session_of(name: str) -> Session:
    """A file of `messy/`, read."""
    head, *parts = re.split(r"^# %% ?(.*)$", (FOLDER / f"{name}.ipy").read_text("utf-8"), flags=re.MULTILINE)
    said = dict(re.findall(r"^# (\w+): (.*)$", head, re.MULTILINE))
    executed = []
    for mark, source in zip(parts[::2], parts[1::2], strict=True):
        cell = re.match(r"\[(\w+)\]\s*(raises)?", mark.strip())
        assert cell, mark
        executed.append((cell[1], source.strip("\n"), cell[2] is not None))
    return Session(executed, said["target"], said["result"], re.findall(r"\w+", said.get("deleted", "")), int(said.get("keeps", 0)))


def save(path: Path, session: Session) -> None:
    """The notebook as it stands at the session's end: each cell once, as it was executed last."""
    last = {cell: source for cell, source, _ in session.executed}
    found = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    found.cells = [nbformat.v4.new_code_cell(source, id=f"cell-{cell}") for cell, source in last.items() if cell not in session.deleted]
    nbformat.write(found, path)


LOOK = "print('RESULT:' + repr({result}))"


def extracted(name: str, folder: Path) -> dict[str, object]:
    """What `run extract` says of a session, and whether its notebook gives the same to somebody who knows nothing of us."""
    session = session_of(name)
    make(folder)
    with kernel(folder) as k:
        assert k.run("%load_ext nbmlops")[0] == "ok"
        for cell, source, raises in session.executed:
            status, printed = k.run(source, cell_id=f"cell-{cell}")
            assert (status == "error") == raises, (source, printed)
        save(folder / "n.ipynb", session)
        status, printed = k.run(LOOK.format(result=session.result))
        assert status == "ok", printed
        expected = printed.rpartition("RESULT:")[2].strip()
        began = time.monotonic()
        asked = f"run extract {session.target} --output {folder / 'out.ipynb'}"
        line = f"import json as _j, dataclasses as _d\n_x = get_ipython().run_line_magic('mlops', {asked!r})"
        say = "print('SAID:' + _j.dumps(_d.asdict(_x), default=str) if _x is not None else 'SAID:null')"
        status, printed = k.run(f"{line}\n{say}", timeout=300)
        assert status == "ok" and "SAID:" in printed, printed
    said = json.loads(printed.rpartition("SAID:")[2])
    if said is None:
        return {"name": name, "sentence": printed.strip()[:300], "accepted": False, "same": None, "smaller": False}
    same = given = None
    if said["notebook"]:
        given = somebody_else(folder, folder / "out.ipynb", session.result)
        same = given == expected
    return {
        "name": name, "sentence": said["sentence"], "accepted": said["notebook"] is not None, "same": same,
        "smaller": said["notebook"] is not None and said["lines"] < said["session_lines"], "lines": said["lines"], "of": said["session_lines"], "cells": said["cells"],
        "executed": len(session.executed), "keeps": session.keeps, "tried": said["tried"], "took_s": round(time.monotonic() - began, 1),
        **({} if same in (True, None) else {"expected": expected[:200], "given": str(given)[:200]}),
    }  # fmt: skip


def somebody_else(folder: Path, notebook: Path, result: str) -> str:
    """What an expression gives after a notebook, executed by nbclient in a process that starts fresh, where the files are as at first."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != notebook:
            path.unlink()
    make(folder)
    code = (
        "import nbformat, sys\nfrom nbclient import NotebookClient\n"
        "book = nbformat.read(sys.argv[1], 4)\nbook.cells.append(nbformat.v4.new_code_cell(sys.argv[2]))\n"
        "NotebookClient(book, kernel_name='python3', timeout=120).execute()\n"
        "print(''.join(out.get('text', '') for out in book.cells[-1].outputs))"
    )
    words = [sys.executable, "-c", code, str(notebook), LOOK.format(result=result)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=180)
    return done.stdout.rpartition("RESULT:")[2].strip() if "RESULT:" in done.stdout else done.stderr[-600:]


def test_every_messy_session_can_be_read():
    for name in NAMES:
        session = session_of(name)
        assert len(session.executed) > 5 and set(session.deleted) <= {cell for cell, _, _ in session.executed}, name


@pytest.mark.slow
@pytest.mark.parametrize("name", ("a_alias_frame", "a_edited_function", "b_three_files"))  # all of them: python -m benchmarks extract
def test_of_a_messy_session_the_smallest_notebook_gives_the_same(name, tmp_path):
    said = extracted(name, tmp_path)
    assert said["accepted"] and said["same"] and said["smaller"], said


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(extracted(sys.argv[1], Path(place))))
