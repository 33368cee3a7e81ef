"""The values worth changing: gathered from statements into a parameters cell, each with its type."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbmlops.capture.parameters import assigned
from nbmlops.capture.slicing.parsing import parsed
from nbmlops.replay.extracting.statements import Statement

_SEEDS = frozenset({"seed", "default_rng", "RandomState", "manual_seed"})
_SHARED = frozenset({"seed", "random_state", "n_jobs"})  # one for all that are given the same
_TUNED = frozenset(
    {"train_test_split", "sample", "rolling", "ewm", "resample", "nlargest", "nsmallest", "head", "tail", "quantile", "cut", "qcut"}
)  # of the functions that are no classes, those whose numbers people try out
_WORD = re.compile(r"[^0-9a-zA-Z]+")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_LONGEST = 200


@dataclass(frozen=True)
class Parameter:
    """A name with the value it has, and what is said of it."""

    name: str
    value: Any
    about: str = ""

    @property
    def line(self) -> str:
        """As a parameters cell has it."""
        kind = "" if self.value is None else f": {type(self.value).__name__}"
        return f"{self.name}{kind} = {self.value!r}" + (f"  # {self.about}" if self.about else "")


@dataclass
class _Edit:
    """Text to be put in place of a node, by its place in the statement's text."""

    node: ast.expr
    text: str


@dataclass
class Gathered:
    """The parameters, and every statement's text with them in place of its values; those that only set one are gone."""

    parameters: list[Parameter] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)


def gathered(needed: Sequence[Statement], *, files: Iterable[str], folder: str) -> Gathered:
    """The parameters of statements: names that are set once, to a literal; files by name; numbers that libraries are given by keyword.

    `files`: those that were read, by their absolute paths.
    """
    return _Gathering(needed, {os.path.abspath(path) for path in files}, folder).done()


class _Gathering:
    def __init__(self, needed: Sequence[Statement], files: set[str], folder: str) -> None:
        self._needed = needed
        self._files = files
        self._folder = folder
        self._found = Gathered()
        self._by_value: dict[tuple[str, str, str], str] = {}
        self._named: set[str] = set()  # names, and words of texts that may be code
        for part in [part for one in needed for part in ast.walk(one.tree)]:
            if isinstance(part, ast.Name):
                self._named.add(part.id)
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                self._named |= set(_IDENTIFIER.findall(part.value))
        self._bound: dict[str, int] = {}
        self._changed: set[str] = set()
        for one in needed:
            for name in one.names.binds:
                self._bound[name] = self._bound.get(name, 0) + 1
            self._changed |= (one.names.touches | set(one.names.flow.values)) - one.names.binds

    def done(self) -> Gathered:
        for one in self._needed:
            set_here = self._set(one)
            if set_here is not None:
                self._found.parameters.append(set_here)
            else:
                self._found.texts[one.number] = self._edited(one)
        return self._found

    def _set(self, one: Statement) -> Parameter | None:
        """`alpha = 0.1`, where nothing else binds or changes alpha."""
        given = assigned(one.source) if isinstance(one.node, (ast.Assign, ast.AnnAssign)) else {}
        if len(given) != 1:
            return None
        ((name, literal),) = given.items()
        if self._bound.get(name) != 1 or name in self._changed or not _plain(literal):
            return None
        about = self._about(literal) if isinstance(literal, str) else ""
        comments = [line.strip().lstrip("# ") for line in one.source.split("\n") if line.lstrip().startswith("#")]
        return Parameter(name, literal, about or " ".join(comments)[:100])

    def _edited(self, one: Statement) -> str:
        tree, python = parsed(one.source)
        if tree is None or python != one.source or one.of_the_shell:
            return one.source
        edits = list(self._edits(tree))
        return _spliced(one.source, edits)

    def _edits(self, tree: ast.Module) -> Iterable[_Edit]:
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
                continue
            for call in [part for part in _outside_functions(node) if isinstance(part, ast.Call)]:
                yield from self._of_call(call)

    def _of_call(self, call: ast.Call) -> Iterable[_Edit]:
        callee = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
        for at, arg in enumerate(call.args):
            if isinstance(arg, ast.Constant) and isinstance(arg.value, str) and self._file(arg.value):
                yield _Edit(arg, self._parameter(_stem(arg.value), arg.value, callee))
            elif at == 0 and callee in _SEEDS and _number(arg) is not None:
                yield _Edit(arg, self._parameter("seed", _number(arg), callee))
        tuned = callee[:1].isupper() or callee in _TUNED or callee in _SEEDS
        for keyword in call.keywords:
            value = keyword.value
            if keyword.arg is None:
                continue
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and self._file(value.value):
                yield _Edit(value, self._parameter(_stem(value.value), value.value, callee))
            elif tuned and _number(value) is not None:
                yield _Edit(value, self._parameter(keyword.arg, _number(value), callee))

    def _file(self, text: str) -> bool:
        return bool(text) and len(text) < 4096 and os.path.abspath(os.path.join(self._folder, text)) in self._files

    def _about(self, text: str) -> str:
        return "a file that is read" if self._file(text) else ""

    def _parameter(self, wanted: str, value: Any, callee: str) -> str:
        """The name of the parameter of this value; made if there is none."""
        shared = wanted in _SHARED or isinstance(value, str)
        same = (wanted, repr(value), "" if shared else callee)
        if same in self._by_value:
            return self._by_value[same]
        callee = _WORD.sub("_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", callee)).strip("_").lower()
        choices = [wanted, f"{callee}_{wanted}", *(f"{callee}_{wanted}_{number}" for number in range(2, 1000))]
        name = next(one for one in choices if one.isidentifier() and self._free(one))
        self._by_value[same] = name
        self._found.parameters.append(Parameter(name, value, self._about(value) if isinstance(value, str) else ""))
        return name

    def _free(self, name: str) -> bool:
        # A keyword's own name is a word of the source, and a parameter may have it where no name is called so.
        return name not in self._named and name not in self._bound and name not in self._by_value.values()


def _outside_functions(node: ast.AST) -> Iterable[ast.AST]:
    """A node and what is in it, bodies of functions and classes apart."""
    yield node
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _outside_functions(part)


def _plain(value: Any) -> bool:
    """Whether a value is one that papermill can set, and that people read."""
    if isinstance(value, (list, tuple, dict)) and not value:
        return False  # filled later
    return (isinstance(value, (bool, int, float, str, list, tuple, dict)) or value is None) and len(repr(value)) <= _LONGEST


def _number(node: ast.expr) -> int | float | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _stem(path: str) -> str:
    word = _WORD.sub("_", os.path.splitext(os.path.basename(path))[0]).strip("_").lower() or "file"
    return f"{'file_' if word[0].isdigit() else ''}{word}_path"


def _spliced(source: str, edits: Iterable[_Edit]) -> str:
    """A text with nodes' places taken by other texts. Columns count bytes of UTF-8."""
    lines = [line.encode("utf-8", "surrogatepass") for line in source.split("\n")]
    places: Mapping[tuple[int, int], _Edit] = {(one.node.lineno, one.node.col_offset): one for one in edits}
    for (line, column), one in sorted(places.items(), reverse=True):
        if one.node.end_lineno != line:
            continue
        text = lines[line - 1]
        lines[line - 1] = text[:column] + one.text.encode() + text[one.node.end_col_offset :]
    return b"\n".join(lines).decode("utf-8", "surrogatepass")
