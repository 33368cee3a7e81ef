"""Which earlier executions an execution depends on: the session as it ran, cut down to what made a thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbmlops.capture.names import CellNames


class Slicer:
    """Told of each execution in order, it knows where every name's value comes from.

    A change of an object counts for each name of it: names bound to the very same object are told by its identity, those that
    may hold or be part of it by how they were made.
    """

    def __init__(self) -> None:
        self._made: dict[str, set[int]] = {}  # the executions that made a name's value what it is
        self._requires: dict[int, set[int]] = {}
        self._from: dict[str, frozenset[str]] = {}  # the names a name's value was computed from
        self._shares: dict[str, set[str]] = {}
        self._bodies: dict[str, object] = {}
        self._ids: Mapping[str, int] = {}
        self._opaque: int | None = None

    def note(self, position: int, key: object, names: CellNames, source: str, ids: Mapping[str, int], *, raised: bool = False) -> None:
        """An execution has ended. `ids`: the identity of what each name is bound to now, where it can change."""
        bodies = {**self._bodies, **names.functions}
        loads = self._with_functions(names.loads | names.changes, bodies)
        changes, bound_by_calls = set(names.changes), set()
        for called, given in names.calls:
            body = bodies.get(called)
            for at, roots in enumerate(given):
                if body is None or at in body.changed_parameters:  # type: ignore[attr-defined]
                    changes |= roots
        for name in self._with_functions(frozenset(called for called, _ in names.calls), bodies) | {called for called, _ in names.calls}:
            if (body := bodies.get(name)) is not None:
                changes |= body.changes  # type: ignore[attr-defined]
                bound_by_calls |= body.binds  # type: ignore[attr-defined]
        requires = set().union(*(self._made.get(name, set()) for name in loads | changes))
        if self._opaque is not None:
            requires.add(self._opaque)
        if names.opaque:
            requires |= set(self._requires)
            self._opaque = position
        self._link(names, ids)
        touched = self._touched(changes, ids)
        for name in touched:
            requires |= self._made.get(name, set())
            self._made[name] = {position}
        for name in names.binds | bound_by_calls:
            if name not in names.sure or raised:
                requires |= self._made.get(name, set())
            self._made[name] = {position}
            self._from[name] = frozenset(names.depends.get(name, frozenset()))
            self._bodies.pop(name, None)
        for name in changes - names.binds:
            self._from[name] = self._from.get(name, frozenset()) | names.depends.get(name, frozenset())
        for name in names.deletes - names.binds:
            for known in (self._made, self._from, self._shares, self._bodies):
                known.pop(name, None)
        self._bodies.update(names.functions)
        requires.discard(position)
        self._requires[position] = requires
        self._ids = ids

    def needed(self, position: int, names: Iterable[str] | None = None) -> list[int]:
        """The executions, in order, that an execution depends on; or, with `names`, that made them what they are now."""
        if names is None:
            asked = set(self._requires.get(position, set()))
        else:
            wanted = self._with_functions(frozenset(names), self._bodies)
            asked = set().union(*(self._made.get(name, set()) for name in wanted))
            if self._opaque is not None:
                asked.add(self._opaque)
        found: set[int] = set()
        while asked:
            one = asked.pop()
            if one not in found:
                found.add(one)
                asked |= self._requires.get(one, set())
        return sorted(found)

    def computed_from(self, names: Iterable[str]) -> set[str]:
        """The names, and those that their values were computed from, and so on."""
        found: set[str] = set()
        asked = set(names)
        while asked:
            name = asked.pop()
            if name not in found:
                found.add(name)
                asked |= self._from.get(name, frozenset())
        return found

    def _with_functions(self, names: frozenset[str], bodies: Mapping[str, object]) -> set[str]:
        """Names with those that their functions use when they are called, and those of what they were made from."""
        found: set[str] = set()
        asked = set(names)
        while asked:
            name = asked.pop()
            if name in found:
                continue
            found.add(name)
            for source in (name, *self._from.get(name, frozenset())):
                if (body := bodies.get(source)) is not None:
                    asked |= {source} | (body.loads | body.changes)  # type: ignore[attr-defined]
        return found

    def _link(self, names: CellNames, ids: Mapping[str, int]) -> None:
        for name in names.binds & names.sure:
            for other in self._shares.pop(name, set()):
                self._shares.get(other, set()).discard(name)
        for name, others in names.shares.items():
            for other in others:
                if other in ids and name in ids:
                    self._shares.setdefault(name, set()).add(other)
                    self._shares.setdefault(other, set()).add(name)

    def _touched(self, changes: set[str], ids: Mapping[str, int]) -> set[str]:
        """Every name that a change of these may be seen through."""
        found: set[str] = set()
        asked = set(changes)
        while asked:
            name = asked.pop()
            if name in found:
                continue
            found.add(name)
            asked |= self._shares.get(name, set())
            for known in (ids, self._ids):
                if name in known:
                    asked |= {other for other, identity in known.items() if identity == known[name]}
        return found
