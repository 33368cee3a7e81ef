"""`python -m tests.models.promoting FOLDER SECONDS NAME`: one of many processes that move one alias, as fast as they can.

Every third move is a rollback. What is printed at the end as JSON: the reasons of the moves it made, how often somebody else was
faster, and the seconds of each move.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from nbmlops.errors import Conflict
from nbmlops.models.records import Signature
from nbmlops.models.registry import Registry, roll_back
from nbmlops.workspace import Workspace

ROOT = Path(__file__).parents[2]
VERSIONS = 5
MODEL, ALIAS = "m", "champion"


def made(folder: Path) -> None:
    """A workspace with a model of a few versions."""
    place = Workspace.at(folder, actor="ada")
    for number in range(1, VERSIONS + 1):
        Registry(place).add(
            MODEL, flavor="sklearn", digest=f"blake3:{number:064x}", size_bytes=1, signature=Signature(inputs=[], outputs=[]), metrics={},
            run=None, dataset=None, target=None, estimator="e", description="",
        )  # fmt: skip
    place.close()


def crowd(folder: Path, processes: int, seconds: float) -> list[dict[str, Any]]:
    """Start them all, let them go at once; gives what each tells at its end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.models.promoting", str(folder), str(seconds)]
    started = [
        subprocess.Popen([*command, f"p{n}"], cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for n in range(processes)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(process.communicate(timeout=seconds + 120)[0]) for process in started]
    assert [process.returncode for process in started] == [0] * processes
    return told


def moving(folder: Path, seconds: float, name: str) -> dict[str, Any]:
    """Move until the time is over; each move is decided on the alias as it was seen."""
    place = Workspace.at(folder, actor=name)
    registry, chance = Registry(place), random.Random(name)
    registry.alias(MODEL, ALIAS)
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + seconds
    moves: list[str] = []
    taken: list[float] = []
    tried = conflicts = 0
    while time.monotonic() < end:
        tried += 1
        reason, began = f"{name} {tried}", time.perf_counter()
        try:
            if tried % 3 == 0:
                roll_back(registry, MODEL, ALIAS, reason=reason, evidence={})
            else:
                seen = registry.alias(MODEL, ALIAS)
                version = chance.choice([number for number in range(1, VERSIONS + 1) if seen is None or number != seen.version])
                registry.point(MODEL, ALIAS, version, way="promote", evidence={}, reason=reason, expected=seen)
        except Conflict:
            conflicts += 1
        else:
            moves.append(reason)
            taken.append(time.perf_counter() - began)
    place.close()
    return {"name": name, "moves": moves, "conflicts": conflicts, "taken": taken}


def single_line(folder: Path, told: list[dict[str, Any]]) -> int:
    """What the processes told is one history, without a branch or a gap; gives how many moves it has."""
    place = Workspace.at(folder, actor="ada")
    try:
        from nbmlops.models import audit_verbs

        known = Registry(place).model(MODEL)
        moves = known.moves[::-1]
        before = None
        for move in moves:
            assert move.previous == before, (move, before)
            before = move.version
        assert known.aliases == {ALIAS: before}
        for one in told:
            assert [move.reason for move in moves if move.actor == one["name"]] == one["moves"]
        assert len(moves) == sum(len(one["moves"]) for one in told)
        check = audit_verbs.verify(workspace=place)
        assert check.whole, check.damage[:5]
        assert check.events == VERSIONS + len(moves)
        return len(moves)
    finally:
        place.close()


if __name__ == "__main__":
    print(json.dumps(moving(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])), flush=True)
