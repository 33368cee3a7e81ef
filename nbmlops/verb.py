"""Mark a function as something a person can ask for.

The mark says which HTTP method and path the verb has, or that it has none. Everything else (arguments, types, defaults,
help) is read from the signature and the docstring by `nbmlops.contract`, which sits above the stages; this module sits
below them and knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Live:
    """Marks an argument only a notebook can give: an estimator, a frame, an object.

    In a magic it is the name of a variable. A verb that requires one has neither a shell nor a REST door; where it is
    optional, those doors leave it out.
    """

    what: str = "a live object"


@dataclass(frozen=True)
class Rows(Live):
    """A `Live` frame; a shell may name a file of rows."""


@dataclass(frozen=True)
class Column(Live):
    """A `Live` column; a shell may name one of the file that it gave as the argument `of`, which is then without it."""

    of: str = "data"


@dataclass(frozen=True)
class Sentence:
    """Marks a text that a command line may give as several words: `run find metrics.mae \\< 3`."""


@dataclass(frozen=True)
class Mark:
    """What `verb` leaves on the function."""

    method: str | None
    path: str | None


def verb(route: str | None) -> Callable[[F], F]:
    """Enter the function in the verb table, at `route` ("GET /models/{model}") or at no route (None).

    >>> @verb("GET /models/{model}")
    ... def show(model: str): ...
    >>> show.__verb__
    Mark(method='GET', path='/models/{model}')
    """
    method, _, path = route.partition(" ") if route else (None, "", None)

    def mark(function: F) -> F:
        function.__verb__ = Mark(method, path)  # type: ignore[attr-defined]
        return function

    return mark
