"""The environment as an exact lock: what is installed and where it came from, and what else changes numbers."""

from __future__ import annotations

import json
import locale
import os
import platform
import re
import sys
import threading
import time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from nbmlops.ledger.secrets import mask, mask_params

_INSTALLED = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(-py[\d.]+)?\.(dist|egg)-info")
_DEVELOPED = re.compile(r"(?P<name>[^-]+)\.egg-info")
_VARIABLES = re.compile(
    r"(?!KMP_DUPLICATE_LIB_OK|KMP_INIT_AT_FORK)"  # scikit-learn sets these itself
    r"((OMP|MKL|OPENBLAS|BLIS|KMP|GOTO|NUMEXPR|VECLIB|NUMBA|NPY|XLA|JAX|POLARS|LOKY|SKLEARN|RAYON|ARROW)_\w+|LC_\w+|LANG(UAGE)?|TZ"
    r"|PYTHON(HASHSEED|OPTIMIZE|UTF8)"
    r"|CUDA_VISIBLE_DEVICES|CUBLAS_WORKSPACE_CONFIG|TF_(DETERMINISTIC_OPS|CUDNN_DETERMINISTIC|ENABLE_ONEDNN_OPTS)|SOURCE_DATE_EPOCH)"
)
_CREDENTIALS = re.compile(r"(?<=://)[^/?#]*@")
_ZONE = "/etc/localtime"
_CPU_INFO = Path("/proc/cpuinfo")
_looking = threading.Lock()
_installed: tuple[Any, Any] = (None, None)  # for which search path, and what was found
_computing: tuple[int, Any] = (0, None)  # for how many modules, and the libraries that were found


def environment() -> dict[str, Any]:
    """Python, platform, BLAS, locale and clock; `distributions` with exact versions, `origins` of those not from an index.

    A distribution's origin is what the installer wrote beside it: `vcs` and `commit`, `editable` and `path`, `url` and `hash`;
    or `system` for those of the operating system. `conda` has conda's own packages as `version=build`.

    >>> found = environment()
    >>> "numpy" in found["distributions"], "numpy" in found["origins"]
    (True, False)
    """
    found, origins = _distributions()
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        **_processor(),
        "blas": _blas(),
        "locale": ".".join(part for part in locale.getlocale() if part) or None,
        "encoding": locale.getencoding(),
        "time_zone": _time_zone(),
        "variables": mask_params({name: value for name, value in sorted(os.environ.items()) if _VARIABLES.fullmatch(name)}),
        "distributions": found,
        "origins": origins,
        **({"conda": conda} if (conda := _conda(sys.prefix)) else {}),
    }


def _distributions() -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Names as an index spells them; the first on the search path counts, as for `import`. Kept while no folder changes."""
    global _installed
    key = tuple((folder, _changed(folder)) for folder in sys.path)
    with _looking:
        if _installed[0] != key:
            _installed = (key, _look())
        found, origins = _installed[1]
    return dict(found), dict(origins)


def _look() -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    found: dict[str, str] = {}
    origins: dict[str, dict[str, Any]] = {}
    for folder in sys.path:
        # Folder names carry name and version; reading every METADATA would cost a second.
        try:
            names = sorted(name for name in os.listdir(folder or ".") if name.endswith("-info"))
        except OSError:
            continue
        for file in names:
            match = _INSTALLED.fullmatch(file)
            given = (match["name"], match["version"]) if match else _developed(folder, file)
            if given is None or (name := re.sub(r"[-_.]+", "-", given[0]).lower()) in found:
                continue
            found[name] = given[1]
            if origin := _origin(os.path.join(folder, file)) if match else {"path": os.path.abspath(folder), "editable": True}:
                origins[name] = origin
    return dict(sorted(found.items())), dict(sorted(origins.items()))


def _developed(folder: str, file: str) -> tuple[str, str] | None:
    """`pip install -e` of old leaves the metadata in the project, its version in a file."""
    match = _DEVELOPED.fullmatch(file)
    try:
        text = Path(folder, file, "PKG-INFO").read_text("utf-8", "replace") if match else ""
    except OSError:
        return None
    version = re.search(r"^Version: (\S+)", text, re.MULTILINE)
    return (match["name"], version[1]) if match and version else None


def _origin(info: str) -> dict[str, Any]:
    """What `direct_url.json` says, without credentials."""
    try:
        with open(os.path.join(info, "direct_url.json"), encoding="utf-8") as handle:
            said = json.load(handle)
        url = without_credentials(str(said["url"]))
    except (FileNotFoundError, NotADirectoryError):
        return {"system": True} if os.path.basename(os.path.dirname(info)) == "dist-packages" and info.startswith("/usr/lib") else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {"unreadable": True}
    more = {"subdirectory": said["subdirectory"]} if isinstance(said.get("subdirectory"), str) else {}
    if isinstance(vcs := said.get("vcs_info"), dict):
        return {"url": url, "vcs": vcs.get("vcs"), "commit": vcs.get("commit_id"), **more}
    if isinstance(folder := said.get("dir_info"), dict):
        return {"path": _path(url), "editable": bool(folder.get("editable")), **more}
    archive = said.get("archive_info") if isinstance(said.get("archive_info"), dict) else {}
    hashes = archive.get("hashes") or {}
    digest = next((f"{name}={value}" for name, value in hashes.items()), archive.get("hash"))
    return {"url": url, **({"hash": digest} if digest else {}), **more}


def without_credentials(url: str) -> str:
    """An address without user, password and the secrets in its query.

    >>> without_credentials("https://ada:hunter2@x.org/a.git"), without_credentials("ssh://git@x.org/a.git")
    ('https://x.org/a.git', 'ssh://git@x.org/a.git')
    """
    said = mask(url)
    return said if said.startswith(("ssh://git@", "git+ssh://git@")) else _CREDENTIALS.sub("", said)


def _path(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path) if url.startswith("file:") else url


def _conda(prefix: str) -> dict[str, str]:
    try:
        names = os.listdir(os.path.join(prefix, "conda-meta"))
    except OSError:
        return {}
    parts = [name.removesuffix(".json").rsplit("-", 2) for name in names if name.endswith(".json")]
    return {part[0]: f"{part[1]}={part[2]}" for part in sorted(parts) if len(part) == 3}


@cache
def _processor() -> dict[str, Any]:
    try:
        with _CPU_INFO.open(encoding="utf-8", errors="replace") as handle:
            text = handle.read(1 << 14)
    except OSError:
        return {"processor": platform.processor() or None, "processor_features": None}
    model = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.+)$", text, re.MULTILINE)
    return {"processor": model[1].strip() if model else None, "processor_features": len(flags[1].split()) if flags else None}


def _blas() -> list[dict[str, Any]]:
    """The libraries that compute and their threads; nothing is imported for it that the user has not."""
    if "numpy" not in sys.modules:
        return []
    global _computing
    try:
        from threadpoolctl import ThreadpoolController
    except ModuleNotFoundError:
        return []
    if _computing[0] != len(sys.modules):  # what computes is looked for again when something was imported
        _computing = (len(sys.modules), ThreadpoolController())
    kept = ("user_api", "internal_api", "version", "num_threads", "threading_layer", "architecture")
    found = [{name: library[name] for name in kept if library.get(name) is not None} for library in _computing[1].info()]
    return sorted(found, key=lambda library: json.dumps(library, sort_keys=True, default=str))


def _time_zone() -> str:
    if named := os.environ.get("TZ"):
        return named
    try:
        changed = os.lstat(_ZONE).st_mtime_ns
    except OSError:
        changed = None
    return _zone_linked(changed) or "/".join(time.tzname)


@lru_cache(1)
def _zone_linked(changed: int | None) -> str | None:
    _, _, name = os.path.realpath(_ZONE).partition("zoneinfo/")
    return name or None


def _changed(folder: str) -> int | None:
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return None
