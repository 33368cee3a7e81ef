"""The life of an endpoint's process: who starts it may go, who ends it is told."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from nbmlops.endpoints import verbs as endpoint
from nbmlops.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from nbmlops.ledger.owner import Owner, this_process
from nbmlops.models import verbs as model
from tests.serving.http import Asking, constant, promoted

pytestmark = pytest.mark.slow

STARTER = """
import os, sys
from nbmlops.endpoints import verbs as endpoint
from nbmlops.workspace import Workspace
print(endpoint.start("m", workspace=Workspace.at(sys.argv[1], actor="ada")).url, flush=True)
"""


@pytest.fixture
def place(workspace):
    """A workspace with a model `m`, whose endpoint is stopped in the end."""
    estimator, frame = constant(4.0)
    promoted(workspace, "m", estimator, frame)
    yield workspace
    if workspace.ledger.read_one("SELECT 1 FROM endpoint WHERE name = 'm'"):
        endpoint.stop("m", workspace=workspace)
    assert servers(workspace) == []


def servers(workspace):
    """Server processes of this workspace."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "nbmlops.serving" in words and str(workspace.root) in words and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def pid_of(workspace):
    return Owner.from_text(workspace.ledger.read_one("SELECT owner FROM endpoint WHERE name = 'm'")["owner"]).pid


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not true():
        time.sleep(0.02)
    return bool(true())


def status(workspace):
    return endpoint.show("m", workspace=workspace).status


def spawn(workspace, code=STARTER):
    return subprocess.Popen([sys.executable, "-c", code, str(workspace.root)], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", ["exits", "is killed"])
def test_the_server_outlives_who_started_it_and_holds_nothing_of_it(place, end):
    starter = spawn(place, STARTER + ("" if end == "exits" else "import time; time.sleep(600)"))
    assert starter.stdout.readline().startswith("http://127.0.0.1:")
    if end == "is killed":
        starter.kill()
    # The pipe ends: nobody else has it open.
    assert starter.communicate(timeout=20)[0] == ""
    assert status(place) == "serving"
    answers = endpoint.predict("m", [{"x": 1.0}], workspace=place)
    assert answers.predictions == [4.0]
    assert endpoint.label("m", answers.ids, [4.5], workspace=place).joined == 1


def test_a_killed_server_has_died_and_starts_again(place):
    for started_by in ("this process", "another"):
        if started_by == "another":
            with spawn(place) as starter:
                starter.communicate(timeout=60)
        else:
            endpoint.start("m", workspace=place)
        os.kill(pid_of(place), signal.SIGKILL)
        assert until(lambda: status(place) == "died")
        assert endpoint.show("m", workspace=place).url is None
        with pytest.raises(Unavailable, match="is died"):
            endpoint.predict("m", [{"x": 1.0}], workspace=place)
        assert endpoint.start("m", workspace=place).status == "serving"
        assert endpoint.predict("m", [{"x": 1.0}], workspace=place).predictions == [4.0]
        endpoint.stop("m", workspace=place)


def test_a_server_that_is_told_to_end_by_hand_loses_no_prediction(place):
    endpoint.start("m", workspace=place)
    ask, answered, ending = Asking(place, "m"), [], threading.Event()

    def go_on():
        while not ending.is_set():
            try:
                answer = ask("POST", "/predict", {"rows": [{"x": 1.0}] * 50})
            except OSError:
                return
            if answer.status == 200:
                answered.extend(answer.body["ids"])

    clients = [threading.Thread(target=go_on) for _ in range(4)]
    for client in clients:
        client.start()
    until(lambda: len(answered) > 1000)
    os.kill(pid_of(place), signal.SIGTERM)
    assert until(lambda: status(place) == "stopped")
    ending.set()
    for client in clients:
        client.join()
    kept = {row["id"] for row in place.prediction_ledger.read("SELECT id FROM prediction WHERE endpoint = 'm'")}
    assert set(answered) <= kept and len(answered) > 1000
    assert until(lambda: servers(place) == [])
    assert endpoint.show("m", workspace=place).predictions == len(kept)
    assert endpoint.label("m", [*answered[:2], "p-none"], [1, None, 2], workspace=place).unknown == ["p-none"]


def test_stopping_again_changes_nothing(place):
    endpoint.start("m", workspace=place)
    first = endpoint.stop("m", workspace=place)
    events = place.ledger.read("SELECT count(*) AS n FROM audit")[0]["n"]
    assert endpoint.stop("m", workspace=place) == first and first.status == "stopped" and first.url is None
    assert place.ledger.read("SELECT count(*) AS n FROM audit")[0]["n"] == events
    with pytest.raises(NotFound, match="no endpoint 'nobody'"):
        endpoint.stop("nobody", workspace=place)


@pytest.mark.parametrize("row_says", ["serving", "starting"])
def test_stopping_never_ends_another_process(place, row_says):
    """The number of a server that is gone belongs to another now; of one that never came, to who started it."""
    endpoint.start("m", workspace=place)
    endpoint.stop("m", workspace=place)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        mine = this_process()
        owner = Owner(other.pid, mine.started, mine.boot, mine.host) if row_says == "serving" else None
        if owner is None:
            owner = Owner(other.pid, Path(f"/proc/{other.pid}/stat").read_text().rsplit(")", 1)[1].split()[19], mine.boot, mine.host)
        with place.ledger.write() as tx:
            tx.run("UPDATE endpoint SET status = ?, owner = ? WHERE name = 'm'", row_says, owner.as_text())
        assert status(place) == ("died" if row_says == "serving" else "starting")
        assert endpoint.stop("m", workspace=place).status == "stopped"
        assert other.poll() is None
        other.communicate(b"\n")


def test_a_server_on_another_machine_is_not_called_stopped(place):
    endpoint.start("m", workspace=place)
    real = place.ledger.read_one("SELECT owner FROM endpoint")["owner"]
    elsewhere = Owner(1, "1", "boot", "elsewhere").as_text()
    with place.ledger.write() as tx:
        tx.run("UPDATE endpoint SET owner = ?", elsewhere)
    with pytest.raises(Unavailable, match="runs on elsewhere"):
        endpoint.stop("m", workspace=place)
    with place.ledger.write() as tx:
        tx.run("UPDATE endpoint SET owner = ?", real)


def test_two_starts_at_once_are_one_server(place):
    starters = [spawn(place) for _ in range(2)]
    urls = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert len(urls) == 1 and "" not in urls
    assert len(servers(place)) == 1
    endpoint.stop("m", workspace=place)


def test_a_server_whose_starter_was_killed_half_way_makes_room_for_the_next(place):
    starter = spawn(place)
    assert until(lambda: len(servers(place)) == 1)
    starter.kill()
    starter.communicate()
    assert endpoint.start("m", workspace=place).status == "serving"
    assert until(lambda: len(servers(place)) == 1)
    assert endpoint.predict("m", [{"x": 1.0}], workspace=place).predictions == [4.0]


def test_a_server_whose_row_is_taken_away_ends(place):
    endpoint.start("m", workspace=place)
    with place.ledger.write() as tx:
        tx.run("UPDATE endpoint SET token_digest = 'another'")
    assert until(lambda: servers(place) == [])


def test_a_server_that_cannot_start_says_why_and_is_stopped(place):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match=r"did not start.*in use"):
            endpoint.start("m", port=taken.getsockname()[1], workspace=place)
    shown = endpoint.show("m", workspace=place)
    assert shown.status == "stopped" and "in use" in shown.note


def test_the_token_is_in_its_file_and_nowhere_else(place):
    endpoint.start("m", workspace=place)
    shown = endpoint.call("m", workspace=place)
    path = Path(shown.token_file)
    token = path.read_text("ascii")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    said = f"{shown} {endpoint.show('m', workspace=place)} {endpoint.find(workspace=place)}"
    assert token not in said
    (server,) = servers(place)
    assert token not in " ".join(server.cmdline()) and token not in " ".join(server.environ().values())
    asked = subprocess.run(["sh", "-c", shown.example], capture_output=True, text=True, check=True)
    assert '"predictions":[4.0]' in asked.stdout
    endpoint.stop("m", workspace=place)
    assert not path.exists()
    place.close()
    holders = [found for found in place.folder.rglob("*") if found.is_file() and token.encode() in found.read_bytes()]
    assert holders == []


def test_an_endpoint_serves_one_model(place):
    estimator, frame = constant(1.0)
    promoted(place, "other", estimator, frame)
    first = endpoint.start("m", workspace=place)
    assert endpoint.start("m", workspace=place).url == first.url
    with pytest.raises(Conflict, match="serves m by 'champion'"):
        endpoint.start("m", model="other", workspace=place)


@pytest.mark.parametrize("name", ["../x", "<img src=x onerror=alert(1)>", "🚀", "", ".", "a/b", "a\nb", "-rf"])
def test_a_name_that_is_none_makes_nothing(workspace, name):
    with pytest.raises(Invalid):
        endpoint.start(name, workspace=workspace)
    for ask in (endpoint.show, endpoint.stop, endpoint.call):
        with pytest.raises(NotFound, match="There is no endpoint"):
            ask(name, workspace=workspace)
    with pytest.raises(NotFound):
        endpoint.predict(name, [{"x": 1}], workspace=workspace)
    with pytest.raises(NotFound):
        endpoint.label(name, ["a"], [1], workspace=workspace)
    assert not (workspace.folder / "endpoints").exists()


def test_a_name_of_ten_thousand_letters(workspace):
    with pytest.raises(TooLarge, match="10,000"):
        endpoint.start("n" * 10_000, workspace=workspace)
    with pytest.raises(NotFound) as told:
        endpoint.show("n" * 10_000, workspace=workspace)
    assert len(str(told.value)) < 500


def test_a_model_that_is_not_there_starts_nothing(workspace):
    with pytest.raises(NotFound, match="not registered"):
        endpoint.start("ghost", workspace=workspace)
    estimator, frame = constant(1.0)
    model.register("m", estimator, data=frame, workspace=workspace)
    with pytest.raises(NotFound, match="no alias 'champion'"):
        endpoint.start("m", workspace=workspace)
    with pytest.raises(NotFound, match="no target 'moon'"):
        model.promote("m", 1, workspace=workspace)
        endpoint.start("m", target="moon", workspace=workspace)
    with pytest.raises(Invalid, match="no port"):
        endpoint.start("m", port=70_000, workspace=workspace)
    assert endpoint.find(workspace=workspace) == []
