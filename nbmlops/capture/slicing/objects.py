"""The objects of a session: which name may be bound to which, which may hold which, who changed each last.

An object stands for whatever one step of one execution made. A change of it through one name is a change for every name
that it can be reached from, without anybody having to know these names: whoever reads a name reads all that is reachable from it.
A changer has read what it changes, so the last changer of an object is all that need be remembered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from nbmlops.capture.slicing.purity import BUILTINS
from nbmlops.capture.slicing.steps import Code

Some = frozenset[int]
NOTHING: Some = frozenset()


def union(many: Iterable[Some]) -> Some:
    """All of them; the only one itself, where there is but one."""
    found = NOTHING
    for one in many:
        found = found | one if found else one
    return found


class Objects:
    """Names, objects, and what the executing cell has needed of them so far."""

    def __init__(self) -> None:
        self.trusting = False  # what nobody knows is taken to change no more than the object whose method it is
        self.own: dict[str, Some] = {}
        self.bound: dict[str, frozenset[int]] = {}
        self.holds: dict[int, set[int]] = {}
        self.changed: dict[int, int] = {}
        self.kind: dict[int, str] = {}
        self.code: dict[int, Code] = {}
        self.methods: dict[int, dict[str, Some]] = {}
        self.class_of: dict[int, set[int]] = {}
        self.dotted: dict[int, str] = {}
        self.fields: dict[int, tuple[Some, ...]] = {}
        self.seeded: dict[str, int] = {}
        self.process: int | None = None
        self.anything: int | None = None
        self.position = -1
        self.needs: set[int] = set()
        self._library: dict[str, int] = {}
        self._next = 0
        self._possibly = False
        self._work = 0
        self._read_codes: set[int] = set()
        self._here: dict[str, Some] = {}  # what this execution bound so far
        self._looked_at: set[int] = set()
        self.crowded: set[int] = set()
        self._crowd: dict[int, int] = {}

    # -- objects

    def new(self, kind: str = "", held: Iterable[int] = ()) -> int:
        """A new object."""
        self._next += 1
        one = self._next
        self.changed[one] = self.position
        if kind:
            self.kind[one] = kind
        found = set(held)
        if found:
            self.holds[one] = found
        return one

    def library(self, dotted: str) -> int:
        """The one object that a library's name stands for."""
        one = self._library.get(dotted)
        if one is None:
            self._next += 1
            one = self._library[dotted] = self._next
            self.dotted[one] = dotted
            root = dotted.partition(".")[0]
            if root != dotted and root != "builtins":
                self.holds[one] = {self.library(root)}
        return one

    def reach(self, objects: Iterable[int]) -> set[int]:
        """The objects, and all that can be reached from them."""
        found = set(objects)
        holds, class_of = self.holds, self.class_of
        asked = [one for one in found if one in holds or one in class_of]
        while asked:
            one = asked.pop()
            for more in (holds.get(one), class_of.get(one)):
                if more and (fresh := more - found):
                    found |= fresh
                    asked += fresh
        self._work += len(found) >> 4
        return found

    def _unknown(self, name: str) -> Some:
        before, self.position = self.position, -1
        own = frozenset({self.new()})
        self.position = before
        if name not in self.own:
            self.own[name] = own
            self.bound[name] = frozenset() if self.anything is None else frozenset({self.anything})
        return self.own[name]

    # -- reading

    def read_name(self, name: str) -> Some:
        """Load a name of the notebook's: everything that made it what it is now is needed."""
        own = self.own.get(name)
        if own is None:
            if self.anything is not None:
                self.needs.add(self.anything)
            if name in BUILTINS:
                return frozenset({self.library(f"builtins.{name}")})
            own = self._unknown(name)
        self.needs |= self.bound[name]
        self.read(own)
        return own

    def read(self, objects: Iterable[int]) -> None:
        """Everything reachable is needed as it is; of functions also what they load when they are called."""
        changed, needs, holds, class_of = self.changed, self.needs, self.holds, self.class_of
        for one in objects:
            if one in holds or one in class_of:
                objects = self.reach(objects)
                break
        for one in objects:
            at = changed.get(one)
            if at is not None and at >= 0:
                needs.add(at)
            code = self.code.get(one)
            if code is not None and one not in self._read_codes:
                self._read_codes.add(one)
                for name in code.names:
                    if name in self.own or name not in BUILTINS:
                        self.read_name(name)

    # -- changing

    def change(self, objects: Iterable[int], stored: Iterable[int] = (), *, deep: bool = False) -> None:
        """Some are changed, and hold what is `stored`; `deep`: all that they reach may be changed, code and libraries apart."""
        whole = set(objects)
        held = set(stored)
        for one in whole:
            if one in self.dotted:
                root = self.dotted[one].partition(".")[0]
                if root == "builtins":
                    continue
                if root in ("os", "sys"):
                    self._change_process()
                self.changed[self.library(root)] = self.position
            self.changed[one] = self.position
            if held and self.kind.get(one) != "frame":  # a frame copies what it is given
                self.keep(one, held)
        if deep:
            for one in self.reach(whole) - whole:
                if one not in self.code and one not in self.methods and one not in self.dotted:
                    self.changed[one] = self.position

    def _changeable(self, objects: Iterable[int]) -> set[int]:
        return {one for one in objects if one not in self.code and one not in self.methods and one not in self.dotted}

    def _change_process(self) -> None:
        if self.process is not None:
            self.needs.add(self.process)
        self.process = self.position

    def bind(self, name: str, objects: Some, possibly: bool) -> None:
        """A name is bound."""
        at = frozenset({self.position})
        self._here[name] = self._here.get(name, NOTHING) | objects if possibly else objects
        if (possibly or self._possibly) and name in self.bound:
            self.own[name] = self.own[name] | objects
            earlier = self.bound[name]
            if len(earlier) > 50:
                # So many possible bindings are kept as one that needs the others.
                self.needs |= earlier
                earlier = NOTHING
            self.bound[name] = earlier | at
        else:
            self.own[name] = objects
            self.bound[name] = at

    def anything_changes(self) -> None:
        """An execution that may do anything needs everything, and everything later needs it."""
        for bound in self.bound.values():
            self.needs |= bound
        self.needs |= {at for at in self.changed.values() if at >= 0}
        self.needs |= set(self.seeded.values())
        if self.anything is not None:
            self.needs.add(self.anything)
        self.anything = self.process = self.position
        self.changed = dict.fromkeys(self.changed, self.position)
        self.bound = dict.fromkeys(self.bound, frozenset({self.position}))
        self.seeded = dict.fromkeys(self.seeded, self.position)

    # -- parts

    def part(self, whole: Some, index: Any = "any") -> Some:
        """What an item of an object may be: what a container holds; of others, a view of themselves too."""
        found: set[int] = set()
        for one in whole:
            kind = self.kind.get(one)
            if one in self.dotted or one in self.code:
                found.add(one)
            elif type(index) is int and one in self.fields:
                if index < len(self.fields[one]):
                    found |= self.fields[one][index]
            elif kind in ("plain", "mask"):
                if index == "slice":
                    found.add(self.new("plain", self.holds.get(one, ())))
                else:
                    found |= self.holds.get(one, NOTHING)
            elif kind == "frame" and _copy_on_write():
                found.add(self.new("frame"))
            elif index == "fancy":
                found.add(self.new(kind or "", self.holds.get(one, ())))
            else:
                found.add(one)
                found |= self.holds.get(one, NOTHING)
        return frozenset(found)

    def attribute(self, whole: Some, name: str) -> Some:
        """What an attribute may be."""
        found: set[int] = set()
        for one in whole:
            dotted = self.dotted.get(one)
            if dotted is not None:
                found.add(self.library(f"{dotted}.{name}"))
                continue
            found.add(one)
            if self.kind.get(one) != "plain":
                found |= self.holds.get(one, NOTHING)
            for owner in self._classes(one):
                found |= self._lookup(owner, name)
        return frozenset(found)

    def _classes(self, one: int) -> set[int]:
        if one in self.methods:
            return {one}
        return self.class_of.get(one, set())

    def _lookup(self, owner: int, name: str, depth: int = 0) -> Some:
        methods = self.methods.get(owner)
        if methods is None or depth > 12:
            return NOTHING
        if name in methods:
            return methods[name]
        found: Some = NOTHING
        for base in self.holds.get(owner, ()):
            if base in self.methods:
                found |= self._lookup(base, name, depth + 1)
        return found

    # -- forgetting

    def keep(self, one: int, held: Iterable[int]) -> None:
        """An object may hold these from now on."""
        known = self.holds.setdefault(one, set())
        known.update(held)
        if len(known) > self._crowd.get(one, 48):
            self.crowded.add(one)

    def forget(self) -> None:
        """Drop objects that no name leads to any more; let the many that only one container holds stand as one."""
        named = {one for own in self.own.values() for one in own}
        if self.crowded:
            holders: dict[int, int] = {}
            for holder, held in self.holds.items():
                for one in held:
                    if one != holder:
                        holders[one] = holders.get(one, 0) + 1
            for container in self.crowded:
                self._fold(container, named, holders)
            self.crowded.clear()
        alive = self.reach(named | set(self._library.values()))
        for known in (self.holds, self.changed, self.kind, self.code, self.methods, self.class_of, self.dotted, self.fields, self._crowd):
            for one in [one for one in known if one not in alive]:
                del known[one]  # type: ignore[attr-defined]
        self._looked_at &= alive

    def _fold(self, container: int, named: set[int], holders: Mapping[int, int]) -> None:
        held = self.holds.get(container, set())
        if container in self.fields or container in self.methods or container in self.code:
            self._crowd[container] = 2 * len(held)
            return
        last = self.changed.get(container, -1)
        # The container's last changer has read them all: what changed before that needs no memory of its own.
        only: set[int] = set()
        asked = held
        while asked:
            fresh = {
                one
                for one in asked
                if one not in only
                and one not in named
                and holders.get(one) == 1
                and self.changed.get(one, -1) <= last
                and not (one in self.code or one in self.methods or one in self.dotted or one in self.class_of)
                and self.kind.get(one) not in ("stream", "random", "figure")
            }
            only |= fresh
            asked = set().union(*(self.holds.get(one, ()) for one in fresh))
        if len(only) > 1:
            inner = set().union(*(self.holds.get(one, ()) for one in only)) - only
            before, self.position = self.position, last
            whole = self.new("", inner)
            self.position = before
            self.holds.setdefault(whole, set()).add(whole)
            held -= only
            held.add(whole)
        self._crowd[container] = max(48, 2 * len(held))


def _copy_on_write() -> bool:
    pandas: Any = sys.modules.get("pandas")
    version = getattr(pandas, "__version__", "3").partition(".")[0]
    return not version.isdigit() or int(version) >= 3
