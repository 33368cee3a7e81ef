"""A cell as steps on objects: what is loaded, made, held, changed, called and bound, in order.

The steps say nothing of what the names are bound to: `capture/slicing/world.py` plays them on what the session knows. Values stand in
numbered slots; slot 0 is a value that cannot change. A branch is played whether it is taken or not, its bindings as possible ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import Any

Step = tuple[Any, ...]


class Do(IntEnum):
    """What a step does; in brackets what follows it in the tuple."""

    LOAD = auto()  # (slot, name, bound by this execution on every way here) of the notebook's own
    LOCAL = auto()  # (slot, name) of a function's own
    FREE = auto()  # (slot) of an enclosing function's
    BIND = auto()  # (name, slot, possibly)
    SURE = auto()  # (name, slots): every way through bound it, to one of these
    SET = auto()  # (name, slot, possibly): a function's own
    SET_FREE = auto()  # (slot)
    DELETE = auto()  # (name, possibly)
    MAKE = auto()  # (slot, kind, held slots, in order and exact)
    OPERATE = auto()  # (slot, operands, is a mask)
    AUGMENT = auto()  # (slot, old, value)
    PART = auto()  # (slot, whole, index slot, "any" | "fancy" | "slice" | number)
    ATTRIBUTE = auto()  # (slot, whole, name)
    ITERATE = auto()  # (slot, whole)
    UNPACK = auto()  # (slot, whole, place)
    JOIN = auto()  # (slot, slots): one of these
    CHANGE = auto()  # (slot, stored slots)
    CALL = auto()  # (slot, Called)
    FUNCTION = auto()  # (slot, Code, held slots)
    HOLD = auto()  # (slot, held slots)
    CLASS = auto()  # (slot, {method: slot}, held slots)
    IMPORT = auto()  # (slot, dotted name)
    STAR = auto()  # (module)
    OPAQUE = auto()  # ()
    RETURN = auto()  # (slot)
    LOOP = auto()  # (steps)
    WORDS = auto()  # (names): an unknown magic may use, change and bind them
    DECIDE = auto()  # (slot): whether, or how often, what follows is done
    DECIDED = auto()  # ()


@dataclass(slots=True)
class Called:
    """A call: of what, on what, with what."""

    callee: int
    receiver: int
    name: str
    args: tuple[int, ...]
    keywords: tuple[tuple[str | None, int, bool], ...]  # name, slot, is literally false or None
    starred: bool
    discarded: bool
    text: str | None  # the first argument, where it is a literal string


@dataclass(slots=True)
class Code:
    """A function's body as steps, and the notebook's names it loads, nested functions' among them."""

    name: str
    params: tuple[str, ...]
    rest: tuple[str, ...] = ()  # *args, **kwargs
    steps: list[Step] = field(default_factory=list)
    slots: int = 1
    names: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)  # names of the notebook's that it binds, nested functions' among them
    generator: bool = False
    quiet: bool = True  # no call, no change, no binding of the notebook's names


@dataclass(frozen=True, slots=True)
class CellSteps:
    """A cell's steps and how many slots they use; the names it binds whatever happens; those that its functions bind, called."""

    steps: list[Step] = field(default_factory=list)
    slots: int = 1
    sure: frozenset[str] = frozenset()
    bound_by_functions: frozenset[str] = frozenset()

    def every(self) -> Iterator[Step]:
        """The steps, those of loops among them, in order; not those of functions."""
        return _every(self.steps)


def _every(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        if step[0] is Do.LOOP:
            yield from _every(step[1])
        else:
            yield step


def loaded(steps: Iterable[Step], *, in_functions: bool = False, unbound: bool = False) -> set[str]:
    """The notebook's names that steps load; `unbound`: and that this execution has not surely bound before."""
    found: set[str] = set()
    for step in _every(steps):
        if step[0] is Do.LOAD and not (unbound and step[3]):
            found.add(step[2])
        elif step[0] is Do.FUNCTION and (in_functions or (unbound and step[2].name.startswith("<"))):
            found |= step[2].names  # one without a name is there to be called
    return found


def bound(steps: Iterable[Step]) -> set[str]:
    """The notebook's names that steps bind or delete, functions' bodies among them."""
    found: set[str] = set()
    for step in steps:
        if step[0] in (Do.BIND, Do.SURE, Do.DELETE):
            found.add(step[1])
        elif step[0] is Do.LOOP:
            found |= bound(step[1])
        elif step[0] is Do.FUNCTION:
            found |= bound(step[2].steps)
    return found


def codes(steps: Iterable[Step]) -> list[Code]:
    """The functions that steps make, those within functions among them."""
    found: list[Code] = []
    for step in steps:
        if step[0] is Do.LOOP:
            found += codes(step[1])
        elif step[0] is Do.FUNCTION:
            found += [step[2], *codes(step[2].steps)]
    return found
