"""What one execution does to names: what it needs from before, what it binds, what its values are computed from."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from nbmlops.capture.slicing.flow import Flow, flow
from nbmlops.capture.slicing.purity import LIBRARIES
from nbmlops.capture.slicing.statements import steps_of
from nbmlops.capture.slicing.steps import CellSteps, Do, loaded

# What a name is bound to, as far as it matters: a module, a function of a library that leaves its arguments alone, a pandas
# object (whose parts are never views of it), an array, a value that cannot change, an object of the user's own class.
Kind = Literal["module", "function", "frame", "array", "value", "own"]


@dataclass(frozen=True)
class CellNames:
    """What one execution does to names.

    `steps`: in full, for who follows objects. `binds`: bound, perhaps. `touches`: what they are bound to may be otherwise
    afterwards. `opaque`: it may do anything. `kinds`: what names of before were bound to.
    """

    steps: CellSteps = field(default_factory=CellSteps)
    binds: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    opaque: bool = False
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def sure(self) -> frozenset[str]:
        """The names that it binds whatever happens."""
        return self.steps.sure

    @cached_property
    def loads(self) -> frozenset[str]:
        """The names it needs from before, those apart that functions load when they are called."""
        return frozenset(loaded(self.steps.steps, unbound=True))

    @cached_property
    def flow(self) -> Flow:
        """What its values are computed from."""
        return flow(self.steps.steps, self.kinds)


def analyse(tree: ast.Module, kind: Callable[[str], Kind | None] = lambda name: None) -> CellNames:
    """What a cell's tree does to names. `kind` tells what a name of before is bound to, where that is known.

    >>> found = analyse(ast.parse("y = x + 1\\nframe['a'] = y"))
    >>> sorted(found.loads), sorted(found.binds), sorted(found.flow.values["frame"])
    (['frame', 'x'], ['y'], ['frame', 'x', 'y'])
    """
    steps = steps_of(tree)
    opaque = False
    binds: set[str] = set()
    touches: set[str] = set()
    names: set[str] = set()
    for step in steps.every():
        do = step[0]
        if do == Do.LOAD:
            names.add(step[2])
        elif do == Do.BIND:
            binds.add(step[1])
        elif do == Do.DELETE:
            touches.add(step[1])
        elif do == Do.WORDS:
            touches |= set(step[1])
        elif do == Do.OPAQUE or (do == Do.STAR and step[1].partition(".")[0] not in LIBRARIES):
            opaque = True
    kinds = {name: known for name in names if (known := kind(name)) is not None}
    return CellNames(steps, frozenset(binds), frozenset(binds | touches), opaque, kinds)
