"""Which notebook a Jupyter server says a kernel runs: asked at its own address, within a second, redirects and proxies aside."""

from __future__ import annotations

import glob
import json
import os
import re
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nbmlops.capture.reading.reads import reads

PATIENCE_S = 0.9
MOST_SERVERS = 8
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared, not bound
_answering: dict[str, str] = {}  # which server's file told of a kernel last: it is asked first


@dataclass(frozen=True)
class Answer:
    """`told`: a server knew the kernel, and these are the notebooks it runs (none: a console's or another client's)."""

    told: bool
    notebooks: tuple[str, ...] = ()


def ask(kernel_id: str, *, patience_s: float = PATIENCE_S) -> Answer:
    """Ask the servers of this user. A server that takes longer is one that did not answer."""
    found: list[Answer] = []

    def work() -> None:
        try:
            with reads.deaf():
                found.append(_ask(kernel_id, time.monotonic() + patience_s))
        except Exception:  # whatever a server sends: it did not tell
            found.append(Answer(False))

    thread = threading.Thread(target=work, daemon=True, name="nbmlops-where")
    try:
        thread.start()
    except RuntimeError:
        return Answer(False)  # the interpreter is leaving: nobody is asked any more
    thread.join(patience_s)
    return found[0] if found else Answer(False)


def kernel_id() -> str | None:
    """The id a server gave this kernel; None for one that another program started."""
    from ipykernel.connect import get_connection_file

    try:
        found = re.search(r"kernel-([0-9a-f-]{36})\.json$", get_connection_file())
    except RuntimeError:
        return None
    return found.group(1) if found else None


def _ask(kernel: str, until: float) -> Answer:
    # The server's own files are read here: importing jupyter_server in a kernel costs seconds.
    from jupyter_core.paths import jupyter_runtime_dir

    told = Answer(False)
    files = glob.glob(os.path.join(jupyter_runtime_dir(), "jpserver-*.json"))
    parent = os.environ.get("JPY_PARENT_PID", "-")
    first = (_answering.get(kernel, ""), os.path.join(jupyter_runtime_dir(), f"jpserver-{parent}.json"))
    files.sort(key=lambda file: (file not in first, -_modified(file)))
    for file in files[:MOST_SERVERS]:
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            with open(file, encoding="utf-8") as handle:
                server = json.load(handle)
            sessions = _get(server, "api/sessions", left)
            notebooks = [path for session in sessions if session["kernel"]["id"] == kernel for path in _places(server, session)]
            if any(session["kernel"]["id"] == kernel for session in sessions):
                _answering[kernel] = file
                return Answer(True, tuple(dict.fromkeys(notebooks)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # it is gone, does not let us in, or is not ours: ask the next
        if os.path.basename(file) == f"jpserver-{parent}.json":
            told = Answer(True)  # the server that started this kernel has no notebook open on it
    return told


def _places(server: dict[str, Any], session: dict[str, Any]) -> list[str]:
    """The file a session's path means; none for consoles and for drives whose files are not below the server's root."""
    path, root = str(session["path"]), str(server["root_dir"])
    if session.get("type", "notebook") != "notebook" or not path.endswith(".ipynb"):
        return []
    for name in (path, path.removeprefix("RTC:")):
        place = os.path.normpath(os.path.join(root, name.lstrip("/")))
        if os.path.isfile(place):
            return [place]
    return []


def _get(server: dict[str, Any], path: str, timeout_s: float) -> Any:
    # http.client: no proxy of the environment's stands between, and no redirect carries the token elsewhere.
    import http.client
    import ssl

    url = urlsplit(str(server["url"]))
    host = url.hostname or "localhost"
    connection: http.client.HTTPConnection
    if url.scheme == "https":
        context = ssl.create_default_context()
        if host in _LOOPBACK:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # its own certificate, on this machine
        connection = http.client.HTTPSConnection(host, url.port or 443, timeout=timeout_s, context=context)
    elif url.scheme == "http":
        connection = http.client.HTTPConnection(host, url.port or 80, timeout=timeout_s)
    else:
        raise ValueError(url.scheme)
    token = server.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN") or ""
    try:
        connection.request("GET", url.path.rstrip("/") + "/" + path, headers={"Authorization": f"token {token}"} if token else {})
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(answer.status)
        return json.loads(answer.read())
    finally:
        connection.close()


def _modified(file: str) -> float:
    try:
        return os.path.getmtime(file)
    except OSError:
        return 0.0
