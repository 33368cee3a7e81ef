"""Which files are data: told by their names alone, before anything is opened.

Code, configuration, caches, fonts, and what Jupyter, IPython and nbmlops keep for themselves are not. Of what is installed
(packages, the system) only files that hold data by their suffix are; of hidden files too. What a cell itself hands to a
reader was asked for by name: it counts wherever it lies, but for the folders that never hold data.
"""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path

_CODE = tuple(
    [
        ".py",
        ".pyc",
        ".pyi",
        ".pyx",
        ".so",
        ".ipynb",
        ".pyd",
        ".dll",
        ".dylib",
        ".afm",
        ".ttf",
        ".otf",
        ".woff",
        ".woff2",
        ".mplstyle",
        ".pem",
    ]
)
_DATA = tuple(
    [
        ".csv",
        ".csv.gz",
        ".tsv",
        ".tsv.gz",
        ".parquet",
        ".feather",
        ".arrow",
        ".ipc",
        ".orc",
        ".avro",
        ".npy",
        ".npz",
        ".pkl",
        ".pickle",
        ".joblib",
        ".xlsx",
        ".xls",
        ".xlsb",
        ".ods",
        ".dta",
        ".sav",
        ".sas7bdat",
        ".rda",
        ".mat",
        ".h5",
        ".hdf5",
        ".hdf",
        ".nc",
        ".jsonl",
        ".ndjson",
        ".geojson",
        ".sqlite",
        ".sqlite3",
        ".db",
        ".duckdb",
        ".zip",
        ".gz",
        ".bz2",
        ".xz",
        ".zst",
        ".pt",
        ".pth",
        ".ckpt",
        ".safetensors",
        ".onnx",
        ".data",
        ".jpg",
        ".jpeg",
        ".png",
        ".tif",
        ".tiff",
        ".wav",
        ".flac",
        ".mp3",
        ".libsvm",
        ".svm",
        ".arff",
    ]
)
_DATA_OF_PACKAGES = tuple(set(_DATA) - {".pth", ".png", ".zip", ".db", ".data"})
_NEVER = re.compile(
    r"^/(proc|sys|dev(?!/shm/))/|(^|/)(__pycache__|\.git|\.nbmlops|\.ipython|\.ipynb_checkpoints|\.jupyter|\.virtual_documents|\.mypy_cache|\.ruff_cache"
    r"|\.pytest_cache)/|/jpserver-[^/]*\.(json|html)$|/kernel-[^/]*\.json$|/nbserver-[^/]*\.json$"
)
_UNASKED = re.compile(
    r"/mpl-data/|/zoneinfo/|/\.?config/matplotlib/|/matplotlib-[^/]*/|/fontlist-v\d+\.json|/numba_cache/|/joblib_memmapping_folder"
)
_KEPT_BY_TOOLS = (
    "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX",
)  # fmt: skip
_DATASETS = re.compile(r"/(datasets?|_data|sample_data)/")


def counts(path: str, *, asked: bool = False) -> bool:
    """Whether a file of this absolute path is data. `asked`: a cell handed its name to a reader.

    >>> counts("/home/ada/churn/x.csv"), counts("/home/ada/churn/.git/index"), counts("/home/ada/churn/features.py")
    (True, False, False)
    >>> counts("/home/ada/.config/tool.json"), counts("/home/ada/.config/tool.json", asked=True)
    (False, True)
    """
    lower = path.lower()
    if lower.endswith(_CODE) or _NEVER.search(path):
        return False
    ours, kept, installed = _folders()
    if path.startswith((*ours, *kept)):
        return False
    if asked:
        return True
    if (path.startswith(("/etc/", "/run/")) and not path.startswith("/run/media/")) or _UNASKED.search(path):
        return False
    if path.startswith(installed):
        return lower.endswith(_DATA_OF_PACKAGES) or bool(_DATASETS.search(path) and lower.endswith((".json", ".txt")))
    if f"{os.sep}." in path:
        return lower.endswith(_DATA)
    return True


def made_by_users(path: str) -> bool:
    """Whether a file of this absolute path may be somebody's own, data or not: nothing installed, no tool's cache.

    >>> made_by_users("/home/ada/churn/features.py"), made_by_users("/home/ada/churn/__pycache__/features.cpython-311.pyc")
    (True, False)
    """
    return not (_NEVER.search(path) or _UNASKED.search(path) or path.endswith(".pyc") or path.startswith(sum(_folders(), ())))


@lru_cache(1)
def _folders() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """nbmlops's own folder, those that tools keep things in, and those where things are installed."""
    ours = {str(Path(__file__).resolve().parents[2])}
    kept = {os.path.abspath(os.environ[name]) for name in _KEPT_BY_TOOLS if os.environ.get(name)}
    paths = sysconfig.get_paths()
    installed = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    installed |= {os.path.dirname(os.__file__), site.getusersitepackages(), *site.getsitepackages()}
    for prefix in {sys.prefix, sys.base_prefix, "/usr", "/usr/local"}:
        installed |= {
            os.path.join(prefix, part) for part in ("share", "lib", "lib64", "etc", "include", "bin", "Lib", "Library", "conda-meta")
        }
    whole = installed | {os.path.realpath(folder) for folder in installed}
    ends = [tuple(sorted(folder.rstrip(os.sep) + os.sep for folder in group)) for group in (ours, kept, whole)]
    return ends[0], ends[1], ends[2]
