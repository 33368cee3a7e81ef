"""Which earlier executions an execution depends on: the session as it ran, cut down to what made a thing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from nbmlops.capture.slicing.names import CellNames
from nbmlops.capture.slicing.objects import NOTHING
from nbmlops.capture.slicing.steps import loaded
from nbmlops.capture.slicing.world import World

_MOST_WAITING, _MOST_UNREAD = 100, 500


class Slicer:
    """Told of each execution in order, it knows where every name's value comes from.

    A slice is sound: its executions alone, in their order, give the same value. `capture/slicing/purity.py` says what is assumed of
    libraries, and what identity cannot tell is taken for shared. One that is `trusting` is told a smaller story: what nobody knows
    leaves its arguments as they are, and what raised did nothing. Its slices are to be tried before they are believed.
    """

    def __init__(self, *, trusting: bool = False) -> None:
        self._world = World()
        self._world.trusting = trusting
        self._waiting: deque[tuple[int, CellNames, Mapping[str, int], bool]] = deque()
        self._requires: dict[int, frozenset[int]] = {}
        self._from: dict[str, frozenset[str]] = {}  # the names a name's value was computed from, as far as it was asked
        self._unread: deque[CellNames] = deque()
        self._noted = 0

    def note(self, position: int, names: CellNames, ids: Mapping[str, int], *, raised: bool = False) -> None:
        """An execution has ended. `ids`: the identity of what each name is bound to now, where it can change.

        It is played when somebody asks; so many wait at most that nobody who asks waits for long.
        """
        if raised and self._world.trusting:
            self._requires[position] = NOTHING
            return
        self._waiting.append((position, names, ids, raised))
        if len(self._waiting) > _MOST_WAITING:
            self._play(*self._waiting.popleft())

    def _catch_up(self) -> None:
        while self._waiting:
            self._play(*self._waiting.popleft())

    def _play(self, position: int, names: CellNames, ids: Mapping[str, int], raised: bool) -> None:
        world = self._world
        needs = world.play(names.steps.steps, names.steps.slots, position, raised=raised, kinds=names.kinds)
        self._same(names, ids, position)
        self._requires[position] = frozenset(needs)
        self._unread.append(names)
        if len(self._unread) > _MOST_UNREAD:
            self._read(self._unread.popleft())
        self._noted += 1
        if self._noted % 200 == 0 or world.crowded:
            world.forget()

    def needed(self, position: int, names: Iterable[str] | None = None) -> list[int]:
        """The executions, in order, that an execution depends on; or, with `names`, that made them what they are now."""
        self._catch_up()
        asked = set(self._requires.get(position, NOTHING)) if names is None else self._made(names, randomness=False)
        return self._all(asked)

    def makers(self, name: str) -> list[int]:
        """The executions, in order, that bound a name to what it is bound to, or changed that."""
        self._catch_up()
        world = self._world
        apart = {at for at in (world.process, world.anything) if at is not None}
        return sorted(self._made([name], randomness=False) - apart)

    def before(self, names: CellNames) -> list[int]:
        """The executions that a cell depends on that is about to be executed, and may draw random numbers."""
        self._catch_up()
        return self._all(self._made(loaded(names.steps.steps, in_functions=True) - names.sure | names.loads, randomness=True))

    def _all(self, asked: set[int]) -> list[int]:
        found: set[int] = set()
        while asked:
            one = asked.pop()
            if one not in found:
                found.add(one)
                asked |= self._requires.get(one, NOTHING)
        return sorted(found)

    def computed_from(self, names: Iterable[str]) -> set[str]:
        """The names, and those that their values were computed from, and so on."""
        self._catch_up()
        while self._unread:
            self._read(self._unread.popleft())
        found: set[str] = set()
        asked = set(names)
        while asked:
            name = asked.pop()
            if name not in found:
                found.add(name)
                asked |= self._from.get(name, frozenset())
        return found

    def _read(self, names: CellNames) -> None:
        """What an execution computed from what."""
        flow = names.flow
        for name, others in flow.values.items():
            earlier = frozenset() if name in names.binds else self._from.get(name, frozenset())
            self._from[name] = earlier.union(others, flow.functions.get(name, ()))

    def _made(self, names: Iterable[str], *, randomness: bool) -> set[int]:
        world = self._world
        world.needs = set()
        world._read_codes.clear()
        for name in names:
            if name in world.own:
                world.read_name(name)
        if randomness:
            world.needs |= set(world.seeded.values())
        world.needs |= {at for at in (world.process, world.anything) if at is not None}
        return set(world.needs)

    def _same(self, names: CellNames, ids: Mapping[str, int], position: int) -> None:
        """Names of one identity are names of one object, whatever the source seemed to say."""
        world = self._world
        bound = [name for name in (ids if names.opaque else names.binds) if name in ids]
        if not bound:
            return
        by_identity: dict[int, list[str]] = {ids[name]: [] for name in bound}
        for name, identity in ids.items():
            if identity in by_identity:
                by_identity[identity].append(name)
        for name in bound:
            if name not in world.own:
                world.bind(name, frozenset({world.new()}), False)
            others = by_identity[ids[name]]
            if len(others) > 1:
                own = frozenset().union(*(world.own.get(other, NOTHING) for other in others))
                for other in others:
                    if other in world.own:
                        world.own[other] = own
