"""Kernels that a Jupyter server restarts, shuts down, or leaves behind."""

from __future__ import annotations

import os
import signal

import psutil

from tests.faults.ahead import ahead
from tests.faults.faults import FIT, GONE, LONG
from tests.faults.looking import one, seen, until
from tests.faults.server import server

LOAD = "%load_ext nbmlops"


def trained(jupyter, folder, name):
    place = folder / name
    place.mkdir()
    (place / "x.csv").write_bytes((folder / "x.csv").read_bytes())
    (place / ".nbmlops").mkdir()  # a workspace of its own, as a project has
    kernel, client = jupyter.kernel(name)
    for cell in (LOAD, FIT):
        reply = client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", reply["content"]
    return place, kernel, client


def lives(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@ahead
def test_a_restart_ends_the_run_and_the_next_fit_opens_another(folder):
    with server(folder) as jupyter:
        place, kernel, client = trained(jupyter, folder, "rest")
        jupyter.ask("POST", f"kernels/{kernel}/restart")
        assert one(place).told == ("finished", "", None)
        client.wait_for_ready(timeout=60)
        for cell in (LOAD, FIT):
            client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)
        assert [run.status for run in seen(place)] == ["finished", "running"]
        jupyter.ask("DELETE", f"kernels/{kernel}")
        assert [run.status for run in seen(place)] == ["finished", "finished"]
        client.stop_channels()

        place, kernel, client = trained(jupyter, folder, "busy")
        client.execute(LONG)
        until((place / "started").exists)
        jupyter.ask("POST", f"kernels/{kernel}/restart")
        status, error, at = one(place).told
        assert (status, at) == ("failed", 1) and error.startswith("KeyboardInterrupt")
        client.stop_channels()

        place, kernel, client = trained(jupyter, folder, "died")
        os.kill(jupyter.pid(client), signal.SIGKILL)
        until(lambda: one(place).status != "running")
        assert one(place).told == ("killed", GONE, None)  # and the server starts another kernel in its place
        client.stop_channels()


@ahead
def test_a_server_that_is_killed_leaves_no_run_running(folder):
    with server(folder) as jupyter:
        place, _, client = trained(jupyter, folder, "left")
        pid = jupyter.pid(client)
        client.execute("import time, os\nopen('started', 'w').close()\ntime.sleep(600)")
        until((place / "started").exists)
        jupyter.end(signal.SIGKILL)
        kernel = psutil.Process(pid)
        while lives(kernel):  # it is said to live as long as it does, with nobody to talk to
            status = one(place).status
            assert status == "running" or not lives(kernel)
        assert one(place).told == ("killed", GONE, None)
        client.stop_channels()


@ahead
def test_a_server_that_is_stopped_finishes_the_runs_of_its_kernels(folder):
    with server(folder) as jupyter:
        place, _, client = trained(jupyter, folder, "stopped")
        jupyter.end(signal.SIGTERM)
        until(lambda: one(place).status != "running")
        assert one(place).told == ("finished", "", None)
        client.stop_channels()
