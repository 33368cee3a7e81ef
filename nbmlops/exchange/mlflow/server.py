"""An MLflow server that answers: looked for before anything else, asked with little patience, its refusals told in words."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from nbmlops.errors import Forbidden, Invalid, Missing, NbmlopsError, Unauthenticated, Unavailable
from nbmlops.ledger.secrets import mask
from nbmlops.plugins import needs

TIMEOUT_S = 5.0
_KNOWN = ("http", "https", "databricks", "databricks-uc", "file", "sqlite", "postgresql", "mysql", "mssql")
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
# Of MLflow's habits: a dead server is asked again for minutes, addresses and bars are printed between a notebook's own lines.
_ASKING = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A server under an address without secrets (`place`), with MLflow's client for it."""

    uri: str
    place: str
    client: Any
    mlflow: Any


@contextmanager
def reached(uri: str | None) -> Iterator[Server]:
    """The server while the block lasts. Invalid for no address, Unavailable where nothing answers; what it refuses is told."""
    asked = (uri or os.environ.get("MLFLOW_TRACKING_URI") or "").strip()
    if not asked:
        raise Invalid("Which MLflow server is not said.", hint="--tracking-uri http://127.0.0.1:5000, or the variable MLFLOW_TRACKING_URI")
    place = place_of(asked)
    if urlsplit(asked).scheme in ("http", "https"):
        _answering(asked, place)
    mlflow = _library()
    with _environ(_ASKING), _told(place):
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=asked, registry_uri=asked)
        client.search_experiments(max_results=1)
        yield Server(asked, place, client, mlflow)


def place_of(uri: str) -> str:
    """An address as it may be written down: without who asks, and without what follows a question mark.

    >>> place_of("https://ada:s3cret@mlflow.example.com:8443/team/?token=1")
    'https://mlflow.example.com:8443/team'
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(f"{mask(uri)[:200]!r} is no address: {error}.", hint="For example: http://127.0.0.1:5000") from error
    if parts.scheme and parts.scheme.partition("+")[0] not in _KNOWN:
        raise Invalid(f"MLflow has no servers at {parts.scheme[:40]!r}.", hint=f"It has: {', '.join(_KNOWN)}, or a folder.")
    if parts.scheme in ("http", "https") and not host:
        raise Invalid(f"{mask(uri)[:200]!r} names no server.", hint="For example: http://127.0.0.1:5000")
    around = f"[{host}]" if host and ":" in host else host or ""
    return urlunsplit((parts.scheme, f"{around}:{port}" if port else around, parts.path.rstrip("/"), "", "")) or uri


def _answering(uri: str, place: str) -> None:
    """Something answers there within a few seconds, and is well."""
    parts = urlsplit(uri)
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") + "/health", "", ""))
    try:
        urllib.request.urlopen(bare, timeout=TIMEOUT_S).close()  # noqa: S310 - http or https
    except urllib.error.HTTPError as error:
        error.close()
        if error.code >= 500:
            raise Unavailable(f"The MLflow server at {place} answers {error.code}.", hint="Look into its log.") from error
    except (OSError, http.client.HTTPException, socket.gaierror) as error:
        said = getattr(error, "reason", error)
        raise Unavailable(
            f"No MLflow server answers at {place} within {TIMEOUT_S:g} s: {str(said)[:200]}.",
            hint="Is it running, and is this its address? --tracking-uri",
        ) from error


def _library() -> Any:
    """MLflow, which tells nobody that it was loaded by us."""
    if "mlflow" in sys.modules:
        return sys.modules["mlflow"]
    with _environ({"MLFLOW_DISABLE_TELEMETRY": "true"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow's own parts, about each other
        found = needs("mlflow", extra="mlflow", why="Exchanging with MLflow")
        needs("mlflow.tracking", extra="mlflow", why="Exchanging with MLflow")
    return found


@contextmanager
def _environ(wanted: dict[str, str]) -> Iterator[None]:
    """Variables that nobody set, while the block lasts."""
    mine = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """What MLflow raises, in our words."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except NbmlopsError:
        raise
    except MlflowException as error:
        raise _of(error, place) from error
    except ModuleNotFoundError as error:  # a database is opened by what a server has
        raise Missing(f"Opening {place} needs {error.name}.", hint="Install the whole of MLflow: pip install mlflow") from error
    except OSError as error:  # also what requests raises
        raise Unavailable(
            f"The MLflow server at {place} went away: {mask(str(error))[:300]}", hint="Ask again: what came through stays."
        ) from error


def _of(error: Any, place: str) -> NbmlopsError:
    said = f"MLflow at {place}: {mask(' '.join(str(error).split()))[:400]}"
    code = str(getattr(error, "error_code", ""))
    if code == "UNAUTHENTICATED" or "error code 401" in said:
        return Unauthenticated(said, hint="Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.")
    if code == "PERMISSION_DENIED" or "error code 403" in said:
        return Forbidden(said, hint="Ask whoever runs the server.")
    if "error code 404" in said:
        return Invalid(said, hint="Is this the address of an MLflow server?")
    if urlsplit(place).scheme.partition("+")[0] in _DATABASES and "sqlalchemy" in said.lower():
        return Missing(said, hint="A database is opened by the whole of MLflow: pip install mlflow")
    if code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST"):
        return Invalid(said, hint="What came through before stays.")
    return Unavailable(said, hint="Ask again: what came through stays, and is not sent twice.")
