"""What one execution does to names: what it needs from before, what it binds, what it may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nbmlops.capture.slicing.steps import CellSteps

# What a name is bound to, as far as it matters: a module, a function of a library that leaves its arguments alone, a pandas
# object (whose parts are never views of it), an array, a value that cannot change, an object of the user's own class.
Kind = Literal["module", "function", "frame", "array", "value", "own"]
RANDOM = "<random>"  # the state that seeds set and draws advance


@dataclass(frozen=True)
class Body:
    """What happens to the notebook's own names when a function defined in it is called."""

    loads: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    changed_parameters: frozenset[int] = frozenset()


@dataclass(frozen=True)
class CellNames:
    """What one execution does to names.

    `loads`: needed from before. `binds`: bound, perhaps; `sure`: bound whatever happens. `changes`: names whose object it may
    change. `depends`: for a bound name, the names its value was computed from. `functions`: what calling a defined function, or
    a method of a defined class, does.
    `calls`: functions called with the names they were given, by place. `opaque`: it may do anything.
    `steps`: the same in full, for who follows objects; `kinds`: what names of before were bound to.
    """

    loads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    sure: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict)
    functions: Mapping[str, Body] = field(default_factory=dict)
    calls: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = ()
    opaque: bool = False
    steps: CellSteps = field(default_factory=CellSteps)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
