"""What a reader of the notebook cannot see, and what must not be called hidden."""

from __future__ import annotations

import ast

import pytest

from nbmlops.capture.slicing.hidden import hidden_state
from nbmlops.capture.slicing.names import analyse

LATE = 1000  # the file was saved after all that was executed


def told(executed, file, *, saved=LATE, wanted=None):
    """`executed`: (cell id, source) in the order of execution; `file`: the same in the order of the document, or None."""
    executions = [(at, cell, source, analyse(ast.parse(source))) for at, (cell, source) in enumerate(executed)]
    found = hidden_state(executions, file, wanted or range(len(executed)), saved=saved)
    return {one.name: (one.why, one.position, one.cell_id) for one in found}


A, B, C = ("a", "x = 1"), ("b", "y = x + 1"), ("c", "z = y * 2")
NOTHING = {
    "an ordinary run of everything": ([A, B, C], [A, B, C]),
    "everything twice": ([A, B, C, A, B, C], [A, B, C]),
    "no file": ([A, B, C], None),
    "an edit that still defines the name, and the rest again": ([A, B, C, ("a", "x = 5"), B, C], [("a", "x = 5"), B, C]),
    "a cell tried several times": ([A, ("b", "y = x"), ("b", "y = x + 2"), B, C], [A, B, C]),
    "cells without ids": ([(None, "x = 1"), (None, "y = x")], [A, B]),
    "a definition that moved into another cell": ([A, B], [("new", "x = 1"), B]),
    "a cell that was split": ([("a", "x = 1\nw = 2"), ("b", "y = x + w")], [("a", "x = 1"), ("n", "w = 2"), ("b", "y = x + w")]),
    "cells that were merged": ([A, ("w", "w = 2"), ("b", "y = x + w")], [("a", "x = 1\nw = 2"), ("b", "y = x + w")]),
    "one import in several cells": (
        [("a", "import math"), ("k", "import math"), ("a", "import math"), ("b", "y = math.pi")],
        [("a", "import math"), ("k", "import math"), ("b", "y = math.pi")],
    ),
    "a cleaning step executed twice": ([A, ("d", "x = abs(x)"), ("d", "x = abs(x)"), B], [A, ("d", "x = abs(x)"), B]),
    "a scratch cell nobody depends on": ([A, ("s", "print(x)"), B], [A, B]),
    "a file whose cell cannot be read": ([A, B], [("a", "x = = 1"), B]),
    "a name of a loop used again": (
        [("a", "for i in range(3): pass"), ("b", "for i in range(4): print(i)"), ("a", "for i in range(3): pass")],
        [("a", "for i in range(3): pass"), ("b", "for i in range(4): print(i)")],
    ),
    "a comment added": ([A, B], [("a", "# why\nx = 1"), B]),
    "a function defined above": ([("f", "def f(): return x"), A, ("u", "v = f()")], [("f", "def f(): return x"), A, ("u", "v = f()")]),
}


@pytest.mark.parametrize("executed, file", NOTHING.values(), ids=NOTHING.keys())
def test_nothing_is_hidden_in(executed, file):
    assert told(executed, file) == {}


@pytest.mark.parametrize(
    "executed, file",
    [([A, B], [B]), ([A, B], [("a", ""), B]), ([A, B, C], [C]), ([A, B], [])],
    ids=["a cell not yet saved", "a cell saved before it was filled", "two cells not yet saved", "a file with no cell yet"],
)
def test_a_file_that_lags_behind_accuses_nobody(executed, file):
    assert told(executed, file, saved=-1) == {}
    assert told(executed, file, saved=None) == {}


HIDDEN = {
    "a deleted cell": ([A, B], [B], {"x": ("deleted", 0, "a")}),
    "a cell edited and not executed": ([A, B], [("a", "w = 1"), B], {"x": ("edited", 0, "a")}),
    "a cell executed again with another name": ([A, ("a", "w = 1"), B], [("a", "w = 1"), B], {"x": ("edited", 0, "a")}),
    "the same without a file": ([A, ("a", "w = 1"), B], None, {"x": ("edited", 0, "a")}),
    "a definition below its use": ([A, B], [B, A], {"x": ("out of order", 0, "a")}),
    "an earlier cell again, after a later one replaced its name": (
        [A, B, ("d", "x = 9"), B], [A, B, ("d", "x = 9")], {"x": ("out of order", 2, "d")},
    ),
    "a cell above executed after the one between": (
        [A, ("k", "x = 2"), A, B], [A, ("k", "x = 2"), B], {"x": ("out of order", 2, "a")},
    ),
    "a counter executed twice": ([A, ("n", "x = x + 1"), ("n", "x = x + 1")], [A, ("n", "x = x + 1")], {"x": ("out of order", 1, "n")}),
    "a name that a function uses": (
        [A, ("f", "def f(): return x"), ("u", "v = f()")], [("f", "def f(): return x"), ("u", "v = f()")], {"x": ("deleted", 0, "a")},
    ),
    "a deleted function": ([("f", "def f(): return 1"), ("u", "v = f()")], [("u", "v = f()")], {"f": ("deleted", 0, "f")}),
    "a deleted import": ([("i", "import math"), ("u", "v = math.pi")], [("u", "v = math.pi")], {"math": ("deleted", 0, "i")}),
}  # fmt: skip


@pytest.mark.parametrize("executed, file, expected", HIDDEN.values(), ids=HIDDEN.keys())
def test_hidden_is(executed, file, expected):
    assert told(executed, file) == expected


def test_only_what_the_wanted_executions_used_is_told():
    assert told([A, B, C], [C], wanted=[2]) == {"y": ("deleted", 1, "b")}
    assert told([A, ("s", "s = 1")], [("s", "s = 1")], wanted=[1]) == {}


def test_a_file_that_shows_what_was_typed_later_is_believed():
    later = ("b", "y = x + 7")
    assert told([A, B, later], [later], saved=None) == {"x": ("deleted", 0, "a")}


def test_a_definition_younger_than_the_file_is_not_deleted():
    assert told([B, A, B], [B], saved=0) == {}
    assert told([A, ("n", "m = 2"), ("b", "y = x + m")], [("b", "y = x + m")], saved=0) == {"x": ("deleted", 0, "a")}
