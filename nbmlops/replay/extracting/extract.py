"""The smallest notebook that gives a result: candidates from the surest few statements to all of them, the first that holds wins.

Nothing is handed out that was not executed as it is handed out, in a fresh kernel, with the same result.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbmlops.atomic import write_whole
from nbmlops.data.values import Unknowable, state_of
from nbmlops.errors import Invalid, NotFound, Unwritable, there_is
from nbmlops.ledger.secrets import mask
from nbmlops.pipelines.executor import one_ahead
from nbmlops.replay.extracting.layout import EXTRACTED, Laid, laid_out
from nbmlops.replay.extracting.literals import Parameter
from nbmlops.replay.extracting.looking import given
from nbmlops.replay.extracting.needed import Needs, for_the_eye
from nbmlops.replay.extracting.sessions import Told
from nbmlops.replay.extracting.statements import Statement, statements
from nbmlops.replay.extracting.trials import Trial, Trials
from nbmlops.replay.records import Extraction
from nbmlops.replay.written import made, writes

_PATIENCE_S = 40.0  # with a notebook that holds already, for a smaller one


@dataclass(frozen=True)
class _Accepted:
    """A candidate that gave the same result: its statements, as they were laid out, and how it went."""

    numbers: frozenset[int]
    laid: Laid
    trial: Trial


def extract(
    told: Told, result: str, *, output: Path | None, budget_s: float, timeout_s: float | None = None,
    progress: Callable[[int, int], None] | None = None, say: Callable[[str], None] = lambda what: None,
) -> Extraction:  # fmt: skip
    """The smallest notebook found that gives `result`, an expression over the session's names, written to `output`.

    Raises NotFound for a name that is not there, Invalid for one whose value cannot be compared or an expression that is none.
    """
    began = time.monotonic()
    path = _free(output or Path(told.folder, f"{_stem(result)}.ipynb"), asked=output is not None)
    names = _names(result, told)
    found = statements(told.executions)
    trials = Trials(
        expression=result, expected=_expected(result, told), folder=told.folder, files=told.files, budget_s=budget_s, timeout_s=timeout_s,
        progress=progress,
    )  # fmt: skip
    search = _Search(told, result, found, trials, say)
    with one_ahead():
        accepted = search.best(names) if trials.expected is not None or search.whole() else None
    cells, lines = len(told.executions), _lines(one.source for one in told.executions)

    def said(sentence: str, laid: Laid | None, path: Path | None) -> Extraction:
        return Extraction(
            name=result, of=told.of, notebook=str(path) if path else None, sentence=sentence,
            exactly=accepted is not None and accepted.trial.exactly, session_cells=cells, session_lines=lines,
            cells=laid.cells if laid else 0, lines=laid.lines if laid else 0,
            parameters={one.name: one.value for one in laid.parameters} if laid else {}, tried=trials.tried,
            duration_s=round(time.monotonic() - began, 3),
        )  # fmt: skip

    if accepted is None:
        return said(f"No notebook gives the same {result}: with every cell of the session executed again, {search.why}.", None, None)
    laid = accepted.laid
    took = f"{time.monotonic() - began:.0f} s"
    sentence = f"cells {cells} → {laid.cells}, lines {lines} → {laid.lines}, verified, {took}."
    if laid.lines >= lines:
        sentence = f"Nothing smaller than the whole session gives it: {sentence}"
    laid.about = _about(result, told, sentence, path)
    _write(path, laid, told, result)
    return said(sentence, laid, path)


class _Search:
    """Which candidates there are, which are tried, and which is taken."""

    def __init__(self, told: Told, result: str, found: Sequence[Statement], trials: Trials, say: Callable[[str], None]) -> None:
        self.told = told
        self.found = found
        self.trials = trials
        self.why = "it could not be executed"
        self._say = say
        self._name = _stem(result)
        self._result = result
        own = set(writes(told.files))  # what is handed on from cell to cell is no parameter
        reads = [use.path for use in told.files if use.kind == "file" and use.mode == "read"]
        self._files = [path for path in dict.fromkeys(reads) if path not in own]
        self._own = {Path(use.path).stem for use in told.files if use.mode == "import"} | {
            Path(use.path).parent.name for use in told.files if use.mode == "import"
        }

    def whole(self) -> bool:
        """Execute a recorded session as it ran: if the record holds, what comes out is expected of every candidate."""
        self._say("the whole session, as it was")
        assert self.told.record is not None
        trial = self.trials.as_it_ran(self.told.record)
        self.trials.expected, self.why = trial.state, trial.why
        return trial.same

    def best(self, names: Sequence[str]) -> _Accepted | None:
        """The smallest candidate found that gives the same; None if not even the whole session does."""
        everything = frozenset(range(len(self.found)))
        slices = self._slices(names)
        positions = {self.found[number].position for number in slices[-1]}
        whole = frozenset(one.number for one in self.found if one.position in positions)
        candidates = list(dict.fromkeys([*slices, whole, everything]))
        for tidy in (True, False):  # first as a clean notebook; if that is why none holds, as it was
            failed: frozenset[int] = frozenset()
            for numbers in candidates:
                accepted = self._tried(numbers, tidy=tidy)
                if accepted is not None:  # of a slice every statement has its reason, and may yet be one too many
                    patience_s = min(_PATIENCE_S, self.trials.left_s / 3) if numbers in slices else self.trials.left_s
                    return self._smaller(failed, accepted, tidy=tidy, patience_s=patience_s)
                if self.trials.left_s <= 0:
                    self._say("the time for it is over: the whole session, as it was")
                    return self._tried(everything, tidy=False) if tidy or numbers != everything else None
                failed = numbers
        return None

    def _slices(self, names: Sequence[str]) -> list[frozenset[int]]:
        """Sets of statements that the result needs, each with the last one's in it, as more and more is taken into account."""
        found: list[frozenset[int]] = []
        for trusting, texts, shell in ((True, False, False), (False, False, False), (False, True, False), (False, True, True)):
            needs = Needs(self.told.executions, self.found, trusting=trusting, texts=texts, shell=shell)
            numbers = frozenset(needs.of(names)).union(*found[-1:])
            found += [frozenset(number for number in numbers if not for_the_eye(self.found[number])), numbers]
        return list(dict.fromkeys(found))

    def _tried(self, numbers: frozenset[int], *, tidy: bool) -> _Accepted | None:
        """A candidate executed."""
        chosen = [one for one in self.found if one.number in numbers]
        if any(mask(one.source) != one.source for one in chosen):
            self.why = "a secret stands in a cell, and is not written down"
            return None
        laid = laid_out(chosen, tidy=tidy, files=self._files, own=self._own, folder=self.told.folder)
        self._say(f"{laid.cells} cells, {laid.lines} lines")
        expected = self.trials.expected
        assert expected is not None
        for digest in (expected.exact, expected.shape):
            laid.result = _result(self._result, digest, laid.parameters, self._data(chosen))
            trial = self.trials.run(laid, self._name)
            if trial.same:
                return _Accepted(numbers, laid, trial)
            if trial.state is None or not trial.state.is_(expected):
                break
        self.why = trial.why
        return None

    def _data(self, chosen: Sequence[Statement]) -> dict[str, str]:
        """The files that statements read and did not make, with their digests, as they stand to the folder."""
        positions = {one.position for one in chosen}
        own = set(made(self.told.files, surely=False))
        found = {}
        for use in self.told.files:
            if use.mode != "read" or use.kind != "file" or use.detail or use.path in own:
                continue
            if use.digest and use.position in positions:
                inside = os.path.relpath(use.path, self.told.folder)
                found[use.path if inside.startswith("..") else inside] = use.digest
        return found

    def _smaller(self, failed: frozenset[int], accepted: _Accepted, *, tidy: bool, patience_s: float) -> _Accepted:
        """Between what was too little and what is enough: as little as is enough, by leaving out halves, quarters and so on."""
        extra = sorted(accepted.numbers - failed)
        if not failed or len(extra) < 2:
            return accepted
        parts, least_s = 2, self.trials.left_s - patience_s
        while len(extra) >= 2 and self.trials.left_s > least_s:
            size = -(-len(extra) // parts)
            chunks = [extra[at : at + size] for at in range(0, len(extra), size)]
            for chunk in chunks:
                less = frozenset(accepted.numbers - set(chunk))
                if self.trials.left_s <= least_s:
                    break
                found = self._tried(less, tidy=tidy) if len(chunk) < len(extra) else None
                if found is not None:
                    accepted, extra = found, [one for one in extra if one not in chunk]
                    parts = max(parts - 1, 2)
                    break
            else:
                if size == 1:
                    break
                parts = min(parts * 2, len(extra))
        return accepted


def _names(result: str, told: Told) -> list[str]:
    """The session's names in an expression. Raises NotFound or Invalid."""
    try:
        tree = ast.parse(result, mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Invalid(f"{result[:80]!r} is no name of a result.", hint="A name, or a part: model, results['mae'], pipe.steps") from error
    if not _is_part(tree.body):
        raise Invalid(f"{result[:80]!r} is more than a result's name.", hint="A name, or a part: model, results['mae'], pipe.steps")
    if not told.executions:
        raise NotFound("Nothing was executed yet.", hint="Execute the cells first, with %load_ext nbmlops before them.")
    names = list(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))
    bound = {name for one in told.executions for name in re.findall(r"[^\W\d]\w*", one.source)}
    if told.names is not None:
        bound &= set(told.names)
    wanted = [name for name in names if not hasattr(builtins, name) or name in bound]
    missing = [name for name in wanted if name not in bound]
    if missing or not wanted:
        there = sorted({name for one in statements(told.executions[-200:]) for name in one.names.binds} & bound)
        raise NotFound(f"{(missing or [result])[0]!r} was not made in {told.of}.", hint=f"There are: {there_is(there)}.")
    return wanted


def _is_part(node: ast.expr) -> bool:
    """A name, or an attribute or item of one: what is named is looked at, nothing is called."""
    while not isinstance(node, ast.Name):
        if (isinstance(node, ast.Attribute) and not node.attr.startswith("_")) or (
            isinstance(node, ast.Subscript) and not any(isinstance(one, (ast.Call, ast.Name)) for one in ast.walk(node.slice))
        ):
            node = node.value
        else:
            return False
    return not node.id.startswith("__")


def _expected(result: str, told: Told) -> Any:
    if told.names is None:
        return None
    try:
        value = given(result, told.names)
    except Exception as error:  # whatever looking at a part of it raises
        raise NotFound(f"{result} is not there: {type(error).__name__}: {error}", hint="Look at it in a cell first.") from error
    try:
        return state_of(value)
    except Unknowable as error:
        raise Invalid(f"{result} cannot be compared: {error}.", hint="Name what is made of it: a model, a frame, a number.") from error


def _lines(sources: Iterable[str]) -> int:
    return sum(1 for source in sources for line in source.split("\n") if line.strip())


def _stem(result: str) -> str:
    return re.sub(r"\W+", "-", result).strip("-")[:60] or "result"


def _about(result: str, told: Told, sentence: str, path: Path) -> str:
    where = f"\n\nIt works in {_code(told.folder)}." if path.parent.resolve() != Path(told.folder).resolve() else ""
    return f"# {result}\n\nThe smallest notebook found that gives `{result}` as {_code(told.of)} gave it: {sentence}{where}"


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


def _result(result: str, digest: str, parameters: Sequence[Parameter], files: dict[str, str]) -> str:
    """The cell that states what must come out."""
    args = [result, repr(digest)]
    if parameters:
        args.append(f"parameters=dict({', '.join(f'{one.name}={one.name}' for one in parameters)})")
        args.append(f"were=dict({', '.join(f'{one.name}={one.value!r}' for one in parameters)})")
    if files:
        args.append(f"files={files!r}")
    whole = f"expect({', '.join(args)})"
    if len(whole) > 100:
        whole = "\n".join(["expect(", *(f"    {one}," for one in args), ")"])
    about = f"# What {result} must be, as long as nothing is changed that it is made of."
    return f"{about}\nfrom nbmlops.replay.expected import expect\n\n{whole}"


def _free(path: Path, *, asked: bool) -> Path:
    """A path where nothing is yet: nothing is written over. Raises Invalid, or NotFound for a folder that is not there."""
    if not path.parent.is_dir():
        raise NotFound(f"There is no folder {str(path.parent)!r}.", hint="Make it first: mkdir -p")
    if not path.exists():
        return path
    if asked:
        raise Invalid(f"{str(path)!r} is there already.", hint="Name another file, or move that one away.")
    return next(one for number in range(2, 10**6) if not (one := path.with_stem(f"{path.stem}-{number}")).exists())


def _write(path: Path, laid: Laid, told: Told, result: str) -> None:
    import nbformat

    notebook = laid.notebook()
    notebook.metadata["nbmlops"] = {EXTRACTED: {"result": result, "of": told.of}}
    try:
        write_whole(path, nbformat.writes(notebook).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise Unwritable(f"{str(path)!r} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
