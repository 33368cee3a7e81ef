"""Which earlier executions an execution depends on: the session as it ran, cut down to what made a thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbmlops.capture.slicing.names import RANDOM, CellNames
from nbmlops.capture.slicing.objects import NOTHING
from nbmlops.capture.slicing.steps import loaded
from nbmlops.capture.slicing.world import World


class Slicer:
    """Told of each execution in order, it knows where every name's value comes from.

    A slice is sound: its executions alone, in their order, give the same value. `capture/slicing/purity.py` says what is assumed of
    libraries, and what identity cannot tell is taken for shared.
    """

    def __init__(self) -> None:
        self._world = World()
        self._requires: dict[int, frozenset[int]] = {}
        self._from: dict[str, frozenset[str]] = {}  # the names a name's value was computed from
        self._noted = 0

    def note(self, position: int, key: object, names: CellNames, source: str, ids: Mapping[str, int], *, raised: bool = False) -> None:
        """An execution has ended. `ids`: the identity of what each name is bound to now, where it can change."""
        world = self._world
        needs = world.play(names.steps.steps, names.steps.slots, position, raised=raised, kinds=names.kinds)
        self._same(names, ids, position)
        self._requires[position] = frozenset(needs)
        for name in names.binds:
            self._from[name] = frozenset(names.depends.get(name, frozenset()))
        for name, body in names.functions.items():
            self._from[name] = self._from.get(name, frozenset()) | body.loads
        for name in names.changes - names.binds:
            self._from[name] = self._from.get(name, frozenset()) | names.depends.get(name, frozenset())
        self._noted += 1
        if self._noted % 200 == 0 or world.crowded:
            world.forget()

    def needed(self, position: int, names: Iterable[str] | None = None) -> list[int]:
        """The executions, in order, that an execution depends on; or, with `names`, that made them what they are now."""
        asked = set(self._requires.get(position, NOTHING)) if names is None else self._made(names)
        found: set[int] = set()
        while asked:
            one = asked.pop()
            if one not in found:
                found.add(one)
                asked |= self._requires.get(one, NOTHING)
        return sorted(found)

    def before(self, names: CellNames) -> list[int]:
        """The executions that a cell depends on that is about to be executed."""
        return self.needed(-1, (loaded(names.steps.steps, in_functions=True) - names.sure) | names.loads)

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

    def _made(self, names: Iterable[str]) -> set[int]:
        world = self._world
        world.needs = set()
        world._read_codes.clear()
        for name in names:
            if name == RANDOM:
                world.needs |= set(world.seeded.values())
            elif name in world.own:
                world.read_name(name)
        world.needs |= {at for at in (world.process, world.anything) if at is not None}
        return set(world.needs)

    def _same(self, names: CellNames, ids: Mapping[str, int], position: int) -> None:
        """Names of one identity are names of one object, whatever the source seemed to say."""
        world = self._world
        bound = [name for name in (ids if names.opaque else names.binds) if name in ids]
        if not bound:
            return
        by_identity: dict[int, list[str]] = {}
        for name, identity in ids.items():
            by_identity.setdefault(identity, []).append(name)
        for name in bound:
            if name not in world.own:
                world.bind(name, frozenset({world.new()}), False)
            others = by_identity[ids[name]]
            if len(others) > 1:
                own = frozenset().union(*(world.own.get(other, NOTHING) for other in others))
                for other in others:
                    if other in world.own:
                        world.own[other] = own
