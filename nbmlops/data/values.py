"""What a value is, whatever it is: two digests and its floats, by which it is known again in another process.

A value is taken apart the way pickle would: arrays by dtype, shape and bytes; series and frames by columns and index; figures by
their pixels; functions by their code; any other object by its class and what it holds. The form is `nbmlops-value-2`. What is no
part of a value is left out: addresses, how long something took, what was only kept to be fast, what an estimator drew with, the order
of sets.
"""

from __future__ import annotations

import copyreg
import functools
import re
import struct
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from blake3 import blake3

from nbmlops.data.function_source import code_of
from nbmlops.data.library_values import LIBRARIES

FORM = "nbmlops-value-2"
RELATIVE = 1e-9
_DEEPEST = 200
_TIME = re.compile(r"(^|_)(time|times|duration|elapsed|timestamp)(_|s?$)")
_KEPT_TO_BE_FAST = frozenset({"_cache", "__weakref__", "__dict__", "_sklearn_version", "_stop_words_id"})
_DRAWN_WITH = frozenset({"_random_seed", "_random_state", "_feature_subsample_rng", "_rng"})  # what came of it is seen in what was made
_ITERATORS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)


class Unknowable(Exception):
    """A value that can only be had by using it up, or that lives outside of Python."""


@dataclass(frozen=True)
class State:
    """What a value is. `exact` covers all of it, `shape` all but the floats, which are in `floats` in the order they were met.

    >>> import numpy as np
    >>> one, other = state_of({"a": np.arange(3.0), "b": {"x", "y"}}), state_of({"a": np.arange(3.0), "b": {"y", "x"}})
    >>> one.exact == other.exact, state_of([1.0]).exact == state_of([1]).exact
    (True, False)
    >>> state_of([0.1 + 0.2]).is_(state_of([0.3])), state_of([0.31]).is_(state_of([0.3]))
    (True, False)
    """

    exact: str
    shape: str
    floats: list[np.ndarray[Any, Any]] = field(repr=False, compare=False)

    def is_(self, other: State) -> bool:
        """Whether two are the same: all but floats to the byte, floats within 1e-9 of the largest of their array."""
        if self.exact == other.exact:
            return True
        if self.shape != other.shape or len(self.floats) != len(other.floats):
            return False
        return all(map(_close, self.floats, other.floats))


    @property
    def brief(self) -> str:
        """A line by which the state is known again, floats by their number and sums: see `alike`."""
        floats = np.concatenate([np.zeros(0), *(one.astype(np.float64) for one in self.floats)])
        finite = np.where(np.isfinite(floats), floats, 0.0)
        places = np.arange(len(finite)) % 97 + 1.0
        sums = (finite.sum(), (finite * places).sum(), (np.abs(finite) * places).sum())
        unusual = int(len(floats) - np.isfinite(floats).sum())
        return f"{self.exact} {self.shape} {len(floats)} {unusual} " + " ".join(repr(float(one)) for one in sums)


def alike(one: str | None, other: str | None) -> bool:
    """Whether two brief states are of the same value: all but floats to the byte, sums of floats within 1e-9 of their size.

    >>> brief = [state_of(value).brief for value in ([0.1 + 0.2, 1.0], [0.3, 1.0], [1.0, 0.3])]
    >>> alike(brief[0], brief[1]), alike(brief[1], brief[2]), alike(None, brief[0])
    (True, False, False)
    """
    if one is None or other is None or one == other:
        return one == other
    (exact, *shape, first, second, size), (other_exact, *other_shape, other_first, other_second, other_size) = one.split(), other.split()
    if exact == other_exact:
        return True
    near = RELATIVE * max(abs(float(size)), abs(float(other_size)))
    sums = ((first, other_first), (second, other_second), (size, other_size))
    return shape == other_shape and all(abs(float(left) - float(right)) <= near for left, right in sums)


def state_of(value: Any) -> State:
    """The state of a value. Raises Unknowable for a generator, an open file, a connection."""
    walk = _Walk()
    exact, shape = walk.of(value, 0)
    return State(f"value2:{exact.hex()[:32]}", f"value2:{shape.hex()[:32]}", walk.floats)


def _close(one: np.ndarray[Any, Any], two: np.ndarray[Any, Any]) -> bool:
    if one.shape != two.shape:
        return False
    finite = np.isfinite(one)
    scale = float(np.max(np.abs(one[finite]), initial=0.0))
    return bool(np.allclose(one, two, rtol=RELATIVE, atol=RELATIVE * scale * 1e-3, equal_nan=True))


Digests = tuple[bytes, bytes]


class _Walk:
    """One value taken apart. Every part is a pair of digests: with its floats, and without."""

    def __init__(self) -> None:
        self.floats: list[np.ndarray[Any, Any]] = []
        self._on_the_way: dict[int, int] = {}
        self._done: dict[int, Digests] = {}
        self._alive: list[Any] = []  # an id is told apart only as long as its object lives

    def of(self, value: Any, depth: int) -> Digests:
        plain = _plain(value)
        if plain is not None:
            return _both(plain)
        if type(value) is float:
            return self._floats("float", np.array([value]))
        known = self._done.get(id(value))
        if known is not None:
            return known
        if id(value) in self._on_the_way:
            return _both(b"again" + str(depth - self._on_the_way[id(value)]).encode())
        if depth > _DEEPEST:
            return _both(b"deeper")
        self._on_the_way[id(value)] = depth
        try:
            found = self._apart(value, depth)
        finally:
            del self._on_the_way[id(value)]
        self._done[id(value)] = found
        self._alive.append(value)
        return found

    def _apart(self, value: Any, depth: int) -> Digests:
        kind = type(value)
        if kind in (list, tuple):
            return self._all(kind.__name__, value, depth)
        if kind in (set, frozenset):
            return _of_pairs(kind.__name__, sorted(self.of(item, depth + 1) for item in value))
        if kind is dict:
            return self._mapping("dict", value, depth)
        if isinstance(value, np.ndarray) and kind.__module__.partition(".")[0] == "numpy":
            return self._array(value, depth)
        if isinstance(value, np.generic):
            return self._array(np.asarray(value), depth)
        if isinstance(value, types.ModuleType):
            return _both(b"module " + value.__name__.encode())
        if isinstance(value, type):
            return self._class(value, depth)
        if isinstance(value, (types.FunctionType, types.LambdaType)):
            return self._function(value, depth)
        if isinstance(value, types.MethodType):
            return self._all("method", [value.__func__, value.__self__], depth)
        if isinstance(value, (types.BuiltinFunctionType, np.ufunc)):
            return _both(f"function {getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value.__name__)}".encode())
        if isinstance(value, _ITERATORS):
            raise Unknowable(f"a {kind.__name__} is known only by using it up")
        for library in LIBRARIES:
            if (taken := library(value)) is not None:
                return self._all(f"{kind.__module__}.{kind.__qualname__}", taken, depth)
        return self._object(value, depth)

    # -- parts

    def _all(self, name: str, parts: Iterable[Any], depth: int) -> Digests:
        return _of_pairs(name, [self.of(part, depth + 1) for part in parts])

    def _mapping(self, name: str, value: dict[Any, Any], depth: int) -> Digests:
        pairs = []
        for key, item in value.items():
            if not (isinstance(key, str) and _TIME.search(key) and _a_duration(item)):
                pairs += [self.of(key, depth + 1), self.of(item, depth + 1)]
        return _of_pairs(name, pairs)

    def _floats(self, name: str, values: np.ndarray[Any, Any]) -> Digests:
        flat = np.ascontiguousarray(values)
        flat = np.where(np.isnan(flat), np.array(np.nan, flat.dtype), flat) if np.isnan(flat).any() else flat
        self.floats.append(flat.ravel())
        head = f"{name} {flat.dtype.str} {values.shape}".encode()
        return _digest(head, flat.tobytes()), _digest(head)

    def _array(self, value: np.ndarray[Any, Any], depth: int) -> Digests:
        mask = getattr(value, "mask", None)
        if isinstance(value, np.ma.MaskedArray):
            return self._all("masked", [np.asarray(value.filled(0)), np.asarray(mask)], depth)
        if value.dtype.names:  # between its fields may be bytes that nobody wrote
            return self._all(f"structured {value.shape}", [part for name in value.dtype.names for part in (name, value[name])], depth)
        if value.dtype.kind == "O":
            return self._all(f"objects {value.shape}", value.ravel().tolist(), depth)
        if value.dtype.kind == "f" and value.dtype.itemsize in (2, 4, 8):
            return self._floats("array", value)
        if value.dtype.kind == "c":
            return self._all(f"complex {value.shape}", [np.ascontiguousarray(value.real), np.ascontiguousarray(value.imag)], depth)
        return _both(f"array {value.dtype.str} {value.shape}".encode(), np.ascontiguousarray(value).tobytes())

    def _class(self, value: type, depth: int) -> Digests:
        name = f"class {value.__module__}.{value.__qualname__}"
        if value.__module__ != "__main__":
            return _both(name.encode())
        own = {key: item for key, item in vars(value).items() if not (key.startswith("__") and key.endswith("__")) or callable(item)}
        return self._all(name, [value.__bases__, own], depth)

    def _function(self, value: Any, depth: int) -> Digests:
        name = f"function {value.__module__}.{value.__qualname__}"
        if value.__module__ != "__main__":
            return _both(name.encode())
        held = []
        for cell in value.__closure__ or ():
            try:
                held.append(cell.cell_contents)
            except ValueError:
                held.append(None)  # not bound yet
        return self._all(name, [code_of(value.__code__), value.__defaults__, value.__kwdefaults__, held], depth)

    def _object(self, value: Any, depth: int) -> Digests:
        """Any other object: what pickle would keep of it."""
        kind = type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        try:
            made = copyreg.dispatch_table[kind](value) if kind in copyreg.dispatch_table else value.__reduce_ex__(4)
        except Exception as error:  # whatever an object's own code raises
            if depth == 0 or not hasattr(value, "__dict__"):
                if depth == 0:
                    raise Unknowable(f"a {name} lives outside of what can be written down: {error}") from error
                return _both(name.encode())
            return self._all(name, [_kept(kind, vars(value))], depth)
        if isinstance(made, str):
            return _both(f"{name} {made}".encode())
        function, args, state, items, pairs = (*made, None, None, None)[:5]
        if isinstance(state, dict):
            state = _kept(kind, state)
        elif isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state = (_kept(kind, state[0]) if isinstance(state[0], dict) else state[0], state[1])
        return self._all(name, [function, args, state, list(items or ()), [list(pair) for pair in pairs or ()]], depth)


def _plain(value: Any) -> bytes | None:
    kind = type(value)
    if value is None or kind is bool or kind is int:
        return f"{kind.__name__} {value}".encode()
    if kind is str:
        return b"str " + value.encode("utf-8", "surrogatepass")
    if kind in (bytes, bytearray):
        return kind.__name__.encode() + b" " + bytes(value)
    if kind is complex:
        return b"complex " + struct.pack("<dd", value.real, value.imag)
    if value is Ellipsis or value is NotImplemented:
        return repr(value).encode()
    return None


def _kept(kind: type, state: dict[str, Any]) -> dict[str, Any]:
    """An object's attributes, without those that were only kept to be fast, that it drew with, or that it worked in: what was in the
    memory before may stand there still (`_tmp_like_exog` of statsmodels)."""

    def counts(key: str) -> bool:
        if key.startswith("_tmp") or key in _KEPT_TO_BE_FAST or key in _DRAWN_WITH:
            return False
        if key == "random_state" and kind.__name__.startswith("_"):
            return False
        return not isinstance(getattr(kind, key, None), functools.cached_property)

    # In whatever order they were set: a library may go through a set of their names.
    return {key: state[key] for key in sorted(state, key=str) if counts(str(key))}


def _a_duration(value: Any) -> bool:
    return isinstance(value, (float, np.floating)) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


# -- digests


def _digest(*parts: bytes) -> bytes:
    found = blake3(FORM.encode())
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return bytes(found.digest())


def _both(*parts: bytes) -> Digests:
    made = _digest(*parts)
    return made, made


def _of_pairs(name: str, pairs: Iterable[Digests]) -> Digests:
    found = list(pairs)
    head = name.encode()
    return _digest(head, *(exact for exact, _ in found)), _digest(head, *(shape for _, shape in found))
