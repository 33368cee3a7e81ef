"""Programs made at random: executing only the slice of a name gives the name the value it has in the whole session."""

from __future__ import annotations

import random

import pytest

from tests.capture.sessions import execute, run_session

NAMES = "abcde"
FIRST = [
    """def grow(l):
    l.append(0)
def same(l):
    return l
store = [[0]]
def keep(l): store.append(l)
n = 0
def bump():
    global n
    n += 1
d = {'k': [1]}
it = iter([[5]])
z = zip([[1]], [[2]])""",
    """class Box:
    shared = []
    def __init__(self, l): self.items = l
    def put(self, v):
        self.items.append(v)
        self.shared.append(v)
        return self.shared
    def __enter__(self): return self.items
    def __exit__(self, *a): pass
box = Box([1])
other = box
def mk(l):
    def inner():
        l.append(7)
        return l
    return inner
hook = mk([3])
add = [].append""",
    *(f"{name} = [{at}]" for at, name in enumerate(NAMES)),
]
TEMPLATES = [
    "{0} = [{i}]",
    "{0} = {1}",
    "{0} = [{1}, {2}]",
    "{0} = {1} + {2}",
    "{0}.append({i})",
    "{0}.append({1})",
    "{0} += [{i}]",
    "{0} += {1}",
    "if {0}:\n    {1} = {2}[:]",
    "for one in {0}:\n    if isinstance(one, list): one.append({i})",
    "{0} = {1}[0]",
    "grow({0})",
    "{0} = same({1})",
    "{0} = dict(k={1})['k']",
    "{0} = {{'k': {1}, 'j': {2}}}['j']",
    "{0}, {1} = {1}, {0}",
    "del {0}",
    "keep({0})",
    "{0} = store[-1]",
    "store[-1].append({i})",
    "{0} = box.put({1})",
    "box.items.append({0})",
    "{0} = box.items",
    "{0} = [one for one in {1}]",
    "{0} = list({1})",
    "{0} = sorted({1}, key=repr)",
    "{0} = mk({1})()",
    "hook = mk({0})",
    "hook()",
    "{0} = hook()",
    "def same(l): return {0}",
    "def grow(l): l.append({0})",
    "{0} = [x if isinstance(x,list) else [x] for x in {1}]",
    "{0}[0] = {1}",
    "{0} = {1} if {2} else {0}",
    "try:\n    {0} = {1}[5]\nexcept IndexError:\n    {0} = {2}",
    "while len({0}) > 3:\n    {0}.pop()",
    "{0} = {1} or {2}",
    "[{0} := one for one in {1}]",
    "n += 1",
    "{0} = [n]",
    "bump()",
    "{0} = [len({1})]",
    "for {0} in [{1}, {2}]:\n    pass",
    "{0} = (lambda v: v)({1})",
    "{0} = {1}.copy()",
    "list(map(grow, [{0}, {1}]))",
    "f = grow\nf({0})",
    "{0} = Box({1}).items",
    "box = Box({0})",
    "other = box",
    "other.put({0})",
    "{0} = next(it, [0])",
    "it = iter([{0}, {1}])",
    "{0} = [*{1}, *{2}]",
    "with box as {0}:\n    {0}.append({i})",
    "d['k'] = {0}",
    "{0} = d['k']",
    "d['k'].append({i})",
    "d = {{**d, 'j': {0}}}",
    "for v in d.values(): v.append({i})",
    "{0} = d.setdefault('z', {1})",
    "{0} = d.get('k')",
    "del {0}[0]",
    "getattr({0}, 'append')({i})",
    "add = {0}.append",
    "add({1})",
    "{0} = [{1}][0]",
    "{0} = (lambda: {1})()",
    "def grow(l):\n    global {0}\n    {0} = l",
    "Box.put = lambda self, v: [v]",
    "class Box2(Box):\n    def more(self): return self.put({0})",
    "{0} = [Box2([{i}]).more()]",
    "match {0}:\n    case [x, *{1}]: pass\n    case _: pass",
    "import functools\n{0} = functools.reduce(lambda p, q: p + [q], {1}, {2})",
    "{0}.extend({1})",
    "z = zip({0}, {1})",
    "{0} = [list(p) for p in z]",
    "{0}.insert(0, {1})",
    "{0}.reverse()",
    "1/0\n{0} = 3",
    "{0} = [{i}]\n1/0",
    "{0}.append({i})\n{1} = {0}",
]  # fmt: skip


def seen(value, depth=0, above=()):
    """A value as far as its looks go, whatever it contains itself."""
    if id(value) in above or depth > 8:
        return "..."
    above = (*above, id(value))
    if isinstance(value, (list, tuple)):
        return [seen(one, depth + 1, above) for one in value]
    if isinstance(value, dict):
        return {key: seen(one, depth + 1, above) for key, one in value.items()}
    if type(value).__name__ in ("Box", "Box2"):
        return seen(value.items, depth + 1, above), seen(value.shared, depth + 1, above)
    return "code" if callable(value) or "iterator" in type(value).__name__ or isinstance(value, zip) else repr(value)


@pytest.mark.parametrize("length, programs", [(6, 150), (15, 80), (30, 20)])
def test_a_slice_alone_gives_the_same_value(length, programs):
    for number in range(programs):
        chance = random.Random(number)
        made = (chance.choice(TEMPLATES).format(*(chance.choice(NAMES) for _ in range(3)), i=chance.randint(0, 9)) for _ in range(length))
        cells = [*FIRST, *made]
        slicer, held = run_session(cells)
        for name in NAMES:
            if name in held:
                alone: dict[str, object] = {}
                kept = slicer.needed(len(cells) - 1, {name})
                for position in kept:
                    execute(cells[position], alone)
                assert seen(alone.get(name)) == seen(held[name]), (name, [cells[position] for position in kept], cells)
