"""The filter language of `run find`: text in, a small tree out.

    metrics.mae < 3 and params.model = gb and status = finished
    tags.team = pricing and data_hash = blake3:ab12* and not (params.lr in (0.1, 0.01))
    started > -7d and (name ~ *forest* or duration > 10m) and metrics."val/mae" exists

    filter      one or more comparisons with `and`, `or`, `not` and parentheses; `and` binds closer than `or`
    comparison  NAME = != < <= > >= VALUE     a bare value with * is a pattern
                NAME [not] in (VALUE, …)
                NAME [not] like PATTERN       * or % for any letters, ? for one; `ilike` and `~` take no note of case
                NAME is [not] null            NAME exists says the same as `is not null`
                hidden                        a field that is true or false needs no more
                WORD                          a word that is no field: part of a name, experiment, notebook or id
    NAME        metrics.X  params.X  tags.X  or a field; X in quotes where it has spaces or signs: metrics."val/mae"
    VALUE       a number (nan and inf too), text with or without quotes, a time (2026-11-01, today, -7d), a duration (10m)

What MLflow's filters say is understood as well: attributes.status = "FINISHED", params.`x`, ILIKE, attributes.start_time.
Nothing of a filter is ever put into SQL as text; `nbmlops.runs.conditions` gives what each comparison asks.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nbmlops.errors import Invalid
from nbmlops.ledger.encode import text as storable

LONGEST = 4_000
DEEPEST = 20
MOST_COMPARISONS = 100
MOST_VALUES = 500

Group = Literal["metrics", "params", "tags", "field"]
FIELDS = (
    "status", "name", "experiment", "notebook", "kind", "estimator", "data_hash", "id", "started", "ended", "duration", "git.commit",
    "git.branch", "error", "hidden", "file", "writes", "verdict",
)  # fmt: skip
FLAGS = ("hidden",)
_GROUPS: dict[str, Group] = {
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("tags", "tag"), "tags"),
}  # fmt: skip
_OTHER_WORDS = {
    "reads": "file", "run_id": "id", "run_name": "name", "start_time": "started", "end_time": "ended", "started_at": "started",
    "ended_at": "ended", "duration_s": "duration", "commit": "git.commit", "branch": "git.branch", "git_commit": "git.commit",
    "git_branch": "git.branch", "experiment_name": "experiment",
}  # fmt: skip
_PREFIXES = ("attributes.", "attribute.", "attr.", "run.")
OPERATORS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "~": "ilike", "!~": "not ilike"}
_KEYWORDS = ("and", "or", "not", "in", "like", "ilike", "is", "null", "exists")
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign><=|>=|==|!=|<>|!~|[=<>~(),])|(?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`)|(?P<word>[^\s()<>=!~,'"`]+))""",
    re.DOTALL,
)


class FilterInvalid(Invalid):
    """A filter that cannot be read or asked: where, and what could stand there."""

    def __init__(self, problem: str, text: str, at: int, *, hint: str = "") -> None:
        super().__init__(f"{problem}\n{pointed(text, at)}", hint=hint)
        self.at = at


@dataclass(frozen=True)
class Name:
    """What is compared: a field, or one metric, parameter or tag."""

    group: Group
    key: str
    at: int = 0

    def __str__(self) -> str:
        return self.key if self.group == "field" else f"{self.group}.{self.key}"


@dataclass(frozen=True)
class Value:
    """What it is compared with, as written; its meaning follows from what it is compared to."""

    text: str
    quoted: bool = False
    at: int = 0


@dataclass(frozen=True)
class Comparison:
    """One question about a run. `op`: = != < <= > >= [not] in, [not] like, [not] ilike, exists, or `words` for a word on its own.

    What is not there is neither equal nor unequal to anything: `params.model != gb` holds of runs that have a model.
    """

    name: Name
    op: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Not:
    """What does not hold."""

    part: Node


@dataclass(frozen=True)
class All:
    """Parts that all hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """Parts of which one holds."""

    parts: tuple[Node, ...]


Node = Comparison | Not | All | Either


@dataclass(frozen=True)
class Filter:
    """A filter as it was read, with its text for what must be said of it later."""

    text: str
    node: Node | None


@dataclass(frozen=True)
class Sort:
    """An order: by what, and which way."""

    name: Name
    down: bool


def parse(text: str) -> Filter:
    """Read a filter. Raises Invalid that shows the place; nothing to read is a filter that all runs pass.

    >>> parse("metrics.mae < 3").node
    Comparison(name=Name(group='metrics', key='mae', at=0), op='<', values=(Value(text='3', quoted=False, at=14),))
    """
    if len(text) > LONGEST:
        raise Invalid(f"A filter of {len(text):,} characters is too long.", hint=f"At most {LONGEST:,}.")
    text = storable(text)
    return Filter(text, _Reader(text).whole())


def parse_sort(text: str) -> Sort:
    """Read an order: `metrics.mae`, `-started`, `metrics."val/mae" desc`.

    >>> parse_sort("-metrics.mae").down, parse_sort("name desc").down, parse_sort("params.lr").name.key
    (True, True, 'lr')
    """
    if len(text) > LONGEST:
        raise Invalid(f"An order of {len(text):,} characters is too long.", hint="For example: metrics.mae desc")
    return _Reader(storable(text)).order()


def pointed(text: str, at: int, width: int = 76) -> str:
    """The part of a text around a place, and a caret under it.

    >>> print(pointed("a = 1 and", 9))
      a = 1 and
               ^
    """
    begin = max(0, at - width // 2) if len(text) > width else 0
    part = text[begin : begin + width]
    before, after = ("…" if begin else ""), ("…" if begin + width < len(text) else "")
    clean = "".join(letter if letter.isprintable() else "·" for letter in part)
    return f"  {before}{clean}{after}\n  {' ' * (len(before) + at - begin)}^"


def near(word: str, known: Sequence[str]) -> str:
    """The beginning of a hint: what was perhaps meant."""
    found = difflib.get_close_matches(word.lower()[:60], list(known), n=1, cutoff=0.6)
    return f"Did you mean {found[0]}? " if found else ""


@dataclass(frozen=True)
class _Token:
    kind: Literal["sign", "text", "word", "end"]
    text: str
    at: int
    end: int


class _Reader:
    """Recursive descent over the tokens; `_here` is the token that is looked at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.number = 0
        self.depth = 0
        self.comparisons = 0
        self.values = 0

    # -- tokens

    def _tokens(self) -> list[_Token]:
        found, at = [], 0
        whole = len(self.text.rstrip())
        while at < whole:
            match = _TOKEN.match(self.text, at)
            if match is None or match.end() == at:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                letter = self.text[at]
                if letter in "'\"`":
                    raise self._wrong(f"A quote {letter} is opened and never closed.", at, hint="Close it, or leave it out.")
                raise self._wrong(f"{letter!r} means nothing here.", at, hint="Not equal is !=. A value with signs in it is quoted.")
            kind = match.lastgroup
            assert kind in ("sign", "text", "word")
            found.append(_Token(kind, match[kind], match.start(kind), match.end(kind)))  # type: ignore[arg-type]
            at = match.end()
        return [*found, _Token("end", "", whole, whole)]

    @property
    def _here(self) -> _Token:
        return self.tokens[self.number]

    def _take(self) -> _Token:
        token = self._here
        self.number += token.kind != "end"
        return token

    def _word(self, *words: str) -> bool:
        """Whether one of these keywords stands here; it is taken if so."""
        if self._here.kind == "word" and self._here.text.lower() in words:
            self.number += 1
            return True
        return False

    def _sign(self, sign: str) -> bool:
        if self._here.kind == "sign" and self._here.text == sign:
            self.number += 1
            return True
        return False

    def _wrong(self, problem: str, at: int, *, hint: str = "") -> FilterInvalid:
        return FilterInvalid(problem, self.text, at, hint=hint)

    def _unexpected(self, wanted: str) -> FilterInvalid:
        token = self._here
        stands = "The filter ends too early." if token.kind == "end" else f"{token.text[:40]!r} cannot stand here."
        return self._wrong(stands, token.at, hint=f"Here could stand {wanted}.")

    # -- grammar

    def whole(self) -> Node | None:
        if self._here.kind == "end":
            return None
        node = self._either()
        if self._here.kind != "end":
            after_value = self.number and self.tokens[self.number - 1].kind == "word" and self._here.kind == "word"
            raise self._unexpected("and, or, or the end" + ("; a value of several words is quoted" if after_value else ""))
        return node

    def order(self) -> Sort:
        if self._here.kind == "end":
            raise self._wrong("No order is named.", 0, hint="For example: metrics.mae desc")
        first = self._here
        down = first.kind == "word" and first.text.startswith("-")
        if down:
            self.tokens[self.number] = _Token("word", first.text[1:], first.at + 1, first.end)
        name = self._name("a field, or metrics.X, params.X, tags.X")
        if self._word("desc", "descending"):
            down = True
        elif self._word("asc", "ascending"):
            down = False
        if self._here.kind != "end":
            raise self._unexpected("asc, desc, or the end")
        if str(name) in ("file", "writes", "hidden"):
            raise self._wrong(f"Runs have no order by {name}.", name.at, hint="For example: started, duration, metrics.X, params.X")
        return Sort(name, down)

    def _either(self) -> Node:
        parts = [self._all()]
        while self._word("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self) -> Node:
        parts = [self._not()]
        while self._word("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _not(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._wrong("The filter is nested too deeply.", self._here.at, hint=f"At most {DEEPEST} levels.")
        try:
            if self._word("not"):
                return Not(self._not())
            if self._sign("("):
                node = self._either()
                if not self._sign(")"):
                    raise self._unexpected("and, or, or )")
                return node
            return self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Node:
        self.comparisons += 1
        if self.comparisons > MOST_COMPARISONS:
            raise self._wrong("The filter has too many comparisons.", self._here.at, hint=f"At most {MOST_COMPARISONS}.")
        token, after = self._here, self.tokens[min(self.number + 1, len(self.tokens) - 1)]
        ends = after.kind == "end" or (after.kind == "sign" and after.text == ")")
        ends = ends or (after.kind == "word" and after.text.lower() in ("and", "or"))
        if ends and token.kind in ("word", "text") and not (token.kind == "word" and token.text.lower() in _KEYWORDS):
            return self._alone()
        name = self._name("a comparison, not, or (")
        if self._word("exists"):
            return Comparison(name, "exists")
        if self._word("is"):
            negated = self._word("not")
            if not self._word("null", "none"):
                raise self._unexpected("null" if negated else "null or not null")
            there = Comparison(name, "exists")
            return there if negated else Not(there)
        negated = self._word("not")
        if self._word("in"):
            return Comparison(name, "not in" if negated else "in", self._values())
        for op in ("like", "ilike"):
            if self._word(op):
                return Comparison(name, f"not {op}" if negated else op, (self._value(),))
        token = self._here
        if negated or token.kind != "sign" or token.text not in OPERATORS:
            raise self._unexpected("in, like or ilike" if negated else "= != < <= > >= ~ in, like, is null, exists")
        self._take()
        return Comparison(name, OPERATORS[token.text], (self._value(),))

    def _alone(self) -> Node:
        """A word on its own: a field that is true or false, or a word to be found in a name."""
        token = self._take()
        if token.kind == "word":
            known = self._known(token)
            if known is not None and known.key in FLAGS:
                return Comparison(known, "=", (Value("true", at=token.at),))
            if known is not None or token.text.split(".")[0].lower() in _GROUPS:
                raise self._unexpected("= != < <= > >= ~ in, like, is null, exists")
        return Comparison(Name("field", "words", token.at), "words", (Value(_unquoted(token), True, token.at),))

    def _name(self, wanted: str) -> Name:
        token = self._here
        if token.kind not in ("word", "text") or (token.kind == "word" and token.text.lower() in _KEYWORDS):
            raise self._unexpected(wanted)
        self._take()
        if token.kind == "word":
            known = self._known(token)
            if known is not None:
                return known
            group, _, key = _attribute(token.text).partition(".")
            if group.lower() in _GROUPS:
                quoted = self._here
                if not key and token.text.endswith(".") and quoted.kind == "text" and quoted.at == token.end:
                    self._take()
                    key = _unquoted(quoted)
                if not key:
                    raise self._wrong(f"The name after {token.text!r} is missing.", token.end, hint=f"{_GROUPS[group.lower()]}.NAME")
                return Name(_GROUPS[group.lower()], key, token.at)
        word = _attribute(_unquoted(token))
        choices = [*FIELDS, "reads", "metrics.X", "params.X", "tags.X"]
        raise self._wrong(
            f"There is no field {word[:40]!r}.", token.at, hint=f"{near(word, [*choices, *_GROUPS])}There are {', '.join(choices)}."
        )

    def _known(self, token: _Token) -> Name | None:
        word = _attribute(token.text).lower()
        word = _OTHER_WORDS.get(word, word)
        return Name("field", word, token.at) if word in FIELDS else None

    def _value(self) -> Value:
        token = self._here
        if token.kind == "sign" or token.kind == "end":
            raise self._unexpected("a number, a word, or text in quotes")
        if token.kind == "word" and token.text.lower() in _KEYWORDS and token.text.lower() != "null":
            raise self._unexpected(f"a number, a word, or text in quotes ('{token.text}' is a word of the language)")
        self._take()
        return Value(_unquoted(token), token.kind == "text", token.at)

    def _values(self) -> tuple[Value, ...]:
        if not self._sign("("):
            raise self._unexpected("( and values with commas between")
        found = [self._value()]
        while self._sign(","):
            found.append(self._value())
            self.values += 1
            if self.values > MOST_VALUES:
                raise self._wrong("The filter has too many values.", found[-1].at, hint=f"At most {MOST_VALUES}.")
        if not self._sign(")"):
            raise self._unexpected(", or )")
        return tuple(found)


def _attribute(word: str) -> str:
    lower = word.lower()
    return next((word[len(prefix) :] for prefix in _PREFIXES if lower.startswith(prefix)), word)


def _unquoted(token: _Token) -> str:
    if token.kind != "text":
        return token.text
    quote, inner = token.text[0], token.text[1:-1]
    return inner if quote == "`" else re.sub(r"\\(.)", r"\1", inner.replace(quote * 2, quote), flags=re.DOTALL)
