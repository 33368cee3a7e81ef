"""A cell as steps on objects: what is loaded, made, held, changed, called and bound, in order.

The steps say nothing of what the names are bound to: `capture/slicing/world.py` plays them on what the session knows. Values stand in
numbered slots; slot 0 is a value that cannot change. A branch is played whether it is taken or not, its bindings as possible ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

Step = tuple[Any, ...]


class Do:
    """What a step does; in brackets what follows it in the tuple.

    Plain numbers: a tuple of numbers and names is no work for the garbage collector, and a session holds very many.
    """

    LOAD: Final = 1  # (slot, name, bound by this execution on every way here) of the notebook's own
    LOCAL: Final = 2  # (slot, name) of a function's own
    FREE: Final = 3  # (slot) of an enclosing function's
    BIND: Final = 4  # (name, slot, possibly)
    SURE: Final = 5  # (name, slots): every way through bound it, to one of these
    SET: Final = 6  # (name, slot, possibly): a function's own
    SET_FREE: Final = 7  # (slot)
    DELETE: Final = 8  # (name, possibly)
    MAKE: Final = 9  # (slot, kind, held slots, in order and exact)
    OPERATE: Final = 10  # (slot, operands, is a mask)
    AUGMENT: Final = 11  # (slot, old, value)
    PART: Final = 12  # (slot, whole, index slot, "any" | "fancy" | "slice" | number)
    ATTRIBUTE: Final = 13  # (slot, whole, name)
    ITERATE: Final = 14  # (slot, whole)
    UNPACK: Final = 15  # (slot, whole, place)
    JOIN: Final = 16  # (slot, slots): one of these
    CHANGE: Final = 17  # (slot, stored slots)
    CALL: Final = 18  # (slot, Called)
    FUNCTION: Final = 19  # (slot, Code, held slots)
    HOLD: Final = 20  # (slot, held slots)
    CLASS: Final = 21  # (slot, {method: slot}, held slots)
    IMPORT: Final = 22  # (slot, dotted name)
    STAR: Final = 23  # (module)
    OPAQUE: Final = 24  # ()
    RETURN: Final = 25  # (slot)
    LOOP: Final = 26  # (steps, whether one turn tells all)
    WORDS: Final = 27  # (names): an unknown magic may use, change and bind them
    DECIDE: Final = 28  # (slot): whether, or how often, what follows is done
    DECIDED: Final = 29  # ()


NAMES = [name.lower() for name in vars(Do) if name.isupper()]  # in the order of their numbers, from 1


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
        if step[0] == Do.LOOP:
            yield from _every(step[1])
        else:
            yield step


def loaded(steps: Iterable[Step], *, in_functions: bool = False, unbound: bool = False) -> set[str]:
    """The notebook's names that steps load; `unbound`: and that this execution has not surely bound before."""
    found: set[str] = set()
    for step in _every(steps):
        if step[0] == Do.LOAD and not (unbound and step[3]):
            found.add(step[2])
        elif step[0] == Do.FUNCTION and (in_functions or (unbound and step[2].name.startswith("<"))):
            found |= step[2].names  # one without a name is there to be called
    return found


def bound(steps: Iterable[Step]) -> set[str]:
    """The notebook's names that steps bind or delete, functions' bodies among them."""
    found: set[str] = set()
    for step in steps:
        if step[0] in (Do.BIND, Do.SURE, Do.DELETE):
            found.add(step[1])
        elif step[0] == Do.LOOP:
            found |= bound(step[1])
        elif step[0] == Do.FUNCTION:
            found |= bound(step[2].steps)
    return found


def codes(steps: Iterable[Step]) -> list[Code]:
    """The functions that steps make, those within functions among them."""
    found: list[Code] = []
    for step in steps:
        if step[0] == Do.LOOP:
            found += codes(step[1])
        elif step[0] == Do.FUNCTION:
            found += [step[2], *codes(step[2].steps)]
    return found
