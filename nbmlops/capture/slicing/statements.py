"""Statements as steps: a cell's tree becomes what it does to names and objects, in order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from nbmlops.capture.slicing.expressions import Expressions, Scope, assigned
from nbmlops.capture.slicing.steps import Called, CellSteps, Code, Do
from nbmlops.capture.trees import branching


def steps_of(tree: ast.Module) -> CellSteps:
    """The steps of a cell, magics already being calls of `get_ipython()`."""
    reader = Statements(Scope("module"), Code("<cell>", ()))
    reader.block(tree.body)
    return CellSteps(reader.code.steps, reader.code.slots, frozenset(reader.sure), frozenset(reader.code.binds))


class Statements(Expressions):
    """Reads statements, and what stands in them."""

    def block(self, body: Iterable[ast.stmt]) -> bool:
        """Read statements; True if they end by leaving."""
        left = False
        for node in body:
            method = _DO.get(type(node))
            if method is not None:
                method(self, node)
            else:
                self.parts(node)
            left = left or isinstance(node, _LEAVING)
        return left

    def do_Expr(self, node: ast.Expr) -> None:  # noqa: N802
        if isinstance(node.value, ast.Call):
            self.call(node.value, discarded=True)
        else:
            self.expr(node.value)

    def do_Assign(self, node: ast.Assign) -> None:  # noqa: N802
        first = node.targets[0]
        if isinstance(node.value, (ast.Tuple, ast.List)) and isinstance(first, (ast.Tuple, ast.List)) and len(node.targets) == 1:
            parts = node.value.elts
            if len(parts) == len(first.elts) and not any(isinstance(one, ast.Starred) for one in (*parts, *first.elts)):
                slots = [self.expr(part) for part in parts]
                for target, slot in zip(first.elts, slots, strict=True):
                    self.store(target, slot)
                return
        slot = self.expr(node.value)
        for target in node.targets:
            self.store(target, slot, anonymous=isinstance(node.value, ast.Call))

    def do_AnnAssign(self, node: ast.AnnAssign) -> None:  # noqa: N802
        self.expr(node.annotation)
        if node.value is not None:
            self.store(node.target, self.expr(node.value))

    def do_TypeAlias(self, node: Any) -> None:  # noqa: N802
        self.store(node.name, self.expr(node.value))

    def do_AugAssign(self, node: ast.AugAssign) -> None:  # noqa: N802
        value = self.expr(node.value)
        if isinstance(node.target, ast.Name):
            old = self.load(node.target.id)
            self.change(old, (self.put(Do.ITERATE, value),))
            self.bind(node.target.id, self.put(Do.AUGMENT, old, value))
        else:
            whole = self.expr(node.target.value)
            part = self.expr(node.target)
            self.change(part, (value,))
            self.change(whole, (part, value))

    def do_Delete(self, node: ast.Delete) -> None:  # noqa: N802
        for target in node.targets:
            if isinstance(target, ast.Name):
                if self.where(target.id) == "global":
                    self.code.quiet = False
                    self.load(target.id)
                    self.add(Do.DELETE, target.id, self.possibly > 0)
                self.sure.discard(target.id)
            else:
                self.store(target, 0)

    def do_Import(self, node: ast.Import) -> None:  # noqa: N802
        for alias in node.names:
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            self.bind(alias.asname or dotted, self.put(Do.IMPORT, dotted))

    def do_ImportFrom(self, node: ast.ImportFrom) -> None:  # noqa: N802
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.add(Do.STAR, module)
            else:
                self.bind(alias.asname or alias.name, self.put(Do.IMPORT, f"{module}.{alias.name}"))

    def do_Return(self, node: ast.Return) -> None:  # noqa: N802
        if node.value is not None:
            self.add(Do.RETURN, self.expr(node.value))

    def do_Global(self, node: ast.Global) -> None:  # noqa: N802
        self.scope.global_ |= set(node.names)

    def do_Nonlocal(self, node: ast.Nonlocal) -> None:  # noqa: N802
        self.scope.own -= set(node.names)

    def do_If(self, node: ast.If) -> None:  # noqa: N802
        with self.decided_by(self.expr(node.test)):
            self.branches([lambda: self.block(node.body), lambda: self.block(node.orelse)])

    def do_While(self, node: ast.While) -> None:  # noqa: N802
        def turn() -> None:
            self.expr(node.test)
            self.block(node.body)

        with self.decided_by(self.expr(node.test)):
            self.branches([lambda: self.loop(turn), lambda: None])
            self.branches([lambda: self.block(node.orelse), lambda: None])

    def do_For(self, node: ast.For | ast.AsyncFor) -> None:  # noqa: N802
        whole = self.expr(node.iter)

        def turn() -> None:
            self.store(node.target, self.put(Do.ITERATE, whole))
            self.block(node.body)

        with self.decided_by(whole):
            self.branches([lambda: self.loop(turn)] if _turns_at_least_once(node) else [lambda: self.loop(turn), lambda: None])
            self.branches([lambda: self.block(node.orelse), lambda: None])

    do_AsyncFor = do_For  # noqa: N815

    def do_Try(self, node: ast.Try) -> None:  # noqa: N802
        def body() -> bool:
            return self.block(node.body) or self.block(node.orelse)

        def caught(handler: ast.ExceptHandler) -> bool:
            if handler.type is not None:
                self.expr(handler.type)
            if handler.name:
                self.bind(handler.name, self.put(Do.MAKE, "", (), False))
                self.do_Delete(ast.Delete(targets=[ast.Name(handler.name, ast.Del())]))
            return self.block(handler.body)

        self.branches([body, *(partial(caught, handler) for handler in node.handlers)])
        self.block(node.finalbody)

    do_TryStar = do_Try  # noqa: N815

    def do_With(self, node: ast.With | ast.AsyncWith) -> None:  # noqa: N802
        managers = []
        for item in node.items:
            manager = self.expr(item.context_expr)
            managers.append(manager)
            entered = self.method(manager, "__enter__")
            if item.optional_vars is not None:
                self.store(item.optional_vars, entered)
        if any("suppress" in ast.dump(item.context_expr) for item in node.items):
            self.branches([lambda: self.block(node.body), lambda: None])
        else:
            self.block(node.body)
        for manager in managers:
            self.method(manager, "__exit__")

    do_AsyncWith = do_With  # noqa: N815

    def do_Match(self, node: ast.Match) -> None:  # noqa: N802
        subject = self.expr(node.subject)

        def case(one: ast.match_case) -> bool:
            for part in ast.walk(one.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    self.bind(name, self.put(Do.JOIN, (subject, self.put(Do.ITERATE, subject))))
                elif isinstance(part, ast.MatchValue):
                    self.expr(part.value)
                elif isinstance(part, ast.MatchClass):
                    self.expr(part.cls)
            if one.guard is not None:
                self.expr(one.guard)
            return self.block(one.body)

        ways: list[Callable[[], object]] = [partial(case, one) for one in node.cases]
        last = node.cases[-1]
        whole = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
        with self.decided_by(subject):
            self.branches(ways if whole else [*ways, lambda: None])

    def do_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:  # noqa: N802
        decorators = [self.expr(decorator) for decorator in node.decorator_list]
        slot = self.function(node)
        for decorator in reversed(decorators):
            slot = self.put(Do.CALL, Called(decorator, 0, "", (slot,), (), False, False, None))
            self.code.quiet = False
        self.bind(node.name, slot)

    do_AsyncFunctionDef = do_FunctionDef  # noqa: N815

    def do_ClassDef(self, node: ast.ClassDef) -> None:  # noqa: N802
        decorators = [self.expr(decorator) for decorator in node.decorator_list]
        held = [self.expr(part) for part in (*node.bases, *(keyword.value for keyword in node.keywords))]
        outer = self.scope
        self.scope = Scope("class", assigned(node.body), outer)
        self.block(node.body)
        inner = {name: self.load(name) for name in sorted(self.scope.own)}
        outer.free |= self.scope.free
        self.scope = outer
        slot = self.put(Do.CLASS, inner, tuple(held))
        for decorator in reversed(decorators):
            slot = self.put(Do.CALL, Called(decorator, 0, "", (slot,), (), False, False, None))
            self.code.quiet = False
        self.bind(node.name, slot)


_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_DO: dict[type, Callable[[Statements, Any], None]] = {
    getattr(ast, name.removeprefix("do_")): method for name, method in vars(Statements).items() if hasattr(ast, name.removeprefix("do_"))
}


def _turns_at_least_once(node: ast.For | ast.AsyncFor) -> bool:
    made = node.iter
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "range" and len(made.args) == 1:
        last = made.args[0]
        some = isinstance(last, ast.Constant) and isinstance(last.value, int) and last.value > 0
    else:
        some = isinstance(made, (ast.List, ast.Tuple)) and any(not isinstance(one, ast.Starred) for one in made.elts)
    return some and not any(isinstance(inner, (ast.Break, ast.Continue)) for part in node.body for inner in branching(part))
