"""What a cell's values are computed from, by name: from which model's predictions a number was made, for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nbmlops.capture.slicing.purity import of_method
from nbmlops.capture.slicing.steps import Do, Step

Names = frozenset[str]
_NONE: Names = frozenset()
_FIXED = ("module", "value", "function")


@dataclass
class Flow:
    """`values`: of each name that was bound or changed, the names it was made of. `functions`: of each function or class that
    was bound, the notebook's names that calling it loads."""

    values: dict[str, Names] = field(default_factory=dict)
    functions: dict[str, Names] = field(default_factory=dict)


def flow(steps: Iterable[Step], kinds: Mapping[str, str]) -> Flow:
    """What the names that steps bind or change are computed from. `kinds`: what names of before are bound to."""
    reader = _Reader(kinds)
    reader.read(steps)
    return reader.flow


class _Reader:
    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self.flow = Flow()
        self.used: dict[int, Names] = {}  # by slot: the names a value was made of
        self.roots: dict[int, Names] = {}  # by slot: the names whose objects it is, or is a part of
        self.loads: dict[int, Names] = {}  # by slot: what calling it loads
        self.local: dict[str, int] = {}
        self.deciding: list[Names] = []

    def of(self, slots: Iterable[int]) -> Names:
        return _NONE.union(*(self.used.get(slot, _NONE) for slot in slots))

    def read(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._step(step)

    def _step(self, step: Step) -> None:
        do = step[0]
        if do == Do.LOAD:
            name = step[2]
            self.used[step[1]] = self.flow.values.get(name, _NONE) | {name}
            self.roots[step[1]] = frozenset({name})
        elif do == Do.BIND:
            self._bind(step[1], step[2])
        elif do == Do.CALL:
            self._call(step)
        elif do == Do.CHANGE:
            self._change(self.roots.get(step[1], _NONE), self.of(step[2]))
        elif do in (Do.PART, Do.ATTRIBUTE, Do.ITERATE, Do.UNPACK):
            whole = step[2]
            self.used[step[1]] = self.of((whole, step[3]) if do == Do.PART else (whole,))
            self.roots[step[1]] = self.roots.get(whole, _NONE)
        elif do in (Do.MAKE, Do.OPERATE, Do.JOIN, Do.AUGMENT):
            slots = step[3] if do == Do.MAKE else step[2:4] if do == Do.AUGMENT else step[2]
            self.used[step[1]] = self.of(slots).union(*(self.deciding if do == Do.JOIN else ()))  # which one it is was decided
            if do in (Do.JOIN, Do.MAKE):
                self.roots[step[1]] = _NONE.union(*(self.roots.get(slot, _NONE) for slot in slots))
        elif do == Do.LOOP:
            self.read(step[1])
            if not step[2]:
                self.read(step[1])  # a later turn meets what an earlier one did
        elif do == Do.SET:
            self.local[step[1]] = step[2]
        elif do == Do.LOCAL:
            for known in (self.used, self.roots):
                known[step[1]] = known.get(self.local.get(step[2], 0), _NONE)
        elif do == Do.HOLD:
            self.used[step[1]] = self.of((step[1], *step[2]))
        elif do == Do.FUNCTION:
            self.used[step[1]], self.loads[step[1]] = self.of(step[3]), frozenset(step[2].names)
        elif do == Do.CLASS:
            self.used[step[1]] = self.of((*step[2].values(), *step[3]))
            self.loads[step[1]] = _NONE.union(*(self.loads.get(slot, _NONE) for slot in step[2].values()))
        elif do == Do.WORDS:
            for name in step[1]:
                self.flow.values[name] = self.flow.values.get(name, _NONE) | set(step[1])
        elif do == Do.DECIDE:
            self.deciding.append(self.used.get(step[1], _NONE))
        elif do == Do.DECIDED:
            self.deciding.pop()

    def _bind(self, name: str, slot: int) -> None:
        values, functions = self.flow.values, self.flow.functions
        values[name] = values.get(name, _NONE).union(self.used.get(slot, _NONE), *self.deciding)
        functions.pop(name, None)
        if slot in self.loads:
            functions[name] = self.loads[slot]

    def _change(self, roots: Names, more: Names) -> None:
        for name in roots:
            self.flow.values[name] = self.flow.values.get(name, _NONE).union({name}, more, *self.deciding)

    def _call(self, step: Step) -> None:
        slot, called = step[1], step[2]
        given = (*called.args, *(keyword[1] for keyword in called.keywords))
        self.used[slot] = self.of((called.callee, called.receiver, *given)).union(self.loads.get(called.callee, _NONE))
        self.loads[slot] = _NONE.union(*(self.loads.get(one, _NONE) for one in (called.callee, *given)))  # decorated
        if called.receiver:
            self.roots[slot] = self.roots.get(called.receiver, _NONE)
            if any(what in of_method(called.name).changes for what in "rc"):
                self._change(frozenset(name for name in self.roots[slot] if self.kinds.get(name) not in _FIXED), self.of(given))
