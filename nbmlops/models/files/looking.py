"""Looks into one file and tells what it is: what a process with limits does. Nothing that the file holds runs, unless it is trusted."""

from __future__ import annotations

import hashlib
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from nbmlops import plugins
from nbmlops.capture.fits import class_name
from nbmlops.errors import Damaged, Invalid, Untrusted
from nbmlops.models import portable
from nbmlops.models.files import folder
from nbmlops.models.files.kinds import SKOPS, kind_of
from nbmlops.models.files.records import Limits, Question, Told
from nbmlops.models.fixtures import taken
from nbmlops.models.flavors.zipped import shown
from nbmlops.models.telling import takes

_NO_MEMORY = re.compile(
    r"bad_alloc|bad array new length|unable to allocate|cannot allocate|failed to allocate|out of memory", re.IGNORECASE
)


def no_memory(error: BaseException | str) -> bool:
    """Whether memory was lacking: libraries say so in words, or under another error."""
    for _ in range(10):
        if isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)[:2000]):
            return True
        below = None if isinstance(error, str) else error.__cause__ or error.__context__
        if below is None:
            return False
        error = below
    return False


def look(asked: Question, limits: Limits) -> Told:
    """What a file is. Raises what is wrong with it: Damaged, Untrusted, Invalid, or whatever its library raises."""
    path, said, name = Path(asked.path), dict[str, Any](), None
    if path.is_dir():
        name, said = folder.model_in(path)
        path /= name
    data = folder.read_file(path, limits.file_bytes)
    folder.whole(data, said, path.name)
    kind = kind_of(data, path.name)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    kept = said.get("fixtures")
    told = Told(
        kind=kind.words, flavor=kind.flavor, digest=digest, runs=kind.runs, file=name, columns=said.get("columns"),
        named=said.get("named", True), fixtures=msgspec.json.encode(kept).decode() if kept else None, said=said.get("said", {}),
    )  # fmt: skip
    return told if kind.runs else _opened(told, data, asked, general=kind is not SKOPS)


def _opened(told: Told, data: bytes, asked: Question, *, general: bool) -> Told:
    flavor = plugins.adapter("flavor", told.flavor)()
    trusted = list(asked.trusted)
    brought = flavor.code(data)
    if brought is not None and brought not in trusted:
        if not asked.code:
            raise Untrusted(
                f"The file brings code of its own that nobody has trusted: {shown(flavor.described(data))}, {brought}.",
                hint=f"Read it: it is in the file under code/. To have it run wherever the model is loaded: --trust {brought}",
            )
        trusted.append(brought)
    model = flavor.load(data, trusted)
    name = told.flavor if general or flavor.can(model) else "python"
    if not callable(getattr(model, "predict", None)) and not (name == "python" and brought is not None and callable(model)):
        held = shown(type(model).__name__)
        raise Invalid(f"The file holds a {held}, which is no model: it has no predict.", hint="Give a fitted estimator.")
    return _asked(told, name, model, asked)


def _asked(told: Told, flavor: str, model: Any, asked: Question) -> Told:
    """The model is asked for answers here first: a library that crashes does so in a process of its own."""
    columns, named, kept = told.columns, told.named, told.fixtures
    if columns is None and (found := takes(model)) is not None:
        columns, named = [{"name": one.name, "type": one.type, "nullable": one.nullable} for one in found[0]], found[1]
    if asked.sample is not None:
        answered = taken(flavor, model, pickle.loads(asked.sample))  # noqa: S301 - of the process that asks, not of the file
        kept = answered.as_bytes().decode() if answered is not None else None
    elif columns is not None:
        rows = msgspec.json.decode(kept)["rows"] if kept else [dict.fromkeys((one["name"] for one in columns), 0)]
        try:
            portable.ask(flavor, model, portable.rows_for(portable.frame_of(rows, columns), columns, named))
        except Exception as error:  # of any type; rows that nobody gave need not be such as it takes
            if no_memory(error):
                raise
            if kept:
                words = shown(str(error))
                raise Damaged(f"The model cannot answer the rows that are kept beside it: {words}.", hint="Get it again.") from error
    return replace(told, flavor=flavor, estimator=class_name(model), columns=columns, named=named, fixtures=kept)
