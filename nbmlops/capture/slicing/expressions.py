"""Expressions as steps."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nbmlops.capture.slicing.magic_calls import magic
from nbmlops.capture.slicing.steps import Called, Code, Do
from nbmlops.capture.trees import branching, children


class Scope:
    def __init__(self, kind: str, own: Iterable[str] = (), parent: Scope | None = None) -> None:
        self.kind = kind
        self.own = set(own)
        self.parent = parent
        self.renamed: dict[str, str] = {}  # a comprehension's own names, while it is read
        self.global_: set[str] = set()
        self.free: set[str] = set()


class Expressions(ABC):
    """Reads expressions into the steps of a cell's or a function's code."""

    @abstractmethod
    def block(self, body: Iterable[ast.stmt]) -> bool:
        """Read statements; True if they end by leaving."""

    def __init__(self, scope: Scope, code: Code) -> None:
        self.scope = scope
        self.code = code
        self.steps = code.steps
        self.sure: set[str] = set()
        self.bound: list[tuple[str, int]] = []
        self.possibly = 0
        self.functions: list[tuple[int, set[str]]] = []
        self._renamings = 0

    # -- what all share

    def put(self, do: int, *rest: Any) -> int:
        """Add a step that fills a new slot."""
        slot = self.code.slots
        self.code.slots = slot + 1
        self.steps.append((do, slot, *rest))
        return slot

    def add(self, do: int, *rest: Any) -> None:
        self.steps.append((do, *rest))

    def where(self, name: str) -> str:
        """Whose name it is: "global", "free", or its own name here."""
        scope: Scope | None = self.scope
        if name in self.scope.global_ or (self.scope.parent is None and name not in self.scope.renamed):
            return "global"
        first = True
        while scope is not None and scope.kind != "module":
            if name in scope.renamed:
                return scope.renamed[name] if first else "free"
            if name in scope.own and name not in scope.global_ and (first or scope.kind == "function"):
                return (f"{name}" if scope.kind == "function" else f"{id(scope)}.{name}") if first else "free"
            scope, first = scope.parent, False
        if scope is not None and name in scope.renamed:
            return scope.renamed[name] if first else "free"
        return "global"

    def load(self, name: str) -> int:
        where = self.where(name)
        if where == "global":
            self.code.names.add(name)
            return self.put(Do.LOAD, name, name in self.sure)
        if where == "free":
            self.scope.free.add(name)
            return self.put(Do.FREE)
        return self.put(Do.LOCAL, where)

    def bind(self, name: str, slot: int) -> None:
        where = self.where(name)
        possibly = self.possibly > 0
        if where == "global":
            self.code.quiet = False
            # A function may return before it gets there.
            self.add(Do.BIND, name, slot, possibly or self.scope.kind == "function")
            if self.scope.kind == "function":
                self.code.binds.add(name)
            self.sure.add(name)
            self.bound.append((name, slot))
        elif where == "free":
            self.code.quiet = False
            self.add(Do.SET_FREE, slot)
        else:
            self.add(Do.SET, where, slot, possibly)

    def branches(self, ways: Sequence[Callable[[], object]]) -> None:
        """Several ways, one of which is taken; one that gives True leaves for good."""
        before, mark, ends = set(self.sure), len(self.bound), []
        self.possibly += 1
        for way in ways:
            self.sure = set(before)
            if way() is not True:
                ends.append(self.sure)
        self.possibly -= 1
        self.sure = set.intersection(*ends) if ends else before
        if self.possibly == 0 and self.scope.kind == "module":
            for name in sorted(self.sure - before):
                self.add(Do.SURE, name, tuple(slot for bound, slot in self.bound[mark:] if bound == name))

    @contextmanager
    def decided_by(self, slot: int) -> Iterator[None]:
        """Whether what is read meanwhile is done depends on this value."""
        if slot:
            self.add(Do.DECIDE, slot)
        yield
        if slot:
            self.add(Do.DECIDED)

    def loop(self, body: Callable[[], None]) -> None:
        outer, self.steps = self.steps, []
        body()
        inner, self.steps = self.steps, outer
        self.add(Do.LOOP, inner, all(step[0] in _WITHOUT_CONSEQUENCE or (step[0] == Do.SET and ":" in step[1]) for step in inner))

    # -- storing

    def change(self, slot: int, stored: tuple[int, ...] = ()) -> None:
        if slot:
            self.code.quiet = False
            self.add(Do.CHANGE, slot, stored)

    def store(self, target: ast.expr, slot: int, *, anonymous: bool = False) -> None:
        """A value goes to `target`; `anonymous`: it has no other name."""
        if isinstance(target, ast.Name):
            self.bind(target.id, slot)
        elif isinstance(target, (ast.Tuple, ast.List)):
            exact = not any(isinstance(one, ast.Starred) for one in target.elts)
            for at, one in enumerate(target.elts):
                if anonymous and exact:
                    self.store(one, self.put(Do.UNPACK, slot, at), anonymous=True)
                elif isinstance(one, ast.Starred):
                    self.store(one.value, self.put(Do.MAKE, "plain", (self.put(Do.ITERATE, slot),), False))
                else:
                    self.store(one, self.put(Do.PART, slot, 0, at) if exact else self.put(Do.ITERATE, slot))
        elif isinstance(target, ast.Starred):
            self.store(target.value, slot)
        elif isinstance(target, ast.Subscript):
            whole = self.expr(target.value)
            self.expr(target.slice)
            self.change(whole, (slot,))
        elif isinstance(target, ast.Attribute):
            self.change(self.expr(target.value), (slot,))

    # -- expressions

    def expr(self, node: ast.expr) -> int:
        """Read an expression; gives its slot."""
        read = _READ.get(type(node))
        if read is not None:
            return read(self, node)
        self.parts(node)
        return 0

    def parts(self, node: ast.AST) -> None:
        """Read the expressions that stand in a node."""
        for child in children(node):
            if isinstance(child, ast.expr):
                self.expr(child)

    def _name(self, node: ast.Name) -> int:
        return self.load(node.id)

    def _constant(self, node: ast.Constant) -> int:
        return 0

    def _attribute(self, node: ast.Attribute) -> int:
        whole = self.expr(node.value)
        return self.put(Do.ATTRIBUTE, whole, node.attr) if whole else 0

    def _subscript(self, node: ast.Subscript) -> int:
        whole, index = self.expr(node.value), self.expr(node.slice)
        return self.put(Do.PART, whole, index, _index(node.slice)) if whole else 0

    def _operated(self, operands: Iterable[ast.expr], mask: bool) -> int:
        slots = tuple(self.expr(operand) for operand in operands)
        if not any(slots):
            return 0
        self.code.quiet = False  # an operator of a class of the user's own
        return self.put(Do.OPERATE, slots, mask)

    def _binary(self, node: ast.BinOp) -> int:
        return self._operated((node.left, node.right), False)

    def _unary(self, node: ast.UnaryOp) -> int:
        return self._operated((node.operand,), True)

    def _compare(self, node: ast.Compare) -> int:
        return self._operated((node.left, *node.comparators), True)

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> int:
        starred = any(isinstance(one, ast.Starred) for one in node.elts)
        slots = tuple(self.put(Do.ITERATE, self.expr(one.value)) if isinstance(one, ast.Starred) else self.expr(one) for one in node.elts)
        return self.put(Do.MAKE, "plain", slots, isinstance(node, ast.Tuple) and not starred)

    def _dict(self, node: ast.Dict) -> int:
        keys = [self.expr(key) for key in node.keys if key is not None]
        values = [self.expr(value) for value in node.values]
        spread = [self.put(Do.ITERATE, slot) for slot, key in zip(values, node.keys, strict=True) if key is None]
        direct = [slot for slot, key in zip(values, node.keys, strict=True) if key is not None]
        return self.put(Do.MAKE, "plain", (*keys, *direct, *spread), False)

    def _either(self, node: ast.BoolOp) -> int:
        return self.put(Do.JOIN, tuple(self.expr(value) for value in node.values))

    def _chosen(self, node: ast.IfExp) -> int:
        with self.decided_by(self.expr(node.test)):
            return self.put(Do.JOIN, (self.expr(node.body), self.expr(node.orelse)))

    def _named(self, node: ast.NamedExpr) -> int:
        slot = self.expr(node.value)
        self.bind(node.target.id, slot)
        return slot

    def _inner(self, node: ast.Starred | ast.Await) -> int:
        return self.expr(node.value)

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> int:
        self.code.generator = True
        if node.value is not None:
            self.add(Do.RETURN, self.expr(node.value))
        return self.put(Do.MAKE, "", (), False)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> int:
        before, result = dict(self.scope.renamed), self.put(Do.MAKE, "stream" if isinstance(node, ast.GeneratorExp) else "plain", (), False)

        def turn(at: int) -> None:
            part = node.generators[at]
            whole = self.expr(part.iter)
            for name in (part.target,) if isinstance(part.target, ast.Name) else ast.walk(part.target):
                if isinstance(name, ast.Name):
                    self._renamings += 1
                    self.scope.renamed[name.id] = f"{name.id}:{self._renamings}"

            def inner() -> None:
                self.store(part.target, self.put(Do.ITERATE, whole))
                for test in part.ifs:
                    self.expr(test)
                if at + 1 < len(node.generators):
                    turn(at + 1)
                else:
                    elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
                    self.add(Do.HOLD, result, tuple(self.expr(element) for element in elements))
                    if isinstance(node, ast.GeneratorExp):
                        self.add(Do.HOLD, result, (whole,))

            self.loop(inner)

        self.branches([lambda: turn(0), lambda: None])
        self.scope.renamed = before
        return result

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
        args = node.args
        defaults = [self.expr(one) for one in (*args.defaults, *(one for one in args.kw_defaults if one is not None))]
        params = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
        rest = [arg.arg for arg in (args.vararg, args.kwarg) if arg is not None]
        body = [ast.Return(node.body)] if isinstance(node, ast.Lambda) else node.body
        code = Code(getattr(node, "name", "<lambda>"), tuple(params), tuple(rest))
        own = assigned(body)
        inner = type(self)(Scope("function", {*own, *params, *rest}, self.scope), code)
        inner.block(body)
        for slot, names in inner.functions:
            held = tuple(inner.put(Do.LOCAL, name) for name in sorted(names) if name in inner.scope.own)
            if held:
                inner.add(Do.HOLD, slot, held)
        self.code.names |= code.names if self.scope.kind != "module" else set()
        self.code.binds |= code.binds
        self.code.quiet = self.code.quiet and code.quiet
        free = set(inner.scope.free)
        captured = tuple(self.load(name) for name in sorted(free) if self.where(name) != "global")
        slot = self.put(Do.FUNCTION, code, (*defaults, *captured))
        self.functions.append((slot, free))
        return slot

    def method(self, receiver: int, name: str) -> int:
        self.code.quiet = False
        callee = self.put(Do.ATTRIBUTE, receiver, name)
        return self.put(Do.CALL, Called(callee, receiver, name, (), (), False, False, None))

    def call(self, node: ast.Call, *, discarded: bool = False) -> int:
        func = node.func
        told = magic(node)
        if told is not None:
            return self.magic(told)
        if isinstance(func, ast.Name) and func.id == "super" and isinstance(self.scope, Scope) and self.code.params:
            return self.put(Do.LOCAL, self.code.params[0])
        receiver, name = 0, ""
        if isinstance(func, ast.Attribute):
            receiver, name = self.expr(func.value), func.attr
            callee = self.put(Do.ATTRIBUTE, receiver, name) if receiver else 0
        else:
            callee = self.expr(func)
        args = tuple(self.expr(arg) for arg in node.args)
        keywords = tuple(
            (one.arg, self.expr(one.value), isinstance(one.value, ast.Constant) and not one.value.value) for one in node.keywords
        )
        starred = any(isinstance(arg, ast.Starred) for arg in node.args) or any(one.arg is None for one in node.keywords)
        first = node.args[0] if node.args else None
        text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
        self.code.quiet = False
        return self.put(Do.CALL, Called(callee, receiver, name, args, keywords, starred, discarded, text))

    def magic(self, told: tuple[str, Any]) -> int:
        """A magic or a shell command, as `capture/slicing/magic_calls.py` understands it."""
        kind, what = told
        if kind == "code":
            self.block(what)
        elif kind == "local code":  # %timeit: its assignments are its own
            timed = ast.FunctionDef("<timed>", _NO_ARGUMENTS, what, [])
            self.block([timed, ast.Expr(ast.Call(ast.Name("<timed>", ast.Load()), [], []))] if what else [])
        elif kind == "opaque":
            self.add(Do.OPAQUE)
        elif kind == "words":
            self.code.names |= set(what)
            self.add(Do.WORDS, tuple(what))
        elif kind == "loads":
            for name in what:
                self.load(name)
        elif kind == "binds":
            self.bind(what, self.put(Do.MAKE, "", (), False))
        elif kind == "process":
            return self.put(Do.CALL, Called(self.put(Do.IMPORT, "os.chdir"), 0, "", (), (), False, True, None))
        return self.put(Do.MAKE, "", (), False)


_READ: dict[type, Callable[[Expressions, Any], int]] = {
    ast.Name: Expressions._name, ast.Constant: Expressions._constant, ast.Call: Expressions.call, ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript, ast.BinOp: Expressions._binary, ast.UnaryOp: Expressions._unary,
    ast.Compare: Expressions._compare, ast.List: Expressions._sequence, ast.Tuple: Expressions._sequence, ast.Set: Expressions._sequence,
    ast.Dict: Expressions._dict, ast.BoolOp: Expressions._either, ast.IfExp: Expressions._chosen, ast.ListComp: Expressions.comprehension,
    ast.SetComp: Expressions.comprehension, ast.GeneratorExp: Expressions.comprehension, ast.DictComp: Expressions.comprehension,
    ast.Lambda: Expressions.function, ast.NamedExpr: Expressions._named, ast.Starred: Expressions._inner, ast.Await: Expressions._inner,
    ast.Yield: Expressions._yield, ast.YieldFrom: Expressions._yield,
}  # fmt: skip
# What one turn of a loop does by these, the next turn does not meet.
_WITHOUT_CONSEQUENCE = frozenset(
    {Do.LOAD, Do.LOCAL, Do.FREE, Do.MAKE, Do.OPERATE, Do.PART, Do.ATTRIBUTE, Do.ITERATE, Do.UNPACK, Do.JOIN, Do.HOLD, Do.DECIDE,
     Do.DECIDED}
)  # fmt: skip
_NO_ARGUMENTS = ast.arguments(posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[])


def _index(node: ast.expr) -> Any:
    if isinstance(node, ast.Slice):
        return "slice"
    if isinstance(node, (ast.List, ast.ListComp, ast.Compare)) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert)):
        return "fancy"
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        return "fancy"
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 0:
        return node.value
    return "any"


def assigned(body: Iterable[ast.stmt]) -> set[str]:
    """The names that a body binds in its own scope."""
    found: set[str] = set()
    asked: list[ast.AST] = list(body)
    while asked:
        node = asked.pop()
        if isinstance(node, (ast.Constant, ast.Lambda)):
            continue
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.add(node.id)
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            asked += node.decorator_list
            continue
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            found |= {inner.target.id for inner in branching(node) if isinstance(inner, ast.NamedExpr)}
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name.partition(".")[0]) for alias in node.names}
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name):
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        asked += children(node)
    return found
