"""What a cell does to names, read from its source: what it needs from before, what it binds, what it may change.

A cell that only looks must not count as one that changes, and one that may change must not be missed: where it is not known,
it is taken to change. What is known: methods and functions that leave their arguments alone, by name and by whose they are.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable

from nbmlops.capture.slicing.names import RANDOM, Body, CellNames, Kind
from nbmlops.capture.slicing.statements import steps_of
from nbmlops.capture.slicing.steps import loaded
from nbmlops.capture.slicing.vocabulary import (
    CHANGES_ARGUMENTS,
    CHANGING_BUILTINS,
    CODE_MAGICS,
    DRAWS,
    FITS,
    FRAME_CHANGES,
    IDLE_MAGICS,
    LOOKS,
    OPAQUE,
    OPAQUE_MAGICS,
    PURE_LIBRARIES,
    SETTINGS,
)  # fmt: skip

_BUILTINS = frozenset(dir(builtins))


def analyse(tree: ast.Module, kind: Callable[[str], Kind | None] = lambda name: None) -> CellNames:
    """What a cell's tree does to names. `kind` tells what a name of before is bound to, where that is known.

    >>> found = analyse(ast.parse("y = x + 1\\nframe['a'] = y"))
    >>> sorted(found.loads), sorted(found.binds), sorted(found.changes)
    (['frame', 'x'], ['y'], ['frame'])
    """
    reader = _Reader(kind)
    reader.block(tree.body, reader.sure)
    steps = steps_of(tree)
    return CellNames(
        loads=frozenset(reader.loads),
        binds=frozenset(reader.binds),
        sure=frozenset(reader.sure),
        deletes=frozenset(reader.deletes),
        changes=frozenset(reader.changes),
        depends={name: frozenset(found) for name, found in reader.depends.items()},
        functions=dict(reader.functions),
        calls=tuple(reader.calls),
        opaque=reader.opaque,
        steps=steps,
        kinds={name: known for name in loaded(steps.steps) if (known := kind(name)) is not None},
    )


class _Reader:
    """Reads statements in order. `local` names, a function's own, are nobody else's business."""

    def __init__(self, kind: Callable[[str], Kind | None], local: frozenset[str] = frozenset()) -> None:
        self._kind_before = kind
        self.local = local
        self.kinds: dict[str, Kind | None] = {}
        self.loads: set[str] = set()
        self.binds: set[str] = set()
        self.sure: set[str] = set()
        self.deletes: set[str] = set()
        self.changes: set[str] = set()
        self.depends: dict[str, set[str]] = {}
        self.functions: dict[str, Body] = {}
        self.calls: list[tuple[str, tuple[frozenset[str], ...]]] = []
        self.opaque = False
        self._now: set[str] = self.sure  # what is surely bound at this point
        self._under: list[set[str]] = []  # names that decide whether, or how often, this point is reached

    def kind(self, name: str) -> Kind | None:
        return self.kinds[name] if name in self.kinds else self._kind_before(name)

    # -- statements

    def block(self, body: Iterable[ast.stmt], sure: set[str]) -> None:
        before, self._now = self._now, sure
        for statement in body:
            self.statement(statement)
        self._now = before

    def statement(self, node: ast.stmt) -> None:
        method = getattr(self, f"do_{type(node).__name__.lower()}", None)
        if method is not None:
            method(node)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.expression(child)

    def do_assign(self, node: ast.Assign) -> None:
        used = self.expression(node.value)
        for target in node.targets:
            self.store(target, used, node.value)

    def do_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.expression(node.value), node.value)

    def do_augassign(self, node: ast.AugAssign) -> None:
        used = self.expression(node.value)
        if isinstance(node.target, ast.Name):
            self.load(node.target.id)
            self.change(node.target.id)
            self.bind(node.target.id, used | {node.target.id})
        else:
            self.store(node.target, used, node.value)

    def do_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.load(target.id)
                self.deletes.add(target.id)
                self._now.discard(target.id)
            else:
                self.store(target, set(), None)

    def do_import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.bind(name, set())
            self.kinds[name] = "module"

    def do_importfrom(self, node: ast.ImportFrom) -> None:
        pure = (node.module or "").partition(".")[0] in PURE_LIBRARIES and not node.level
        for alias in node.names:
            if alias.name == "*":
                self.opaque = self.opaque or not pure
                continue
            name = alias.asname or alias.name
            self.bind(name, set())
            self.kinds[name] = "function" if pure else None

    def do_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        used = set()
        for part in (*node.decorator_list, *node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)):
            used |= self.expression(part)
        self.bind(node.name, used)
        self.kinds[node.name] = None
        self.functions[node.name] = _body(node, self.kind)

    do_asyncfunctiondef = do_functiondef

    def do_classdef(self, node: ast.ClassDef) -> None:
        used = set()
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            used |= self.expression(part)
        inner = _Reader(self.kind)
        inner.block(node.body, inner.sure)
        for name in inner.loads:
            self.load(name)
        bodies = list(inner.functions.values())
        self.bind(node.name, used | inner.loads)
        self.functions[node.name] = Body(
            frozenset().union(*(body.loads for body in bodies)),
            frozenset().union(*(body.changes for body in bodies)),
            frozenset().union(*(body.binds for body in bodies)),
        )
        self.changes |= {name for name in inner.changes if name not in inner.binds}

    def do_for(self, node: ast.For | ast.AsyncFor) -> None:
        used = self.expression(node.iter)
        inside = set(self._now)
        with_targets, self._now = self._now, inside
        self.store(node.target, used, node.iter)
        self._now = with_targets
        self._under.append(used)
        self.block(node.body, inside)
        self.block(node.orelse, set(self._now))
        self._under.pop()

    do_asyncfor = do_for

    def do_while(self, node: ast.While) -> None:
        self._under.append(self.expression(node.test))
        self.block(node.body, set(self._now))
        self.block(node.orelse, set(self._now))
        self._under.pop()

    def do_if(self, node: ast.If) -> None:
        self._under.append(self.expression(node.test))
        self._branches([node.body, node.orelse])
        self._under.pop()

    def do_match(self, node: ast.Match) -> None:
        used = self.expression(node.subject)
        self._under.append(used)
        for case in node.cases:
            inside = set(self._now)
            before, self._now = self._now, inside
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    self.bind(name, used)
                if isinstance(part, ast.expr) and isinstance(part, (ast.Name, ast.Attribute)):
                    self.expression(part)
            if case.guard is not None:
                self.expression(case.guard)
            self._now = before
            self.block(case.body, inside)
        self._under.pop()

    def do_try(self, node: ast.Try) -> None:
        inside = set(self._now)
        self.block(node.body, inside)
        self.block(node.orelse, inside)
        endings = [inside]
        for handler in node.handlers:
            branch = set(self._now)
            if handler.type is not None:
                self.expression(handler.type)
            self.block(handler.body, branch)
            if handler.name:
                self.binds.add(handler.name)
            if not (handler.body and isinstance(handler.body[-1], (ast.Raise, ast.Return))):
                endings.append(branch)
        self._now |= set.intersection(*endings)
        self.block(node.finalbody, self._now)

    do_trystar = do_try

    def do_with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            used = self.expression(item.context_expr)
            if item.optional_vars is not None:
                self.store(item.optional_vars, used, item.context_expr)
        self.block(node.body, self._now)

    do_asyncwith = do_with

    def do_global(self, node: ast.Global) -> None:
        return

    do_nonlocal = do_global

    def _branches(self, bodies: list[list[ast.stmt]]) -> None:
        endings = []
        for body in bodies:
            inside = set(self._now)
            self.block(body, inside)
            endings.append(inside)
        self._now |= set.intersection(*endings)

    # -- names

    def load(self, name: str) -> None:
        if name not in self.local and name not in self._now:
            self.loads.add(name)

    def bind(self, name: str, used: set[str]) -> None:
        if name in self.local:
            return
        self.binds.add(name)
        self._now.add(name)
        self.deletes.discard(name)
        self.functions.pop(name, None)
        self.kinds[name] = None
        known = self.depends.setdefault(name, set())
        for one in (*used, *(other for under in self._under for other in under)):
            known |= {one} | self.depends.get(one, set()) if one != name else {one}

    def change(self, name: str, used: Iterable[str] = ()) -> None:
        if name in self.local:
            return
        self.changes.add(name)
        if used:
            self.depends.setdefault(name, {name}).update(used)

    def store(self, target: ast.expr, used: set[str], value: ast.expr | None) -> None:
        """A value made of `used` goes to `target`."""
        if isinstance(target, ast.Name):
            self.bind(target.id, used)
            if isinstance(value, ast.Lambda):
                self.functions[target.id] = _body(value, self.kind)
            if isinstance(value, (ast.Constant, ast.JoinedStr)):
                self.kinds[target.id] = "value"
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts) else None
            for at, element in enumerate(target.elts):
                self.store(element, used, parts[at] if parts else value)
        elif isinstance(target, ast.Starred):
            self.store(target.value, used, value)
        else:
            self.expression(target)
            for root in self.roots(target):
                self.change(root, used)

    def roots(self, node: ast.expr) -> set[str]:
        """The names whose objects an expression refers into."""
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        if isinstance(node, ast.Name):
            return {node.id}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self.roots(node.func.value)  # df.loc(…), a.b().c = …
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return set().union(*(self.roots(element) for element in node.elts))
        if isinstance(node, ast.IfExp):
            return self.roots(node.body) | self.roots(node.orelse)
        return set()

    # -- expressions

    def expression(self, node: ast.expr) -> set[str]:
        """Note what an expression needs and may change; gives the names it is made of."""
        used: set[str] = set()
        self._expression(node, used)
        return used

    def _expression(self, node: ast.AST, used: set[str]) -> None:
        if isinstance(node, ast.Name):
            if node.id not in self.local and (node.id not in _BUILTINS or node.id in self.binds or self._kind_before(node.id)):
                self.load(node.id)
                used.add(node.id)
            elif node.id in OPAQUE and isinstance(node.ctx, ast.Load):
                self.opaque = True
            return
        if isinstance(node, ast.NamedExpr):
            inner = self.expression(node.value)
            used |= inner
            self.store(node.target, inner, node.value)
            used.add(node.target.id)
            return
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            self._scoped(node, {name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)}, used)
            return
        if isinstance(node, ast.Lambda):
            self._scoped(node, _parameters(node.args), used)
            return
        if isinstance(node, ast.Call):
            self._call(node)
        for child in ast.iter_child_nodes(node):
            self._expression(child, used)

    def _scoped(self, node: ast.AST, names: set[str], used: set[str]) -> None:
        before, self.local = self.local, self.local | names
        if isinstance(node, ast.Lambda):
            for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)):
                self._expression(default, used)
            self._expression(node.body, used)
        else:
            for child in ast.iter_child_nodes(node):
                for part in ast.iter_child_nodes(child) if isinstance(child, ast.comprehension) else [child]:
                    self._expression(part, used)
        self.local = before

    def _call(self, node: ast.Call) -> None:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        in_place = any(
            keyword.arg in ("inplace", "in_place", "out") and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
            for keyword in node.keywords
        )
        for keyword in node.keywords:
            if keyword.arg in ("out", "ax"):
                self._changed(keyword.value, given)
        if isinstance(node.func, ast.Name):
            self._function(node, node.func.id, given)
        elif isinstance(node.func, ast.Attribute):
            self._method(node.func, given, in_place)
        else:
            for arg in given:
                self._changed(arg, given)

    def _function(self, node: ast.Call, name: str, given: list[ast.expr]) -> None:
        if name in self.local:
            pass
        elif name in _BUILTINS and name not in self.binds and self._kind_before(name) is None:
            if name in CHANGING_BUILTINS:
                for arg in given[:1]:
                    self._changed(arg, given)
            return
        if self.kind(name) == "function":
            if name in DRAWS:
                self._draws(advances=name == "shuffle")
            if name in CHANGES_ARGUMENTS and name != "shuffle":
                for arg in given:
                    self._changed(arg, given)
            return
        if name in self.functions or (self.kind(name) is None and name not in self.local):
            # A function of the notebook's own, perhaps of an earlier cell: whoever knows it says what it changes.
            self.calls.append((name, tuple(frozenset(self.roots(arg) - self.local) for arg in given)))
            return
        for arg in given:
            self._changed(arg, given)

    def _method(self, func: ast.Attribute, given: list[ast.expr], in_place: bool) -> None:
        method, roots = func.attr, self.roots(func.value)
        chain = ast.unparse(func) if isinstance(func.value, (ast.Attribute, ast.Name)) else method
        if chain == "get_ipython" or any(root == "get_ipython" for root in roots):
            return
        kinds = {self.kind(root) for root in roots}
        if "get_ipython" in chain or method in ("run_line_magic", "run_cell_magic", "system", "getoutput"):
            self._magic(method, given)
            return
        if kinds == {"module"}:
            if ".random." in chain or chain.startswith(("random.", "rng.")) or "seed" in method:
                self._draws(advances=True)
            elif method in DRAWS:
                self._draws(advances=False)
            if method in CHANGES_ARGUMENTS or method.startswith("set_"):
                for arg in given:
                    self._changed(arg, given)
            if method in SETTINGS:
                for root in roots:
                    self.change(root)
            return
        if method in FITS or method == "sample":
            self._draws(advances=False)
        looks = method in LOOKS or method.startswith(("to_", "is_", "get_", "read_", "str.", "plot")) or method.endswith("_")
        if "frame" in kinds or "array" in kinds:
            looks = method not in FRAME_CHANGES
        if kinds <= {"value"} and kinds:
            looks = True
        if isinstance(func.value, ast.Call) and not roots:
            looks = True  # a method of what a call gave: of nobody's name
        if not looks or in_place:
            for root in roots:
                self.change(root, set().union(*(self.roots(arg) for arg in given)) - self.local)
        if "own" in kinds:
            for arg in given:
                self._changed(arg, given)

    def _magic(self, method: str, given: list[ast.expr]) -> None:
        words = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        name = words[0] if words else ""
        if method in ("system", "getoutput") or name in IDLE_MAGICS:
            return
        if name in CODE_MAGICS:
            code = words[-1] if method == "run_cell_magic" or len(words) < 3 else words[1]
            try:
                tree = ast.parse(code.lstrip())
            except (SyntaxError, ValueError):
                self.opaque = True
                return
            self.block(tree.body, self._now if name != "timeit" else set(self._now))
            return
        if name in OPAQUE_MAGICS:
            self.opaque = True

    def _changed(self, node: ast.expr, given: list[ast.expr]) -> None:
        """What an argument refers to may be changed by whom it was given to, and made to hold what else was given."""
        roots = self.roots(node)
        for root in roots:
            if self.kind(root) not in ("module", "value", "function"):
                self.change(root, set().union(*(self.roots(arg) for arg in given)) - self.local)

    def _draws(self, *, advances: bool) -> None:
        self.loads.add(RANDOM)
        if advances:
            self.changes.add(RANDOM)


def _parameters(args: ast.arguments) -> set[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *(one for one in (args.vararg, args.kwarg) if one is not None)]
    return {arg.arg for arg in every}


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, kind: Callable[[str], Kind | None]) -> Body:
    """What calling a function does to the notebook's names, and to its parameters."""
    parameters = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    every = _parameters(node.args)
    globals_ = {name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names}
    # A name that the function binds is its own, everywhere in it; a parameter is read as a name to see whether it is changed.
    reader = _Reader(lambda name: None if name in every else kind(name))
    if isinstance(node, ast.Lambda):
        reader.expression(node.body)
    else:
        reader.block(node.body, reader.sure)
    inner_bodies = list(reader.functions.values())
    own = (reader.binds - globals_) | every
    loads = set().union(reader.loads, *(body.loads for body in inner_bodies)) - own
    loads |= {name for name in reader.binds & globals_}
    changes = set().union(reader.changes, *(body.changes for body in inner_bodies))
    for called, args in reader.calls:
        known = reader.functions.get(called)
        for at, roots in enumerate(args):
            if known is None or at in known.changed_parameters:
                changes |= roots
    changed = frozenset(at for at, name in enumerate(parameters) if name in changes)
    return Body(frozenset(loads), frozenset((changes - own) | (changes & globals_)), frozenset(reader.binds & globals_), changed)
