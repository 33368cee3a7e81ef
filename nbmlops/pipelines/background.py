"""A pipeline executed by a process of its own, which goes on when whoever started it ends; and how an execution is stopped.

`python -m nbmlops.pipelines.background` executes what it is asked on standard input, where nobody else on the machine reads it. One
line on standard output says which execution began, or why none did.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from nbmlops.errors import Conflict, Invalid, NbmlopsError, Unavailable, of_record
from nbmlops.ledger.owner import Owner, alive, this_process
from nbmlops.ledger.secrets import mask
from nbmlops.pipelines.journal import Journal
from nbmlops.pipelines.records import PipelineRun
from nbmlops.runs.current import OF_A_KERNEL
from nbmlops.settings import ENVIRONMENT
from nbmlops.workspace import Workspace

STOP_S = 40.0  # a step has 15 to end by itself
_LOOK_S = 0.1


def start(file: Path, params: dict[str, Any], *, force: bool, workspace: Workspace) -> PipelineRun:
    """Begin to execute the pipeline of a file, and give it as soon as it is in the journal. Raises what is wrong before that."""
    try:
        asked = json.dumps({"file": str(file), "params": params, "force": force, "workspace": str(workspace.root)})
    except (TypeError, ValueError) as error:
        raise Invalid(f"Parameters must be plain values: {error}.", hint="Numbers, text, lists, true, false, null.") from error
    env = {name: value for name, value in os.environ.items() if name not in OF_A_KERNEL}
    env[ENVIRONMENT] = str(workspace.root)
    # -P: what stands in the workspace's folder is the notebooks', and no module of ours.
    words, pipe = [sys.executable, "-P", "-m", "nbmlops.pipelines.background"], subprocess.PIPE
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words, stdin=pipe, stdout=pipe, stderr=said, env=env, cwd=workspace.root, text=True, start_new_session=True
        )
        # Whoever lives long enough to see it end takes note of that: else it would stay in the process table.
        threading.Thread(target=process.wait, daemon=True, name=f"pipeline-{process.pid}").start()
        assert process.stdin and process.stdout
        try:
            with process.stdout, suppress(BrokenPipeError):  # it ended already; its last words say why
                with process.stdin:
                    process.stdin.write(asked)
                select.select([process.stdout], [], [])  # an interrupt ends it, also where a library has others go on
                answer = process.stdout.readline()
        except BaseException:  # an interrupted start has started nothing
            process.send_signal(signal.SIGINT)
            raise
        told = json.loads(answer) if answer else {}
        if "began" in told:
            return Journal(workspace).show(told["began"])
        raise of_record(told.get("error"), told.get("status", 0)) or Unavailable(
            f"{file.name} could not be started: {told.get('error', {}).get('message') or _last(said)}",
            hint="Execute it here: %mlops pipeline run FILE",
        )


def stop(run: str, workspace: Workspace) -> PipelineRun:
    """Interrupt the process that executes, and wait until the journal has its end.

    Raises NotFound; Conflict where it has ended, or cannot be interrupted from here; Unavailable where it does not end.
    """
    journal = Journal(workspace)
    journal.settle()
    found = journal.show(run)
    if found.status != "running":
        raise Conflict(f"{found.id} of {found.name} has ended: it is {found.status}.", hint="Those that run: %mlops pipeline find")
    owner, interruptible = journal.owner(found.id)
    if alive(owner) is None:
        raise Conflict(f"{found.id} is executed on {owner.host}.", hint=f"Stop it there: nbmlops pipeline stop {found.id}")
    if not interruptible:
        what = f"{found.id} is executed by process {owner.pid}, which no interrupt stops, or more than that would be stopped."
        raise Conflict(what, hint="Stop what executes it: a study, a server, a script in the background.")
    if owner == this_process() and threading.current_thread() is threading.main_thread():
        journal.end(found.id, "cancelled", "Interrupted.")  # who would execute it asks here: an interrupt left it so
        return journal.show(found.id)
    return _stopped(journal, found.id, owner)


def _stopped(journal: Journal, run_id: str, owner: Owner) -> PipelineRun:
    """Interrupted once, whoever asks meanwhile: a second interrupt would come upon the first one's tidying up."""
    first = journal.stopping(run_id, True)
    try:
        if first and alive(owner):
            _interrupt(owner)
        end = time.monotonic() + STOP_S
        while (found := journal.show(run_id)).status == "running":
            if time.monotonic() > end:
                what = f"{run_id} does not end; it is executed by process {owner.pid}."
                raise Unavailable(what, hint="Look at it: %mlops pipeline show RUN")
            time.sleep(_LOOK_S)
            journal.settle()
        return found
    finally:
        if first:
            journal.stopping(run_id, False)  # still running: it may be tried again


def _interrupt(owner: Owner) -> None:
    try:
        os.kill(owner.pid, signal.SIGINT)
    except ProcessLookupError:
        pass  # the journal will say how it ended
    except PermissionError:
        raise Conflict(f"Process {owner.pid}, which executes it, is another user's.", hint="Its owner can stop it.") from None


def _last(said: IO[bytes]) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - 8000))
    return mask(said.read().decode("utf-8", "replace").strip())[-2000:] or "it said nothing"


def main() -> int:
    """0: executed (the journal says how); 1: it could not be begun."""
    # Nobody else has this one: what is started meanwhile would hold it open.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = json.load(sys.stdin)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # by that it is stopped, and whoever started it may have ignored it
    from nbmlops.pipelines import definition, flow

    def began(run_id: str) -> None:
        nobody = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            os.dup2(nobody, number)
        with suppress(BrokenPipeError), answer:  # who asked may be gone; it is executed all the same
            print(json.dumps({"began": run_id}), file=answer)

    try:
        place = Workspace.at(asked["workspace"])
        flow.run(definition.read(Path(asked["file"])), asked["params"], workspace=place, force=asked["force"], began=began)
    except KeyboardInterrupt:
        return 130
    except NbmlopsError as error:
        if not answer.closed:
            print(json.dumps({"error": error.as_record(), "status": error.status}), file=answer, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
