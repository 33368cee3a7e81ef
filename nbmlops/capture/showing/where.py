"""Which notebook file a kernel runs, found by a cascade; "unknown" when unknown.

What is told comes first (the environment, VS Code, papermill's own parameter), then the Jupyter server, which knows renamed
files too; then the command line of the program that executes; then the name the session began with; last the notebooks
beside the kernel, if what was executed stands in one of them and in no other. A path is given only for a file that is there,
and no guess is made between two.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from nbmlops.capture.reading.reads import reads
from nbmlops.capture.showing import servers
from nbmlops.capture.showing.notebook_files import holding, in_folder, telling
from nbmlops.ledger.secrets import mask

NOTEBOOK_ENVIRONMENT = "NBMLOPS_NOTEBOOK"
_PYTHON = re.compile(r"(python|pypy|jupyter|papermill|nbconvert)[\d.\w-]*(\.exe)?")
_PROGRAMS = {"papermill": "papermill", "jupyter-nbconvert": "nbconvert", "jupyter-execute": "nbclient", "voila": "voila"}
_SERVERS = ("jupyter-lab", "jupyter-notebook", "jupyter-server", "jupyter-nbclassic", "jupyterlab", "notebook", "jupyter_server")
_ANY = "command line"
_ANCESTORS = 3


def notebook_of(shell: Any, *, ask_server: bool = True, executed: Sequence[str] = ()) -> tuple[str | None, str]:
    """The notebook's absolute path (or None) and what told it; `executed`: the sources this kernel executed so far.

    It may take as long as a server takes to answer, at most a second. A notebook that is renamed, or saved for the first
    time, is known by its new name when asked again.
    """
    told = os.environ.get(NOTEBOOK_ENVIRONMENT)
    if told:
        return os.path.abspath(os.path.expanduser(told)), "environment"
    names = getattr(shell, "user_ns", {})
    given = names.get("__vsc_ipynb_file__")
    if isinstance(given, str) and os.path.isfile(given):
        return os.path.abspath(given), "vscode"
    if not hasattr(shell, "kernel"):
        return None, "terminal"
    with reads.deaf():
        return _of_kernel(shell, names, ask_server, [*executed, *_executing(shell)])


def lets_errors_pass(shell: Any) -> bool:
    """Whether who executes goes on after an error of the executing cell; it is told with each cell."""
    return _request(shell).get("stop_on_error") is False


def driven(shell: Any) -> Literal["live", "headless"]:
    """Whether somebody types or a program executes: a program's requests do not allow the kernel to ask for input.

    nbclient says so, and with it papermill, nbconvert, `jupyter execute`, jupyter-scheduler and Voilà; JupyterLab, Notebook,
    VS Code and consoles allow it. A program that sends its requests by itself through jupyter_client is taken for a person
    unless it says otherwise, and a front end that never lets a cell ask for input for a program.
    """
    return "headless" if hasattr(shell, "kernel") and _request(shell).get("allow_stdin") is False else "live"


def _of_kernel(shell: Any, names: Any, ask_server: bool, executed: list[str]) -> tuple[str | None, str]:
    program = _program()
    if path := _papermills(names.get("PAPERMILL_INPUT_PATH"), program):
        return path, "papermill"
    headless, cell_id = driven(shell) == "headless", _cell_id(shell)
    if ask_server and (kernel := servers.kernel_id()):
        answer = servers.ask(kernel)
        if len(answer.notebooks) > 1:
            answer = servers.Answer(True, tuple(holding(answer.notebooks, [], cell_id) if cell_id else ()))
        if len(answer.notebooks) == 1:
            return answer.notebooks[0], "server"
        if answer.told and not headless:
            return None, "unknown"  # a console, two notebooks on one kernel, a drive without files
    if headless:
        # What is executed by a program that executes notebooks is known; of another, a telling cell must say so.
        named = holding(program.notebooks, executed) if program.name != _ANY or telling(executed) else []
        if len(named) == 1:
            return named[0], program.name
        beside = holding(in_folder(os.getcwd()) or (), executed) if not program.notebooks and telling(executed) else []
        return (beside[0], "contents") if len(beside) == 1 else (None, "unknown")
    return _of_session(executed, cell_id)


def _of_session(executed: list[str], cell_id: str | None) -> tuple[str | None, str]:
    """Live, and no server tells: the files themselves do."""
    session = os.environ.get("JPY_SESSION_NAME") or ""
    named = session if session.endswith(".ipynb") and os.path.isabs(session) and os.path.isfile(session) else None
    beside = in_folder(os.getcwd()) or []
    if cell_id is not None:
        # Front ends give each cell an id of its own; a copy of the file has the same ones, but not the same history.
        found = holding([*([named] if named else []), *beside], [], cell_id)
        if len(found) > 1:
            found = holding(found, executed, cell_id)
    else:
        found = holding(beside, executed) if named is None and telling(executed) else []
    if named is not None and (named in found or not found):
        return named, "session name"  # stale only if another notebook has taken its name
    return (found[0], "contents") if len(found) == 1 else (None, "unknown")


class _Program:
    """The process that started this kernel: the notebooks its command line names."""

    def __init__(self, name: str, folder: str | None, notebooks: Sequence[str]) -> None:
        self.name = name
        self.folder = folder
        self.notebooks = notebooks


def _program() -> _Program:
    import psutil

    try:
        process: Any = psutil.Process(os.getppid())
        for _ in range(_ANCESTORS):
            line = process.cmdline()
            if line and _PYTHON.fullmatch(os.path.basename(line[0])):
                words = [os.path.basename(part) for part in line[:4]]
                name, folder = next((_PROGRAMS[word] for word in words if word in _PROGRAMS), _ANY), process.cwd()
                if any(word in _SERVERS for word in words):
                    return _Program(name, folder, [])  # it opens what it names; what it executes is another
                named = [
                    os.path.join(folder, word)
                    for before, word in pairwise(line)
                    if word.endswith(".ipynb") and not word.startswith("-") and before != "--output"
                ]
                return _Program(name, folder, [path for path in named if os.path.isfile(path)])
            process = process.parent()  # a wrapper's shell
            if process is None:
                break
    except (psutil.Error, OSError):
        pass  # it has ended, or is another user's
    return _Program(_ANY, None, [])


def _papermills(given: Any, program: _Program) -> str | None:
    """`--inject-paths` gives the path as papermill was given it: from its own folder, or an address."""
    if not isinstance(given, str) or not given:
        return None
    if "://" in given:
        return mask(given)
    places = (os.path.normpath(os.path.join(folder, given)) for folder in (program.folder, os.getcwd()) if folder)
    return next((place for place in places if os.path.isfile(place)), None)


def _parent(shell: Any) -> dict[str, Any]:
    found = shell.get_parent() if hasattr(shell, "get_parent") else None
    return found if isinstance(found, dict) else {}


def _request(shell: Any) -> dict[str, Any]:
    return _parent(shell).get("content") or {}


def _executing(shell: Any) -> list[str]:
    code = _request(shell).get("code")
    return [code] if isinstance(code, str) else []


def _cell_id(shell: Any) -> str | None:
    found = (_parent(shell).get("metadata") or {}).get("cellId")
    return found if isinstance(found, str) and found else None
