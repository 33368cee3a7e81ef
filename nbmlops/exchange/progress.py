"""How far an exchange is: a bar, where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def counted(things: Sequence[T], what: str) -> Iterator[T]:
    """The things one after another, with a bar that counts them while they are worked on."""
    from tqdm.auto import tqdm

    with tqdm(total=len(things), desc=what, disable=None, leave=False) as bar:
        for thing in things:
            yield thing
            bar.update(1)
