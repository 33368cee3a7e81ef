"""Truthful status: what is said of a run, from another process and afterwards, is what happened to it."""

from __future__ import annotations

import pytest

from tests.capture.kernel import kernel
from tests.faults.ahead import ahead
from tests.faults.faults import FAULTS, FIT, through
from tests.faults.looking import one, until

LOAD = "%load_ext nbmlops"
LOG = "from nbmlops import run\nlogged = run.log({'mae': 1.5})"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
@ahead
def test_a_run_says_what_happened_and_keeps_what_was_acknowledged(folder, fault):
    with kernel(folder) as k:
        k.run(LOAD)
        acknowledged = [] if fault.first else [FIT, LOG]
        for cell in acknowledged:
            assert k.run(cell) == ("ok", "")
        if fault.then is None:
            lives = through(k, fault.cell)
        else:
            if fault.cell is not None:
                k.send(fault.cell)
            if "started" in (fault.cell or ""):
                until((folder / "started").exists)
            fault.then(k, folder)
            if fault.happened == "killed":
                until(lambda: not k.manager.is_alive())
            lives = fault.happened != "killed" and through(k, "pass")
        assert lives == (fault.happened != "killed")
        if lives:
            assert one(folder).status == "running"
            k.shut_down()
        found = one(folder)
    status, error, at = found.told
    assert (status, at) == (fault.happened, fault.at) and error.startswith(fault.error) and bool(error) == bool(fault.error)
    assert found.sources[: len(acknowledged)] == acknowledged
    if acknowledged:
        assert found.numbers == [("mae", 0, 1.5)] and found["fits"][0]["estimator"].endswith("Ridge")
        assert [use["path"] for use in found["files"] if use["mode"] == "read"] == [str(folder / "x.csv")]
    assert not list((folder / ".nbmlops" / "spool").iterdir())
