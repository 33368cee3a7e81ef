"""What one cell does to names, magics and shell commands among it."""

from __future__ import annotations

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from nbmlops.capture.slicing.names import analyse
from nbmlops.capture.slicing.slices import Slicer


def names_of(source):
    return analyse(ast.parse(source))


def sliced(*cells):
    """What the last of these cells depends on; none is executed, magics are allowed."""
    slicer = Slicer()
    for position, source in enumerate(cells):
        slicer.note(position, names_of(TransformerManager().transform_cell(source)), {})
    return slicer.needed(len(cells) - 1)


@pytest.mark.parametrize(
    "source, loads",
    [
        ("y = x + 1", {"x"}),
        ("x = 1\ny = x", set()),
        ("if a:\n    x = 1\ny = x", {"a", "x"}),
        ("[v for v in xs if v > low]", {"xs", "low"}),
        ("x += 1", {"x"}),
        ("d['a'] = v", {"d", "v"}),
        ("class A(Base):\n    k = limit", {"Base", "limit"}),
        ("with opened() as f:\n    f.read()", {"opened"}),
        ("f'{name}: {value:>{width}}'", {"name", "value", "width"}),
        ("lambda v: v + k", {"k"}),
        ("del x", {"x"}),
    ],
)
def test_a_cell_needs_from_before(source, loads):
    assert names_of(source).loads == loads


@pytest.mark.parametrize(
    "source, binds",
    [
        ("a, (b, *c) = z", {"a", "b", "c"}),
        ("for i, v in enumerate(z): pass", {"i", "v"}),
        ("import a.b, c as d", {"a", "d"}),
        ("from m import n as o", {"o"}),
        ("def f(): x = 1", {"f"}),
        ("class A: x = 1", {"A"}),
        ("(n := 3)", {"n"}),
        ("with z as w: pass", {"w"}),
        ("[m for m in z]", set()),
        ("match z:\n    case [p, *q]: pass", {"p", "q"}),
    ],
)
def test_a_cell_binds(source, binds):
    assert names_of(source).binds == binds


def test_a_metric_is_computed_from_the_model_that_predicted():
    slicer = Slicer()
    for position, source in enumerate(
        ["model = Ridge().fit(X, y)", "p = np.round(model.predict(X_test))", "rmse = ((p - y_test) ** 2).mean()"]
    ):
        slicer.note(position, names_of(source), {})
    assert {"p", "model", "X", "y_test"} <= slicer.computed_from({"rmse"})


def test_a_function_s_own_globals_are_what_its_results_are_computed_from():
    slicer = Slicer()
    for position, source in enumerate(["model = make()", "def ask(X): return model.predict(X)", "p = ask(X_test)"]):
        slicer.note(position, names_of(source), {})
    assert "model" in slicer.computed_from({"p"})


def test_what_is_counted_under_a_condition_is_computed_from_the_condition():
    slicer = Slicer()
    for position, source in enumerate(
        [
            "predicted = model.predict(X)",
            "right = 0\nfor one, truth in zip(predicted, y):\n    if one == truth:\n        right += 1\naccuracy = right / len(y)",
            "label = 'good' if accuracy > limit else 'bad'",
            "other = 3",
        ]
    ):
        slicer.note(position, names_of(source), {})
    assert {"predicted", "model"} <= slicer.computed_from({"accuracy"})
    assert {"accuracy", "limit", "model"} <= slicer.computed_from({"label"}) and slicer.computed_from({"other"}) == {"other"}


MAGICS = {
    "a timed statement binds": (["x = 1", "%time y = x + 1", "z = y"], [0, 1]),
    "a timed cell binds": (["x = 1", "%%time\ny = x + 1\nw = 2", "z = y"], [0, 1]),
    "what is timed many times binds nothing": (["x = [1]", "%timeit -n 3 y = len(x)", "z = x"], [0]),
    "what is timed many times may change": (["x = [1]", "%timeit x.append(1)", "z = x"], [0, 1]),
    "captured output is a name": (["%%capture out\nx = 1", "z = out"], [0]),
    "a shell command's lines are a name": (["folder = 'a'", "files = !ls {folder}", "z = files"], [0, 1]),
    "a shell command changes no name": (["x = [1]", "!ls $x", "z = x"], [0]),
    "settings are left out": (["%matplotlib inline", "%load_ext autoreload", "%config InlineBackend.dpi = 90", "x = 1", "z = x"], [3]),
    "help is left out": (["x = [1]", "x?", "z = x"], [0]),
    "a folder changed matters to who reads": (["%cd data", "x = 1", "z = read('a.csv')"], [0]),
    "%run may do anything": (["x = [1]", "%run other.py", "z = x"], [0, 1]),
    "an unknown magic may bind what it names": (["x = 1", "%%bigquery frame\nselect 1", "z = frame"], [1]),
    "an unknown magic changes nothing it does not name": (["x = [1]", "%%bigquery frame\nselect 1", "z = x"], [0]),
    "a script's output is a name": (["%%bash --out lines\nls", "z = lines"], [0]),
}


@pytest.mark.parametrize("cells, expected", MAGICS.values(), ids=MAGICS.keys())
def test_magics(cells, expected):
    assert sliced(*cells) == expected


def test_a_function_s_counter_that_an_inner_one_advances_is_no_name_of_the_notebook():
    names = names_of("def counter():\n    n = 0\n    def more():\n        nonlocal n\n        n += 1\n        return n\n    return more\nc = counter()")
    assert names.binds == {"counter", "c"} and not names.steps.bound_by_functions
