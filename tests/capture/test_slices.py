"""What an execution depends on: too little would be a lie, too much no slice."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.capture.slicing.kinds import identities, kind_of
from nbmlops.capture.slicing.names import analyse
from nbmlops.capture.slicing.slices import Slicer


def session(cells):
    """Run cells really, as a kernel would; give the slicer and the names."""
    slicer, held = Slicer(), {}
    for position, source in enumerate(cells):
        names = analyse(ast.parse(source), lambda name: kind_of(held[name]) if name in held else None)
        raised = False
        try:
            exec(compile(source, f"<{position}>", "exec"), held)
        except Exception:
            raised = True
        slicer.note(position, names, identities({n: v for n, v in held.items() if n != "__builtins__"}), raised=raised)
    return slicer, held


CASES = {
    "a definition": (["x = 1", "y = 2", "z = x + 1"], [0]),
    "what was bound again is not needed": (["x = 1", "x = 2", "z = x"], [1]),
    "a chain": (["a = 1", "b = a", "c = b", "d = c"], [0, 1, 2]),
    "an augmented assignment needs what it adds to": (["x = 1", "x += 2", "z = x"], [0, 1]),
    "a conditional binding does not replace": (["x = 1", "c = False", "if c:\n    x = 2", "z = x"], [0, 1, 2]),
    "both branches replace": (["x = 1", "c = 1", "if c:\n    x = 2\nelse:\n    x = 3", "z = x"], [1, 2]),
    "a loop over nothing binds nothing": (["x = 1", "for x in []:\n    pass", "z = x"], [0, 1]),
    "an item changed in place": (["d = {}", "d['a'] = 1", "z = d"], [0, 1]),
    "an attribute changed": (["class A: pass\na = A()", "a.x = 1", "z = a.x"], [0, 1]),
    "a method that may change": (["l = [2, 1]", "l.sort()", "z = l"], [0, 1]),
    "a method that only looks": (["l = [2, 1]", "n = l.count(1)", "z = l"], [0]),
    "printing changes nothing": (["l = [1]", "print(l)", "len(l)", "z = l"], [0]),
    "an alias": (["a = [1]", "b = a", "b.append(2)", "z = a"], [0, 1, 2]),
    "an alias of an alias": (["a = [1]", "b = a", "c = b", "c.append(2)", "z = a"], [0, 1, 2, 3]),
    "an alias no more": (["a = [1]", "b = a", "b = [5]", "b.append(2)", "z = a"], [0]),
    "in a container": (["a = [1]", "box = [a]", "box[0].append(2)", "z = a"], [0, 1, 2]),
    "out of a container": (["box = [[1]]", "a = box[0]", "a.append(2)", "z = box"], [0, 1, 2]),
    "in a dict": (["a = [1]", "box = {'k': a}", "box['k'].append(2)", "z = a"], [0, 1, 2]),
    "in an object": (["class A:\n    def __init__(self, l): self.l = l", "l = [1]", "a = A(l)", "a.l.append(2)", "z = l"], [0, 1, 2, 3]),
    "a copy is no alias": (["a = [1]", "b = list(a)", "b.append(2)", "z = a"], [0]),
    "put into after it was made": (["a = [1]", "box = []", "box.append(a)", "box[0].append(2)", "z = a"], [0, 1, 2, 3]),
    "a function and what it uses": (["k = 2", "def f(x): return x * k", "unused = 1", "z = f(3)"], [0, 1]),
    "a function uses its globals as they are when it is called": (["k = 2", "def f(x): return x * k", "k = 5", "z = f(3)"], [1, 2]),
    "a function that calls another": (["k = 1", "def g(): return k", "def f(): return g()", "z = f()"], [0, 1, 2]),
    "a function that changes its argument": (["def f(l): l.append(1)", "a = []", "f(a)", "z = a"], [0, 1, 2]),
    "a function that does not": (["def f(l): return len(l)", "a = []", "n = f(a)", "z = a"], [1]),
    "a function that changes a global": (["log = []", "def f(): log.append(1)", "f()", "z = log"], [0, 1, 2]),
    "a function that binds a global": (["x = 1", "def f():\n    global x\n    x = 2", "f()", "z = x"], [0, 1, 2]),
    "a closure": (["def make(k):\n    def add(x): return x + k\n    return add", "add2 = make(2)", "z = add2(1)"], [0, 1]),
    "a lambda": (["k = 1", "f = lambda x: x + k", "k = 7", "z = f(1)"], [1, 2]),
    "a class and its methods' globals": (["k = 1", "class A:\n    def m(self): return k", "a = A()", "k = 9", "z = a.m()"], [0, 1, 2, 3]),
    "a base class": (["class A:\n    x = 1", "class B(A): pass", "z = B().x"], [0, 1]),
    "a decorator": (["def d(f): return f", "@d\ndef g(): return 1", "z = g()"], [0, 1]),
    "a default argument": (["k = 1", "def f(x=k): return x", "z = f()"], [0, 1]),
    "a comprehension's own names": (["x = 1", "l = [x for x in range(3)]", "z = x"], [0]),
    "a comprehension's outer names": (["k = 1", "l = [x + k for x in range(3)]", "z = l"], [0, 1]),
    "unpacking": (["a, (b, *c) = 1, (2, 3, 4)", "z = c"], [0]),
    "a walrus": (["if (n := 3) > 2: pass", "z = n"], [0]),
    "del": (["x = 1", "del x", "x = 2", "z = x"], [2]),
    "with": (["import contextlib", "with contextlib.nullcontext(5) as v:\n    pass", "z = v"], [0, 1]),
    "try": (["try:\n    v = 1\nexcept ValueError:\n    v = 2", "z = v"], [0]),
    "an import": (["import math", "z = math.pi"], [0]),
    "an import from": (["from math import pi", "z = pi"], [0]),
    "a cell that raised had bound the first": (["x = 1", "x = 2\n1 / 0", "z = x"], [0, 1]),
    "exec may do anything": (["x = 1", "exec('x = 2')", "z = x"], [0, 1]),
    "a frame's new column": (["import pandas as pd", "d = pd.DataFrame({'a': [1]})", "d['b'] = d.a * 2", "d.describe()", "z = d.sum()"], [0, 1, 2]),
    "dropping in place": (
        ["import pandas as pd", "d = pd.DataFrame({'a': [1], 'b': [2]})", "d.drop(columns='b', inplace=True)", "z = d.sum()"], [0, 1, 2],
    ),
    "dropping is looking": (["import pandas as pd", "d = pd.DataFrame({'a': [1], 'b': [2]})", "e = d.drop(columns='b')", "z = d.sum()"], [0, 1]),
    "loc": (["import pandas as pd", "d = pd.DataFrame({'a': [1]})", "d.loc[0, 'a'] = 7", "z = d.sum()"], [0, 1, 2]),
    "columns renamed": (["import pandas as pd", "d = pd.DataFrame({'a': [1]})", "d.columns = ['q']", "z = d.q"], [0, 1, 2]),
    "an array's view": (["import numpy as np", "a = np.zeros(4)", "v = a[:2]", "v[:] = 1", "z = a.sum()"], [0, 1, 2, 3]),
    "a seed": (["import numpy as np", "np.random.seed(1)", "n = 3", "z = np.random.rand(2)"], [0, 1]),
    "shuffled in place": (["import numpy as np", "a = np.arange(4)", "np.random.shuffle(a)", "z = a.sum()"], [0, 1, 2]),
    "two models on one frame": (
        ["from sklearn.dummy import DummyRegressor as D", "X, y = [[1], [2]], [1, 2]", "one = D().fit(X, y)", "z = D().fit(X, y)"], [0, 1],
    ),
    "a model fitted in another cell": (
        ["from sklearn.dummy import DummyRegressor as D", "X, y = [[1], [2]], [1, 2]", "m = D()", "m.fit(X, y)", "z = m.predict(X)"],
        [0, 1, 2, 3],
    ),
    "a plot is left out": (["l = [1]", "import matplotlib.pyplot as plt", "plt.plot(l)", "z = l"], [0]),
    "a match": (["v = [1, 2]", "match v:\n    case [a, *rest]:\n        pass", "z = rest"], [0, 1]),
    "a monkeypatched module": (["import math", "math.answer = 42", "z = math.answer"], [0, 1]),
}  # fmt: skip


@pytest.mark.parametrize("cells, expected", CASES.values(), ids=CASES.keys())
def test_a_cell_depends_on(cells, expected):
    slicer, _ = session(cells)
    assert slicer.needed(len(cells) - 1) == expected
    before, held = session(cells[:-1])
    names = analyse(ast.parse(cells[-1]), lambda name: kind_of(held[name]) if name in held else None)
    assert set(before.before(names)) >= set(expected), "told before it is executed"


NAMES = st.sampled_from("abcde")
STATEMENTS = st.one_of(
    st.builds("{} = [{}]".format, NAMES, st.integers(0, 9)),
    st.builds("{} = {}".format, NAMES, NAMES),
    st.builds("{} = [{}, {}]".format, NAMES, NAMES, NAMES),
    st.builds("{} = {} + {}".format, NAMES, NAMES, NAMES),
    st.builds("{}.append({})".format, NAMES, st.integers(0, 9)),
    st.builds("{}.append({})".format, NAMES, NAMES),
    st.builds("{} += [{}]".format, NAMES, st.integers(0, 9)),
    st.builds("if {}:\n    {} = {}[:]".format, NAMES, NAMES, NAMES),
    st.builds("for one in {}:\n    if isinstance(one, list):\n        one.append({})".format, NAMES, st.integers(0, 9)),
    st.builds("{} = {}[0]".format, NAMES, NAMES),
    st.builds("grow({})".format, NAMES),
    st.builds("{} = same({})".format, NAMES, NAMES),
    st.builds("print({})".format, NAMES),
    st.builds("{} = dict(k={})['k']".format, NAMES, NAMES),
    st.builds("del {}".format, NAMES),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STATEMENTS, min_size=2, max_size=14), NAMES)
def test_the_slice_alone_gives_the_same_value(statements, wanted):
    first = ["def grow(l):\n    l.append(0)\ndef same(l):\n    return l\nprint = lambda *_: None", *(f"{name} = [1]" for name in "abcde")]
    cells = [*first, *statements]
    slicer, held = session(cells)
    if wanted not in held:
        return
    alone: dict[str, object] = {}
    for position in slicer.needed(len(cells) - 1, {wanted}):
        try:
            exec(cells[position], alone)
        except Exception:
            continue
    assert repr(alone.get(wanted)) == repr(held[wanted])


def test_a_long_session_stays_small():
    slicer = Slicer()
    names = analyse(ast.parse("total += step\nlog.append(total)"))
    for position in range(5_000):
        slicer.note(position, names, {"log": 1})
    assert slicer.needed(4_999) == list(range(4_999))
    assert all(len(required) < 10 for required in slicer._requires.values())


def test_classes_that_call_each_other_are_followed_without_end_or_blanket_suspicion():
    classes = ["class Base:\n    pass"]
    for at in range(12):
        calls = "\n".join(
            f"    def m{way}(self, x):\n        self.k{way} = Inner{at - 1}(x).m{way}(x) if {at} else x\n        return abs(self.n(x))"
            for way in range(4)
        )
        classes.append(f"class Inner{at}(Base):\n    def __init__(self, x): self.x = x\n{calls}")
    cells = ["a = [1]", "untouched = [2]", *classes, "b = Inner11(a)", "z = untouched"]
    slicer, _ = session(cells)
    names = analyse(ast.parse("c = b.m1(a)"))
    slicer.note(len(cells), names, {})
    assert {0, len(cells) - 2} <= set(slicer.needed(len(cells)))
    slicer.note(len(cells) + 1, analyse(ast.parse("w = untouched")), {})
    assert slicer.needed(len(cells) + 1) == [1]
