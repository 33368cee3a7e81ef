"""Inside a kernel: keep what it holds after a cell, or bring back what another kernel held.

What is kept is read back by another process before it counts (`check`): names whose state is not the same there, settings that are
not, modules of the notebook's own that changed since they were imported. Then nothing is kept, and it is said why.
"""

from __future__ import annotations

import importlib
import json
import linecache
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from nbmlops.atomic import write_whole
from nbmlops.capture.attached import current_session
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.secrets import holds_secret, known, says
from nbmlops.pipelines.checkpoints import surroundings
from nbmlops.pipelines.checkpoints.pickled import names_of, pickled, refusing, unpickled

MOST_BYTES = 4 << 30
_LOOKED_THROUGH_BYTES = 64 << 20
_UNKNOWN = ("tensorflow", "pyspark", "jax", "ray")  # whose own state nobody can tell
_CHECK_S = 600
_ENDING_S = 1.0  # so long a process may take to end: git's, that somebody asked a moment ago
_SETS = re.compile(r"^%(?:load_ext|reload_ext|matplotlib|config|autoreload|pylab|precision|alias)\b.*", re.MULTILINE)
_CHECK = "import sys; from nbmlops.pipelines.checkpoints.check import main; sys.exit(main())"

_before: dict[str, str] = {}
_threads: set[int] = set()


class Unkeepable(Exception):
    """What stands in the way, in words."""


def begin() -> None:
    """Before the first cell: how the kernel began."""
    global _before
    _before = dict(os.environ)
    _threads.update(thread.ident or 0 for thread in threading.enumerate())


def keep(file: str, leave: list[str], sources: list[str]) -> str:
    """Write what the kernel holds to a file, after cells of these `sources`; gives, as JSON, its digest, or why it cannot be.

    `leave`: names of cells that are executed again in any case.
    """
    try:
        shell = _shell()
        session = current_session()
        folders = session.users_folders() if session else []
        _alone(folders)
        importlib.import_module("nbmlops.data.values")  # and what that needs, before the settings of libraries are told
        names = names_of(shell.user_ns, shell.user_ns_hidden, frozenset(leave))
        fitted = {name: facts for name, value in names.items() if session and (facts := session.observer.made.facts(value)) is not None}
        around = surroundings.now(_before)
        secret = next((name for name in around["variables"] if says(name) != "no"), None)
        if secret is not None:
            raise Unkeepable(f"the environment variable {secret} is a secret; set it in a cell tagged `always`")
        held = {
            "surroundings": around, "magics": [line for source in sources for line in _SETS.findall(source)],
            "sources": {name: entry[2] for name, entry in linecache.cache.items() if len(entry) == 4 and entry[1] is None},
            "execution_count": shell.execution_count, "position": session.position if session else 0,
        }  # fmt: skip
        try:
            data = pickled([pickled(held), pickled({"names": names, "fitted": fitted})])
        except Exception as error:  # an object's own code raises what it likes
            raise Unkeepable(refusing(names) or f"{type(error).__name__}: {str(error)[:200]}") from error
        if len(data) > MOST_BYTES:
            raise Unkeepable(f"it is {len(data):,} bytes")
        if _secret(data):
            raise Unkeepable("a secret is in it; a cell that reads it, tagged `always`, is executed again instead")
        told = states(names, folders)
        write_whole(Path(file), data)
        _read_back(file, told)
        return json.dumps({"digest": digest_bytes(data), "size_bytes": len(data), "position": held["position"]})
    except Unkeepable as error:
        Path(file).unlink(missing_ok=True)
        return json.dumps({"why": str(error)})


def restore(file: str, digest: str, run: str | None, fits: int, trials: int, made_from: list[str]) -> str:
    """Bring back what was kept; gives "", or why it cannot be. `fits`, `trials`, `made_from`: what the run has already."""
    data = Path(file).read_bytes()
    if digest_bytes(data) != digest:
        return "its bytes are others than were kept"
    shell = _shell()
    held = brought_back(data, shell.user_ns, lambda line: shell.run_cell(line, silent=True, store_history=False))
    shell.execution_count = held["execution_count"]
    session = current_session()
    if session is not None:
        session.position = held["position"]
        for name, facts in held["fitted"].items():
            session.observer.made.remember(shell.user_ns[name], replace(facts, run=run))
        for attempt in session.attempts:
            if attempt.run.id == run:
                attempt.fits, attempt.trials = fits, trials
                attempt.frames |= set(made_from)
    return ""


def brought_back(data: bytes, space: dict[str, Any], magic: Any) -> dict[str, Any]:
    """What was kept, in place again: surroundings, then names, then what goes by neither."""
    first, second = unpickled(data)
    held = unpickled(first)
    surroundings.bring_back(held["surroundings"])
    for name, lines in held["sources"].items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)  # what functions of cells are shown and known by
    for line in held["magics"]:
        magic(line)
    found = unpickled(second)
    space.update(found["names"])
    surroundings.settle(held["surroundings"])
    return {**held, "fitted": found["fitted"], "names": list(found["names"])}


def states(names: Mapping[str, Any], folders: Iterable[Path]) -> dict[str, str]:
    """By what each name, setting and module of the user's own is known again. Raises Unkeepable for what cannot be told."""
    from nbmlops.data.values import Unknowable, state_of

    found = {}
    for name, value in names.items():
        try:
            found[f"name {name}"] = value.__name__ if isinstance(value, ModuleType) else state_of(value).exact
        except Unknowable as error:
            raise Unkeepable(f"{name} cannot be told ({type(value).__name__}: {error})") from error
        except Exception as error:  # an object's own code raises what it likes
            raise Unkeepable(f"{name} cannot be told ({type(error).__name__}: {str(error)[:150]})") from error
    for name, value in surroundings.now({}).items():
        if name not in ("variables", "variables gone", "path"):
            found[f"setting {name}"] = state_of(value).exact
    places = [os.path.join(os.path.realpath(folder), "") for folder in folders]
    for name, module in sorted(sys.modules.items()):
        path = os.path.realpath(getattr(module, "__file__", None) or "/")
        if name != "__main__" and path.startswith(tuple(places)) and "site-packages" not in path and not name.startswith("nbmlops"):
            held = {key: value for key, value in vars(module).items() if not key.startswith("__") and not isinstance(value, ModuleType)}
            try:
                found[f"module {name}"] = state_of(held).exact
            except Exception as error:  # whatever it holds
                raise Unkeepable(f"what the module {name} holds cannot be told: {error}") from error
    return found


def _shell() -> Any:
    """This kernel's own, whatever its user's names are bound to."""
    from IPython.core.getipython import get_ipython

    if (shell := get_ipython()) is None:
        raise Unkeepable("there is no kernel here")
    return shell


def _alone(folders: Iterable[Path]) -> None:
    """Raise Unkeepable where something goes on beside the cells, or holds a state that nobody can tell."""
    unknown = next((name for name in _UNKNOWN if name in sys.modules), None)
    if unknown is not None:
        raise Unkeepable(f"nobody can tell what {unknown} holds")
    for thread in threading.enumerate():
        if thread.ident in _threads or not thread.is_alive() or thread.name.startswith(("nbmlops", "IPythonHistorySaving")):
            continue
        if not thread.daemon or _users_own(thread, folders):
            raise Unkeepable(f"a thread still works ({thread.name})")
    import psutil

    end = time.monotonic() + _ENDING_S
    while working := [words for child in psutil.Process().children() if (words := _words(child)) is not None]:
        if time.monotonic() > end:
            raise Unkeepable(f"a process still works ({working[0][:80]})")
        time.sleep(0.05)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and pyplot.get_fignums():
        raise Unkeepable("a figure is still open")


def _words(child: Any) -> str | None:
    """What a child process was started with; None where it is over, or none of the user's."""
    import psutil

    try:
        words = " ".join(child.cmdline())
        over = child.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return None if over or re.search(r"resource_tracker|semaphore_tracker|popen_loky|nbmlops", words) else words


def _users_own(thread: threading.Thread, folders: Iterable[Path]) -> bool:
    """Whether a thread executes what stands in the notebook or in a module beside it."""
    target = getattr(thread, "_target", None)
    target = getattr(target, "func", target)  # of a partial
    for module in (type(thread).__module__, getattr(target, "__module__", None)):
        path = getattr(sys.modules.get(module or ""), "__file__", None)
        if module == "__main__" or (path and "site-packages" not in path and any(Path(path).is_relative_to(one) for one in folders)):
            return True
    return False


def _secret(data: bytes) -> bool:
    if len(data) <= _LOOKED_THROUGH_BYTES:
        return holds_secret(data)
    return any(value.encode("utf-8", "surrogateescape") in data for value in known.remembered())


def _read_back(file: str, told: Mapping[str, str]) -> None:
    """Raise Unkeepable where another process reads something else back."""
    try:
        words = [sys.executable, "-P", "-c", _CHECK, file]
        done = subprocess.run(words, capture_output=True, text=True, timeout=_CHECK_S, stdin=subprocess.DEVNULL, check=False)  # noqa: S603
        found: dict[str, Any] = {"why": (done.stderr.strip() or "no answer")[-300:]}
        if done.stdout.strip():
            found = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise Unkeepable(f"it could not be read back: {error}") from error
    if "why" in found:
        raise Unkeepable(f"it cannot be read back: {found['why']}")
    other = next((name for name, state in told.items() if found["states"].get(name) != state), None)
    if other is not None:
        raise Unkeepable(f"{other.partition(' ')[2]} is not the same when it is read back")
