"""scikit-learn estimators, and what keeps to their interface, kept as skops files.

A skops file is data: it names types, and only types that somebody trusts are made. Trusted here are those skops itself
trusts and those that `trust` says are harmless whatever the file says of them. What else a file names must be listed by
the operator.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from typing import Any

from nbmlops.errors import Damaged, Untrusted
from nbmlops.models.flavors.settled import settled
from nbmlops.models.flavors.skops_later import skops_io
from nbmlops.models.flavors.trust import is_trusted

_AGAIN = "Register the model again from its run."
_UNREADABLE = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
    EOFError,
    OSError,
    NotImplementedError,
    zlib.error,
)


class SklearnFlavor:
    """Save, load and ask a scikit-learn estimator."""

    name = "sklearn"
    suffix = "skops"

    def can(self, estimator: Any) -> bool:
        """Whether this flavor keeps such objects."""
        return callable(getattr(estimator, "get_params", None)) and callable(getattr(estimator, "predict", None))

    def save(self, estimator: Any) -> bytes:
        """The estimator as bytes, the same for the same estimator. Raises what skops raises for objects it has no form for."""
        return settled(bytes(skops_io("Keeping this model").dumps(estimator)))

    def untrusted(self, data: bytes, trusted: Iterable[str] = ()) -> list[str]:
        """Types the file names that nobody trusts."""
        skops = skops_io("Looking into this model")
        try:
            found = skops.get_untrusted_types(data=data)
        except _UNREADABLE as error:
            raise Damaged(f"The model file cannot be read: {_shown(str(error))}", hint=_AGAIN) from error
        listed = set(trusted)
        return [name for name in found if name not in listed and not is_trusted(name)]

    def load(self, data: bytes, trusted: Iterable[str] = ()) -> Any:
        """The estimator. Untrusted when the file names types nobody trusts: none of them is made."""
        if unknown := self.untrusted(data, trusted):
            shown = ", ".join(_shown(name) for name in unknown[:6])
            raise Untrusted(f"The model names types that nobody has trusted: {shown}.", hint=_hint(unknown))
        from nbmlops.models.flavors.sound import check

        skops = skops_io("Loading this model")
        names = skops.get_untrusted_types(data=data)
        try:
            return check(skops.loads(data, trusted=names))
        except Damaged:
            raise
        except Exception as error:  # a state that its class does not take is of any type
            raise Damaged(f"The model file cannot be made a model: {_shown(str(error))}", hint=_AGAIN) from error


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in name[:200])


def _hint(unknown: list[str]) -> str:
    if any(name.startswith("scipy.stats.") for name in unknown):
        return "A distribution's state is code. Register what the search found: search.best_estimator_"
    return 'If you know them, list them in .nbmlops/workspace.json: "trusted_types": ["…"].'
