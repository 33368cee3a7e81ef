"""Files that run code when they are loaded: pickles, and programs that torch makes code of.

Each is trusted whole, by its digest, or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from nbmlops.errors import Untrusted
from nbmlops.models.fixtures import Answering
from nbmlops.models.flavors.native import opened


class Executing(Answering):
    """A flavor whose files run code when they are loaded."""

    name: str
    what: str  # such a file, in words

    def code(self, data: bytes) -> str | None:
        """The digest of the whole file: with one byte more it is another, and nobody has trusted that."""
        return "sha256:" + hashlib.sha256(data).hexdigest()

    def described(self, data: bytes) -> str:
        """What the file is."""
        return self.what

    def sources(self, data: bytes) -> dict[str, str]:
        """None."""
        return {}

    def names(self, data: bytes) -> list[str]:
        """None: it is trusted whole."""
        return []

    def untrusted(self, data: bytes, trusted: Iterable[str] = ()) -> list[str]:
        """Its digest, where nobody trusts it."""
        digest = str(self.code(data))
        return [] if digest in set(trusted) else [digest]

    def load(self, data: bytes, trusted: Iterable[str] = ()) -> Any:
        """The model. Untrusted where nobody trusts the file: nothing of it is looked at."""
        if unknown := self.untrusted(data, trusted):
            raise Untrusted(
                f"The model is {self.what}, which runs code when it is loaded, and nobody has trusted it: {unknown[0]}.",
                hint=f'If you know where it comes from, list it in .nbmlops/workspace.json: "trusted_code": ["{unknown[0]}"].',
            )
        return opened(self.name, data)
