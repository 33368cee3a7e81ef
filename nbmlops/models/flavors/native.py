"""Files in a library's own format, which hold data alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbmlops.errors import Damaged
from nbmlops.models import portable
from nbmlops.models.fixtures import Answering


class Native(Answering):
    """A flavor whose files bring no code and name no types."""

    def untrusted(self, data: bytes, trusted: Iterable[str] = ()) -> list[str]:
        """Nothing."""
        return []

    def code(self, data: bytes) -> str | None:
        """None."""
        return None

    def described(self, data: bytes) -> str:
        """None."""
        return "none"

    def sources(self, data: bytes) -> dict[str, str]:
        """None."""
        return {}

    def names(self, data: bytes) -> list[str]:
        """None."""
        return []


def opened(flavor: str, data: bytes) -> Any:
    """What such a file holds. Damaged where its library cannot read it."""
    try:
        return portable.load(flavor, data)
    except Exception as error:  # what a library raises for bytes that are none of its own is of any type
        said = "".join(letter if letter.isprintable() else " " for letter in str(error)[:200])
        raise Damaged(f"The model file cannot be made a model: {said}", hint="Register the model again from its run.") from error
