"""Which calls a user's cell makes, seen without standing in their way.

An AST step rewrites `model.fit(X, y)` to

    see(7, 0, see(7, -1, model.fit)(see(7, 1, X), see(7, 2, y)))

where `see` gives its last argument back. The call itself is still made from the user's own frame, with the user's own
objects: no wrapper, no extra line in a traceback, and `super()` and `locals()` mean what they meant. `see` is looked up
in builtins at each call and is the identity where nobody observes: in a worker process, after `%unload_ext`.

Only calls that could matter are rewritten: fits, predictions, scores, metrics, seeds and readers, by their name or by where
the name came from.
"""

from __future__ import annotations

import ast
import builtins
import io
import itertools
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nbmlops.capture.trees import branching

BUILTIN = "__nbmlops_see__"
CALLEE, RESULT = -1, 0
FITS = frozenset({"fit", "partial_fit", "fit_transform", "fit_predict", "train"})
PREDICTS = frozenset(
    {"predict", "predict_proba", "predict_log_proba", "decision_function", "score_samples", "fit_predict", "predict_on_batch", "forecast"}
)
SEARCHES = frozenset({"optimize", "cross_val_score", "cross_validate", "cross_val_predict"})
SEEDS = frozenset({"seed", "default_rng", "RandomState", "manual_seed", "manual_seed_all", "set_seed", "set_random_seed", "PRNGKey"})
SEED_KEYWORDS = frozenset({"random_state", "seed", "random_seed"})
_READERS = re.compile(
    r"(read|scan|load|open|from|query|sql|execute|write|to|save|dump|sink)(_\w+)?|imread|genfromtxt|savefig|imsave|savetxt|savez\w*"
    r"|fromfile|tofile|memmap|urlopen|urlretrieve|connect|create_engine|ParquetFile|ParquetDataset|ZipFile|DMatrix|QuantileDMatrix|Dataset"
    r"|dataset|File|table|collect|fetch\w*|df|pl|arrow|mappings|imwrite|OSFile|memory_map|input_stream|output_stream|HDFStore|loadmat"
    r"|exec_driver_sql|scalars|(system|getoutput)(_\w+)?|run_cell_magic"
)
_METRICS = re.compile(r"\w*(_score|_error|_loss|_deviance|_coefficient|_coef)|auc|pinball\w*|matthews_corrcoef")
_MODULES = (
    "sklearn.metrics", "sklearn.model_selection", "pandas", "polars", "pyarrow", "duckdb", "numpy", "joblib", "PIL", "xgboost", "lightgbm",
    "catboost", "requests", "httpx", "urllib", "sqlalchemy", "sqlite3", "random", "torch", "tensorflow", "optuna",
)  # fmt: skip
# `requests.get(…)`, `session.get(…)`: the method's name alone says nothing, but that such a library is there does.
_WEB = ("requests", "httpx", "aiohttp")
_ASKS = frozenset({"get", "post", "put", "patch", "request", "stream"})


@dataclass
class Call:
    """One observed call: what was called, with what, and when it began."""

    site: int
    callee: Any
    args: dict[int | str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True)
class Site:
    """Where in the source a call stands.

    `assigned` is the name its value is given to, if it is one; `names` are those that its arguments are made of.
    """

    assigned: str | None
    keywords: tuple[str, ...]
    names: frozenset[str] = frozenset()
    fits: bool = False


# `json.load(open(path))` closes its file as it comes back: nobody here holds it longer. Its opening was heard.
_FILES = frozenset({io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO})


def _again(owner: weakref.ref[Any], name: str) -> Any:
    file = owner()
    return None if file is None else getattr(file, name)


def _whole(call: Call) -> Call | None:
    """The call with its files, those that are still open to somebody; None for a method of one that is not."""
    if type(call.callee) is partial and call.callee.func is _again:
        call.callee = call.callee()
    for key, value in call.args.items():
        if type(value) is weakref.ref:
            call.args[key] = value()
    return None if call.callee is None else call


class Calls(ast.NodeTransformer):
    """The AST step and what it hands on: `begun(call)` before a fit, `done(call, site, result)` for each call that came back."""

    def __init__(
        self,
        names: dict[str, Any],
        begun: Callable[[Call], None],
        done: Callable[[Call, Site, Any], None],
        parsed: Callable[[ast.Module], None],
    ) -> None:
        self._names = names
        self._begun = begun
        self._done = done
        self._parsed = parsed
        self._sites: dict[int, Site] = {}
        self._numbers = itertools.count(1)
        self._local = threading.local()
        self._imported: set[str] = set()
        self._before: Any = None
        self._transform: Any = None

    # -- at run time

    def see(self, site: int, part: int, value: Any) -> Any:
        """Note `value`, give it back. Never raises."""
        try:
            stack: list[Call] = self._local.__dict__.setdefault("stack", [])
            if part == CALLEE:
                owner = getattr(value, "__self__", None)
                held = partial(_again, weakref.ref(owner), value.__name__) if type(owner) in _FILES else value
                stack.append(Call(site, held))
                if self._sites[site].fits:
                    self._begun(stack[-1])
            else:
                at = next((i for i in range(len(stack) - 1, -1, -1) if stack[i].site == site), None)
                if at is not None:
                    # What stands above belongs to calls that raised.
                    del stack[at + 1 :]
                    if part == RESULT:
                        if (call := _whole(stack.pop())) is not None:
                            self._done(call, self._sites[site], value)
                    else:
                        known = self._sites[site].keywords
                        held = weakref.ref(value) if type(value) in _FILES else value
                        stack[at].args[known[part - 1001] if part > 1000 else part - 1] = held
        except Exception as error:  # an observer must never break what it observes
            self.failed(error)
        return value

    def failed(self, error: Exception) -> None:
        """Told when observing went wrong; the owner replaces it."""

    def forget(self) -> None:
        """A cell has ended: calls that never came back are dropped."""
        self._local.__dict__.pop("stack", None)

    def install(self) -> None:
        """Let rewritten code find `see`."""
        setattr(builtins, BUILTIN, self.see)

    def attach(self, shell: Any) -> None:
        """Rewrite what `shell` compiles, after its own transformers.

        Not as one of these: as long as there is any, every cell's tree is walked once more for positions that may be missing,
        which costs as much as a third of reading it.
        """
        self._before = shell.__dict__.get("transform_ast")
        transform = shell.transform_ast
        self._transform = shell.transform_ast = lambda node: self.visit(transform(node))

    def detach(self, shell: Any) -> None:
        """Rewrite nothing any more; who came after keeps what they put in place."""
        self.visit = lambda node: node  # type: ignore[method-assign]
        if shell.__dict__.get("transform_ast") is self._transform:
            if self._before is None:
                del shell.transform_ast
            else:
                shell.transform_ast = self._before

    def remove(self) -> None:
        """Rewritten code goes on, unobserved."""
        if getattr(builtins, BUILTIN, None) == self.see:
            delattr(builtins, BUILTIN)

    # -- at compile time

    def visit(self, node: ast.AST) -> Any:
        """Rewrite a whole cell; on any surprise the cell stays as it was."""
        if not isinstance(node, (ast.Module, ast.Interactive, ast.Expression)):
            return super().visit(node)
        try:
            if isinstance(node, ast.Module):
                self._parsed(node)
        except Exception as error:
            self.failed(error)
        return self.rewritten(node)

    def rewritten(self, node: Any) -> Any:
        """The tree with its calls handed through `see`; the very tree where none matters."""
        try:
            nodes = [inner for inner in branching(node) if isinstance(inner, (ast.ImportFrom, ast.Call))]
            self._imported = {
                alias.asname or alias.name
                for inner in nodes
                if isinstance(inner, ast.ImportFrom) and (inner.module or "").startswith(_MODULES)
                for alias in inner.names
            }
            if not any(isinstance(inner, ast.Call) and self._matters(inner) for inner in nodes):
                return node
            import copy

            changed = self.generic_visit(copy.deepcopy(node))
            return ast.fix_missing_locations(changed)
        except Exception as error:
            self.failed(error)
            return node

    def visit_Assign(self, node: ast.Assign) -> Any:  # noqa: N802
        """`mae = mean_absolute_error(…)` names the number `mae`."""
        if len(node.targets) == 1:
            _name(node.targets[0], node.value)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:  # noqa: N802
        """Hand callee, arguments and result through `see`."""
        matters = self._matters(node)
        names = frozenset(
            inner.id for arg in (*node.args, *(keyword.value for keyword in node.keywords)) for inner in ast.walk(arg)
            if isinstance(inner, ast.Name)
        ) if matters else frozenset()  # fmt: skip
        assigned = getattr(node, "_nbmlops_assigned", None)
        self.generic_visit(node)
        if not matters:
            return node
        number = next(self._numbers)
        keywords = tuple(keyword.arg for keyword in node.keywords if keyword.arg)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        self._sites[number] = Site(assigned, keywords, names, called in FITS)
        node.func = _through(number, CALLEE, node.func)
        node.args = [arg if isinstance(arg, ast.Starred) else _through(number, at + 1, arg) for at, arg in enumerate(node.args)]
        for keyword in node.keywords:
            if keyword.arg:
                keyword.value = _through(number, 1001 + keywords.index(keyword.arg), keyword.value)
        return _through(number, RESULT, node)

    def _matters(self, call: ast.Call) -> bool:
        callee = call.func
        if any(keyword.arg in SEED_KEYWORDS for keyword in call.keywords):
            return True
        if isinstance(callee, ast.Attribute):
            name = callee.attr
            if name in FITS or name in PREDICTS or name in SEEDS or name in SEARCHES or name == "score":
                return True
            if name in _ASKS and any(library in sys.modules for library in _WEB):
                return True
            return bool(_METRICS.fullmatch(name) or _READERS.fullmatch(name))
        if isinstance(callee, ast.Name):
            if callee.id in self._imported:
                return True
            known = self._names.get(callee.id)
            module = getattr(known, "__module__", None)
            return isinstance(module, str) and module.startswith(_MODULES) and callable(known)
        return False


def _name(target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for each, part in zip(target.elts, value.elts, strict=True):
            _name(each, part)
    if not isinstance(target, ast.Name):
        return
    # float(…), round(…, 2) and the like keep the name
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("float", "round", "abs") and value.args:
        value = value.args[0]
    if isinstance(value, ast.Call):
        value._nbmlops_assigned = target.id  # type: ignore[attr-defined]


def _through(site: int, part: int, value: ast.expr) -> ast.Call:
    # getattr(__import__("builtins"), NAME, lambda site, part, value: value)(site, part, value)
    nothing = ast.Lambda(
        args=ast.arguments(posonlyargs=[], args=[ast.arg(arg=name) for name in "spv"], kwonlyargs=[], kw_defaults=[], defaults=[]),
        body=ast.Name(id="v", ctx=ast.Load()),
    )
    place = ast.Call(func=ast.Name(id="__import__", ctx=ast.Load()), args=[ast.Constant("builtins")], keywords=[])
    seer = ast.Call(func=ast.Name(id="getattr", ctx=ast.Load()), args=[place, ast.Constant(BUILTIN), nothing], keywords=[])
    whole = ast.Call(
        func=seer,
        args=[ast.Constant(site), ast.UnaryOp(op=ast.USub(), operand=ast.Constant(-part)) if part < 0 else ast.Constant(part), value],
        keywords=[],
    )
    for inner in ast.walk(whole):
        if inner is value:
            continue
        if not hasattr(inner, "lineno") and hasattr(value, "lineno") and "lineno" in inner._attributes:
            ast.copy_location(inner, value)
    return ast.copy_location(whole, value)
