"""The verbs over HTTP, as an extension of Jupyter's own server: its tokens, its cookies, its XSRF check, its users.

One handler a path under `<base_url>/nbmlops/`. GET and DELETE take their arguments from path and query, the others from
path and a JSON body. Answers are records as JSON; errors are always `{"code", "message", "hint"}`, never a traceback.
`near`, in the query, says which workspace: the nearest above that notebook or folder (a path as JupyterLab knows it).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import responses
from pathlib import Path
from threading import Lock
from typing import Any, get_origin

import msgspec
import orjson
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from nbmlops.contract.request import call, to_json_values
from nbmlops.contract.table import Verb, verbs
from nbmlops.errors import Invalid, NbmlopsError, NotFound, TooLarge
from nbmlops.settings import FILE, FOLDER, find_root
from nbmlops.workspace import Workspace, opened

MAX_BODY_BYTES = 16 * 1024 * 1024
NEAR = "near"
RESOURCE = "nbmlops"  # what an authorizer is asked about
ASKING = ("GET", "HEAD", "DELETE")  # no body, and no workspace made by asking
_OTHERS = {NEAR, "token", "_xsrf", "no_track_activity"}  # the server's own words in a query, not the verb's
_opening = Lock()


def _load_jupyter_server_extension(app: Any) -> None:
    """Jupyter's entry: every verb with a route gets its handler."""
    web, root = app.web_app, Path(app.root_dir).expanduser()
    web.add_handlers(".*$", handlers(verbs().values(), web.settings["base_url"], root))
    # Kernels record a notebook's whole path, JupyterLab knows the end of it: this is the beginning.
    web.settings.setdefault("page_config_data", {})["nbmlopsRoot"] = str(root.resolve())
    app.log.info("nbmlops: the verbs answer under %s", url_path_join(web.settings["base_url"], "nbmlops"))


def handlers(found: Iterable[Verb], base_url: str, root: Path) -> list[tuple[str, type[APIHandler], dict[str, Any]]]:
    """What tornado wants: pattern, handler, arguments. A fixed path comes before one with parameters."""
    paths: dict[str, dict[str, Verb]] = {}
    for verb in found:
        if verb.method is not None and verb.path is not None:
            paths.setdefault(verb.path, {})[verb.method] = verb
    ordered = sorted(paths, key=lambda path: [part.startswith("{") for part in path.split("/")])
    made = [(_pattern(base_url, path), VerbHandler, {"methods": paths[path], "root": root}) for path in ordered]
    return [*made, (_pattern(base_url, "/") + ".*", VerbHandler, {"methods": {}, "root": root})]


def _pattern(base_url: str, path: str) -> str:
    parts = re.split(r"\{(\w+)\}", path)
    fixed = [re.escape(part) if number % 2 == 0 else f"(?P<{part}>[^/]+)" for number, part in enumerate(parts)]
    return re.escape(url_path_join(base_url, "nbmlops")) + "".join(fixed)


class VerbHandler(APIHandler):
    """One path: translates a request into a verb's arguments and its record into JSON."""

    auth_resource = RESOURCE

    def initialize(self, methods: dict[str, Verb], root: Path) -> None:
        """`methods`: what this path answers; none for a path nobody has."""
        self.methods = methods
        self.root = root
        # A panel that looks every second is not a person at work: idle servers may still be culled.
        self._track_activity = self.request.method not in ("GET", "HEAD")

    async def _answer(self, **path: str) -> None:
        method = "GET" if self.request.method == "HEAD" else self.request.method
        verb = self.methods.get(method or "")
        self.set_header("Cache-Control", "no-store")
        try:
            if verb is None:
                raise self._nobody()
            given = asked(verb, path, self.request)
            near = self.get_query_argument(NEAR, "", strip=False)
            record = await asyncio.get_running_loop().run_in_executor(_pool(), ask, verb, given, self.root, near)
        except NbmlopsError as error:
            self._say(error)
        except HTTPError:
            raise
        except Exception:
            self.log.exception("nbmlops: %s failed", verb.id if verb else self.request.path)
            self._say(NbmlopsError("Something in nbmlops went wrong.", hint="The Jupyter server's log has the details."))
        else:
            self.finish(record)

    # Every method is there and asks who you are, before it can say that it does not know the path. The action is
    # spelled out and the guards are two: `authorized` keeps the first it saw, and a promotion would pass as reading.
    get = head = authenticated(authorized("read", resource=RESOURCE)(_answer))
    post = put = patch = delete = authenticated(authorized("write", resource=RESOURCE)(_answer))

    def _nobody(self) -> NbmlopsError:
        if not self.methods:
            return NotFound(f"Nothing answers at {self.request.path[:200]}.", hint="The README's table has every verb's path.")
        allowed = ", ".join(sorted(self.methods))
        self.set_header("Allow", allowed)
        error = Invalid(f"{self.request.method} is not asked here.", hint=f"This path answers {allowed}.")
        error.status = 405
        return error

    def _say(self, error: NbmlopsError) -> None:
        self.set_status(error.status)
        self.finish(orjson.dumps(error.as_record()))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What tornado and Jupyter refuse (no token, foreign origin, no XSRF) has the one shape too."""
        cause = (kwargs.get("exc_info") or (None, None))[1]
        said = (cause.log_message if isinstance(cause, HTTPError) else None) or responses.get(status_code, "Refused")
        code = {403: "forbidden", 404: "not_found", 405: "invalid", 400: "invalid"}.get(status_code, "internal")
        hint = "Ask with this Jupyter server's token." if status_code == 403 and not self.current_user else ""
        self.finish(orjson.dumps({"code": code, "message": str(said), "hint": hint}))


def ask(verb: Verb, given: dict[str, Any], root: Path, near: str) -> bytes:
    """The verb's answer as JSON. Blocks: runs in a thread."""
    workspace = workspace_near(root, near, make=verb.method not in ASKING)
    record = to_json_values(call(verb, given, text=verb.method in ASKING, workspace=workspace))
    # Not orjson: a text with half a surrogate, or an integer beyond 64 bits, is somebody's result and must arrive.
    return json.dumps(record, allow_nan=False, separators=(",", ":")).encode()


def workspace_near(root: Path, near: str, *, make: bool) -> Workspace:
    """The nearest workspace at or above `near`, which lies inside `root`; the kernels there find the same one.

    Raises Invalid for a path that leads out of `root`, NotFound where no workspace is and none is to be made.
    """
    top = root.resolve()
    try:
        path = folder = (top / near.lstrip("/")).resolve()
        while not folder.is_dir() and folder.is_relative_to(top):
            folder = folder.parent
    except (ValueError, OSError, RuntimeError) as error:  # a NUL, a name too long, links in a ring
        raise Invalid(f"{near[:100]!r} is no path.", hint="Give it as JupyterLab shows it.") from error
    if not path.is_relative_to(top):
        raise Invalid(f"{near[:100]!r} is outside of this server's folder.", hint="Give it as JupyterLab shows it.")
    there = find_root(folder)
    if not make and (there is None or not (there / FOLDER / FILE).is_file()):
        raise NotFound("There is no workspace here yet.", hint="Begin one in a notebook: %load_ext nbmlops")
    with _opening:
        return opened(folder)


def asked(verb: Verb, path: dict[str, str], request: Any) -> dict[str, Any]:
    """The arguments a request gives: from its path, and from its query or its body."""
    if verb.method in ASKING:
        return {**_from_query(verb, request.query_arguments), **path}
    given = _from_body(request.body)
    for name, text in path.items():
        value = _typed(verb, name, text)
        if given.setdefault(name, value) != value:
            raise Invalid(f"The path says {name} is {text!r}, the body says {given[name]!r}.", hint="Leave it out of the body.")
    return given


def _from_query(verb: Verb, arguments: dict[str, list[bytes]]) -> dict[str, Any]:
    listed = {parameter.name for parameter in verb.stored if get_origin(parameter.bare) in (list, tuple)}
    given: dict[str, Any] = {}
    for name, values in arguments.items():
        if name in _OTHERS or name.isdigit():  # JupyterLab adds the time, so that nothing between us answers from memory
            continue
        try:
            texts = [value.decode() for value in values]
        except UnicodeDecodeError as error:
            raise Invalid(f"{name!r} is not text in UTF-8.") from error
        if name not in listed and len(texts) > 1:
            raise Invalid(f"{name!r} is given {len(texts)} times.", hint="Give it once.")
        given[name] = texts if name in listed else texts[0]
    return given


def _from_body(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge(f"The body has {len(body):,} bytes.", hint=f"At most {MAX_BODY_BYTES:,}.")
    if not body.strip():
        return {}
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error}.", hint='Send an object, like {"version": 3}.') from error
    if not isinstance(given, dict):
        raise Invalid("The body is not a JSON object.", hint='Send an object, like {"version": 3}.')
    return given


def _typed(verb: Verb, name: str, text: str) -> Any:
    kind = next(parameter.type for parameter in verb.stored if parameter.name == name)
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"{verb.id}: {name} is {text[:100]!r}: {error}.", hint="It stands in the path.") from error


@cache
def _pool() -> ThreadPoolExecutor:
    # Verbs block: on disk, on a lock, on a notebook that runs. A pool of their own leaves the server's free.
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="nbmlops")
