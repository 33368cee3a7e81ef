"""A call that a cell made → the files, addresses and statements it was given.

For readers that open files outside Python, and for names that only the call tells: an archive's member, a folder of parts,
a pattern. A name counts as a file only where there is one.
"""

from __future__ import annotations

import glob
import os
import re
import sys
import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nbmlops.capture.reading import programs, remote, sql
from nbmlops.runs.records import IN_PLACE

if TYPE_CHECKING:
    from nbmlops.capture.reading.reads import Reads

_WRITES = re.compile(r"(to|write|save|dump|sink|export)(_\w+)?|imsave|imwrite|savefig|savetxt|savez\w*|tofile|\w*output\w*")
_READS = re.compile(
    r"(read|scan|load|open)(_\w+)?|from_(csv|parquet|json|file|feather|pickle|excel|path|pretrained|url)\w*|load(mat|txt)|imread"
    r"|genfromtxt|fromfile|memmap|memory_map|\w*(DMatrix|File)|dataset|table"
    r"|input_stream|extract(file|all)?"
)
_OF_FOLDERS = re.compile(r"(read|scan|load|open|sink|write|to)_\w+|dataset|ParquetDataset|Dataset")
_READ_KEYS = (0, "path", "filepath_or_buffer", "path_or_buf", "io", "source", "file", "filename", "fname", "fp", "data", "where", "name",
              "path_or_paths", "path_or_dataset", "filepath", "uri", "path_or_buffer",
              "file_glob", "paths", "filename_or_obj")  # fmt: skip
_WRITE_KEYS = (0, 1, "path", "path_or_buf", "excel_writer", "file", "filename", "fname", "fp", "where", "dest", "target", "base_dir",
               "root_path", "f", "workbook", "buf")  # fmt: skip
_OF_DATASETS = ("lightgbm", "pyarrow", "netCDF4", "fastparquet")  # elsewhere a Dataset is given names that it does not read yet
MOST_NAMES = 20_000


def called(reads: Reads, name: str, module: str, callee: Any, args: dict[int | str, Any], result: Any) -> None:
    """Note what a call read or wrote."""
    owner = getattr(callee, "__self__", None)
    if type(owner).__name__ == "module":
        owner = None
    library = (module or (type(owner).__module__ if owner is not None else "")).partition(".")[0]
    if library in sql.DUCKDB or library == "":
        name = re.sub(r"^(module_|_connection_)", "", name)
    if library == "__main__" or name in ("fit", "partial_fit"):
        return  # the calls it makes are seen themselves
    if remote.called(reads, name, owner, args, result) or sql.called(reads, name, library, owner, args, result):
        return
    if library in ("IPython", "ipykernel"):
        _shell(reads, name, args)
        return
    if library in ("zipfile", "tarfile"):
        _member(reads, name, owner, args)
        return
    mode = _mode(name, library, args)
    if library in sys.stdlib_module_names:
        # It opens in Python, and that is heard; but for a file that an earlier cell opened.
        for one in (owner, args.get(0), args.get(1)):
            _open_file(reads, one, mode, result)
        return
    if mode is None:
        return
    keys = _WRITE_KEYS if mode == "write" else _READ_KEYS
    folders = _OF_FOLDERS.fullmatch(name) is not None
    for key in keys:
        if key in args:
            _each(reads, args[key], mode, result, folders)


def named(reads: Reads, given: str, mode: str, result: Any, *, folders: bool = False) -> None:
    """A name as readers take it: a path, a pattern, an address, `file://`, `zip://member::archive`, `~`."""
    detail = ""
    if "::" in given and not os.path.exists(given):
        first, given = given.split("::", 1)[0], given.rsplit("::", 1)[1]
        detail = first.partition("://")[2]
    url = remote.address(given)
    if url is not None:
        remote.given(reads, url, result, mode)
        return
    if given[:5].lower() == "file:":
        from urllib.request import url2pathname

        given = url2pathname(urllib.parse.urlsplit(given).path)
    elif given[:8].lower() == "local://":
        given = given[8:]
    path = os.path.expanduser(given)
    if "?" in path and not os.path.exists(path) and os.path.isfile(path.partition("?")[0]):
        path = path.partition("?")[0]  # XGBoost's `train.svm?format=libsvm`
    if os.path.isdir(path):
        if folders:
            for inside in _below(path):
                if mode == "read" or os.stat(inside).st_mtime_ns >= reads.began_ns:
                    reads.note(inside, mode)
    elif os.path.exists(path):
        if mode == "read" or os.stat(path).st_mtime_ns >= reads.began_ns:
            reads.note(path, mode, detail=detail)
    elif mode == "read" and glob.has_magic(path):
        for at, inside in enumerate(glob.iglob(path, recursive=True)):
            if at >= MOST_NAMES:
                return
            reads.note(inside, mode)


def _each(reads: Reads, given: Any, mode: str, result: Any, folders: bool) -> None:
    if isinstance(given, (list, tuple, set, frozenset)) and mode == "read":
        for at, one in enumerate(given):
            if at >= MOST_NAMES or not isinstance(one, (str, bytes, os.PathLike)):
                return
            _each(reads, one, mode, result, folders)
        return
    if isinstance(given, (str, bytes, os.PathLike)):
        name = os.fsdecode(given)
        if 0 < len(name) <= 4096 and "\0" not in name:
            named(reads, name, mode, result, folders=folders)
        return
    _open_file(reads, given, mode, result)


def _open_file(reads: Reads, given: Any, mode: str | None, result: Any) -> None:
    """An open file or answer, maybe from an earlier cell."""
    kind = type(given)  # asking the object itself would be seen by a proxy or a mock
    if not hasattr(kind, "read"):
        return
    if hasattr(kind, "geturl"):
        if remote.address(url := given.geturl()) is not None and mode is not None:
            remote.given(reads, url, result, mode)
        return
    name, opened = getattr(given, "name", None), getattr(given, "mode", None)
    if isinstance(name, str) and mode is not None and os.path.isfile(name):
        if isinstance(opened, str) and "+" not in opened:
            mode = "read" if "r" in opened else "write"
        reads.note(name, mode, note=IN_PLACE if mode == "write" else None)  # if this cell opened it, that was heard


def _mode(name: str, library: str, args: dict[int | str, Any]) -> str | None:
    if name in ("File", "open", "open_dataset", "memmap", "OSFile", "memory_map", "HDFStore"):
        asked = args.get("mode", args.get(2 if name == "memmap" else 1))
        if isinstance(asked, str) and (asked[:1] in ("w", "x", "a") or asked == "r+"):
            return "write"
        return "read"
    if _WRITES.fullmatch(name):
        return "write"
    if name.endswith("Dataset"):
        return "read" if library in _OF_DATASETS else None
    return "read" if _READS.fullmatch(name) else None


_MOVES = re.compile(r"(?:^|[;&|\n]|\b(?:sudo|&&))\s*(?:mv|cp|rsync|install|ln|tar|unzip|mkdir)\b", re.MULTILINE)


def _shell(reads: Reads, name: str, args: dict[int | str, Any]) -> None:
    """`!sort x.csv`, `%%bash`: the shell's own programs are started where no hook hears it."""
    line: Any = ""
    if name.startswith(("system", "getoutput")):
        line = args.get(0, "")
    elif name == "run_cell_magic" and args.get(0) in ("bash", "sh", "script", "system", "sx", "!"):
        line = args.get(2, "")
    if not isinstance(line, str):
        return
    moves = _MOVES.search(line) is not None
    code, files = programs.named(line)
    for path in code:
        reads.code(path)
    for path in files:
        reads.named_to_a_program(path, late=True, moved=moves)


def _member(reads: Reads, name: str, owner: Any, args: dict[int | str, Any]) -> None:
    archive = getattr(owner, "filename", None) or getattr(owner, "name", None)
    given = args.get(0, args.get("name", args.get("member")))
    member = getattr(given, "filename", None) or getattr(given, "name", None) or given
    reading = name in ("open", "read", "extract", "extractfile", "read_text") and args.get(1, args.get("mode", "r")) != "w"
    if reading and isinstance(archive, str) and isinstance(member, str):
        reads.note(archive, "read", detail=member)


def _below(folder: str) -> Iterator[str]:
    """The files of a data set in many parts."""
    count = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for file in sorted(files):
            if not file.startswith("."):
                count += 1
                if count > MOST_NAMES:
                    return
                yield os.path.join(place, file)
