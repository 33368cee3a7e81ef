"""Playing a cell's steps on what a session knows of its names and objects."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from nbmlops.capture.called import Calls
from nbmlops.capture.objects import NOTHING, Some
from nbmlops.capture.purity import USUAL
from nbmlops.capture.steps import Do, Step

_DEEPEST = 12
_MOST_STEPS = 20_000


class _Frame:
    """A call in progress: its own names, what it gives back, the function it is of."""

    __slots__ = ("given", "local", "of")

    def __init__(self, of: int | None = None) -> None:
        self.local: dict[str, Some] = {}
        self.given: set[int] = set()
        self.of = of


class World(Calls):
    """What is known of a session's names and objects after some executions; `play` adds one."""

    def play(self, steps: list[Step], slots: int, position: int, *, raised: bool, kinds: Mapping[str, str]) -> set[int]:
        """Play an execution's steps; gives the executions that it needs directly."""
        self.position, self.needs, self._possibly = position, set(), raised
        self._active, self._steps = [], 0
        self._read_codes.clear()
        self._here.clear()
        for name, kind in kinds.items():
            self._learn(name, kind)
        self._run(steps, [NOTHING] * slots, _Frame())
        self.needs.discard(position)
        return self.needs

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
        handed = frozenset().union(*local.values()) if local else NOTHING
        if code in self._active or len(self._active) > _DEEPEST:
            return handed
        frame = _Frame(function)
        frame.local = dict(local)
        self._active.append(code)
        possibly, self._possibly = self._possibly, self._possibly
        self._run(code.steps, [NOTHING] * code.slots, frame)
        self._possibly = possibly
        self._active.pop()
        given = frozenset(frame.given)
        return frozenset({self.new("stream", given | handed)}) if code.generator else given

    def _run(self, steps: list[Step], slots: list[Some], frame: _Frame) -> None:
        for step in steps:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                self.anything_changes()
                return
            do, at = step[0], step[1] if len(step) > 1 else 0
            if do is Do.LOAD:
                here = self._here.get(step[2]) if step[3] else None
                if here is None:
                    slots[at] = self.read_name(step[2])
                else:
                    self.read(here)
                    slots[at] = here
            elif do is Do.LOCAL:
                slots[at] = frame.local.get(step[2], NOTHING)
            elif do is Do.BIND:
                self.bind(step[1], slots[step[2]], step[3])
            elif do is Do.SET:
                old = frame.local.get(step[1], NOTHING)
                frame.local[step[1]] = old | slots[step[2]] if step[3] else slots[step[2]]
            elif do is Do.ATTRIBUTE:
                slots[at] = self.attribute(slots[step[2]], step[3])
            elif do is Do.CALL:
                slots[at] = self.call(step[2], slots)
            elif do is Do.MAKE:
                held = frozenset().union(*(slots[one] for one in step[3])) if step[3] else NOTHING
                one = self.new(step[2], held)
                if step[4]:
                    self.fields[one] = tuple(slots[part] for part in step[3])
                slots[at] = frozenset({one})
            elif do is Do.OPERATE:
                slots[at] = self._operate(tuple(slots[one] for one in step[2]), step[3])
            elif do is Do.AUGMENT:
                # In place or anew: one object stands for both.
                slots[at] = slots[step[2]] or self._operate((slots[step[3]],), False)
            elif do is Do.PART:
                index = step[4]
                chosen = slots[step[3]]
                if index == "any" and chosen and all(self.kind.get(one) in ("plain", "mask") and one not in self.fields for one in chosen):
                    index = "fancy"
                slots[at] = self.part(slots[step[2]], index)
            elif do is Do.ITERATE:
                slots[at] = self.iterate(slots[step[2]])
            elif do is Do.UNPACK:
                whole = slots[step[2]]
                if whole and all(self.kind.get(one) == "separate" and not self.holds.get(one) for one in whole):
                    slots[at] = frozenset({self.new("separate")})
                else:
                    slots[at] = self.part(whole, step[3])
            elif do is Do.JOIN:
                slots[at] = frozenset().union(*(slots[one] for one in step[2]))
            elif do is Do.CHANGE:
                self.change(slots[step[1]], frozenset().union(*(slots[one] for one in step[2])) if step[2] else ())
            elif do is Do.LOOP:
                self._loop(step[1], slots, frame)
            elif do is Do.FUNCTION:
                one = self.new("", frozenset().union(*(slots[held] for held in step[3])) if step[3] else ())
                self.code[one] = step[2]
                slots[at] = frozenset({one})
            elif do is Do.HOLD:
                for one in slots[step[1]]:
                    self.keep(one, frozenset().union(*(slots[held] for held in step[2])))
            elif do is Do.FREE:
                slots[at] = frozenset(self.holds.get(frame.of, NOTHING)) if frame.of is not None else NOTHING
            elif do is Do.SET_FREE:
                if frame.of is not None:
                    self.change({frame.of}, slots[step[1]])
            elif do is Do.SURE:
                if not self._possibly:
                    self.own[step[1]] = frozenset().union(*(slots[one] for one in step[2])) if step[2] else NOTHING
                    self.bound[step[1]] = frozenset({self.position})
            elif do is Do.RETURN:
                frame.given |= slots[step[1]]
            elif do is Do.IMPORT:
                if self.process is not None:
                    self.needs.add(self.process)
                one = self.library(step[2])
                self.read({one})
                slots[at] = frozenset({one})
            elif do is Do.CLASS:
                held = frozenset().union(*(slots[one] for one in (*step[3], *step[2].values()))) if step[3] or step[2] else NOTHING
                one = self.new("", held)
                self.methods[one] = {name: slots[slot] for name, slot in step[2].items()}
                slots[at] = frozenset({one})
            elif do is Do.DELETE:
                self.bind(step[1], NOTHING, step[2])
            elif do is Do.STAR:
                self._star(step[1])
            elif do is Do.OPAQUE:
                self.anything_changes()
            elif do is Do.WORDS:
                for name in step[1]:
                    if name in self.own:
                        own = self.read_name(name)
                        self.change(self._changeable(own), deep=True)
                    self.bind(name, frozenset({self.new()}), True)

    def _loop(self, steps: list[Step], slots: list[Some], frame: _Frame) -> None:
        """Play a loop's body until another turn could tell nothing new."""
        names = {step[1] for step in steps if step[0] is Do.BIND}
        known: Any = None
        for _ in range(4):
            self._run(steps, slots, frame)
            now = (
                {name: len(self.own.get(name, NOTHING)) for name in names},
                {name: len(objects) for name, objects in frame.local.items()},
            )
            if now == known or self._steps > _MOST_STEPS:
                return
            if known is None and not names and len(steps) < 4:
                return
            known = now

    def _operate(self, operands: tuple[Some, ...], mask: bool) -> Some:
        every = frozenset().union(*operands)
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
