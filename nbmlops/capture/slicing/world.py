"""Playing a cell's steps on what a session knows of its names and objects."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from nbmlops.capture.slicing.called import Calls
from nbmlops.capture.slicing.objects import NOTHING, Some, union
from nbmlops.capture.slicing.purity import USUAL
from nbmlops.capture.slicing.steps import NAMES, Do, Step, bound, codes, loaded

_DEEPEST = 12
_MOST_WORK = 5_000


class _TooMuch(Exception):
    """Calls upon calls: following them all would take longer than the cell is worth."""


class _Frame:
    """A call in progress: its own names, what it gives back, the function it is of."""

    __slots__ = ("given", "local", "of")

    def __init__(self, of: int | None = None) -> None:
        self.local: dict[str, Some] = {}
        self.given: set[int] = set()
        self.of = of


class World(Calls):
    """What is known of a session's names and objects after some executions; `play` adds one."""

    def __init__(self) -> None:
        super().__init__()
        self._active: list[int] = []
        # By a step's number: half the time of looking it up.
        self._plays: list[Any] = [None, *(getattr(self, f"_do_{name}") for name in NAMES)]

    def play(self, steps: list[Step], slots: int, position: int, *, raised: bool, kinds: Mapping[str, str]) -> set[int]:
        """Play an execution's steps; gives the executions that it needs directly."""
        self.position, self.needs, self._possibly = position, set(), raised
        self._active, self._work = [], 0
        self._guessed.clear()
        self._read_codes.clear()
        self._here.clear()
        for name, kind in kinds.items():
            self._learn(name, kind)
        try:
            self._run(steps, [NOTHING] * slots, _Frame())
        except _TooMuch:
            self._all_it_gets_at(steps)
        self.needs.discard(position)
        return self.needs

    def _all_it_gets_at(self, steps: list[Step]) -> None:
        """All that an execution can reach from the names it loads may have been changed, and been put into each other."""
        binds = bound(steps)
        got_at: set[int] = set()
        for name in loaded(steps, in_functions=True):
            got_at |= self.reach(self.read_name(name))
        known: set[int] = set()
        while fresh := {one for one in got_at if one in self.code} - known:
            known |= fresh
            for one in fresh:
                binds |= bound(self.code[one].steps)
                for name in self.code[one].names:
                    got_at |= self.reach(self.read_name(name))
        changeable = self._changeable(got_at)
        made = {self.new("", changeable): code for code in codes(steps)}
        self.code.update(made)
        whole = self.new("", got_at | set(made))
        for one in changeable:
            self.changed[one] = self.position
            self.keep(one, (whole,))
        for name in binds:
            self.bind(name, frozenset({whole, *changeable, *made}), name in self.own)

    def _learn(self, name: str, kind: str) -> None:
        """What a name's value is known to be, since it is there to be looked at."""
        own = self.own.get(name)
        if own is None:
            if kind == "value":
                return
            own = self._unknown(name)
        if kind == "value":
            self.own[name] = NOTHING
        elif len(own) == 1:
            (one,) = own
            if self.kind.get(one) == kind:
                return
            if one in self._looked_at or one in self.code or one in self.methods or one in self.dotted or one in self.holds:
                return
            self._looked_at.add(one)
            # An object may stand for a whole and its parts: what is known of this name's value must be so for nobody else's.
            if sum(one in other for other in self.own.values()) > 1 or any(one in held for held in self.holds.values()):
                return
            if kind in ("frame", "array"):
                self.kind[one] = kind
            elif kind in ("module", "function") and self.kind.get(one) is None:
                self.dotted[one] = USUAL.get(name, name) if kind == "module" else f"numpy.{name}"

    def invoke(self, function: int, local: dict[str, Some]) -> Some:
        """Play a function's body."""
        code = self.code[function]
        handed = union(local.values())
        if function in self._active or len(self._active) > _DEEPEST:
            if not code.quiet:
                # What recursion does to its own arguments is not followed.
                self.change(self._changeable(handed), deep=True)
            return handed
        frame = _Frame(function)
        frame.local = dict(local)
        self._active.append(function)
        self._run(code.steps, [NOTHING] * code.slots, frame)
        self._active.pop()
        given = frozenset(frame.given)
        return frozenset({self.new("stream", given | handed)}) if code.generator else given

    def _run(self, steps: list[Step], slots: list[Some], frame: _Frame) -> None:
        plays = self._plays
        self._work += len(steps)
        if self._work > _MOST_WORK:
            raise _TooMuch
        for step in steps:
            plays[step[0]](step, slots, frame)

    # -- the steps; `capture/slicing/steps.py` says what each is

    def _do_load(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        here = self._here.get(step[2]) if step[3] else None
        if here is None:
            slots[step[1]] = self.read_name(step[2])
        else:
            self.read(here)
            slots[step[1]] = here

    def _do_local(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        slots[step[1]] = frame.local.get(step[2], NOTHING)

    def _do_free(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        slots[step[1]] = frozenset(self.holds.get(frame.of, ())) if frame.of is not None else NOTHING

    def _do_bind(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        self.bind(step[1], slots[step[2]], step[3])

    def _do_sure(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        if not self._possibly:
            self.own[step[1]] = union(slots[one] for one in step[2])
            self.bound[step[1]] = frozenset({self.position})

    def _do_set(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        earlier = frame.local.get(step[1], NOTHING) if step[3] else NOTHING
        frame.local[step[1]] = earlier | slots[step[2]]

    def _do_set_free(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        if frame.of is not None:
            self.change({frame.of}, slots[step[1]])

    def _do_delete(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        self.bind(step[1], NOTHING, step[2])

    def _do_make(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        one = self.new(step[2], union(slots[one] for one in step[3]))
        if step[4]:
            self.fields[one] = tuple(slots[part] for part in step[3])
        slots[step[1]] = frozenset({one})

    def _do_operate(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        slots[step[1]] = self._operate([slots[one] for one in step[2]], step[3])

    def _do_augment(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        # In place or anew: one object stands for both.
        slots[step[1]] = slots[step[2]] or self._operate([slots[step[3]]], False)

    def _do_part(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        index, chosen = step[4], slots[step[3]]
        if index == "any" and chosen and all(self.kind.get(one) in ("plain", "mask") and one not in self.fields for one in chosen):
            index = "fancy"
        slots[step[1]] = self.part(slots[step[2]], index)

    def _do_attribute(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        slots[step[1]] = self.attribute(slots[step[2]], step[3])

    def _do_iterate(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        slots[step[1]] = self.iterate(slots[step[2]])

    def _do_unpack(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        whole = slots[step[2]]
        if whole and all(self.kind.get(one) == "separate" and not self.holds.get(one) for one in whole):
            slots[step[1]] = frozenset({self.new("separate")})
        else:
            slots[step[1]] = self.part(whole, step[3])

    def _do_join(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        slots[step[1]] = union(slots[one] for one in step[2])

    def _do_change(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        self.change(slots[step[1]], union(slots[one] for one in step[2]))

    def _do_call(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        slots[step[1]] = self.call(step[2], slots)

    def _do_function(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        one = self.new("", union(slots[held] for held in step[3]))
        self.code[one] = step[2]
        slots[step[1]] = frozenset({one})

    def _do_hold(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        held = union(slots[one] for one in step[2])
        for one in slots[step[1]]:
            self.keep(one, held)

    def _do_class(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        one = self.new("", union(slots[held] for held in (*step[3], *step[2].values())))
        self.methods[one] = {name: slots[slot] for name, slot in step[2].items()}
        slots[step[1]] = frozenset({one})

    def _do_import(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        if self.process is not None:
            self.needs.add(self.process)
        one = self.library(step[2])
        self.read((one,))
        slots[step[1]] = frozenset({one})

    def _do_star(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        self._star(step[1])

    def _do_opaque(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        self.anything_changes()

    def _do_return(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        frame.given |= slots[step[1]]

    def _do_loop(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        if step[2]:
            self._run(step[1], slots, frame)
        else:
            self._loop(step[1], slots, frame)

    def _do_words(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        for name in step[1]:
            if name in self.own:
                self.change(self._changeable(self.read_name(name)), deep=True)
            self.bind(name, frozenset({self.new()}), True)

    def _do_decide(self, step: Step, slots: list[Some], frame: _Frame) -> None:
        """A branch is played whether it is taken or not."""

    _do_decided = _do_decide

    def _loop(self, steps: list[Step], slots: list[Some], frame: _Frame) -> None:
        """Play a loop's body until another turn could tell nothing new."""
        names = {step[1] for step in steps if step[0] == Do.BIND}
        known: Any = None
        for _ in range(4):
            self._run(steps, slots, frame)
            now = (
                {name: len(self.own.get(name, NOTHING)) for name in names},
                {name: len(objects) for name, objects in frame.local.items()},
            )
            if now == known:
                return
            if known is None and not names and len(steps) < 4:
                return
            known = now

    def _operate(self, operands: list[Some], mask: bool) -> Some:
        every = union(operands)
        if not every:
            return NOTHING
        found: set[int] = set()
        held: set[int] = set()
        own = False
        for one in every:
            if self.kind.get(one) in ("plain", "stream"):
                held |= self.holds.get(one, set())
            for owner in self._classes(one):
                own = True
                for name, methods in self.methods.get(owner, {}).items():
                    if name.startswith("__") and name not in ("__init__", "__call__", "__enter__", "__exit__"):
                        found |= self._calls(methods, [frozenset({one})], every)
        kinds = {self.kind.get(one) for one in every}
        kind = "mask" if mask and not own else "plain" if kinds == {"plain"} else "frame" if "frame" in kinds else ""
        found.add(self.new(kind, held))
        return frozenset(found)

    def _star(self, module: str) -> None:
        """`from module import *`: the module is loaded by now and can be asked which names."""
        loaded: Any = sys.modules.get(module)
        public = (
            getattr(loaded, "__all__", None) or [name for name in vars(loaded) if not name.startswith("_")] if loaded is not None else None
        )
        top = self.library(module)
        self.read({top})
        if public is None:
            self.anything_changes()
            return
        for name in public:
            self.bind(str(name), frozenset({self.library(f"{module}.{name}")}), False)
